"""What of a run can be handed out, the most urgent first, and when something is due in it though nothing happens.

Both know steps by their numbers alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from datetime import datetime

_URGENT = -1
"""The rank of what is no step's own work: telling one that it was skipped or cancelled, and finalizing."""


class Agenda:
    """The steps that can be handed out now. ``elsewhere`` are those that only another agent can do, with their queues.

    ``ranks`` are the queues that are served, with their ranks; ``None`` serves all alike.
    """

    def __init__(self, ranks: Mapping[str, int] | None) -> None:
        self.elsewhere: dict[int, str] = {}
        self._ranks = ranks
        self._ready: set[int] = set()
        self._order: list[tuple[int, int]] = []
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, number: int, queue: str) -> None:
        """Add a step whose turn has come, if it is not there yet."""
        if self._is_closed:
            return
        if self._ranks is not None and queue not in self._ranks:
            self.elsewhere[number] = queue
        else:
            self._add(number, 0 if self._ranks is None else self._ranks[queue])

    def add_urgent(self, number: int) -> None:
        """Add a step for which there is something to do before all else, whatever its queue."""
        self._add(number, _URGENT)

    def discard(self, number: int) -> None:
        """Remove a step, if it is there."""
        self._ready.discard(number)
        self.elsewhere.pop(number, None)

    def pop(self) -> int:
        """Remove and return the most urgent step; of those alike the one planned first."""
        self._forget_discarded()
        _, number = heapq.heappop(self._order)
        self._ready.remove(number)
        return number

    def close(self) -> None:
        """Remove everything. From now on only what is urgent is taken in."""
        self._is_closed = True
        self._ready, self._order = set(), []
        self.elsewhere = {}

    @property
    def rank(self) -> int:
        """Return the rank of the most urgent step; the lower, the more urgent."""
        self._forget_discarded()
        return self._order[0][0]

    def _add(self, number: int, rank: int) -> None:
        if number not in self._ready:
            self._ready.add(number)
            heapq.heappush(self._order, (rank, number))

    def _forget_discarded(self) -> None:
        while self._order[0][1] not in self._ready:
            heapq.heappop(self._order)


class Timers:
    """When to look at which step. A time that a step no longer waits for is found out when it comes."""

    def __init__(self) -> None:
        self._times: list[tuple[datetime, int]] = []

    def add(self, at: datetime, number: int) -> None:
        """Have a step looked at when that time has come."""
        heapq.heappush(self._times, (at, number))

    def pop_due(self, now: datetime) -> Iterator[int]:
        """Remove and yield the steps to look at by now, those that are added meanwhile among them."""
        while self._times and self._times[0][0] <= now:
            yield heapq.heappop(self._times)[1]

    @property
    def next_at(self) -> datetime | None:
        """Return when the next step is to be looked at."""
        return self._times[0][0] if self._times else None
