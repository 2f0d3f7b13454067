"""The program as its users have it: a child process in a folder, with what it prints and how it exits."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ostinato
from ostinato.testing import nursery
from ostinato.testing.listening import listen_for

_SOURCE = Path(ostinato.__file__).parents[1]
_LOOKS = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""What would make output look otherwise than by itself."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call printed, and its exit code."""

    out: str
    err: str
    code: int

    @property
    def json(self) -> Any:
        """Return the one JSON value on standard output."""
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        """Return the JSON values on standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True, slots=True)
class Program:
    """Calls the program in ``folder``."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, given: str | None = None) -> Answer:
        """Run the program to its end; ``given`` is what it finds on its standard input."""
        done = nursery.run(arguments, folder=self.folder, environment=self._environment(), given=given or "")
        return Answer(done.out.decode(), done.err.decode(), done.code)

    def on_terminal(self, *arguments: str, columns: int = 80, lines: int = 24) -> str:
        """Run the program to its end on a terminal of that size, and return all that it wrote there."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (lines, columns))
        environment = {**self._environment(), "TERM": "xterm-256color"}
        with subprocess.Popen(
            _command(arguments), cwd=self.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        ):
            os.close(theirs)
            written = b"".join(_read_to_end(ours))
        os.close(ours)
        return written.decode()

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run the program beside the test, and kill it if it is there at the end."""
        process = subprocess.Popen(
            _command(arguments),
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in _LOOKS}
        return {**inherited, "PYTHONPATH": str(_SOURCE), **self.environment}


def wait_for(process: subprocess.Popen[str], word: str) -> str:
    """Read the log lines of ``process`` up to the one with ``word`` in it, and return that."""
    return listen_for(word, process.stderr)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write ``files`` by their names."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "ostinato", *arguments]


def _read_to_end(descriptor: int) -> Iterator[bytes]:
    """Yield what comes from a terminal, whose end is an error on Linux."""
    with suppress(OSError):
        while chunk := os.read(descriptor, 65_536):
            yield chunk
