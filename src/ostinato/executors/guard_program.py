"""A program of its own: when the agent that started it is dead, it kills what commands the agent leaves.

Run as ``python -I -S guard_program.py AGENT``: AGENT is the id of the agent's process. The agent writes lines to its
standard input: ``+GROUP`` for a process group to be guarded, ``-GROUP`` for one that is none of its business any more.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress

CHUNK_BYTES = 65_536


def guard(agent: int) -> None:
    """Keep account of the groups until the agent is dead, and kill those that are left."""
    groups: set[int] = set()
    watches = _watch_death(agent)
    unread = b""
    while chunk := _read(watches):
        *lines, unread = (unread + chunk).split(b"\n")
        for line in lines:
            (groups.add if line.startswith(b"+") else groups.discard)(int(line[1:]))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):  # gone already, or become another user
            os.killpg(group, signal.SIGKILL)


def _watch_death(agent: int) -> list[int]:
    """Return the descriptors that tell of the agent's death, where the system has such.

    Elsewhere the end of the input must do. It comes late if the agent left a fork of itself that has it open, too.
    """
    try:
        return [os.pidfd_open(agent)]
    except (AttributeError, OSError):  # also when the agent is dead already: then the input ends
        return []


def _read(watches: list[int]) -> bytes:
    """Return what the agent has to say; nothing when it is dead and all it said has been read."""
    stdin = sys.stdin.fileno()
    ready, _, _ = select.select([stdin, *watches], [], [])
    return os.read(stdin, CHUNK_BYTES) if stdin in ready else b""


if __name__ == "__main__":
    guard(int(sys.argv[1]))
