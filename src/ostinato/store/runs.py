"""Runs: creating and reading them. Their statuses are written by ``moves`` alone.

What agents do with runs is in ``claims``, what the engine does when their time has come in ``due_runs``, and what
persons do to stop them in ``stopping``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, insert, literal_column, select, union_all, update

from ostinato.model.runs import NewRun, Run, RunOrigin, Transition
from ostinato.model.slots import SlotName
from ostinato.model.statuses import FINAL_RUN_STATUSES, LIVE_RUN_STATUSES, RunStatus, SlotStatus
from ostinato.model.transitions import Party
from ostinato.store import schema as t
from ostinato.store.counts import count_by
from ostinato.store.database import Tx
from ostinato.store.dialects import insert_or_skip, reserve_keys, take_singletons
from ostinato.store.moves import Move, chunks, move_runs, record_creation
from ostinato.store.records import to_evidence, to_transition
from ostinato.store.types import EPOCH

_TO_BE_TAKEN = LIVE_RUN_STATUSES - {RunStatus.RUNNING}
_NO_COLUMNS = frozenset({"cause", "needs", "hold_singleton"})
_LARGE = frozenset({"input", "context", "hooks"})
"""Columns that may be large, and that only who carries out a run asks for."""


def create_runs(tx: Tx, new: Sequence[NewRun], *, actor: str, now: datetime) -> list[int | None]:
    """Create runs, with the first entry of their history, and make their slots ``live``.

    Return their ids in the order of ``new``, ``None`` for a run that is not created: its slot has a live run already
    or one that succeeded in the same series, its parent has that child, has ended or is to be cancelled, or another run
    holds its singleton. Callers hold the slots' rows.
    """
    if any(run.hold_singleton for run in new):
        take_singletons(tx)
    parents = _lock_parents(tx, {run.parent_run_id for run in new if run.parent_run_id is not None})
    ids: list[int | None] = []
    for part in chunks(new):
        keys = reserve_keys(tx, t.runs.c.id, len(part))
        wanted = [
            (id, run)
            for id, run in zip(keys, part, strict=True)
            if run.parent_run_id is None or run.parent_run_id in parents
        ]
        created = _insert(tx, wanted, now)
        made = [(id, run) for id, run in wanted if id in created]
        record_creation(tx, [(id, _first_status(run, now), run.cause) for id, run in made], actor=actor, now=now)
        _keep_needs(tx, made)
        _follow(tx, [id for id, run in made if run.slot_id is not None])
        ids += [id if id in created else None for id in keys]
    return ids


def hasten_run(tx: Tx, *, run_id: int, actor: str, cause: str, now: datetime) -> bool:
    """Make one scheduled run ``waiting`` at once, because a person asks for it."""
    move = Move(RunStatus.WAITING, Party.PERSON, actor, cause, now)
    return bool(move_runs(tx, move, t.runs.c.id == run_id, expected=[RunStatus.SCHEDULED]))


def set_priority(tx: Tx, run_id: int, priority: int) -> bool:
    """Give a run that an agent has yet to take another priority; ``False`` for any other."""
    waiting = update(t.runs).where(t.runs.c.id == run_id, t.runs.c.status.in_(sorted(_TO_BE_TAKEN)))
    return tx.execute(waiting.values(priority=priority)).rowcount > 0


def find_run(tx: Tx, run_id: int) -> Run | None:
    """Return one run, or ``None``."""
    row = tx.execute(_runs().where(t.runs.c.id == run_id)).one_or_none()
    return None if row is None else _to_run(row)


def list_runs(
    tx: Tx,
    *,
    statuses: Collection[RunStatus] = (),
    definition: str | None = None,
    account: str | None = None,
    slot_id: int | None = None,
    parent_run_id: int | None = None,
    run_ids: Collection[int] = (),
    agent: str | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[Run]:
    """List runs, newest first; every filter that is given must fit. ``before`` is a run: older ones are listed.

    Each part of the table that has an index of its own gives its newest that fit, and these are put together: what
    there is little of is not looked for among all that have succeeded.
    """
    run = t.runs.c
    owners = {
        run.definition_id: _one(t.definitions.c.id, t.definitions.c.name, definition),
        run.account_id: _one(t.accounts.c.id, t.accounts.c.token, account),
        run.agent_id: _one(t.agents.c.id, t.agents.c.name, agent),
    }
    near: list[ColumnElement[bool]] = []
    if slot_id is not None:
        near.append(run.slot_id == slot_id)
    if parent_run_id is not None:
        near.append(run.parent_run_id == parent_run_id)
    if run_ids:
        near.append(run.id.in_(run_ids))
    wanted = _Wanted(frozenset(statuses), {column: id for column, id in owners.items() if id is not None}, before)
    parts = [_take_of_few(wanted, near)] if near else [part.limit(limit) for part in _take_of_parts(wanted)]
    found = union_all(*(select(part.subquery()) for part in parts)).subquery("found")
    listed = _runs().where(run.id.in_(select(found.c.id))).order_by(run.id.desc()).limit(limit)
    return [_to_run(row) for row in tx.execute(listed)]


def list_transitions(tx: Tx, run_id: int) -> list[Transition]:
    """List the history of a run, oldest first."""
    rows = tx.execute(select(t.transitions).where(t.transitions.c.run_id == run_id).order_by(t.transitions.c.id))
    return [to_transition(row) for row in rows]


def count_runs(tx: Tx, *, since: datetime = EPOCH) -> dict[RunStatus, int]:
    """Count the runs of each status: all that are live, and those that have ended at ``since`` or later."""
    run = t.runs.c
    live = count_by(tx, run.status, sorted(LIVE_RUN_STATUSES), t.is_live())
    return live | count_by(tx, run.status, sorted(FINAL_RUN_STATUSES), run.finished_at >= since)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which runs are wanted: in one of ``statuses``, if any are named, of all ``owners``, and older than ``before``."""

    statuses: frozenset[RunStatus]
    owners: Mapping[ColumnElement[Any], Any]
    before: int | None

    def conditions(self, *, by_owner: bool) -> Iterator[ColumnElement[bool]]:
        """Yield what a run must fulfil; unless they are found ``by_owner``, in words that no index of owners fits."""
        for column, id in self.owners.items():
            yield column == id if by_owner else literal_column(f"+runs.{column.name}") == id
        if self.before is not None:
            yield t.runs.c.id < self.before


