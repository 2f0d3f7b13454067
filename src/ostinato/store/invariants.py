"""The invariants, asked of the rows that are stored: each a query for rows that break it, told in words.

The numbers are those of the architecture. Most of these can break only where somebody changes the database by hand,
for constraints and triggers stand against them; that is what these queries are for. Rows do not tell whether a step
ran twice or an event was delivered twice, though they tell where a run has ended and left steps or events behind
[6, 7], nor what a broken source once deleted [10]: tests and the simulation look after those.

Time is bounded: queries over the history look at the newest runs alone, and each returns a few rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select

from ostinato.model.definitions import StartKind
from ostinato.model.runs import RunOrigin
from ostinato.model.statuses import (
    FINAL_RUN_STATUSES,
    LIVE_RUN_STATUSES,
    SUCCEEDED_RUN_STATUSES,
    RunStatus,
    SlotStatus,
)
from ostinato.store import breaches
from ostinato.store import schema as t
from ostinato.store.breaches import Breach, Offence, Since, find_since, name_slot, select_slots
from ostinato.store.database import Tx
from ostinato.store.due_runs import is_silent
from ostinato.store.facts import pair_with_upstreams
from ostinato.store.types import Span

__all__ = ["INVARIANTS", "Invariant", "Since", "find_since"]

SHOWN = 10

MOST_SKEW = timedelta(minutes=15)
"""How far apart two clocks may be by which rows were written, before their order is not told any more."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant: its number, what holds, and the query for what breaks it."""

    number: int
    holds: str
    find_offences: Callable[[Tx, Since], list[Offence]]

    def find(self, tx: Tx, since: Since) -> list[str]:
        """Return what breaks it, in words."""
        return [str(offence) for offence in self.find_offences(tx, since)]


def _find_doubles(tx: Tx, since: Since) -> list[Offence]:
    doubles = (
        select(t.runs.c.slot_id, func.count().label("live"), func.max(t.runs.c.id).label("newest"))
        .where(t.runs.c.slot_id.is_not(None), t.is_live())
        .group_by(t.runs.c.slot_id)
        .having(func.count() > 1)
        .subquery()
    )
    chosen = select_slots(doubles.c.live, doubles.c.newest).join(doubles, doubles.c.slot_id == t.slots.c.id)
    return [
        Offence(Breach.DOUBLE_RUN, f"{name_slot(row)} has {row.live} live runs", row.newest, name_slot(row))
        for row in tx.execute(chosen.limit(SHOWN))
    ]


def _find_early_starts(tx: Tx, since: Since) -> list[Offence]:
    return [*_find_starts_before_due(tx, since), *_find_starts_before_upstream(tx, since)]


def _find_starts_before_due(tx: Tx, since: Since) -> Iterator[Offence]:
    early = or_(t.slots.c.due_at.is_(None), t.runs.c.created_at < t.slots.c.due_at)
    scheduled = and_(t.runs.c.id > since.first_run, t.runs.c.origin == RunOrigin.SCHEDULE, early)
    chosen = select_slots(t.runs.c.id.label("run")).join(t.runs, t.runs.c.slot_id == t.slots.c.id).where(scheduled)
    for row in tx.execute(chosen.limit(SHOWN)):
        says = f"run {row.run} of {name_slot(row)} was created before the slot was due"
        yield Offence(Breach.EARLY_START, says, row.run, name_slot(row))


