"""Who an agent is: a name that no other living agent of the project on this machine bears.

A lock on a file proves it. The system takes the lock away from a process that dies, however it dies; so
whoever holds it knows that all its predecessors of that name are dead.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import weakref
from itertools import count
from pathlib import Path

from ostinato.errors import NotPossible

_FIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Identity:
    """A name, held until it is released or the process ends, or nobody refers to it any more."""

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self._release = weakref.finalize(self, os.close, descriptor)

    def release(self) -> None:
        """Give the name back."""
        self._release()


def take_identity(folder: Path, name: str | None) -> Identity:
    """Take ``name``, by a lock in ``folder``; without one, the first that is free of HOST, HOST-2 and so on.

    Raises ``NotPossible`` when ``name`` is not fit for a file, or taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if name is None:
        return _take_first_free(folder, re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).lstrip("._-") or "agent")
    if not _FIT.fullmatch(name):
        hint = "use letters, digits, dots, dashes and underscores"
        raise NotPossible(f"{name!r} is no name for an agent", hint=hint)
    identity = _try_to_take(folder, name)
    if identity is None:
        holder = _lock_file(folder, name).read_text() or "another process"
        hint = "stop it first, or start this one with another --name"
        raise NotPossible(f"an agent named {name} is running here already ({holder})", hint=hint)
    return identity


def _take_first_free(folder: Path, host: str) -> Identity:
    for number in count(1):
        identity = _try_to_take(folder, host if number == 1 else f"{host}-{number}")
        if identity is not None:
            return identity
    raise AssertionError("count() does not end")


def _try_to_take(folder: Path, name: str) -> Identity | None:
    descriptor = os.open(_lock_file(folder, name), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()}".encode())
    return Identity(name, descriptor)


def _lock_file(folder: Path, name: str) -> Path:
    return folder / f"{name}.lock"
