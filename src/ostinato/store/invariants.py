"""The invariants, asked of the rows that are stored: each a query for rows that break it.

The numbers are those of the architecture. Most of these can break only where somebody changes the database by hand,
for constraints and triggers stand against them; that is what these queries are for. Rows do not tell whether a step
ran twice or an event was delivered twice, though they tell where a run has ended and left steps or events behind
[6, 7], nor what a broken source once deleted [10]: tests and the simulation look after those.

Time is bounded: queries over the history look at the newest runs alone, and each returns a few rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from ostinato.model.definitions import StartKind
from ostinato.model.runs import RunOrigin
from ostinato.model.slots import SlotName
from ostinato.model.statuses import (
    FINAL_RUN_STATUSES,
    LIVE_RUN_STATUSES,
    SLOT_STATUS_OF_RUN,
    SUCCEEDED_RUN_STATUSES,
    RunStatus,
    SlotStatus,
    StepStatus,
)
from ostinato.model.steps import EventFate
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.facts import pair_with_upstreams

RUNS_LOOKED_AT = 50_000
STARTS_LOOKED_AT = 2_000
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Since:
    """Where the queries begin: runs from ``first_run`` on, first runs from ``first_start`` on.

    What has been due since before ``overdue_since`` should have been seen to by now.
    """

    first_run: int
    first_start: int
    overdue_since: datetime


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant: its number, what holds, and the query for what breaks it, as sentences about rows."""

    number: int
    holds: str
    find: Callable[[Tx, Since], list[str]]


def find_since(tx: Tx, *, overdue_since: datetime) -> Since:
    """Return where the queries begin, so that they look at a bounded number of rows."""
    newest = tx.execute(select(func.max(t.runs.c.id))).scalar() or 0
    return Since(newest - RUNS_LOOKED_AT, newest - STARTS_LOOKED_AT, overdue_since)


def _find_doubles(tx: Tx, since: Since) -> list[str]:
    doubles = (
        select(t.runs.c.slot_id, func.count().label("live"))
        .where(t.runs.c.slot_id.is_not(None), t.runs.c.status.in_(sorted(LIVE_RUN_STATUSES)))
        .group_by(t.runs.c.slot_id)
        .having(func.count() > 1)
        .subquery()
    )
    rows = tx.execute(_named(doubles.c.live).join(doubles, doubles.c.slot_id == t.slots.c.id).limit(SHOWN))
    return [f"{_name(row)} has {row.live} live runs" for row in rows]


def _find_early_starts(tx: Tx, since: Since) -> list[str]:
    return [*_find_starts_before_due(tx, since), *_find_starts_before_upstream(tx, since)]


def _find_starts_before_due(tx: Tx, since: Since) -> Iterator[str]:
    early = or_(t.slots.c.due_at.is_(None), t.runs.c.created_at < t.slots.c.due_at)
    scheduled = and_(t.runs.c.id > since.first_run, t.runs.c.origin == RunOrigin.SCHEDULE, early)
    rows = tx.execute(
        _named(t.runs.c.id.label("run")).join(t.runs, t.runs.c.slot_id == t.slots.c.id).where(scheduled).limit(SHOWN)
    )
    for row in rows:
        yield f"run {row.run} of {_name(row)} was created before the slot was due"


