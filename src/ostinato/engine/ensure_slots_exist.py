"""Every definition, for every account that multiplies it, has its slots from its start until ``create_ahead`` from now.

Lanes follow definitions and accounts; each lane knows how far it is planned, so a pass looks only at lanes that end
before the horizon. Periods are computed once for each frequency and zone, slots by one INSERT … SELECT.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ostinato.calendar import Period, get_period, list_periods, local_midnight, parse_key
from ostinato.calendar.labels import format_label
from ostinato.engine.context import Context, Desired
from ostinato.model.engine import StepOutcome
from ostinato.store import definitions, journal, slots
from ostinato.store.database import Tx
from ostinato.store.dialects import take_turn
from ostinato.store.lanes import Lane, align_lanes, list_lanes_to_plan, mark_planned
from ostinato.store.planning import PlannedPeriod, plan_slots

STEP = "ensure_slots_exist"
LANES_AT_ONCE = 5_000
SLOTS_AT_ONCE = 50_000
WINDOW = timedelta(days=400)
FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)
"""Planned so far, a lane that has ended needs no further look."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Lanes of one frequency and zone that are planned together, from the same instant on."""

    frequency: str
    time_zone: str
    lanes: tuple[Lane, ...]


def ensure_slots_exist(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Align the lanes when a declaration has changed, then plan those that end before the horizon.

    Lanes whose periods cannot be computed, because a plug-in declared what no calendar knows, are reported; the others
    go on.
    """
    take_turn(tx)
    aligned = _follow_declarations(tx, context)
    horizon = context.now + context.settings.create_ahead
    lanes = list_lanes_to_plan(tx, horizon=horizon, limit=LANES_AT_ONCE)
    created, room = 0, SLOTS_AT_ONCE
    planned: list[Lane] = []
    broken: list[Lane] = []
    errors: set[str] = set()
    for batch in _batches(lanes):
        try:
            periods, until = _periods_of(batch, horizon, at_most=max(1, room // len(batch.lanes)))
        except ValueError as error:
            errors.add(f"{batch.frequency} in {batch.time_zone}: {error}")
            broken += batch.lanes
            continue
        created += _plan(tx, batch, periods, until, context)
        planned += batch.lanes
        room -= len(periods) * len(batch.lanes)
        if room <= 0:
            break
    context.changes.added_slots += created
    _wake_once_laid_out(tx, planned, broken, context)
    return StepOutcome(
        STEP,
        examined=len(lanes),
        changed=created + aligned,
        failed=len(errors),
        error="; ".join(sorted(errors)),
        more=bool(planned and list_lanes_to_plan(tx, horizon=horizon, limit=1)),
    )


def _wake_once_laid_out(tx: Tx, planned: Sequence[Lane], broken: Sequence[Lane], context: Context) -> None:
    """Have due slots examined when the last lane has been planned up to now: some waited for what was not there."""
    now = context.now
    if any(lane.planned_until is None or lane.planned_until < now for lane in planned):
        behind = list_lanes_to_plan(tx, horizon=now, limit=len(broken) + 1)
        if len(behind) <= len(broken):
            slots.wake_slots(tx, now=now)


def _follow_declarations(tx: Tx, context: Context) -> int:
    declared = journal.get_revision(tx, "declared")
    if journal.get_revision(tx, "lanes") == declared:
        return 0
    changes = align_lanes(tx, now=context.now)
    context.changes.removed_slots += changes.removed_slots
    if changes.removed_slots:
        slots.wake_slots(tx, now=context.now)  # some waited for what is gone
    journal.set_revision(tx, "lanes", declared)
    return changes.added + changes.changed + changes.retired


def _batches(lanes: Sequence[Lane]) -> Iterator[Batch]:
    together: dict[tuple[object, ...], list[Lane]] = defaultdict(list)
    for lane in lanes:
        since = lane.planned_until or (lane.starts_on, lane.created_at)
        together[lane.frequency, lane.time_zone, since].append(lane)
    for members in together.values():
        yield Batch(members[0].frequency, members[0].time_zone, tuple(members))


def _since(lane: Lane) -> datetime:
    """Return from where the lane is to be planned."""
    if lane.planned_until is not None:
        return lane.planned_until
    if lane.starts_on is not None:
        return local_midnight(lane.starts_on, lane.time_zone)
    first = get_period(parse_key(lane.frequency), lane.time_zone, lane.created_at)
    return first.starts_at if first else lane.created_at


def _periods_of(batch: Batch, horizon: datetime, *, at_most: int) -> tuple[list[Period], datetime]:
    """Return at most ``at_most`` periods of a batch, and the start of the first period after them."""
    frequency, since = parse_key(batch.frequency), _since(batch.lanes[0])
    if since >= horizon:
        return [], since
    around = get_period(frequency, batch.time_zone, since)
    if around is None:
        return [], FOR_GOOD
    window = min(WINDOW, (around.ends_at - around.starts_at) * at_most)
    until = min(horizon, since + window)
    periods = list_periods(frequency, batch.time_zone, since=since, until=until)[:at_most]
    return periods, periods[-1].ends_at if periods else around.ends_at


def _plan(tx: Tx, batch: Batch, periods: Sequence[Period], until: datetime, context: Context) -> int:
    created = 0
    if periods:
        longest = max(period.ends_at - period.starts_at for period in periods)
        definitions.lengthen_periods(tx, batch.frequency, longest)
        planned = [_label(batch, period) for period in periods]
        created = plan_slots(tx, [lane.id for lane in batch.lanes], planned, now=context.now)
    ended = {lane.id for lane in batch.lanes if _has_ended(lane, until)}
    mark_planned(tx, ended, FOR_GOOD)
    mark_planned(tx, [lane.id for lane in batch.lanes if lane.id not in ended], until)
    return created


def _label(batch: Batch, period: Period) -> PlannedPeriod:
    return PlannedPeriod(
        frequency=batch.frequency,
        time_zone=batch.time_zone,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        local_date=period.local_date,
        label=format_label(period.starts_at, batch.time_zone),
    )


def _has_ended(lane: Lane, until: datetime) -> bool:
    if lane.ends_on is None or until == FOR_GOOD:
        return lane.ends_on is not None
    return until >= local_midnight(lane.ends_on + timedelta(days=1), lane.time_zone)
