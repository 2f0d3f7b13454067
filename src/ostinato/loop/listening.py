"""Since when the engine could have heard its agents without a break. It knows no agent and asks no store.

Silence means something only to those who listened. While the store was away, or this process stood still, nobody's
heartbeat could be seen; and where the clock has jumped, heartbeats seem older than they are. Whoever lives is then
given the time to beat before anybody is taken for lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ostinato.clock import Clock

CLOCKS_MAY_PART = timedelta(seconds=5)
"""How far the clock may go apart from the time that has passed, between two answers of the store."""


class Listening:
    """Listens while the store answers again and again; ``longest_gap`` is how long there may be no answer."""

    def __init__(self, clock: Clock, *, longest_gap: timedelta) -> None:
        self._clock = clock
        self._longest_gap = longest_gap
        self._since: datetime | None = None
        self._heard_at: datetime | None = None
        self._heard_after = 0.0

    def hear(self) -> datetime:
        """Take note that the store has answered just now; return since when it does so without a break."""
        now, after = self._clock.now(), self._clock.monotonic()
        if self._since is None or self._has_break(now, after):
            self._since = now
        self._heard_at, self._heard_after = now, after
        return self._since

    def break_off(self) -> None:
        """Take note that the store is away."""
        self._since = None

    def _has_break(self, now: datetime, after: float) -> bool:
        if self._heard_at is None:
            return True
        passed = timedelta(seconds=after - self._heard_after)
        return passed > self._longest_gap or abs((now - self._heard_at) - passed) > CLOCKS_MAY_PART
