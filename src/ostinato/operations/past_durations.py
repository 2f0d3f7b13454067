"""Past durations: how long the attempts at one definition took, day by day.

Quantiles are by the nearest rank: each is a duration that there was. Of an even number the median is the lower of the
middle two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ostinato.model.statuses import RunStatus
from ostinato.operations.names import get_account, get_definition
from ostinato.store.past_durations import DayAttempts, list_day_attempts
from ostinato.world import World

MOST_DAYS = 400
"""Over no more days than these; each costs a row for each attempt."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How long what succeeded took: the shortest, half of it at most, 95 of 100 at most, and the longest."""

    lowest: timedelta
    median: timedelta
    percentile_95: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class DayDurations:
    """How many attempts have ended at the slots of one day, how many of them failed, and what the good ones took.

    ``took`` is ``None`` where none has succeeded.
    """

    day: date
    finished: int
    failed: int
    took: Quantiles | None


@dataclass(frozen=True, slots=True)
class PastDurations:
    """How long a definition took for one account, or for all: days with attempts that have ended, oldest first."""

    definition: str
    account: str | None
    first_day: date
    last_day: date
    days: tuple[DayDurations, ...]


def find_past_durations(
    world: World, definition: str, *, account: str | None = None, days: int = 60, at: datetime | None = None
) -> PastDurations:
    """Return how long a definition took on each of the ``days`` before ``at``; ``NotFound`` for an unknown name.

    A day is that on which a slot starts, in its own zone; what is told of it is what is known now.
    """
    last_day = (at or world.clock.now()).date()
    first_day = last_day - timedelta(days=days - 1)
    with world.store.read() as tx:
        definition_id = get_definition(tx, definition).id
        account_id = None if account is None else get_account(tx, account).id
        found = list_day_attempts(
            tx, definition_id=definition_id, account_id=account_id, first_day=first_day, last_day=last_day
        )
    shown = tuple(_measure(day, attempts) for day, attempts in found.items())
    return PastDurations(definition, account, first_day, last_day, shown)


def find_quantiles(microseconds: Sequence[int]) -> Quantiles | None:
    """Return what tells of so many durations, in any order; ``None`` where there is none."""
    if not microseconds:
        return None
    ordered = sorted(microseconds)

    def at_percent(percent: int) -> timedelta:
        rank = -(-len(ordered) * percent // 100)
        return timedelta(microseconds=ordered[max(0, rank - 1)])

    return Quantiles(at_percent(0), at_percent(50), at_percent(95), at_percent(100))


def _measure(day: date, attempts: DayAttempts) -> DayDurations:
    return DayDurations(
        day=day,
        finished=attempts.counts.total(),
        failed=attempts.counts[RunStatus.FAILED] + attempts.counts[RunStatus.TIMEOUT],
        took=find_quantiles(attempts.microseconds),
    )
