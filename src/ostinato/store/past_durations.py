"""Past durations: how long attempts took, by day for one definition, and usually for each. It only reads.

A duration is the time from the first start of a run to its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median_low
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, func, select, true, type_coerce

from ostinato.model.statuses import FINAL_RUN_STATUSES, SUCCEEDED_RUN_STATUSES, SUCCEEDED_SLOT_STATUSES, RunStatus
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.types import Json

SAMPLED_LANES, SAMPLED_SLOTS = 9, 5
"""By how many lanes of a definition, and how many slots of each, it is told how long its runs usually take."""

_DAY = timedelta(days=1)
_SUCCEEDED = frozenset(status.value for status in SUCCEEDED_RUN_STATUSES)


@dataclass(frozen=True, slots=True)
class DayAttempts:
    """The attempts that have ended at the slots of one day: how many in which status.

    And how many microseconds each of those took that succeeded.
    """

    counts: Counter[RunStatus] = field(default_factory=Counter)
    microseconds: list[int] = field(default_factory=list)


def list_day_attempts(
    tx: Tx, *, definition_id: int, account_id: int | None, first_day: date, last_day: date
) -> dict[date, DayAttempts]:
    """Return what has ended of the slots of a definition, by day; of one account if it is named.

    Days are those on which slots start, as the wall clock of each showed it; those without any attempt are absent.
    """
    run = t.runs.c
    slots, slot = _join_slots(tx, first_day, last_day)
    took = type_coerce(run.finished_at - run.started_at, BigInteger)
    attempts = (
        select(func.substr(slot.label, 1, 10), run.status, took)
        .select_from(slots.join(t.runs, run.slot_id == slot.id))
        .where(t.lanes.c.definition_id == definition_id, run.status.in_(sorted(FINAL_RUN_STATUSES)))
    )
    if account_id is not None:
        attempts = attempts.where(t.lanes.c.account_id == account_id)
    counts: Counter[tuple[str, str]] = Counter()
    durations: dict[str, list[int]] = {}
    for day, status, microseconds in tx.execute(attempts):
        counts[day, status] += 1
        if status in _SUCCEEDED:
            durations.setdefault(day, []).append(microseconds)
    found = {day: DayAttempts(microseconds=durations.get(day, [])) for day, _ in counts}
    for (day, status), count in counts.items():
        found[day].counts[RunStatus(status)] = count
    return {date.fromisoformat(day): found[day] for day in sorted(found)}


def measure_usual_durations(tx: Tx, at: datetime) -> dict[int, timedelta]:
    """Return how long a run of each definition usually takes, by id: the median of some of its last successes.

    Some lanes of each are asked, evenly chosen of all. Definitions of which none has succeeded are absent.
    """
    lane = t.lanes.c
    place = func.row_number().over(partition_by=lane.definition_id, order_by=lane.id).label("place")
    size = func.count().over(partition_by=lane.definition_id).label("size")
    placed = select(lane.id, lane.definition_id, place, size).where(~lane.retired).subquery("placed")
    slot, run = t.slots.c, t.runs.c
    last = (
        select((run.finished_at - run.started_at).label("took"))
        .select_from(t.slots.join(t.runs, run.id == slot.run_id))
        .where(slot.lane_id == placed.c.id, slot.starts_at < at, slot.status.in_(sorted(SUCCEEDED_SLOT_STATUSES)))
        .where(run.status.in_(sorted(SUCCEEDED_RUN_STATUSES)))  # a slot may have been accepted though its run failed
        .order_by(slot.starts_at.desc())
        .limit(SAMPLED_SLOTS)
        .correlate(placed)
        .subquery("last")
    )
    gather = func.jsonb_agg if tx.dialect.name == "postgresql" else func.json_group_array
    taken = select(type_coerce(gather(last.c.took), Json)).scalar_subquery()
    is_chosen = (placed.c.place - 1) * SAMPLED_LANES % placed.c.size < SAMPLED_LANES
    known: dict[int, list[int]] = {}
    for definition_id, microseconds in tx.execute(select(placed.c.definition_id, taken).where(is_chosen)):
        known.setdefault(definition_id, []).extend(microseconds or ())
    return {id: timedelta(microseconds=median_low(durations)) for id, durations in known.items() if durations}


def _join_slots(tx: Tx, first_day: date, last_day: date) -> tuple[FromClause, Any]:
    """Return lanes joined with their slots that begin on these days, and the columns of these.

    PostgreSQL would rather go through the slots of all lanes there are; what is beside a row it looks up.
    """
    of_lane = and_(t.slots.c.lane_id == t.lanes.c.id, *_begin_between(first_day, last_day))
    if tx.dialect.name == "postgresql":
        beside = select(t.slots.c.id, t.slots.c.label).where(of_lane).offset(0).correlate(t.lanes).lateral("slot")
        return t.lanes.join(beside, true()), beside.c
    return t.lanes.join(t.slots, of_lane), t.slots.c


def _begin_between(first_day: date, last_day: date) -> Iterator[ColumnElement[bool]]:
    """Yield what tells of slots whether they begin on these days; the first two are what the index knows."""
    slot = t.slots.c
    yield slot.starts_at >= datetime.combine(first_day, time(), UTC) - _DAY
    yield slot.starts_at < datetime.combine(last_day, time(), UTC) + 2 * _DAY
    yield slot.label >= first_day.isoformat()
    yield slot.label < (last_day + _DAY).isoformat()
