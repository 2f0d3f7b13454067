"""Strays: processes that commands leave behind, in whatever group or session, and whose they are.

Linux makes a process that asks for it the *subreaper* of its descendants: those whose parent ends become its children.
So what a command has started is a child of this process once the command has ended, or descends from one. The kernel's
list of our own children misses none: only we take any off it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ostinato.executors.commands import COMMAND_VARIABLE

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Process:
    """A process as the kernel lists it. ``started`` tells it from another that has had its id before or since."""

    pid: int
    parent: int
    group: int
    session: int
    started: int


def read_process(pid: int) -> Process | None:
    """Return what Linux knows of a process; ``None`` if there is none, and on other systems."""
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123  many are read, and a path costs more than the file
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return Process(pid, int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


class Strays:
    """What is known of strays where they do not become our children: nothing."""

    def note(self, leader: int, mark: str | None) -> None:
        """Take note of a command: its process, and the mark that its environment bears."""

    def end(self, leader: int) -> list[int]:
        """Kill what lives of a command whose own process has been reaped; return what was there to be killed."""
        return []

    def drop(self, leader: int) -> None:
        """Forget a command that is over."""

    def reap(self) -> None:
        """Bury strays that have ended."""


@dataclass(slots=True)
class _Noted:
    mark: str | None
    started: int
    is_reaped: bool = False


class AdoptedStrays(Strays):
    """Strays of the commands of this process, which becomes their subreaper. For a program with one thread.

    A stray belongs to the command whose group or session it is in, whose mark it bears, or to which its parent
    belonged. One that shows none of these belongs to the command that is left when no other can have started it.
    """

    def __init__(self) -> None:
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "this process cannot become a subreaper")
        self._commands: dict[int, _Noted] = {}
        self._owners: dict[tuple[int, int], int] = {}

    def note(self, leader: int, mark: str | None) -> None:
        process = read_process(leader)
        self._commands[leader] = _Noted(mark, 0 if process is None else process.started)

    def end(self, leader: int) -> list[int]:
        self._commands[leader].is_reaped = True
        self.reap()
        found = [kin for stray in self._list_strays() if self._is_of(stray, leader) for kin in _list_kin(stray)]
        for process in found:
            self._owners[process.pid, process.started] = leader
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)
        return [process.pid for process in found]

    def drop(self, leader: int) -> None:
        self._commands.pop(leader, None)
        self._owners = {process: owner for process, owner in self._owners.items() if owner != leader}

    def reap(self) -> None:
        for pid in self._list_orphans():
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _list_strays(self) -> list[Process]:
        found = (read_process(pid) for pid in self._list_orphans())
        return [process for process in found if process is not None]

    def _list_orphans(self) -> list[int]:
        """List our children but for those that are commands themselves."""
        commands = {pid for pid, noted in self._commands.items() if not noted.is_reaped}
        return [pid for pid in _list_children(os.getpid()) if pid not in commands]

    def _is_of(self, stray: Process, leader: int) -> bool:
        if leader in (stray.group, stray.session):
            return True
        owner = self._owners.get((stray.pid, stray.started)) or self._find_owner(stray)
        return owner == leader or (owner is None and self._can_only_be_of(stray, leader))

    def _find_owner(self, stray: Process) -> int | None:
        for pid in (stray.session, stray.group):
            if pid in self._commands:
                return pid
        mark = _read_mark(stray.pid)
        return next(
            (pid for pid, noted in self._commands.items() if noted.mark is not None and noted.mark == mark), None
        )

    def _can_only_be_of(self, stray: Process, leader: int) -> bool:
        return not any(pid != leader and noted.started <= stray.started for pid, noted in self._commands.items())


def adopt_strays() -> Strays:
    """Have strays become children of this process, where the system does that and lists children."""
    lists_children = sys.platform == "linux" and Path(f"/proc/self/task/{os.getpid()}/children").exists()
    return AdoptedStrays() if lists_children else Strays()


def _list_kin(process: Process) -> Iterator[Process]:
    """Yield a process and all that descend from it."""
    yield process
    for pid in _list_children(process.pid):
        child = read_process(pid)
        if child is not None and child.parent == process.pid:
            yield from _list_kin(child)


def _list_children(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):  # it is gone
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  as above
            with open(f"/proc/{pid}/task/{thread}/children") as file:  # noqa: PTH123  as above
                children += map(int, file.read().split())
    return children


def _read_mark(pid: int) -> str | None:
    prefix = f"{COMMAND_VARIABLE}=".encode()
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123  as above
            variables = file.read().split(b"\0")
    except OSError:
        return None
    return next((os.fsdecode(variable[len(prefix) :]) for variable in variables if variable.startswith(prefix)), None)
