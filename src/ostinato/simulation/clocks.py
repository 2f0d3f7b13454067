"""Time as it passes in a simulation, and the clocks of its machines, which may be wrong."""

from __future__ import annotations

from datetime import datetime, timedelta


class Time:
    """The time that passes for all machines alike, in seconds since the simulation began. It moves when it is moved."""

    def __init__(self, begins_at: datetime) -> None:
        self.passed = 0.0
        self._begins_at = begins_at

    def now(self) -> datetime:
        """Return what a clock shows that is right."""
        return self._begins_at + timedelta(seconds=self.passed)

    def advance(self, seconds: float) -> None:
        """Let time pass; however little, it is some."""
        self.passed = round(self.passed + max(seconds, 0.001), 6)


class MachineClock:
    """The clock of a machine: ``error`` is how far it is ahead of the right time. Keeps the promise of ``Clock``."""

    def __init__(self, time: Time) -> None:
        self.error = timedelta(0)
        self._time = time

    def now(self) -> datetime:
        return self._time.now() + self.error

    def monotonic(self) -> float:
        return self._time.passed

    def sleep(self, seconds: float) -> None:
        self._time.advance(seconds)
