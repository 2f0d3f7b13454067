"""The one place where the program learns what time it is.

Everything above takes a ``Clock`` or an instant; nobody else reads the system's time. Instants are aware and in UTC.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and waits for it to pass."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start that never go backwards: for measuring, not for dating."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that stands still until it is moved: for tests and for the simulation."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._now = now.astimezone(UTC)
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        if seconds > 0:  # however short, it is some time: whoever sleeps until an instant comes to it
            self.advance(max(timedelta(seconds=seconds), timedelta.resolution))

    def advance(self, by: timedelta) -> None:
        """Move the clock on by ``by``."""
        self._now += by
        self._elapsed += by.total_seconds()

    def set(self, now: datetime) -> None:
        """Put the clock at ``now``, which may be earlier: that is what a clock jump is."""
        self._elapsed += max(0.0, (now - self._now).total_seconds())
        self._now = now.astimezone(UTC)
