"""The night: for each lane the slot that was due last at an instant. What the console asks of it; it only reads.

A slot without due time, which is started by hand alone, counts as due when its period has ended. Lanes are walked by
the index that keeps the slots of a lane in order: each costs a few rows, however far back its slots go.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    any_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql

from ostinato.model.accounts import Maintenance
from ostinato.model.statuses import SUCCEEDED_SLOT_STATUSES
from ostinato.policies.start import Pause
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.types import Instant

_slot, _earlier, _place = (
    t.slots.alias("slot"),
    t.slots.alias("earlier"),
    func.coalesce(t.lanes.c.account_id, literal_column("0")),
)
SAMPLED_LANES, SAMPLED_SLOTS = 5, 5
"""By how many lanes of a definition, and how many slots of each, it is told how long after its due time it ends."""


class Square(NamedTuple):
    """One lane's place in a night, as far as counting needs it. ``account_id`` 0 stands for none."""

    account_id: int
    definition_id: int
    slot_id: int
    status: str


class NightSlot(NamedTuple):
    """A slot of a night, and what is known of its latest run; ``run_id`` is ``None`` where it has none."""

    account_id: int
    definition_id: int
    slot_id: int
    label: str
    starts_at: datetime
    ends_at: datetime
    due_at: datetime | None
    status: str
    reason: str
    gate: str | None
    attempts: int
    slot_finished_at: datetime | None
    run_id: int | None
    run_status: str | None
    run_started_at: datetime | None
    run_finished_at: datetime | None
    run_reason: str | None
    queue: str | None
    start_at: datetime | None
    start_before: datetime | None
    waits_for: str | None
    singleton_key: str | None
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None
    deadline_at: datetime | None
    agent_id: int | None


class DayStatus(NamedTuple):
    """That an account has a slot of a definition on a day which stands so; 0 stands for no account."""

    account_id: int
    day: date
    status: str
    run_status: str | None
    due: bool
    stopped: bool


class Attempt(NamedTuple):
    """A run of a slot, and when it was carried out."""

    run_id: int
    series: int
    attempt: int
    status: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnerState:
    """What may stop everything of a definition or of an account, and how many of its runs may run at a time."""

    id: int
    name: str
    active: bool
    pause: Pause | None
    concurrency: int | None
    uses: dict[str, int]
    maintenance: Maintenance | None = None


def list_squares(tx: Tx, at: datetime) -> list[Square]:
    """List the night of every lane at ``at``; a lane of which nothing was due by then is absent."""
    found, slot = _due_last(tx, at)
    wanted = select(_place, t.lanes.c.definition_id, slot.id, slot.status).select_from(found).where(~t.lanes.c.retired)
    return list(map(Square._make, tx.execute(wanted).all()))


def list_window(
    tx: Tx, at: datetime, *, account_ids: Collection[int], definition_ids: Collection[int]
) -> list[NightSlot]:
    """List the night of the lanes of these accounts (0 stands for none) and these definitions."""
    found, slot = _due_last(tx, at)
    window = and_(
        ~t.lanes.c.retired,
        is_one_of(tx, t.lanes.c.definition_id, definition_ids),
        is_one_of(tx, _place, account_ids),
    )
    return _read(tx, select(*_columns(slot)).select_from(_with_run(found, slot)).where(window))


def list_night_slots(tx: Tx, slot_ids: Collection[int]) -> list[NightSlot]:
    """List the slots of these ids, whichever night they belong to."""
    found = t.lanes.join(_slot, _slot.c.lane_id == t.lanes.c.id)
    wanted = select(*_columns(_slot.c)).select_from(_with_run(found, _slot.c))
    return _read(tx, wanted.where(is_one_of(tx, _slot.c.id, slot_ids))) if slot_ids else []


def list_lane(tx: Tx, *, account_id: int, definition_id: int, until: datetime, limit: int) -> list[NightSlot]:
    """List the last slots of one lane that were due by ``until``, newest first."""
    found = t.lanes.join(_slot, _slot.c.lane_id == t.lanes.c.id)
    wanted = (
        select(*_columns(_slot.c))
        .select_from(_with_run(found, _slot.c))
        .where(t.lanes.c.definition_id == definition_id, _place == account_id, *_due_by(_slot.c, until))
        .order_by(_slot.c.starts_at.desc())
        .limit(limit)
    )
    return _read(tx, wanted)


