"""The guard: a small process beside the agent that kills the agent's commands when the agent itself was killed.

What a child would have to do for itself between fork and exec is not an option here. In a process with threads, Python
is not safe there: it clears what other threads hold of their own, and so may close their database connections, or wait
for a lock that nobody gives back. Without it, starting a command costs no copy of the agent either.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import structlog

_PROGRAM = Path(__file__).with_name("guard_program.py")

log = structlog.get_logger()


class Guard:
    """Looks after process groups for as long as this process lives, and ends them if it dies. It starts when needed.

    It is told of a group when that has started already: an agent that is killed in between leaves the command to its
    successor (see ``leftovers``). A guard that was killed is replaced when the next command starts.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()

    def start(self) -> None:
        """See that the guard is there; ``ValueError`` where it cannot be."""
        if self._process is not None and self._process.poll() is None:
            return
        self._end()
        arguments = [sys.executable, "-I", "-S", str(_PROGRAM), str(os.getpid())]
        quiet = subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                arguments, bufsize=0, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
            )
        except OSError as error:
            raise ValueError(f"the guard of commands cannot be started: {error.strerror}") from None
        self._process = process
        for group in self._groups:
            self._say(f"+{group}\n")

    def watch(self, group: int) -> None:
        """Have a process group killed if this process dies."""
        self._groups.add(group)
        self._say(f"+{group}\n")

    def release(self, group: int) -> None:
        """Let go of a process group. To be done while nobody else can have its id."""
        self._groups.discard(group)
        self._say(f"-{group}\n")

    def close(self) -> None:
        """Have no more groups looked after."""
        self._groups.clear()
        self._end()

    def _say(self, line: str) -> None:
        if self._process is None or self._process.stdin is None:
            return
        try:
            os.write(self._process.stdin.fileno(), line.encode())
        except OSError as error:
            log.warning("guard_lost", error=error.strerror)
            self._end()

    def _end(self) -> None:
        """Take the guard away before it can do anything."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
