"""Stopping: what persons do to end runs. Cancelling goes by the agents that carry them out, halting does not ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.statuses import LIVE_RUN_STATUSES, RunStatus
from ostinato.model.transitions import Party
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.due_runs import REVOKED
from ostinato.store.moves import Move, MovedRun, chunks, list_family, move_runs, wake_others

_TAKES_ITS_TURN = and_(t.runs.c.singleton_key.is_not(None), t.runs.c.singleton_held.is_(None))
_NOBODY_IS_AT_IT = or_(
    t.runs.c.status.in_([RunStatus.PAUSED, RunStatus.SCHEDULED]),
    and_(t.runs.c.status == RunStatus.WAITING, or_(t.runs.c.started_at.is_(None), _TAKES_ITS_TURN)),
)
_BY_AN_AGENT = (RunStatus.RUNNING, RunStatus.SUSPENDED, RunStatus.WAITING)


def cancel_run(tx: Tx, *, run_id: int, actor: str, reason: str, cause: str, now: datetime) -> bool:
    """Cancel a run and its children; ``False`` when it has ended, or was to be cancelled before.

    What nobody carries out, because it has not begun or is paused, is cancelled at once. An agent ends the rest: that
    of a running run, or the one that takes up a run which is suspended or was handed over. ``cause`` is what the
    history says; children say so too.
    """
    family = _lock_family(tx, run_id)
    cancel = Move(RunStatus.CANCELLED, Party.PERSON, actor, cause, now)
    cancel_child = Move(RunStatus.CANCELLED, Party.PERSON, actor, f"with run {run_id}: {cause}", now)
    moved = _cancel(tx, family & {run_id}, cancel, _NOBODY_IS_AT_IT)
    moved += _cancel(tx, family - {run_id}, cancel_child, _NOBODY_IS_AT_IT)
    asked = _ask(tx, family - {run.id for run in moved}, actor=actor, reason=reason, now=now)
    moved += _wake(tx, asked, actor=actor, cause=f"it is to be cancelled: {cause}", now=now)
    wake_others(tx, moved, by=Party.PERSON, actor=actor, now=now)
    return run_id in asked or any(run.id == run_id for run in moved)


def halt_run(tx: Tx, *, run_id: int, actor: str, cause: str, now: datetime) -> bool:
    """End a run and its children now, whatever their agents do; ``False`` when it has ended.

    Leases are revoked, and until ``lift_halt`` its slot is not to be run again.
    """
    family = _lock_family(tx, run_id)
    halt = Move(RunStatus.CANCELLED, Party.PERSON, actor, cause, now)
    halt_child = Move(RunStatus.CANCELLED, Party.PERSON, actor, f"with run {run_id}: {cause}", now)
    moved = _cancel(tx, family & {run_id}, halt, values={**REVOKED, "halted_by": actor})
    moved += _cancel(tx, family - {run_id}, halt_child, values=REVOKED)
    wake_others(tx, moved, by=Party.PERSON, actor=actor, now=now)
    return any(run.id == run_id for run in moved)


def lift_halt(tx: Tx, *, run_id: int) -> bool:
    """Let the slot of a halted run be run again; ``False`` when it is not halted."""
    lifted = tx.execute(
        update(t.runs).where(t.runs.c.id == run_id, t.runs.c.halted_by.is_not(None)).values(halted_by=None)
    )
    return lifted.rowcount > 0


def _lock_family(tx: Tx, run_id: int) -> set[int]:
    """Keep others from changing a run, its children, and theirs, as far as they live; return these.

    Who has waited for a lock looks again: there may be children now that were not there before.
    """
    run = t.runs.c
    family = run.id.in_(list_family(run.id == run_id))
    wanted = select(run.id).where(run.status.in_(sorted(LIVE_RUN_STATUSES)), family).order_by(run.id)
    locked: set[int] = set()
    while (found := set(tx.execute(wanted.with_for_update(of=t.runs, key_share=True)).scalars())) - locked:
        locked = found
    return found


def _cancel(
    tx: Tx, run_ids: Collection[int], move: Move, *where: ColumnElement[bool], values: Mapping[str, Any] | None = None
) -> list[MovedRun]:
    evidence = Evidence(EndKind.CANCELLED, move.cause)
    return [
        run
        for part in chunks(sorted(run_ids))
        for run in move_runs(tx, move, t.runs.c.id.in_(part), *where, evidence=evidence, values=values, wake=False)
    ]


def _ask(tx: Tx, run_ids: Collection[int], *, actor: str, reason: str, now: datetime) -> set[int]:
    """Ask agents to cancel runs; return those that had not been asked before."""
    run = t.runs.c
    asked: set[int] = set()
    for part in chunks(sorted(run_ids)):
        wanted = update(t.runs).where(run.id.in_(part), run.status.in_(_BY_AN_AGENT), run.cancel_requested_at.is_(None))
        values = {"cancel_requested_at": now, "cancel_requested_by": actor, "cancel_reason": reason}
        asked.update(tx.execute(wanted.values(values).returning(run.id)).scalars())
    return asked


def _wake(tx: Tx, run_ids: Collection[int], *, actor: str, cause: str, now: datetime) -> list[MovedRun]:
    """Have agents take up those of the runs that are suspended."""
    move, asleep = Move(RunStatus.WAITING, Party.PERSON, actor, cause, now), [RunStatus.SUSPENDED]
    return [
        run
        for part in chunks(sorted(run_ids))
        for run in move_runs(tx, move, t.runs.c.id.in_(part), expected=asleep, wake=False)
    ]