def _find_starts_before_upstream(tx: Tx, since: Since) -> Iterator[str]:
    """Find runs that were created while a slot upstream had not succeeded.

    The order of entries in the history decides, not clocks. Only runs whose definition, and that of the slot upstream,
    is today what it was then can be judged, and only slots that existed then.
    """
    run, creation, success = t.runs, t.transitions.alias("creation"), t.transitions.alias("success")
    upstream, upstream_run = t.slots.alias("upstream_slot"), t.runs.alias("upstream_run")
    starts = select(run.c.slot_id).where(run.c.id > since.first_start, run.c.origin == RunOrigin.SCHEDULE)
    pair = pair_with_upstreams(starts).subquery("pair")
    succeeded_before = (
        select(success.c.id)
        .join(upstream_run, upstream_run.c.id == success.c.run_id)
        .where(
            upstream_run.c.slot_id == pair.c.upstream,
            success.c.to_status.in_(sorted(SUCCEEDED_RUN_STATUSES)),
            success.c.id < creation.c.id,
        )
    )
    rows = tx.execute(
        _named(run.c.id.label("run"), upstream.c.label.label("upstream_label"))
        .join(pair, pair.c.slot == t.slots.c.id)
        .join(upstream, upstream.c.id == pair.c.upstream)
        .join(run, and_(run.c.slot_id == t.slots.c.id, run.c.origin == RunOrigin.SCHEDULE))
        .join(creation, and_(creation.c.run_id == run.c.id, creation.c.from_status.is_(None)))
        .where(
            t.definitions.c.start_kind == StartKind.AFTER_SUCCESS,
            upstream.c.created_at <= run.c.created_at,
            _unchanged_since(t.lanes.c.id, run.c.created_at),
            _unchanged_since(upstream.c.lane_id, run.c.created_at),
            ~succeeded_before.exists(),
        )
        .limit(SHOWN)
    )
    for row in rows:
        yield f"run {row.run} of {_name(row)} was created before an upstream slot, {row.upstream_label}, had succeeded"


