from __future__ import annotations

from pathlib import Path

import pytest

from ostinato.executors.memory import OutOfMemoryKills

V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNT = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
OTHER_MOUNTS = "22 27 0:21 / /proc rw - proc proc rw\n39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
EVENTS = "low 0\nhigh 0\nmax 12\noom 3\noom_kill {}\noom_group_kill 0\n"
CONTROL = "oom_kill_disable 0\nunder_oom 0\noom_kill {}\n"


def make_system(root: Path, *, mounts: str, groups: str, files: dict[str, str]) -> OutOfMemoryKills:
    """Lay out what of a system is read, below ``root``."""
    files = {"proc/self/mountinfo": OTHER_MOUNTS + mounts, "proc/self/cgroup": groups, **files}
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return OutOfMemoryKills(root)


@pytest.mark.parametrize(
    ("mounts", "groups", "file", "content"),
    [
        pytest.param(V2_MOUNT, "0::/a/b\n", "sys/fs/cgroup/a/b/memory.events", EVENTS, id="version 2"),
        pytest.param(V2_MOUNT, "0::/\n", "sys/fs/cgroup/memory.events", EVENTS, id="version 2 in a container"),
        pytest.param(
            V1_MOUNT,
            "4:cpu:/x\n3:memory:/a\n0::/\n",
            "sys/fs/cgroup/memory/a/memory.oom_control",
            CONTROL,
            id="version 1",
        ),
        pytest.param(
            V1_MOUNT.replace("0:32 / ", "0:32 /docker/1f "),
            "3:memory:/docker/1f\n",
            "sys/fs/cgroup/memory/memory.oom_control",
            CONTROL,
            id="version 1 in a container",
        ),
        pytest.param(V2_MOUNT, "0::/\n", "proc/vmstat", "nr_free_pages 5\noom_kill {}\nx 1\n", id="the whole system"),
    ],
)
def test_kills_are_counted_where_this_process_belongs(
    tmp_path: Path, mounts: str, groups: str, file: str, content: str
) -> None:
    """The count is that of our own control group, and of the system where no group counts; it is read anew."""
    kills = make_system(tmp_path, mounts=mounts, groups=groups, files={file: content.format(4)})
    before = kills.count()
    (tmp_path / file).write_text(content.format(5))

    assert (before, kills.count()) == (4, 5)


def test_the_own_group_counts_rather_than_the_system(tmp_path: Path) -> None:
    """Kills elsewhere on the machine are no evidence."""
    files = {"sys/fs/cgroup/a/memory.events": EVENTS.format(1), "proc/vmstat": "oom_kill 70\n"}
    kills = make_system(tmp_path, mounts=V2_MOUNT, groups="0::/a\n", files=files)

    assert kills.count() == 1


def test_where_nobody_counts_there_is_never_evidence(tmp_path: Path) -> None:
    """A system that has none of the files counts nothing, always."""
    kills = OutOfMemoryKills(tmp_path)

    assert (kills.count(), kills.count()) == (0, 0)
