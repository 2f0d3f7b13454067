"""Due runs: what the engine does to runs whose time has come. Starting, waking, and ending those that are too late."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, select

from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus
from ostinato.model.steps import EventFate
from ostinato.model.transitions import Party
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.followups import CAN_TAKE, drop_events
from ostinato.store.moves import Move, has_runs, move_runs
from ostinato.store.prepared import Prepared

_NEXT_WAKE = Prepared(
    select(func.min(t.runs.c.wake_at).label("wake_at")).where(t.has_status(t.runs.c, RunStatus.SUSPENDED))
)

REVOKED = {"lease_token": t.runs.c.lease_token + 1, "released_token": t.runs.c.lease_token + 1}
"""What takes a run away from the agent that holds it: nothing that it writes under its lease is accepted any more."""


def start_scheduled_runs(tx: Tx, *, actor: str, now: datetime, limit: int) -> int:
    """Make scheduled runs whose time has come ``waiting``; return how many. Those that need others are left alone."""
    run = t.runs.c
    move = Move(RunStatus.WAITING, Party.ENGINE, actor, "its start time has come", now)
    chained = exists().where(t.run_needs.c.run_id == run.id)
    scheduled = [RunStatus.SCHEDULED]
    return len(
        move_runs(tx, move, run.start_at <= now, ~chained, expected=scheduled, order_by=[run.start_at], limit=limit)
    )


def wake_suspended_runs(tx: Tx, *, actor: str, now: datetime, limit: int) -> int:
    """Make suspended runs ``waiting`` whose time has come, or for which an event is due; return how many."""
    run, asleep = t.runs.c, [RunStatus.SUSPENDED]
    if not has_runs(tx, asleep):  # every agent asks at every turn
        return 0
    timer = Move(RunStatus.WAITING, Party.ENGINE, actor, "its time has come", now)
    event = Move(RunStatus.WAITING, Party.ENGINE, actor, "an event waits for it", now)
    on_time = move_runs(tx, timer, run.wake_at <= now, expected=asleep, order_by=[run.wake_at], limit=limit)
    takers = and_(t.steps.c.run_id == t.events.c.run_id, t.steps.c.number == t.events.c.step, CAN_TAKE)
    called = select(t.events.c.run_id).join(t.steps, takers).where(_is_due(now))
    by_event = move_runs(tx, event, run.id.in_(called), expected=asleep, limit=limit)
    return len(on_time) + len(by_event)


def drop_late_events(tx: Tx, *, now: datetime, limit: int) -> int:
    """Answer events that were sent just when their run ended; return for how many runs."""
    run = t.runs.c
    late = (
        select(run.id)
        .where(run.id.in_(select(t.events.c.run_id).where(_is_due(now))), run.status.in_(sorted(FINAL_RUN_STATUSES)))
        .limit(limit)
    )
    run_ids = list(tx.execute(late).scalars())
    if run_ids:
        drop_events(tx, run_ids, reason="the run has ended", now=now)
    return len(run_ids)


def fail_late_runs(tx: Tx, *, actor: str, now: datetime, limit: int) -> int:
    """Fail the runs that have never started and may not start any more; return how many."""
    message = "its start_before has passed before it could start"
    moved = move_runs(
        tx,
        Move(RunStatus.FAILED, Party.ENGINE, actor, message, now),
        t.runs.c.start_before <= now,
        t.runs.c.started_at.is_(None),
        expected=[RunStatus.SCHEDULED, RunStatus.WAITING],
        evidence=Evidence(EndKind.TOO_LATE, message),
        limit=limit,
    )
    return len(moved)


def hand_over_silent_runs(tx: Tx, *, silent_since: datetime, actor: str, now: datetime, limit: int) -> int:
    """Let other agents go on with the runs that outlive theirs, which sent no heartbeat; return how many."""
    message = "its agent is lost: no heartbeat within the threshold"
    moved = move_runs(
        tx,
        Move(RunStatus.WAITING, Party.ENGINE, actor, message, now),
        is_silent(silent_since),
        t.runs.c.outlives_agent,
        expected=[RunStatus.RUNNING],
        values=REVOKED,
        limit=limit,
    )
    return len(moved)


def cancel_abandoned_runs(
    tx: Tx, *, silent_since: datetime, overdue_since: datetime, actor: str, now: datetime, limit: int
) -> int:
    """Cancel the running runs that somebody has asked to cancel, and whose agents will not; return how many.

    Their agent is silent since ``silent_since``, unless they outlive it: then the next one cancels them. Or it has let
    their deadline pass, which was at ``overdue_since``. Their leases are revoked.
    """
    abandoned = (
        ("its agent is lost", and_(is_silent(silent_since), ~t.runs.c.outlives_agent)),
        ("its agent did not heed that", t.runs.c.deadline_at <= overdue_since),
    )
    cancelled = 0
    for why, which in abandoned:
        message = f"it was to be cancelled, and {why}"
        move = Move(RunStatus.CANCELLED, Party.ENGINE, actor, message, now)
        asked, evidence = t.runs.c.cancel_requested_at.is_not(None), Evidence(EndKind.CANCELLED, message)
        cancelled += len(move_runs(tx, move, asked, which, evidence=evidence, values=REVOKED, limit=limit - cancelled))
    return cancelled


def time_out_silent_runs(tx: Tx, *, silent_since: datetime, actor: str, now: datetime, limit: int) -> int:
    """End the runs whose agent has sent no heartbeat since ``silent_since``, unless they outlive it; return how many.

    Their leases are revoked. Those that are to be cancelled are left to ``cancel_abandoned_runs``.
    """
    message = "its agent is lost: no heartbeat within the threshold"
    moved = move_runs(
        tx,
        Move(RunStatus.TIMEOUT, Party.ENGINE, actor, message, now),
        is_silent(silent_since),
        ~t.runs.c.outlives_agent,
        t.runs.c.cancel_requested_at.is_(None),
        evidence=Evidence(EndKind.LOST, message),
        values=REVOKED,
        limit=limit,
    )
    return len(moved)


def time_out_long_runs(tx: Tx, *, overdue_since: datetime, actor: str, now: datetime, limit: int) -> int:
    """End the running runs whose deadline had passed at ``overdue_since``, and revoke their leases.

    Agents end such runs themselves; this is for those that do not. Those that are to be cancelled are left to
    ``cancel_abandoned_runs``.
    """
    message = "it ran longer than its time_limit"
    moved = move_runs(
        tx,
        Move(RunStatus.TIMEOUT, Party.ENGINE, actor, message, now),
        t.runs.c.deadline_at <= overdue_since,
        t.runs.c.cancel_requested_at.is_(None),
        evidence=Evidence(EndKind.TIME_LIMIT, message),
        values=REVOKED,
        limit=limit,
    )
    return len(moved)


def find_next_start(tx: Tx) -> datetime | None:
    """Return when the next scheduled run is to start, or the next suspended run is to be woken.

    A run that waits for others to succeed is not counted: nobody knows when they will.
    """
    run = t.runs.c
    chained = exists().where(t.run_needs.c.run_id == run.id)
    start = tx.execute(select(func.min(run.start_at)).where(run.status == RunStatus.SCHEDULED, ~chained)).scalar()
    return min((at for at in (start, find_next_wake(tx)) if at is not None), default=None)


def find_next_wake(tx: Tx) -> datetime | None:
    """Return when the next suspended run is to be woken."""
    return next((row.wake_at for row in _NEXT_WAKE.fetch(tx, {})), None)


def is_silent(since: datetime) -> ColumnElement[bool]:
    """Tell of a running run whether nothing was heard of its agent since, though it had been claimed by then."""
    agent = t.agents.c
    beating = exists().where(agent.id == t.runs.c.agent_id, agent.heartbeat_at > since)
    return and_(~beating, t.runs.c.claimed_at <= since)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(t.events.c.fate == EventFate.WAITING, t.events.c.due_at <= now)