def _find_starts_before_upstream(tx: Tx, since: Since) -> Iterator[Offence]:
    """Find runs that were created while a slot upstream had not succeeded.

    The order of entries in the history decides, not clocks. Only runs whose definition, and that of the slot upstream,
    is today what it was then can be judged, and only slots that existed then. That alone is told by clocks, which may
    have been set back since: slots that are hardly older than the run are left out. So are those a person accepted.
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
        select_slots(run.c.id.label("run"), upstream.c.label.label("upstream_label"))
        .join(pair, pair.c.slot == t.slots.c.id)
        .join(upstream, upstream.c.id == pair.c.upstream)
        .join(run, and_(run.c.slot_id == t.slots.c.id, run.c.origin == RunOrigin.SCHEDULE))
        .join(creation, and_(creation.c.run_id == run.c.id, creation.c.from_status.is_(None)))
        .where(
            t.definitions.c.start_kind == StartKind.AFTER_SUCCESS,
            upstream.c.created_at <= run.c.created_at - literal(MOST_SKEW, Span),
            or_(upstream.c.accepted_at.is_(None), upstream.c.accepted_at > run.c.created_at + literal(MOST_SKEW, Span)),
            _unchanged_since(t.lanes.c.id, run.c.created_at),
            _unchanged_since(upstream.c.lane_id, run.c.created_at),
            ~succeeded_before.exists(),
        )
        .limit(SHOWN)
    )
    for row in rows:
        name, before = name_slot(row), f"before an upstream slot, {row.upstream_label}, had succeeded"
        yield Offence(Breach.EARLY_START, f"run {row.run} of {name} was created {before}", row.run, name)


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


def _find_runs_after_success(tx: Tx, since: Since) -> list[Offence]:
    before = t.runs.alias("before")
    rows = tx.execute(
        select_slots(t.runs.c.id.label("run"), before.c.id.label("succeeded"))
        .join(t.runs, t.runs.c.slot_id == t.slots.c.id)
        .join(before, and_(before.c.slot_id == t.runs.c.slot_id, before.c.series == t.runs.c.series))
        .where(
            t.runs.c.id > since.first_run,
            before.c.status.in_(sorted(SUCCEEDED_RUN_STATUSES)),
            before.c.attempt < t.runs.c.attempt,
        )
        .limit(SHOWN)
    )
    return [
        Offence(
            Breach.RUN_AFTER_SUCCESS,
            f"run {row.run} of {name_slot(row)} came after run {row.succeeded} had succeeded",
            row.run,
            name_slot(row),
        )
        for row in rows
    ]


def _find_changed_ends(tx: Tx, since: Since) -> list[Offence]:
    return [
        *_find_kept_singletons(tx, since),
        *_find_moves_after_the_end(tx, since),
        *_find_misled_histories(tx, since),
    ]


def _find_kept_singletons(tx: Tx, since: Since) -> Iterator[Offence]:
    kept = select(t.runs.c.id, t.runs.c.singleton_held).where(breaches.keeps_singleton(since))
    for row in tx.execute(kept.limit(SHOWN)):
        says = f"run {row.id} has ended, and holds {row.singleton_held} still"
        yield Offence(Breach.KEPT_SINGLETON, says, row.id)


def _find_moves_after_the_end(tx: Tx, since: Since) -> Iterator[Offence]:
    entry = t.transitions.c
    after_end = select(entry.run_id, entry.from_status, entry.to_status).where(
        entry.run_id > since.first_run, entry.from_status.in_(sorted(FINAL_RUN_STATUSES))
    )
    for row in tx.execute(after_end.limit(SHOWN)):
        says = f"run {row.run_id} went from {row.from_status} to {row.to_status}"
        yield Offence(Breach.CHANGED_END, says, row.run_id)


def _find_misled_histories(tx: Tx, since: Since) -> Iterator[Offence]:
    for row in tx.execute(breaches.list_misled_histories(since).limit(SHOWN)):
        is_back = row.told in FINAL_RUN_STATUSES and row.status in LIVE_RUN_STATUSES
        told_wrongly = Breach.REVIVED_RUN if is_back else Breach.CHANGED_END
        breach = Breach.UNTOLD_MOVE if row.ended is None else told_wrongly
        yield Offence(breach, f"run {row.id} is {row.status}, and its history ends with {row.told}", row.id)
    for row in tx.execute(breaches.list_lost_histories(since).limit(SHOWN)):
        yield Offence(Breach.UNTOLD_MOVE, f"run {row.id} is {row.status}, and it has no history", row.id)


def _find_stale_writes(tx: Tx, since: Since) -> list[Offence]:
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
        Offence(
            Breach.STALE_WRITE,
            f"run {row.run_id} became {row.to_status} under lease {row.lease_token}, after lease {row.before}",
            row.run_id,
        )
        for row in rows
    ]


def _find_open_steps(tx: Tx, since: Since) -> list[Offence]:
    return [
        Offence(
            Breach.OPEN_STEP,
            f"run {row.run_id} is {row.run_status}, and its step {row.name} is {row.status}",
            row.run_id,
        )
        for row in tx.execute(breaches.list_open_steps(since).limit(SHOWN))
    ]


def _find_lost_events(tx: Tx, since: Since) -> list[Offence]:
    """Find events that nobody will take, or that a step was given and does not know of."""
    left, unknown = breaches.list_left_events(since), breaches.list_unknown_events(since)
    return [
        *(
            Offence(
                Breach.LEFT_EVENT, f"event {row.id} is {row.fate}, and its run {row.run_id} is {row.status}", row.run_id
            )
            for row in tx.execute(left.limit(SHOWN))
        ),
        *(
            Offence(
                Breach.UNKNOWN_EVENT,
                f"event {row.id} of run {row.run_id} was taken, and its step does not have it",
                row.run_id,
            )
            for row in tx.execute(unknown.limit(SHOWN))
        ),
    ]


def _find_forgotten(tx: Tx, since: Since) -> list[Offence]:
    return [
        *_find_unexamined(tx, since),
        *_find_undecided(tx, since),
        *_find_unstarted(tx, since),
        *_find_abandoned(tx, since),
        *_find_adrift(tx, since),
        *_find_wrong_clocks(tx, since),
    ]


def _find_unexamined(tx: Tx, since: Since) -> Iterator[Offence]:
    for row in tx.execute(breaches.list_unexamined_slots(since).limit(SHOWN)):
        name = name_slot(row)
        yield Offence(Breach.UNEXAMINED_SLOT, f"{name} is due, has no run, and no reason is known", slot=name)


def _find_undecided(tx: Tx, since: Since) -> Iterator[Offence]:
    failed = select_slots(t.runs.c.id.label("run")).join(t.runs, t.runs.c.id == t.slots.c.run_id)
    undecided = and_(t.slots.c.status == SlotStatus.RETRYING, t.runs.c.finished_at < since.overdue_since)
    for row in tx.execute(failed.where(undecided).limit(SHOWN)):
        name = name_slot(row)
        says = f"{name} failed with run {row.run}, and nothing was decided about another attempt"
        yield Offence(Breach.UNDECIDED_SLOT, says, row.run, name)


def _find_unstarted(tx: Tx, since: Since) -> Iterator[Offence]:
    chained = exists().where(t.run_needs.c.run_id == t.runs.c.id)
    late = and_(t.runs.c.status == RunStatus.SCHEDULED, t.runs.c.start_at < since.overdue_since, ~chained)
    for run_id in tx.execute(select(t.runs.c.id).where(late).limit(SHOWN)).scalars():
        yield Offence(Breach.UNSTARTED_RUN, f"run {run_id} is scheduled still, though its start time has come", run_id)
    asleep = and_(t.runs.c.status == RunStatus.SUSPENDED, t.runs.c.wake_at < since.overdue_since)
    for run_id in tx.execute(select(t.runs.c.id).where(asleep).limit(SHOWN)).scalars():
        says = f"run {run_id} is suspended still, though the time to wake it has come"
        yield Offence(Breach.SLEEPING_RUN, says, run_id)


def _find_abandoned(tx: Tx, since: Since) -> Iterator[Offence]:
    running = and_(t.runs.c.status == RunStatus.RUNNING, is_silent(since.silent_since))
    for run_id in tx.execute(select(t.runs.c.id).where(running).limit(SHOWN)).scalars():
        yield Offence(Breach.ABANDONED_RUN, f"run {run_id} is running still, though its agent is lost", run_id)


def _find_adrift(tx: Tx, since: Since) -> Iterator[Offence]:
    """Find slots that say something else than their latest run."""
    for breach, wanted in (
        (Breach.ADRIFT_SLOT, breaches.list_adrift_slots(since)),
        (Breach.CONTRADICTED_SLOT, breaches.list_contradicted_slots(since)),
    ):
        for row in tx.execute(wanted.limit(SHOWN)):
            name = name_slot(row)
            yield Offence(
                breach, f"{name} is {row.status}, and its latest run {row.run_status or 'is gone'}", slot=name
            )


def _find_wrong_clocks(tx: Tx, since: Since) -> Iterator[Offence]:
    for row in tx.execute(breaches.list_leases_ahead(since).limit(SHOWN)):
        says = f"{row.holder} has the lease of {row.name} until {row.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        yield Offence(Breach.WRONG_CLOCK, says)
    for row in tx.execute(breaches.list_heartbeats_ahead(since).limit(SHOWN)):
        says = (
            f"agent {row.name} sent its last heartbeat at {row.heartbeat_at:%Y-%m-%dT%H:%M:%SZ}, which is yet to come"
        )
        yield Offence(Breach.WRONG_CLOCK, says)


def _find_strangers(tx: Tx, since: Since) -> list[Offence]:
    return [
        Offence(
            Breach.MISPLACED_RUN if row.started_at is None else Breach.FOREIGN_RUN,
            f"run {row.run} of {name_slot(row)} belongs to another definition or account",
            row.run,
            name_slot(row),
        )
        for row in tx.execute(breaches.list_strange_runs(since).limit(SHOWN))
    ]


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
