"""Waiting for what goes on beside a test: until a process says something, or something is true, but not for ever."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from typing import IO

from ostinato.clock import SystemClock

PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.005


def wait_until(true: Callable[[], object], claim: str) -> None:
    """Wait until something becomes true that nobody tells of; raises ``AssertionError`` with the claim if it does not.

    It leaves the processor alone between two looks: those who are waited for may need it.
    """
    clock = SystemClock()
    give_up_at = clock.monotonic() + PATIENCE_SECONDS
    while not true():
        if clock.monotonic() > give_up_at:
            raise AssertionError(f"it never came to this: {claim}")
        clock.sleep(_PAUSE_SECONDS)


def listen_for(word: str, pipe: IO[str] | None) -> str:
    """Read the lines of a pipe up to the one with ``word`` in it, and return that; what comes after it is left there.

    Raises ``AssertionError`` with all that was said when it does not come: the pipe was closed, or it took too long.
    """
    said: list[str] = []
    for line in _read_lines(pipe) if pipe else ():
        said.append(line)
        if word in line:
            return line
    raise AssertionError(f"it was not said that {word!r}, but only this:\n{''.join(said)}")


def _read_lines(pipe: IO[str]) -> Iterator[str]:
    """Yield lines until the pipe is closed or patience is over. They are read byte by byte, so that none is lost."""
    clock = SystemClock()
    give_up_at = clock.monotonic() + PATIENCE_SECONDS
    something = select.poll()
    something.register(pipe, select.POLLIN)
    line = b""
    while something.poll(1000 * max(0.0, give_up_at - clock.monotonic())) and (byte := os.read(pipe.fileno(), 1)):
        line += byte
        if byte == b"\n":
            yield line.decode()
            line = b""
    yield line.decode()