def list_due_between(tx: Tx, *, since: datetime, until: datetime, account_id: int) -> list[NightSlot]:
    """List the slots of an account that came due after ``since`` and by ``until``, by due time."""
    found = t.lanes.join(_slot, _slot.c.lane_id == t.lanes.c.id).join(t.definitions)
    due_at = func.coalesce(_slot.c.due_at, _slot.c.ends_at)
    earliest = literal(since, Instant) - t.definitions.c.longest_period - t.lanes.c.delay
    wanted = (
        select(*_columns(_slot.c))
        .select_from(_with_run(found, _slot.c))
        .where(~t.lanes.c.retired, _place == account_id, *_due_by(_slot.c, until))
        .where(_slot.c.starts_at >= earliest, due_at > since)
        .order_by(due_at, _slot.c.id)
    )
    return _read(tx, wanted)


def list_days(tx: Tx, *, definition_id: int, first_day: date, until: datetime) -> list[DayStatus]:
    """List how the slots of a definition stand that were due by ``until`` and start on ``first_day`` or later.

    By account and day, as the wall clock of each slot showed it; each status of a day once.
    """
    day = func.substr(_slot.c.label, 1, 10)
    begins = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC) - timedelta(days=1)
    due = func.coalesce(_slot.c.due_at <= until, true())
    stopped = or_(_slot.c.due_at.is_(None), _slot.c.reason != "")
    kinds = (_place, day, _slot.c.status, t.runs.c.status, due, stopped)
    wanted = (
        select(*(kind.label(f"kind_{index}") for index, kind in enumerate(kinds)))
        .select_from(_with_run(t.lanes.join(_slot, _slot.c.lane_id == t.lanes.c.id), _slot.c))
        .where(~t.lanes.c.retired, t.lanes.c.definition_id == definition_id, *_due_by(_slot.c, until))
        .where(_slot.c.starts_at >= begins, _slot.c.label >= first_day.isoformat())
    ).subquery()
    rows = tx.execute(select(*wanted.c).distinct())
    return [DayStatus(row[0], date.fromisoformat(row[1]), row[2], row[3], bool(row[4]), bool(row[5])) for row in rows]


def list_attempts(tx: Tx, slot_ids: Collection[int]) -> dict[int, list[Attempt]]:
    """List the runs of slots, oldest first, by slot; slots that have none are absent."""
    run = t.runs.c
    wanted = select(run.slot_id, run.id, run.series, run.attempt, run.status, run.started_at, run.finished_at)
    found: dict[int, list[Attempt]] = {}
    if slot_ids:
        for row in tx.execute(wanted.where(is_one_of(tx, run.slot_id, slot_ids)).order_by(run.id)):
            found.setdefault(row.slot_id, []).append(Attempt._make(row[1:]))
    return found


def list_definition_states(tx: Tx) -> dict[int, OwnerState]:
    """Return what stops each definition, by id."""
    row = t.definitions.c
    wanted = select(row.id, row.name, row.active, row.concurrency, row.uses, *_pause_columns(row))
    return {
        one.id: OwnerState(one.id, one.name, one.active, _to_pause(one), one.concurrency, one.uses or {})
        for one in tx.execute(wanted)
    }


def list_account_states(tx: Tx) -> dict[int, OwnerState]:
    """Return what stops each account, by id."""
    row = t.accounts.c
    window = (row.maintenance_starts_at, row.maintenance_ends_at)
    wanted = select(row.id, row.token.label("name"), row.active, row.concurrency, *window, *_pause_columns(row))
    return {
        one.id: OwnerState(one.id, one.name, one.active, _to_pause(one), one.concurrency, {}, _to_maintenance(one))
        for one in tx.execute(wanted)
    }


