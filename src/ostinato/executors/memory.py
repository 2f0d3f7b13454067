"""Whether the kernel killed processes for lack of memory, as it counts them where this process belongs."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

_COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


class OutOfMemoryKills:
    """Reads the kernel's count of processes killed for lack of memory; ``root`` is where /proc and /sys lie.

    It counts in our own control group (of version 2 or 1), where our commands live too, and where there is
    none in the whole system. Kernels before 4.13 and other systems count nothing.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        candidates = [*_control_group_files(root), root / "proc/vmstat"]
        self._file = next((file for file in candidates if _read_count(file) is not None), None)

    def count(self) -> int:
        """Return how many there have been; always the same number where nobody counts."""
        return 0 if self._file is None else _read_count(self._file) or 0


def _read_count(file: Path) -> int | None:
    found = _COUNT.search(_read(file))
    return None if found is None else int(found[1])


def _control_group_files(root: Path) -> list[Path]:
    """List the files in which the kernel may count for this process, the surest first.

    A group is named as the host sees it; a container may have mounted that group, or one below it, as its
    root.
    """
    groups = [line.split(":", 2) for line in _read(root / "proc/self/cgroup").splitlines()]
    files = []
    for line in _read(root / "proc/self/mountinfo").splitlines():
        mounted, _, kind = line.partition(" - ")
        mount_root, mount_point = mounted.split()[3:5]
        kind_name, options = kind.split()[0], kind.split()[-1].split(",")
        for _, controllers, group in groups:
            if kind_name == "cgroup2" and not controllers:
                files.append(root / _below(mount_root, mount_point, group) / "memory.events")
            if kind_name == "cgroup" and "memory" in controllers.split(",") and "memory" in options:
                files.append(root / _below(mount_root, mount_point, group) / "memory.oom_control")
    return files


def _below(mount_root: str, mount_point: str, group: str) -> str:
    path = PurePosixPath(group)
    within = path.relative_to(mount_root) if path.is_relative_to(mount_root) else PurePosixPath()
    return (PurePosixPath(mount_point) / within).as_posix().lstrip("/")


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
