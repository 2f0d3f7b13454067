"""The folder of one supervisor: the lock that proves its life, its socket, and a record of each of its commands.

A record is written when a command has begun, and again when it has ended; it stays until somebody says that the end is
on record elsewhere. It is replaced in one piece, so that what is read was written to its end. An end is on the disk
before anybody is told of it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ostinato.executors.commands import Key
from ostinato.executors.logs import output_path
from ostinato.executors.strays import read_process
from ostinato.model.evidence import EndKind, Evidence


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """A command of a supervisor; ``end`` tells how it ended, if it has. ``pid`` is ``None`` if it did not even start.

    ``started`` tells its process from another of that id. ``try_number`` tells the command from others of its key.
    """

    key: Key
    try_number: int
    log: Path
    pid: int | None = None
    started: int | None = None
    end: Evidence | None = None

    @property
    def output(self) -> Path:
        """Return where the command may have left its output."""
        return output_path(self.log)

    def to_json(self) -> dict[str, Any]:
        """Return the record as it is written and sent."""
        end = self.end
        return {
            "key": self.key,
            "try": self.try_number,
            "log": str(self.log),
            "pid": self.pid,
            "started": self.started,
            "end": end and {"kind": end.kind, "message": end.message, "code": end.exit_code, "signal": end.signal},
        }


def read_record(said: dict[str, Any]) -> CommandRecord:
    """Return a record from how it was written or sent."""
    run_id, step = said["key"]
    end = said["end"]
    return CommandRecord(
        key=(run_id, step),
        try_number=said["try"],
        log=Path(said["log"]),
        pid=said["pid"],
        started=said["started"],
        end=end and Evidence(EndKind(end["kind"]), end["message"], end["code"], end["signal"]),
    )


class SupervisorFolder:
    """The folder at ``path``, whose name is the supervisor's: no other was ever given the same."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = path / "socket"
        self.errors = path / "errors"
        self._lock = path / "lock"
        self._records = path / "commands"

    @property
    def name(self) -> str:
        """Return the supervisor's name, with which the marks of its commands begin."""
        return self.path.name

    def lock(self) -> int:
        """Return a descriptor that holds the lock, until it and all its copies are closed."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor

    def is_locked(self) -> bool:
        """Tell whether somebody holds the lock: the supervisor lives."""
        try:
            os.close(self.lock())
        except BlockingIOError:
            return True
        except FileNotFoundError:  # the folder is gone, and so is its supervisor
            return False
        return False

    def sign(self) -> None:
        """Write into the lock which process holds it: this one."""
        process = read_process(os.getpid())
        self._lock.write_text(f"{os.getpid()} {'' if process is None else process.started}\n")

    def find_holder(self) -> int | None:
        """Return the id of the process that has signed the lock, if that process lives."""
        try:
            pid, _, started = self._lock.read_text().strip().partition(" ")
            process = read_process(int(pid))
        except (OSError, ValueError):
            return None
        is_the_same = not started if process is None else str(process.started) == started
        return int(pid) if is_the_same else None

    def read_errors(self) -> str:
        """Return what the supervisor said of its own faults: nothing, unless it died of one."""
        try:
            return self.errors.read_text(errors="replace")[-2000:]
        except FileNotFoundError:
            return ""

    def write(self, record: CommandRecord) -> None:
        """Write a record, in place of that which is there; ``OSError`` where the disk does not take it."""
        path = self._path(record.key)
        draft = path.with_suffix(".draft")
        with draft.open("w") as file:
            json.dump(record.to_json(), file)
            if record.end is not None:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)

    def remove(self, key: Key) -> None:
        """Remove the record of a command, if there is one."""
        with suppress(OSError):  # one that stays is told to a successor, who has no use for it and asks again
            self._path(key).unlink()

    def list_records(self) -> list[CommandRecord]:
        """List the records that there are."""
        found = []
        for path in self._records.glob("*.json"):
            with suppress(FileNotFoundError):
                found.append(read_record(json.loads(path.read_text())))
        return found

    def remove_all(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _path(self, key: Key) -> Path:
        return self._records / f"{key[0]}.{key[1]}.json"


def make_supervisor_folder(folder: Path) -> SupervisorFolder:
    """Make a folder for a supervisor that is still to come."""
    made = SupervisorFolder(folder / os.urandom(8).hex())
    (made.path / "commands").mkdir(parents=True)
    made.path.chmod(0o700)
    return made


def list_supervisor_folders(folder: Path) -> list[SupervisorFolder]:
    """List the folders that supervisors have left, or still have."""
    return [SupervisorFolder(path) for path in sorted(folder.iterdir())] if folder.exists() else []
