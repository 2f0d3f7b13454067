"""Starts the program without its imports, which take longer than most of its commands: they are done once.

A child is forked from a process that has imported what commands import, and done nothing else. Everything else is its
own: folder, environment, arguments, standard streams, and how it ends.
"""

from __future__ import annotations

import gc
import io
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.reduction import DupFd
from pathlib import Path
from runpy import run_module
from tempfile import TemporaryFile
from typing import IO, Any

_IMPORTED = (
    "ostinato.cli.commands.changes",
    "ostinato.cli.commands.declarations",
    "ostinato.cli.commands.details",
    "ostinato.cli.commands.logs",
    "ostinato.cli.commands.plans",
    "ostinato.cli.commands.processes",
    "ostinato.cli.commands.rows",
    "ostinato.cli.commands.status",
    "ostinato.sources.files",
    "ostinato.store.migrations",
    "sqlalchemy.dialects.sqlite",
)
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(list(_IMPORTED))


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: what it wrote to its standard streams, and its exit code, a signal's being negative."""

    out: bytes
    err: bytes
    code: int


@dataclass(frozen=True, slots=True)
class _Stream:
    """A descriptor that a child is given."""

    descriptor: int

    def __reduce__(self) -> tuple[Any, ...]:
        return _receive, (DupFd(self.descriptor),)


@dataclass(frozen=True, slots=True)
class _Call:
    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    as_script: bool
    streams: Sequence[_Stream]


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    given: str = "",
    as_script: bool = False,
    together: bool = False,
) -> Ended:
    """Run the program in ``folder`` to its end; ``given`` is what it finds on its standard input.

    It is started as by ``python -m ostinato`` or, ``as_script``, by ``ostinato``, which does not import from the folder
    that it is in. What it writes to both its streams comes ``together`` on the first if asked for, as on a terminal.
    """
    with TemporaryFile() as stdin, TemporaryFile() as stdout, TemporaryFile() as stderr:
        stdin.write(given.encode())
        stdin.seek(0)
        streams = [_Stream(file.fileno()) for file in (stdin, stdout, stdout if together else stderr)]
        call = _Call(arguments, folder, environment, as_script, streams)
        child = _CONTEXT.Process(target=_be_program, args=(call,))
        child.start()
        child.join()
        code = child.exitcode
        child.close()
        if code is None:
            raise AssertionError("a process that was waited for has ended")
        return Ended(_read(stdout), _read(stderr), code)


def _be_program(call: _Call) -> None:
    """Become the program, as if this process had just been started."""
    gc.freeze()  # what it was forked with stays, and need not be copied for the collector's marks
    for number, stream in enumerate(call.streams):
        os.dup2(stream.descriptor, number)
        os.close(stream.descriptor)
    sys.stdin, sys.stdout, sys.stderr = (_open(number) for number in range(3))
    os.chdir(call.folder)
    os.environ.clear()
    os.environ.update(call.environment)
    time.tzset()
    roots = [Path(sys.prefix), Path(sys.base_prefix)]
    installed = [entry for entry in sys.path if any(Path(entry).is_relative_to(root) for root in roots)]
    first = Path(sys.executable).parent if call.as_script else call.folder
    named = call.environment.get("PYTHONPATH")
    sys.path[:] = [str(first), *(named.split(os.pathsep) if named else ()), *installed]
    sys.argv[1:] = call.arguments
    run_module("ostinato", run_name="__main__", alter_sys=True)


def _open(number: int) -> io.TextIOWrapper:
    """Open a standard stream as Python does where it is no terminal: standard error alone is written line by line."""
    binary = open(number, "rb" if number == 0 else "wb", closefd=False)  # noqa: SIM115  it stays open to the end
    return io.TextIOWrapper(binary, encoding="utf-8", line_buffering=number == 2)


def _receive(duplicate: Any) -> _Stream:
    return _Stream(duplicate.detach())


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