def _unchanged_since(lane_id: ColumnElement[int], at: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Tell whether the definition of a lane had the version that it has now at ``at`` already."""
    lane, definition, version = t.lanes.alias(), t.definitions.alias(), t.definition_versions.alias()
    return (
        select(lane.c.id)
        .join(definition, definition.c.id == lane.c.definition_id)
        .join(version, and_(version.c.definition_id == definition.c.id, version.c.version == definition.c.version))
        .where(lane.c.id == lane_id, version.c.created_at <= at)
        .exists()
    )


def _find_runs_after_success(tx: Tx, since: Since) -> list[str]:
    before = t.runs.alias("before")
    rows = tx.execute(
        _named(t.runs.c.id.label("run"), before.c.id.label("succeeded"))
        .join(t.runs, t.runs.c.slot_id == t.slots.c.id)
        .join(before, and_(before.c.slot_id == t.runs.c.slot_id, before.c.series == t.runs.c.series))
        .where(
            t.runs.c.id > since.first_run,
            before.c.status.in_(sorted(SUCCEEDED_RUN_STATUSES)),
            before.c.attempt < t.runs.c.attempt,
        )
        .limit(SHOWN)
    )
    return [f"run {row.run} of {_name(row)} came after run {row.succeeded} had succeeded" for row in rows]


def _find_changed_ends(tx: Tx, since: Since) -> list[str]:
    entry = t.transitions.c
    after_end = select(entry.run_id, entry.from_status, entry.to_status).where(
        entry.run_id > since.first_run, entry.from_status.in_(sorted(FINAL_RUN_STATUSES))
    )
    last = _last_entries(since).subquery("last")
    astray = (
        select(t.runs.c.id, t.runs.c.status, t.transitions.c.to_status)
        .join(last, last.c.run_id == t.runs.c.id)
        .join(t.transitions, t.transitions.c.id == last.c.id)
        .where(t.transitions.c.to_status != t.runs.c.status)
    )
    return [
        *_find_kept_singletons(tx, since),
        *(
            f"run {row.run_id} went from {row.from_status} to {row.to_status}"
            for row in tx.execute(after_end.limit(SHOWN))
        ),
        *(
            f"run {row.id} is {row.status}, and its history ends with {row.to_status}"
            for row in tx.execute(astray.limit(SHOWN))
        ),
    ]


def _find_kept_singletons(tx: Tx, since: Since) -> list[str]:
    ended = and_(t.runs.c.id > since.first_run, t.runs.c.status.in_(sorted(FINAL_RUN_STATUSES)))
    kept = select(t.runs.c.id, t.runs.c.singleton_held).where(ended, t.runs.c.singleton_held.is_not(None))
    rows = tx.execute(kept.limit(SHOWN))
    return [f"run {row.id} has ended, and holds {row.singleton_held} still" for row in rows]


def _last_entries(since: Since) -> Select[Any]:
    entry = t.transitions.c
    return (
        select(entry.run_id, func.max(entry.id).label("id"))
        .where(entry.run_id > since.first_run)
        .group_by(entry.run_id)
    )


def _find_stale_writes(tx: Tx, since: Since) -> list[str]:
    entry = t.transitions.c
    before = func.lag(entry.lease_token).over(partition_by=entry.run_id, order_by=entry.id).label("before")
    tokens = (
        select(entry.run_id, entry.to_status, entry.lease_token, before)
        .where(entry.run_id > since.first_run)
        .subquery("tokens")
    )
    shrunk = tokens.c.lease_token < tokens.c.before
    not_grown = and_(tokens.c.to_status == RunStatus.RUNNING, tokens.c.lease_token <= tokens.c.before)
    rows = tx.execute(select(tokens).where(or_(shrunk, not_grown)).limit(SHOWN))
    return [
        f"run {row.run_id} became {row.to_status} under lease {row.lease_token}, after lease {row.before}"
        for row in rows
    ]


def _find_open_steps(tx: Tx, since: Since) -> list[str]:
    step = t.steps.c
    under_way = step.status.in_([StepStatus.RUNNING, StepStatus.SUSPENDED])
    rows = tx.execute(
        select(step.run_id, step.name, step.status, t.runs.c.status.label("run_status"))
        .select_from(t.steps)
        .join(t.runs)
        .where(step.run_id > since.first_run, under_way, t.runs.c.status.in_(sorted(FINAL_RUN_STATUSES)))
        .limit(SHOWN)
    )
    return [f"run {row.run_id} is {row.run_status}, and its step {row.name} is {row.status}" for row in rows]


def _find_lost_events(tx: Tx, since: Since) -> list[str]:
    """Find events that nobody will take, or that a step was given and does not know of."""
    event, step = t.events.c, t.steps.c
    open_events = (
        select(event.id, event.run_id, event.fate, t.runs.c.status)
        .select_from(t.events)
        .join(t.runs)
        .outerjoin(t.steps, and_(step.run_id == event.run_id, step.number == event.step))
        .where(event.run_id > since.first_run, event.settled_at.is_(None))
    )
    late = and_(t.runs.c.finished_at < since.overdue_since, event.due_at < since.overdue_since)
    unknown = and_(event.fate == EventFate.TAKEN, step.event_id.is_distinct_from(event.id))
    return [
        *(
            f"event {row.id} is {row.fate}, and its run {row.run_id} is {row.status}"
            for row in tx.execute(open_events.where(late).limit(SHOWN))
        ),
        *(
            f"event {row.id} of run {row.run_id} was taken, and its step does not have it"
            for row in tx.execute(open_events.where(unknown).limit(SHOWN))
        ),
    ]


def _find_forgotten(tx: Tx, since: Since) -> list[str]:
    return [
        *_find_unexamined(tx, since),
        *_find_undecided(tx, since),
        *_find_unstarted(tx, since),
        *_find_adrift(tx, since),
    ]


def _find_unexamined(tx: Tx, since: Since) -> Iterator[str]:
    unseen = and_(
        t.slots.c.status == SlotStatus.PENDING, t.slots.c.due_at < since.overdue_since, t.slots.c.reason == ""
    )
    for row in tx.execute(_named().where(unseen).limit(SHOWN)):
        yield f"{_name(row)} is due, has no run, and no reason is known"


def _find_undecided(tx: Tx, since: Since) -> Iterator[str]:
    failed = _named(t.runs.c.id.label("run")).join(t.runs, t.runs.c.id == t.slots.c.run_id)
    undecided = and_(t.slots.c.status == SlotStatus.RETRYING, t.runs.c.finished_at < since.overdue_since)
    for row in tx.execute(failed.where(undecided).limit(SHOWN)):
        yield f"{_name(row)} failed with run {row.run}, and nothing was decided about another attempt"


def _find_unstarted(tx: Tx, since: Since) -> Iterator[str]:
    chained = exists().where(t.run_needs.c.run_id == t.runs.c.id)
    late = and_(t.runs.c.status == RunStatus.SCHEDULED, t.runs.c.start_at < since.overdue_since, ~chained)
    for run_id in tx.execute(select(t.runs.c.id).where(late).limit(SHOWN)).scalars():
        yield f"run {run_id} is scheduled still, though its start time has come"
    asleep = and_(t.runs.c.status == RunStatus.SUSPENDED, t.runs.c.wake_at < since.overdue_since)
    for run_id in tx.execute(select(t.runs.c.id).where(asleep).limit(SHOWN)).scalars():
        yield f"run {run_id} is suspended still, though the time to wake it has come"


def _find_adrift(tx: Tx, since: Since) -> Iterator[str]:
    """Find slots that say something else than their latest run."""
    fits = or_(
        *(
            and_(t.runs.c.status == run, t.slots.c.status.in_(_statuses_after(slot)))
            for run, slot in SLOT_STATUS_OF_RUN.items()
        )
    )
    recent = or_(t.slots.c.run_id.is_(None), t.slots.c.run_id > since.first_run)
    adrift = and_(t.slots.c.status != SlotStatus.PENDING, recent, or_(t.runs.c.id.is_(None), ~fits))
    chosen = _named(t.slots.c.status, t.runs.c.status.label("run_status")).outerjoin(
        t.runs, t.runs.c.id == t.slots.c.run_id
    )
    for row in tx.execute(chosen.where(adrift).limit(SHOWN)):
        yield f"{_name(row)} is {row.status}, and its latest run {row.run_status or 'is gone'}"


def _statuses_after(status: SlotStatus) -> Iterable[SlotStatus]:
    """Return what a slot may be once its latest run has made it ``status``: who gives up retrying makes it failed."""
    return (SlotStatus.RETRYING, SlotStatus.FAILED) if status is SlotStatus.RETRYING else (status,)


def _find_strangers(tx: Tx, since: Since) -> list[str]:
    elsewhere = or_(
        t.runs.c.definition_id != t.lanes.c.definition_id,
        t.runs.c.account_id.is_distinct_from(t.lanes.c.account_id),
    )
    rows = tx.execute(
        _named(t.runs.c.id.label("run"))
        .join(t.runs, t.runs.c.slot_id == t.slots.c.id)
        .where(t.runs.c.id > since.first_run, elsewhere)
        .limit(SHOWN)
    )
    return [f"run {row.run} of {_name(row)} belongs to another definition or account" for row in rows]


def _named(*columns: Any) -> Select[Any]:
    """Select slots with the parts of their names."""
    return (
        select(t.definitions.c.name, t.accounts.c.token, t.slots.c.label, *columns)
        .select_from(t.slots)
        .join(t.lanes, t.lanes.c.id == t.slots.c.lane_id)
        .join(t.definitions, t.definitions.c.id == t.lanes.c.definition_id)
        .outerjoin(t.accounts, t.accounts.c.id == t.lanes.c.account_id)
    )


def _name(row: Any) -> SlotName:
    return SlotName(row.name, row.token, row.label)


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(1, "a slot has one live run at most", _find_doubles),
    Invariant(2, "no run was created before its start policy was satisfied", _find_early_starts),
    Invariant(3, "no slot ran again after it had succeeded, unless somebody asked for it", _find_runs_after_success),
    Invariant(4, "a run that has ended never changes", _find_changed_ends),
    Invariant(5, "nobody wrote under a lease that was gone", _find_stale_writes),
    Invariant(6, "no step is under way in a run that has ended", _find_open_steps),
    Invariant(7, "every event is in the hands of its step, or waits for a run that lives", _find_lost_events),
    Invariant(8, "whatever is due has a run, a retry or a reason", _find_forgotten),
    Invariant(9, "every run belongs to the definition and the account of its slot", _find_strangers),
)
"""Those of the architecture's invariants that stored rows can tell of."""
