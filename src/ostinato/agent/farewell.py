"""How an agent that was told to stop comes to its end: how long it waits for work, and how long for the store."""

from __future__ import annotations

import math
from datetime import timedelta

from ostinato.clock import Clock

FAREWELL_SECONDS = 10.0
"""How long a stopping agent goes on trying to record decisions when its grace period is over."""


class Farewell:
    """The grace period and what comes after it. It has not begun before ``begin`` is called."""

    def __init__(self, clock: Clock, grace: timedelta) -> None:
        self._clock = clock
        self._grace = grace
        self._end_at = self._leave_at = math.inf

    def begin(self) -> timedelta:
        """Begin the grace period; asked again, let it be over. Return how much of it is left."""
        grace = timedelta(0) if self.has_begun else self._grace
        self._end_at = self._clock.monotonic() + grace.total_seconds()
        self._leave_at = self._end_at + FAREWELL_SECONDS
        return grace

    @property
    def has_begun(self) -> bool:
        """Tell whether the agent is stopping."""
        return self._leave_at < math.inf

    @property
    def end_at(self) -> float:
        """Return when the grace period is over, by the clock that only runs forward; never, if that has been heeded."""
        return self._end_at

    def heed_end(self) -> bool:
        """Tell, once, that the grace period is over."""
        is_over = self._clock.monotonic() >= self._end_at
        if is_over:
            self._end_at = math.inf
        return is_over

    @property
    def is_overdue(self) -> bool:
        """Tell whether the agent has waited for the store long enough."""
        return self._clock.monotonic() >= self._leave_at
