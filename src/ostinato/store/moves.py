"""The one writer of run statuses, and what a run's status makes of its slot, its parent and all that hangs on it.

Every change goes through ``move_runs``: it checks the transition table, locks the rows that are in an expected
status, updates them under that guard, writes their history, and carries the result over to their slots, all in the
caller's transaction. A row that is elsewhere by now is not moved; that is a normal answer.

Rows are locked so that others may still insert what refers to them: runs in the order of their ids, which has parents
before their children, then slots, then slots that wait. What a child has to tell its parent comes last, and waits for
nobody: a parent that is locked finds its event later, by itself or by the engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from ostinato.model.evidence import Evidence
from ostinato.model.statuses import (
    FINAL_RUN_STATUSES,
    FINAL_SLOT_STATUSES,
    LIVE_RUN_STATUSES,
    SLOT_STATUS_OF_RUN,
    RunStatus,
    SlotStatus,
)
from ostinato.model.transitions import Party, check_run_transition, sources_of
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.followups import close_steps, drop_events, has_open_events, note_hooks, send_child_events
from ostinato.store.overlap import overlaps, same_account
from ostinato.store.prepared import Prepared
from ostinato.store.types import Instant

CHUNK = 500
"""How many ids one statement names at most."""

T = TypeVar("T")

_ANY = {
    status: Prepared(select(t.runs.c.id).where(t.has_status(t.runs.c, status)).limit(1))
    for status in (RunStatus.SCHEDULED, RunStatus.WAITING, RunStatus.RUNNING, RunStatus.SUSPENDED)
}
_RESTING = frozenset({RunStatus.WAITING, RunStatus.SUSPENDED, RunStatus.PAUSED})
_TOLD_TO_PARENTS = FINAL_RUN_STATUSES | {RunStatus.PAUSED}


@dataclass(frozen=True, slots=True)
class Move:
    """A change of status that somebody asks for: to what, by whom, why and when."""

    to: RunStatus
    by: Party
    actor: str
    cause: str
    now: datetime


@dataclass(frozen=True, slots=True)
class MovedRun:
    """A run that did move."""

    id: int
    slot_id: int | None
    from_status: RunStatus
    to_status: RunStatus
    lease_token: int
    parent_run_id: int | None = None
    parent_step: int | None = None

    @property
    def ended_slot_id(self) -> int | None:
        """Return the slot that has ended with this run; ``None`` when it may go on, or there is none."""
        return self.slot_id if SLOT_STATUS_OF_RUN[self.to_status] in FINAL_SLOT_STATUSES else None


def move_runs(
    tx: Tx,
    move: Move,
    *where: ColumnElement[bool],
    expected: Collection[RunStatus] | None = None,
    evidence: Evidence | None = None,
    values: Mapping[str, Any] | None = None,
    order_by: Sequence[Any] = (),
    limit: int | None = None,
    wake: bool = True,
) -> list[MovedRun]:
    """Move the runs that fulfil ``where`` and are in an ``expected`` status; return those that moved.

    ``expected`` is all statuses from which ``move.by`` may reach ``move.to``, unless named. Rows that another
    transaction holds are passed over when there is a ``limit``, waited for otherwise. Whoever moves several times in
    one transaction says ``wake=False`` and calls ``wake_others`` once, at the end. Raises ``IllegalTransition`` when an
    expected status has no such edge.
    """
    sources = frozenset(expected) if expected is not None else sources_of(move.to, move.by)
    check_run_transition(sources or [move.to], move.to, move.by)
    if limit is not None and sources <= _ANY.keys() and not has_runs(tx, sources):
        return []
    wanted = (
        select(t.runs.c.id, t.runs.c.slot_id, t.runs.c.status, *_asked_before(move.to))
        .where(_is_in_one_of(sources), *where)
        .order_by(*order_by, t.runs.c.id if limit is None else t.BY_NUMBER)
        .limit(limit)
        .with_for_update(skip_locked=limit is not None, of=t.runs, key_share=True)
    )
    found = {row.id: row for row in tx.execute(wanted)}
    columns = _changed_columns(move, evidence) | dict(values or {})
    moved = []
    for ids in chunks(found):
        guarded = update(t.runs).where(t.runs.c.id.in_(ids), t.runs.c.status.in_(sorted(sources))).values(columns)
        rows = {row.id: row for row in tx.execute(guarded.returning(*_ASKED_OF_MOVED))}
        part = [_to_moved(rows[id], found[id], move.to) for id in ids if id in rows]
        _record(tx, part, move)
        _carry_over(tx, part, move)
        _settle(tx, found, rows, move, evidence)
        moved += part
    if wake:
        wake_others(tx, moved, by=move.by, actor=move.actor, now=move.now)
    return moved


def _is_in_one_of(sources: Collection[RunStatus]) -> ColumnElement[bool]:
    """Tell whether a run is in one of these statuses, in words that the indexes of them are made of."""
    if len(sources) == 1:
        return t.has_status(t.runs.c, *sources)
    return and_(t.is_live(), t.runs.c.status.in_(sorted(sources)))


def has_runs(tx: Tx, statuses: Iterable[RunStatus]) -> bool:
    """Tell whether any run is in one of these statuses, which have indexes of their own.

    It costs next to nothing, and whoever searches mostly finds none.
    """
    return any(_ANY[status].finds(tx, {}) for status in statuses)


def record_creation(tx: Tx, created: Iterable[tuple[int, RunStatus, str]], *, actor: str, now: datetime) -> None:
    """Write the first entry in the history of new runs, given as (id, status, cause)."""
    entries = [
        {"run_id": id, "from_status": None, "to_status": status, "at": now}
        | {"cause": cause, "actor": actor, "lease_token": 0}
        for id, status, cause in created
    ]
    if entries:
        tx.execute(insert(t.transitions), entries)


def wake_others(tx: Tx, moved: Collection[MovedRun], *, by: Party, actor: str, now: datetime) -> None:
    """Have the engine examine the slots that wait for runs which ended, and tell parents of children that did.

    Called once in a transaction, after everything else that it locks.
    """
    wake_dependents(tx, [run.ended_slot_id for run in moved if run.ended_slot_id is not None], now=now)
    steps = {
        (run.parent_run_id, run.parent_step)
        for run in moved
        if run.parent_run_id is not None and run.parent_step is not None and run.to_status in _TOLD_TO_PARENTS
    }
    for part in chunks(sorted(steps)):
        if parents := send_child_events(tx, part, sent_by=actor, now=now):
            woken = Move(RunStatus.WAITING, by, actor, "a child of it has ended or paused", now)
            asleep = [RunStatus.SUSPENDED]
            move_runs(tx, woken, t.runs.c.id.in_(parents), expected=asleep, limit=len(parents), wake=False)


def wake_dependents(tx: Tx, slot_ids: Collection[int], *, now: datetime) -> None:
    """Have the engine examine again every slot that waits for one of ``slot_ids``.

    Called in the transaction that ends those slots.
    """
    for part in chunks(slot_ids):
        wake(tx, select_dependents(part), now=now)


def select_dependents(slot_ids: Collection[int]) -> CompoundSelect[Any]:
    """Select the slots that depend directly on one of ``slot_ids``."""
    return union_all(_overlapping(slot_ids), _following(slot_ids))


def wake(tx: Tx, wanted: Select[tuple[int]] | CompoundSelect[Any], *, now: datetime) -> int:
    """Have the engine examine the pending slots among ``wanted``; return how many nobody would have by now.

    A slot that is not due yet is left alone, unless it has been examined before: the engine's ``now`` was later than
    the caller's then, who may have waited for a lock since. What sleeps is decided under the lock. Rows are locked in
    the order of their ids, so that two who wake cannot block each other; and by their ids alone: PostgreSQL passes
    over a row that it had to wait for when it finds it by a subquery.
    """
    slot = t.slots.c
    waits = and_(slot.status == SlotStatus.PENDING, slot.due_at.is_not(None))
    woken = 0
    for part in chunks(sorted(set(tx.execute(wanted).scalars()))):
        locked = select(slot.id).where(slot.id.in_(part), waits).order_by(slot.id).with_for_update()
        ids = list(tx.execute(locked).scalars())
        woken += tx.execute(update(t.slots).where(slot.id.in_(ids), sleeps(now)).values(examine_at=now)).rowcount
    return woken


def sleeps(now: datetime) -> ColumnElement[bool]:
    """Tell of a slot that waits whether nobody will examine it at ``now``, though somebody should."""
    slot = t.slots.c
    return or_(slot.examine_at.is_(None), and_(slot.due_at <= now, slot.examine_at > now))


def lock_work(tx: Tx, runs: ColumnElement[bool], slots: ColumnElement[bool], *, to_remove: bool = False) -> None:
    """Keep others from changing the live runs and the slots that fulfil these conditions.

    Everybody locks runs first, then their slots, then the slots that wait, and each of these in the order of ids.
    Whoever is about to lock something else, what they belong to above all, must hold them before. Who means
    ``to_remove`` them holds the children of those runs as well, and lets nobody refer to any of these any more.
    """
    if tx.dialect.name == "postgresql":  # on SQLite nobody else writes
        meant = t.runs.c.id.in_(list_family(runs)) if to_remove else runs
        live = select(t.runs.c.id).where(t.runs.c.status.in_(sorted(LIVE_RUN_STATUSES)), meant).order_by(t.runs.c.id)
        theirs = select(t.slots.c.id).where(slots).order_by(t.slots.c.id)
        for wanted in (live.with_for_update(key_share=not to_remove), theirs.with_for_update()):
            tx.execute(select(func.count()).select_from(wanted.subquery()))


def list_family(runs: ColumnElement[bool]) -> Select[tuple[int]]:
    """Select the runs that fulfil a condition, their children, the children of these, and so on."""
    family = select(t.runs.c.id).where(runs).cte("family", recursive=True)
    child = t.runs.alias("child")
    family = family.union(select(child.c.id).join(family, child.c.parent_run_id == family.c.id))
    return select(family.c.id)


def chunks(items: Collection[T]) -> Iterator[list[T]]:
    """Cut ``items`` into lists that one statement can name."""
    rest = iter(items)
    while part := list(islice(rest, CHUNK)):
        yield part


def _changed_columns(move: Move, evidence: Evidence | None) -> dict[str, Any]:
    columns: dict[str, Any] = {"status": move.to, "wake_at": None}
    if move.to in FINAL_RUN_STATUSES:
        columns |= {"finished_at": move.now, "singleton_held": None}
    if move.to in _RESTING:
        columns["agent_id"] = None
    if move.to is RunStatus.WAITING:
        columns["waits_since"] = move.now
    if move.to is RunStatus.RUNNING:
        columns |= {
            "lease_token": t.runs.c.lease_token + 1,
            "released_token": None,
            "started_at": func.coalesce(t.runs.c.started_at, literal(move.now, Instant)),
            "claimed_at": move.now,
            "waits_for": "",
        }
    if evidence is not None:
        columns |= {
            "end_kind": evidence.kind,
            "exit_code": evidence.exit_code,
            "signal": evidence.signal,
            "end_message": evidence.message,
        }
    return columns


_ASKED_OF_MOVED = (t.runs.c.id, t.runs.c.lease_token, t.runs.c.parent_run_id, t.runs.c.parent_step, t.runs.c.hooks)


def _asked_before(to: RunStatus) -> list[ColumnElement[Any]]:
    """Return what is asked of the rows when they are locked.

    Not when they are updated: there columns stand without their table, and a subquery takes them for its own.
    """
    return [has_open_events().label("open_events")] if to in FINAL_RUN_STATUSES else []


def _to_moved(row: Any, before: Any, to: RunStatus) -> MovedRun:
    return MovedRun(
        id=row.id,
        slot_id=before.slot_id,
        from_status=RunStatus(before.status),
        to_status=to,
        lease_token=row.lease_token,
        parent_run_id=row.parent_run_id,
        parent_step=row.parent_step,
    )


def _settle(tx: Tx, found: Mapping[int, Any], rows: Mapping[int, Any], move: Move, evidence: Evidence | None) -> None:
    """Leave nothing open of runs that are final now; agents have closed the steps themselves."""
    note_hooks(tx, [(row.id, row.hooks) for row in rows.values() if row.hooks], to=move.to, at=move.now)
    if not rows or move.to not in FINAL_RUN_STATUSES:
        return
    if move.by is not Party.AGENT:
        close_steps(tx, list(rows), to=move.to, evidence=evidence, now=move.now)
    if expectant := [run_id for run_id in rows if found[run_id].open_events]:
        drop_events(tx, expectant, reason=f"the run has ended: {move.to}", now=move.now)


def _record(tx: Tx, moved: Sequence[MovedRun], move: Move) -> None:
    if moved:
        tx.execute(
            insert(t.transitions),
            [
                {"run_id": run.id, "from_status": run.from_status, "to_status": move.to, "at": move.now}
                | {"cause": move.cause, "actor": move.actor, "lease_token": run.lease_token}
                for run in moved
            ],
        )


def _carry_over(tx: Tx, moved: Sequence[MovedRun], move: Move) -> None:
    slot_ids = [run.slot_id for run in moved if run.slot_id is not None]
    status = SLOT_STATUS_OF_RUN[move.to]
    if not slot_ids or status is SlotStatus.LIVE:
        return
    final = status in FINAL_SLOT_STATUSES
    tx.execute(
        update(t.slots)
        .where(t.slots.c.id.in_(slot_ids), t.slots.c.status == SlotStatus.LIVE)
        .values(status=status, finished_at=move.now if final else None, reason="" if final else move.cause)
    )


_ended, _waiting, _later = (t.slots.alias(name) for name in ("ended", "waiting", "later"))
_ended_lane, _lane = (t.lanes.alias(name) for name in ("ended_lane", "lane"))
"""To give a table another name takes SQLAlchemy longer than most statements take: it is done once."""


def _overlapping(slot_ids: Collection[int]) -> Select[tuple[int]]:
    """Select the slots of dependent definitions whose period overlaps that of one of ``slot_ids``."""
    ended, ended_lane, waiting, lane = _ended, _ended_lane, _waiting, _lane
    return (
        select(waiting.c.id)
        .select_from(ended)
        .join(ended_lane, ended_lane.c.id == ended.c.lane_id)
        .join(t.dependencies, t.dependencies.c.upstream_id == ended_lane.c.definition_id)
        .join(t.definitions, t.definitions.c.id == t.dependencies.c.definition_id)
        .join(lane, and_(lane.c.definition_id == t.definitions.c.id, same_account(lane, ended_lane)))
        .join(waiting, and_(waiting.c.lane_id == lane.c.id, overlaps(waiting, ended, t.definitions)))
        .where(ended.c.id.in_(slot_ids), t.dependencies.c.definition_id != t.dependencies.c.upstream_id)
    )


def _following(slot_ids: Collection[int]) -> Select[tuple[int]]:
    """Select, for definitions that depend on themselves, the slot after each of ``slot_ids`` in its lane."""
    ended, waiting, later, lane = _ended, _waiting, _later, _lane
    next_start = (
        select(func.min(later.c.starts_at))
        .where(later.c.lane_id == ended.c.lane_id, later.c.starts_at > ended.c.starts_at)
        .scalar_subquery()
    )
    return (
        select(waiting.c.id)
        .select_from(ended)
        .join(lane, lane.c.id == ended.c.lane_id)
        .join(
            t.dependencies,
            and_(
                t.dependencies.c.definition_id == lane.c.definition_id,
                t.dependencies.c.upstream_id == lane.c.definition_id,
            ),
        )
        .join(waiting, and_(waiting.c.lane_id == lane.c.id, waiting.c.starts_at == next_start))
        .where(ended.c.id.in_(slot_ids))
    )
