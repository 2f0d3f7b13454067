"""How far the work has come: read in one transaction, and how fast it goes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ostinato.model.engine import SourceState
from ostinato.model.runs import Run
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.store import due_runs, journal, runs
from ostinato.store.database import Store
from ostinato.store.slot_lists import count_slots

DONE = frozenset({SlotFace.SUCCESS, SlotFace.WARNING, SlotFace.FAILED, SlotFace.CANCELLED})
PACE_WINDOW = timedelta(seconds=60)
LEAST_FOR_A_PACE = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Progress:
    """How things stand at ``at``: of what has ended, since yesterday began, and all that has failed.

    ``failures`` are the latest runs that failed, ``troubles`` the sources that are not followed, ``next_start`` is
    when the next retry starts.
    """

    at: datetime
    slots: Mapping[SlotFace, int]
    runs: Mapping[RunStatus, int]
    running: tuple[Run, ...] = ()
    failures: tuple[Run, ...] = ()
    troubles: tuple[SourceState, ...] = ()
    next_start: datetime | None = None

    @property
    def due(self) -> int:
        """Return how many slots should have run by now."""
        return sum(count for face, count in self.slots.items() if face is not SlotFace.FUTURE)

    @property
    def done(self) -> int:
        """Return how many slots have ended, of those that are counted."""
        return sum(count for face, count in self.slots.items() if face in DONE)

    @property
    def failed(self) -> int:
        """Return how many slots have failed for good."""
        return self.slots.get(SlotFace.FAILED, 0)


def read_progress(store: Store, now: datetime, *, failures: int = 3) -> Progress:
    """Read how things stand: what is open, what has failed, and what has ended since yesterday began."""
    since = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    with store.read() as tx:
        return Progress(
            at=now,
            slots=count_slots(tx, now=now, since=since, until=now),
            runs=runs.count_runs(tx, since=since),
            running=tuple(reversed(runs.list_runs(tx, statuses=[RunStatus.RUNNING]))),
            failures=tuple(runs.list_runs(tx, statuses=[RunStatus.FAILED, RunStatus.TIMEOUT], limit=failures)),
            troubles=tuple(one for one in journal.list_source_states(tx) if one.error or one.held_back),
            next_start=due_runs.find_next_start(tx),
        )


class Pace:
    """How many slots end in a second, by what was seen in the last minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[datetime, int]] = deque()

    def see(self, progress: Progress) -> None:
        """Take note of where things stand."""
        self._seen.append((progress.at, progress.done))
        while self._seen[-1][0] - self._seen[0][0] > PACE_WINDOW:
            self._seen.popleft()

    @property
    def per_second(self) -> float | None:
        """Return the pace; ``None`` while there is too little to judge by."""
        if not self._seen:
            return None
        (began, before), (ended, now) = self._seen[0], self._seen[-1]
        if ended - began < LEAST_FOR_A_PACE or now <= before:
            return None
        return (now - before) / (ended - began).total_seconds()

    def time_left(self, progress: Progress) -> timedelta | None:
        """Return how long the rest will take if it goes on like this, and if nothing that is due stays blocked."""
        pace, rest = self.per_second, progress.due - progress.done
        return timedelta(seconds=rest / pace) if pace and rest else None