def measure_usual_lags(tx: Tx, at: datetime) -> dict[int, timedelta]:
    """Return how long after its due time each definition usually ends, by id, as its last successes tell.

    A few lanes of each are asked, and of their slots those that were laid out before they were due: a backfill says
    nothing of it. Definitions of which none has succeeded are absent.
    """
    rank = func.row_number().over(partition_by=t.lanes.c.definition_id, order_by=t.lanes.c.id)
    ranked = select(t.lanes.c.id, t.lanes.c.definition_id, rank.label("rank")).where(~t.lanes.c.retired).subquery()
    slot = _earlier.c
    last = (
        select((slot.finished_at - slot.due_at).label("lag"))
        .where(
            slot.lane_id == ranked.c.id,
            slot.starts_at < at,
            slot.created_at <= slot.due_at,
            slot.status.in_(sorted(SUCCEEDED_SLOT_STATUSES)),
            slot.accepted_by.is_(None),
        )
        .order_by(slot.starts_at.desc())
        .limit(SAMPLED_SLOTS)
        .correlate(ranked)
        .subquery()
    )
    lag = select(func.avg(last.c.lag)).scalar_subquery()
    asked = select(ranked.c.definition_id, lag.label("lag")).where(ranked.c.rank <= SAMPLED_LANES).subquery()
    wanted = select(asked.c.definition_id, func.max(asked.c.lag)).group_by(asked.c.definition_id)
    lags = {row[0]: row[1] for row in tx.execute(wanted) if row[1] is not None}
    return {id: timedelta(microseconds=int(lag)) for id, lag in lags.items()}


def is_one_of(tx: Tx, key: ColumnElement[int], keys: Collection[int]) -> ColumnElement[bool]:
    """Tell of a key whether it is one of ``keys``: there may be more of these than a statement can name."""
    if tx.dialect.name == "postgresql":
        return key == any_(bindparam(None, list(keys), postgresql.ARRAY(BigInteger)))
    return key.in_(select(func.json_each(json.dumps(list(keys))).table_valued("value").c.value))


def _due_by(slot: Any, at: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield what tells of a slot whether it was due by ``at``. It had begun by then: that is what the index knows."""
    yield slot.starts_at <= at
    yield func.coalesce(slot.due_at, slot.ends_at) <= at


def _due_last(tx: Tx, at: datetime) -> tuple[FromClause, Any]:
    """Return lanes joined with the slot of each that was due last, and its columns."""
    latest = select(t.slots).where(t.slots.c.lane_id == t.lanes.c.id, *_due_by(t.slots.c, at))
    latest = latest.order_by(t.slots.c.starts_at.desc()).limit(1)
    if tx.dialect.name == "postgresql":
        beside = latest.correlate(t.lanes).lateral("slot")
        return t.lanes.join(beside, true()), beside.c
    key = latest.with_only_columns(t.slots.c.id).correlate(t.lanes).scalar_subquery()
    return t.lanes.join(_slot, _slot.c.id == key), _slot.c


def _with_run(found: FromClause, slot: Any) -> FromClause:
    return found.outerjoin(t.runs, t.runs.c.id == slot.run_id)


def _columns(slot: Any) -> Sequence[ColumnElement[Any]]:
    """Return the columns of a ``NightSlot``, in its order."""
    run = t.runs.c
    return (
        *(_place, t.lanes.c.definition_id, slot.id, slot.label, slot.starts_at, slot.ends_at, slot.due_at),
        *(slot.status, slot.reason, slot.gate, slot.attempts, slot.finished_at),
        *(run.id, run.status, run.started_at, run.finished_at, run.end_message, run.queue, run.start_at),
        *(run.start_before, run.waits_for, run.singleton_key, run.cancel_requested_at, run.cancel_requested_by),
        *(run.deadline_at, run.agent_id),
    )


def _read(tx: Tx, wanted: Select[Any]) -> list[NightSlot]:
    return list(map(NightSlot._make, tx.execute(wanted).all()))


def _pause_columns(row: Any) -> Sequence[ColumnElement[Any]]:
    return row.paused_at, row.paused_by, row.pause_reason


def _to_pause(row: Any) -> Pause | None:
    return None if row.paused_at is None else Pause(row.paused_at, row.paused_by or "", row.pause_reason or "")


def _to_maintenance(row: Any) -> Maintenance | None:
    if row.maintenance_starts_at is None and row.maintenance_ends_at is None:
        return None
    return Maintenance(row.maintenance_starts_at, row.maintenance_ends_at)
