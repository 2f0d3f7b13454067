"""Waiting for a store that is away: how long until it is asked again, and what is said of it meanwhile.

It asks nothing itself. What is said is when it went away and why, once for every cause, and when it is back.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from ostinato.clock import Clock
from ostinato.durations import format_duration
from ostinato.errors import StoreUnavailable

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE = timedelta(seconds=10)
"""Shorter than agents may be silent for: who can speak again does so in time."""

log = structlog.get_logger()


class Outage:
    """The outages that one user of the store meets. The pauses between two attempts double, up to ``longest``."""

    def __init__(self, clock: Clock, *, longest: timedelta = LONGEST_PAUSE) -> None:
        self._clock = clock
        self._longest = longest.total_seconds()
        self._pause = FIRST_PAUSE_SECONDS
        self._began_at: float | None = None
        self._causes: set[str] = set()
        self._who: dict[str, object] = {}

    @property
    def is_on(self) -> bool:
        """Tell whether the store was away when it was last asked."""
        return self._began_at is not None

    def note(self, error: StoreUnavailable, **who: object) -> float:
        """Take note that the store is away; return for how many seconds to leave it alone.

        ``who`` is said in the log beside the cause.
        """
        self._who = who
        if self._began_at is None:
            self._began_at = self._clock.monotonic()
        if error.message not in self._causes:
            self._causes.add(error.message)
            log.warning("store_unavailable", **who, error=error.message)
        pause = min(self._pause, self._longest)
        self._pause = 2 * pause
        return pause

    def end(self) -> None:
        """Take note that the store has answered."""
        if self._began_at is None:
            return
        away = timedelta(seconds=round(self._clock.monotonic() - self._began_at, 1))
        log.info("store_is_back", **self._who, after=format_duration(away))
        self._began_at, self._pause = None, FIRST_PAUSE_SECONDS
        self._causes.clear()
