"""Telling the service manager how a process is: that it is ready, that its loop turns, what it does, that it stops.

Owns the socket and the words of systemd's protocol. Who drives a loop owns when: each turn of it tells, so a loop that
hangs falls silent, and the manager's watchdog notices. Where there is no service manager, nothing is said.
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from enum import StrEnum

import structlog

from ostinato.clock import Clock, SystemClock

SECONDS_BETWEEN_NEWS = 1.0
"""However often the status changes, it is told at most so often."""
PATIENCE_SECONDS = 2.0
"""How long the loop waits for a manager that has no room for a message."""

log = structlog.get_logger()


class Stage(StrEnum):
    """Where a process is between its start and its end."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


class Notifier:
    """The line to the service manager at ``address``; without one it says nothing. To be used by one thread.

    ``limit`` is after how many microseconds of silence the manager ends the process. A sign of life is due twice within
    it, and every message says everything, so that no harm is done when one is lost.
    """

    def __init__(self, clock: Clock, address: str = "", *, limit: int | None = None) -> None:
        self._clock = clock
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._limit = limit
        self._said: tuple[Stage, str] | None = None
        self._said_at = -math.inf

    def tell(self, stage: Stage, status: str) -> float:
        """Say how the process is, if it is time to; return after how many seconds to tell again at the latest."""
        if not self._address:
            return math.inf
        now = self._clock.monotonic()
        if now >= self._next_at(stage, status):
            self._send(_compose(stage, status, self._limit))
            self._said, self._said_at = (stage, status), now
        return max(0.0, self._next_at(stage, status) - now)

    def _next_at(self, stage: Stage, status: str) -> float:
        if self._said is None or self._said[0] is not stage:
            return -math.inf
        until_sign = math.inf if self._limit is None else self._limit / 2_000_000
        until_news = math.inf if self._said[1] == status else SECONDS_BETWEEN_NEWS
        return self._said_at + min(until_sign, until_news)

    def _send(self, message: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.settimeout(PATIENCE_SECONDS)
                line.sendto(message.encode(), self._address)
        except OSError as error:
            log.warning("service_manager_not_told", error=str(error))


@contextmanager
def notifying() -> Iterator[Notifier]:
    """Lend the line to the service manager that has started this process, if one has, and tell it of the end.

    What names the line is taken out of the environment: the children of this process have nothing to say there.
    """
    notifier = take_notifier(os.environ, SystemClock())
    notifier.tell(Stage.STARTING, "starting")
    try:
        yield notifier
    finally:
        notifier.tell(Stage.STOPPING, "stopped")


def take_notifier(environment: MutableMapping[str, str], clock: Clock) -> Notifier:
    """Take what a service manager says in the environment of its line, and of how long a silence it bears."""
    address = environment.pop("NOTIFY_SOCKET", "")
    limit, watched = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", str(os.getpid()))
    return Notifier(clock, address, limit=int(limit) if limit and watched == str(os.getpid()) else None)


def _compose(stage: Stage, status: str, limit: int | None) -> str:
    words = {
        Stage.STARTING: [] if limit is None else [f"EXTEND_TIMEOUT_USEC={limit}"],
        Stage.READY: ["READY=1"],
        Stage.STOPPING: ["STOPPING=1"],
    }[stage]
    signs = [] if limit is None else ["WATCHDOG=1"]
    return "\n".join([*words, *signs, f"STATUS={' '.join(status.split())}"])