def _one(id: ColumnElement[int], name: ColumnElement[str], wanted: str | None) -> Any:
    return None if wanted is None else select(id).where(name == wanted).scalar_subquery()


def _take_of_few(wanted: _Wanted, near: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Select those that are wanted of runs that are near each other, and few."""
    some = select(t.runs.c.id).where(*near, *wanted.conditions(by_owner=False))
    return some.where(t.runs.c.status.in_(sorted(wanted.statuses))) if wanted.statuses else some


def _take_of_parts(wanted: _Wanted) -> Iterator[Select[Any]]:
    """Yield, for each part of the table, the runs of it that are wanted, newest first."""
    run = t.runs.c
    owned, ended = select(run.id).where(*wanted.conditions(by_owner=True)), run.finished_at.is_not(None)
    others = select(run.id).where(*wanted.conditions(by_owner=False))
    if not wanted.statuses and run.agent_id not in wanted.owners:
        yield owned.order_by(run.id.desc())
        return
    if live := LIVE_RUN_STATUSES & (wanted.statuses or LIVE_RUN_STATUSES):
        yield others.where(t.is_live(), run.status.in_(sorted(live))).order_by(t.BY_NUMBER.desc())
    if not wanted.statuses:
        yield owned.where(ended).order_by(run.id.desc())
    if notable := t.NOTABLE_RUN_STATUSES & wanted.statuses:
        yield others.where(t.is_notable_run(), run.status.in_(sorted(notable))).order_by(run.id.desc())
    if RunStatus.SUCCESS in wanted.statuses:
        yield owned.where(ended, t.has_status(run, RunStatus.SUCCESS)).order_by(run.id.desc())


def _lock_parents(tx: Tx, run_ids: Collection[int]) -> set[int]:
    """Return those of the runs that may have children still, and keep others from cancelling them."""
    run = t.runs.c
    found: set[int] = set()
    for part in chunks(sorted(run_ids)):
        going_on = and_(run.status.in_(sorted(LIVE_RUN_STATUSES)), run.cancel_requested_at.is_(None))
        wanted = select(run.id).where(run.id.in_(part), going_on).order_by(run.id)
        found.update(tx.execute(wanted.with_for_update(key_share=True)).scalars())
    return found


def _first_status(run: NewRun, now: datetime) -> RunStatus:
    later = run.start_at is not None and run.start_at > now
    return RunStatus.SCHEDULED if later or run.needs else RunStatus.WAITING


def _insert(tx: Tx, wanted: Sequence[tuple[int, NewRun]], now: datetime) -> set[int]:
    if not wanted:
        return set()
    statement = insert_or_skip(tx, t.runs).returning(t.runs.c.id)
    return set(tx.execute(statement, [_to_row(run, now) | {"id": id} for id, run in wanted]).scalars())


def _to_row(run: NewRun, now: datetime) -> dict[str, Any]:
    row = {field.name: getattr(run, field.name) for field in fields(run) if field.name not in _NO_COLUMNS}
    return row | {
        "parameters": dict(run.parameters),
        "context": None if run.context is None else dict(run.context),
        "hooks": None if run.hooks is None else {status.value: list(names) for status, names in run.hooks.items()},
        "singleton_held": run.singleton_key if run.hold_singleton else None,
        "singleton_refuses": run.hold_singleton,
        "status": _first_status(run, now),
        "created_at": now,
        "waits_since": now,
        "lease_token": 0,
        "released_token": 0,
        "decision": 0,
        "outlives_agent": False,
        "waits_for": "",
        "end_message": "",
    }


def _keep_needs(tx: Tx, made: Sequence[tuple[int, NewRun]]) -> None:
    rows = [
        {"run_id": id, "needs_run_id": needed, "name": name}
        for id, run in made
        for needed, name in dict(run.needs).items()
    ]
    if rows:
        tx.execute(insert(t.run_needs), rows)


def _follow(tx: Tx, run_ids: Sequence[int]) -> None:
    """Have the slots of new runs follow these."""
    if run_ids:
        tx.execute(
            update(t.slots)
            .where(t.slots.c.id == t.runs.c.slot_id, t.runs.c.id.in_(run_ids))
            .values(
                status=SlotStatus.LIVE,
                run_id=t.runs.c.id,
                series=t.runs.c.series,
                attempts=t.runs.c.attempt,
                examine_at=None,
                finished_at=None,
                accepted_by=None,
                reason="",
                gate=None,
            )
        )


def _runs() -> Select[Any]:
    return (
        select(
            *(column for column in t.runs.c if column.name not in _LARGE),
            t.definitions.c.name,
            t.accounts.c.token,
            t.slots.c.label,
            t.agents.c.name.label("agent"),
        )
        .select_from(t.runs)
        .outerjoin(t.definitions)
        .outerjoin(t.accounts)
        .outerjoin(t.slots)
        .outerjoin(t.agents)
    )


def _to_run(row: Any) -> Run:
    return Run(
        id=row.id,
        slot_id=row.slot_id,
        slot=None if row.label is None else SlotName(row.name, row.token, row.label),
        definition=row.name,
        account=row.token,
        version=row.version,
        series=row.series,
        attempt=row.attempt,
        status=RunStatus(row.status),
        origin=RunOrigin(row.origin),
        requested_by=row.requested_by,
        request_reason=row.request_reason,
        parameters=row.parameters,
        queue=row.queue,
        priority=row.priority,
        due_at=row.due_at,
        start_at=row.start_at,
        start_before=row.start_before,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        agent=row.agent,
        lease_token=row.lease_token,
        cancel_requested_at=row.cancel_requested_at,
        cancel_requested_by=row.cancel_requested_by,
        evidence=to_evidence(row),
        reason=row.end_message,
        action=row.action,
        parent_run_id=row.parent_run_id,
        parent_step=row.parent_step,
        child_number=row.child_number,
        singleton_key=row.singleton_key,
        singleton_refuses=row.singleton_refuses,
        claimed_at=row.claimed_at,
        wake_at=row.wake_at,
        deadline_at=row.deadline_at,
        waits_for=row.waits_for,
        halted_by=row.halted_by,
        decision=row.decision,
    )
