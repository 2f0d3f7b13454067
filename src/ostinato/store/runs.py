"""Runs: creating, claiming, ending and reading them. Their statuses are written by ``moves`` alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select, update

from ostinato.model.runs import (
    ClaimedRun,
    EndKind,
    Evidence,
    HeldRun,
    NewRun,
    Run,
    RunEnd,
    RunOrigin,
    Transition,
)
from ostinato.model.slots import SlotName
from ostinato.model.statuses import RunStatus, SlotStatus
from ostinato.model.transitions import Party
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import insert_or_skip
from ostinato.store.moves import (
    Move,
    MovedRun,
    chunks,
    ended_slots,
    holds_lease,
    move_runs,
    record_creation,
    wake_dependents,
)
from ostinato.store.records import to_declared_account, to_declared_definition, to_evidence

_REVOKED = {"lease_token": t.runs.c.lease_token + 1, "released_token": t.runs.c.lease_token + 1}


def create_runs(tx: Tx, new: Sequence[NewRun], *, actor: str, now: datetime) -> list[int]:
    """Create runs, with the first entry of their history, and make their slots ``live``.

    A run whose slot already has a live run, or one that succeeded in the same series, is not created; the ids of
    those that were are returned, in order. Callers hold the slots' rows.
    """
    created: list[int] = []
    for part in chunks(new):
        rows = [_to_row(run, now) for run in part]
        inserted = tx.execute(
            insert_or_skip(tx, t.runs).values(rows).returning(t.runs.c.id, t.runs.c.slot_id, t.runs.c.status)
        ).all()
        causes = {run.slot_id: run.cause for run in part}
        record_creation(tx, [(row.id, row.status, causes[row.slot_id]) for row in inserted], actor=actor, now=now)
        ids = [row.id for row in inserted]
        tx.execute(
            update(t.slots)
            .where(t.slots.c.id == t.runs.c.slot_id, t.runs.c.id.in_(ids))
            .values(
                status=SlotStatus.LIVE,
                run_id=t.runs.c.id,
                series=t.runs.c.series,
                attempts=t.runs.c.attempt,
                examine_at=None,
                finished_at=None,
                reason="",
            )
        )
        created += ids
    return created


def claim_runs(
    tx: Tx, *, agent_id: int, actor: str, queues: Sequence[str], limit: int, now: datetime
) -> list[ClaimedRun]:
    """Give ``agent_id`` the leases of at most ``limit`` waiting runs: highest priority first, then oldest due.

    Nothing is claimed of accounts and definitions that are inactive, paused or in maintenance, and nothing that is
    too late to start.
    """
    if limit <= 0:
        return []
    definition = t.definitions.c
    claimed = move_runs(
        tx,
        Move(RunStatus.RUNNING, Party.AGENT, actor, f"claimed by {actor}", now),
        t.runs.c.queue.in_(queues),
        or_(t.runs.c.start_before.is_(None), t.runs.c.start_before > now),
        _may_start(now),
        values={
            "agent_id": agent_id,
            "started_at": now,
            "version": select(definition.version).where(definition.id == t.runs.c.definition_id).scalar_subquery(),
        },
        order_by=[t.runs.c.priority.desc(), t.runs.c.due_at],
        limit=limit,
    )
    orders = _list_claimed(tx, [run.id for run in claimed])
    _set_deadlines(tx, orders)
    return orders


def finish_runs(tx: Tx, ends: Sequence[RunEnd], *, actor: str, now: datetime) -> frozenset[int]:
    """Record how runs ended, each under the lease of the agent that ran it; return those whose lease is gone."""
    moved: list[MovedRun] = []
    for end in sorted(ends, key=lambda end: end.run_id):
        moved += move_runs(
            tx,
            Move(end.status, Party.AGENT, actor, end.evidence.message, now),
            holds_lease(end.run_id, end.lease_token),
            expected=[RunStatus.RUNNING],
            evidence=end.evidence,
            values={"released_token": end.lease_token},
            wake=False,
        )
    wake_dependents(tx, ended_slots(moved), now=now)
    return frozenset(end.run_id for end in ends) - frozenset(run.id for run in moved)


def hand_over_run(tx: Tx, *, run_id: int, lease_token: int, cause: str, actor: str, now: datetime) -> bool:
    """Give a run that has not begun its work back for others to claim; ``False`` when the lease is gone."""
    moved = move_runs(
        tx,
        Move(RunStatus.WAITING, Party.AGENT, actor, cause, now),
        holds_lease(run_id, lease_token),
        expected=[RunStatus.RUNNING],
        values={"released_token": lease_token, "agent_id": None, "started_at": None, "deadline_at": None},
    )
    return bool(moved)


def list_held_runs(tx: Tx, *, agent_id: int) -> list[HeldRun]:
    """List the runs that the agent holds leases of."""
    held = select(t.runs.c.id, t.runs.c.lease_token, t.runs.c.cancel_requested_by).where(
        t.runs.c.agent_id == agent_id, t.runs.c.status == RunStatus.RUNNING
    )
    return [HeldRun(row.id, row.lease_token, row.cancel_requested_by) for row in tx.execute(held)]


def start_scheduled_runs(tx: Tx, *, actor: str, now: datetime, limit: int) -> int:
    """Make scheduled runs whose time has come ``waiting``; return how many."""
    move = Move(RunStatus.WAITING, Party.ENGINE, actor, "its start time has come", now)
    due = t.runs.c.start_at <= now
    return len(move_runs(tx, move, due, expected=[RunStatus.SCHEDULED], order_by=[t.runs.c.start_at], limit=limit))


def hasten_run(tx: Tx, *, run_id: int, actor: str, cause: str, now: datetime) -> bool:
    """Make one scheduled run ``waiting`` at once, because a person asks for it."""
    move = Move(RunStatus.WAITING, Party.PERSON, actor, cause, now)
    return bool(move_runs(tx, move, t.runs.c.id == run_id, expected=[RunStatus.SCHEDULED]))


def fail_late_runs(tx: Tx, *, actor: str, now: datetime, limit: int) -> int:
    """Fail the runs that may not start any more; return how many."""
    message = "its start_before has passed before it could start"
    moved = move_runs(
        tx,
        Move(RunStatus.FAILED, Party.ENGINE, actor, message, now),
        t.runs.c.start_before <= now,
        expected=[RunStatus.SCHEDULED, RunStatus.WAITING],
        evidence=Evidence(EndKind.TOO_LATE, message),
        limit=limit,
    )
    return len(moved)


def time_out_silent_runs(tx: Tx, *, silent_since: datetime, actor: str, now: datetime, limit: int) -> int:
    """End the running runs whose agent has sent no heartbeat since ``silent_since``, and revoke their leases."""
    agent = t.agents.c
    beating = exists().where(agent.id == t.runs.c.agent_id, agent.heartbeat_at > silent_since)
    message = "its agent is lost: no heartbeat within the threshold"
    moved = move_runs(
        tx,
        Move(RunStatus.TIMEOUT, Party.ENGINE, actor, message, now),
        ~beating,
        t.runs.c.started_at <= silent_since,
        evidence=Evidence(EndKind.LOST, message),
        values=_REVOKED,
        limit=limit,
    )
    return len(moved)


def time_out_long_runs(tx: Tx, *, overdue_since: datetime, actor: str, now: datetime, limit: int) -> int:
    """End the running runs whose deadline had passed at ``overdue_since``, and revoke their leases.

    Agents end such runs themselves; this is for those that do not.
    """
    message = "it ran longer than its time_limit"
    moved = move_runs(
        tx,
        Move(RunStatus.TIMEOUT, Party.ENGINE, actor, message, now),
        t.runs.c.deadline_at <= overdue_since,
        evidence=Evidence(EndKind.TIME_LIMIT, message),
        values=_REVOKED,
        limit=limit,
    )
    return len(moved)


def cancel_run(tx: Tx, *, run_id: int, actor: str, cause: str, now: datetime) -> bool:
    """Cancel a run that no agent is carrying out; ``False`` when it is elsewhere."""
    moved = move_runs(
        tx,
        Move(RunStatus.CANCELLED, Party.PERSON, actor, cause, now),
        t.runs.c.id == run_id,
        evidence=Evidence(EndKind.CANCELLED, cause),
    )
    return bool(moved)


def request_cancel(tx: Tx, *, run_id: int, actor: str, reason: str, now: datetime) -> bool:
    """Ask the agent of a running run to cancel it; ``False`` when it is not running or was asked before."""
    asked = tx.execute(
        update(t.runs)
        .where(
            t.runs.c.id == run_id,
            t.runs.c.status == RunStatus.RUNNING,
            t.runs.c.cancel_requested_at.is_(None),
        )
        .values(cancel_requested_at=now, cancel_requested_by=actor, cancel_reason=reason)
    )
    return asked.rowcount > 0


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
    run_ids: Collection[int] = (),
    limit: int | None = None,
) -> list[Run]:
    """List runs, newest first; every filter that is given must fit."""
    chosen = _runs().order_by(t.runs.c.id.desc()).limit(limit)
    if statuses:
        chosen = chosen.where(t.runs.c.status.in_(sorted(statuses)))
    if definition is not None:
        chosen = chosen.where(t.definitions.c.name == definition)
    if account is not None:
        chosen = chosen.where(t.accounts.c.token == account)
    if slot_id is not None:
        chosen = chosen.where(t.runs.c.slot_id == slot_id)
    if run_ids:
        chosen = chosen.where(t.runs.c.id.in_(run_ids))
    return [_to_run(row) for row in tx.execute(chosen)]


def list_transitions(tx: Tx, run_id: int) -> list[Transition]:
    """List the history of a run, oldest first."""
    rows = tx.execute(select(t.transitions).where(t.transitions.c.run_id == run_id).order_by(t.transitions.c.id))
    return [
        Transition(
            run_id=row.run_id,
            from_status=None if row.from_status is None else RunStatus(row.from_status),
            to_status=RunStatus(row.to_status),
            at=row.at,
            cause=row.cause,
            actor=row.actor,
            lease_token=row.lease_token,
        )
        for row in rows
    ]


def count_runs(tx: Tx) -> dict[str, int]:
    """Count the runs of each status."""
    return {row[0]: row[1] for row in tx.execute(select(t.runs.c.status, func.count()).group_by(t.runs.c.status))}


def find_next_start(tx: Tx) -> datetime | None:
    """Return when the next scheduled run is to start."""
    return tx.execute(select(func.min(t.runs.c.start_at)).where(t.runs.c.status == RunStatus.SCHEDULED)).scalar()


def _to_row(run: NewRun, now: datetime) -> dict[str, Any]:
    row = {field.name: getattr(run, field.name) for field in fields(run) if field.name != "cause"}
    later = run.start_at is not None and run.start_at > now
    return row | {
        "parameters": dict(run.parameters),
        "status": RunStatus.SCHEDULED if later else RunStatus.WAITING,
        "created_at": now,
        "lease_token": 0,
        "released_token": 0,
        "end_message": "",
    }


def _may_start(now: datetime) -> ColumnElement[bool]:
    definition, account = t.definitions.c, t.accounts.c
    in_maintenance = and_(
        or_(account.maintenance_starts_at.is_not(None), account.maintenance_ends_at.is_not(None)),
        or_(account.maintenance_starts_at.is_(None), account.maintenance_starts_at <= now),
        or_(account.maintenance_ends_at.is_(None), account.maintenance_ends_at > now),
    )
    open_definition = exists().where(
        definition.id == t.runs.c.definition_id, definition.active, definition.paused_at.is_(None)
    )
    open_account = exists().where(
        account.id == t.runs.c.account_id, account.active, account.paused_at.is_(None), ~in_maintenance
    )
    return and_(open_definition, or_(t.runs.c.account_id.is_(None), open_account))


def _list_claimed(tx: Tx, run_ids: Sequence[int]) -> list[ClaimedRun]:
    run, definition, account = t.runs.c, t.definitions.c, t.accounts.c
    rows = tx.execute(
        select(
            run.id,
            run.attempt,
            run.parameters,
            run.lease_token,
            run.started_at,
            definition.name,
            definition.spec,
            account.token,
            account.spec.label("account_spec"),
            t.slots.c.label,
            t.slots.c.starts_at,
            t.slots.c.ends_at,
            func.coalesce(t.slots.c.time_zone, definition.time_zone, account.time_zone, "UTC").label("time_zone"),
        )
        .select_from(t.runs)
        .join(t.definitions)
        .outerjoin(t.accounts)
        .outerjoin(t.slots)
        .where(run.id.in_(run_ids))
        .order_by(run.priority.desc(), run.due_at, run.id)
    )
    return [
        ClaimedRun(
            id=row.id,
            slot=None if row.label is None else SlotName(row.name, row.token, row.label),
            account=row.token,
            labels={} if row.account_spec is None else to_declared_account(row.account_spec).labels,
            definition=to_declared_definition(row.spec),
            attempt=row.attempt,
            parameters=row.parameters,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            time_zone=row.time_zone,
            lease_token=row.lease_token,
            started_at=row.started_at,
        )
        for row in rows
    ]


def _set_deadlines(tx: Tx, claimed: Sequence[ClaimedRun]) -> None:
    deadlines = [
        {"run": order.id, "deadline": order.started_at + order.definition.time_limit}
        for order in claimed
        if order.definition.time_limit is not None
    ]
    if deadlines:
        statement = update(t.runs).where(t.runs.c.id == bindparam("run"))
        tx.execute(statement.values(deadline_at=bindparam("deadline")), deadlines)


def _runs() -> Select[Any]:
    return (
        select(
            t.runs,
            t.definitions.c.name,
            t.accounts.c.token,
            t.slots.c.label,
            t.agents.c.name.label("agent"),
        )
        .select_from(t.runs)
        .join(t.definitions)
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
    )
