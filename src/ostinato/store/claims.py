"""Claims: the leases by which agents hold runs. Giving them out, listing them, and what agents do under them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, select, update

from ostinato.model.changes import RunMoved
from ostinato.model.runs import ClaimedRun, HeldRun, RunOrigin
from ostinato.model.slots import SlotName
from ostinato.model.statuses import RunStatus
from ostinato.model.transitions import Party
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import is_none_of, try_to_take_singletons
from ostinato.store.leases import lock_held_runs
from ostinato.store.moves import Move, MovedRun, chunks, move_runs, wake_others
from ostinato.store.records import to_declared_account, to_declared_definition


@dataclass(frozen=True, slots=True)
class HeldMove:
    """Where an agent moves a run that it holds, with the lease under which it does so."""

    run_id: int
    lease_token: int
    move: RunMoved


def claim_runs(
    tx: Tx,
    *,
    agent_id: int,
    actor: str,
    queues: Sequence[str],
    limit: int,
    now: datetime,
    exclude: Collection[int] = (),
    unfit: Collection[int] = (),
) -> list[ClaimedRun]:
    """Give ``agent_id`` the leases of at most ``limit`` waiting runs: highest priority first, then oldest due.

    Nothing is claimed of accounts and definitions that are inactive, paused or in maintenance, unless it is to be
    cancelled; nothing that is too late to start; no singleton while another holds its key or waits for it longer;
    nothing of what ``exclude`` names; and of what is ``unfit`` for this agent only what is to be cancelled.
    """
    if limit <= 0:
        return []
    run = t.runs.c
    claimed = move_runs(
        tx,
        Move(RunStatus.RUNNING, Party.AGENT, actor, f"claimed by {actor}", now),
        run.queue.in_(queues),
        or_(run.start_before.is_(None), run.start_before > now, run.started_at.is_not(None)),
        or_(_may_start(now), run.cancel_requested_at.is_not(None)),
        _is_free(tx),
        is_none_of(tx, run.id, exclude),
        or_(is_none_of(tx, run.id, unfit), run.cancel_requested_at.is_not(None)),
        values={"agent_id": agent_id, "singleton_held": run.singleton_key, "version": _version_to_run()},
        order_by=[run.priority.desc(), run.due_at],
        limit=limit,
    )
    orders = list_claimed_runs(tx, [run.id for run in claimed])
    _keep_deadlines(tx, orders)
    return orders


def list_claimed_runs(tx: Tx, run_ids: Collection[int]) -> list[ClaimedRun]:
    """List runs with all that an agent needs to carry them out, in the order in which they are claimed."""
    run, definition, account, version = t.runs.c, t.definitions.c, t.accounts.c, t.definition_versions.c
    rows = tx.execute(
        select(
            t.runs,
            definition.name,
            func.coalesce(version.spec, definition.spec).label("spec"),
            account.token,
            account.spec.label("account_spec"),
            t.slots.c.label,
            t.slots.c.starts_at,
            t.slots.c.ends_at,
            func.coalesce(t.slots.c.time_zone, definition.time_zone, account.time_zone, "UTC").label("time_zone"),
        )
        .select_from(t.runs)
        .outerjoin(t.definitions)
        .outerjoin(t.accounts)
        .outerjoin(t.slots)
        .outerjoin(
            t.definition_versions,
            and_(version.definition_id == run.definition_id, version.version == run.version),
        )
        .where(run.id.in_(run_ids))
        .order_by(run.priority.desc(), run.due_at, run.id)
    )
    return [_to_claimed(row) for row in rows]


def renew_leases(tx: Tx, leases: Mapping[int, int]) -> list[ClaimedRun]:
    """Give an agent new leases of the runs that it still holds under ``leases``, their tokens by run.

    Whoever has worked under the old ones can write nothing about them any more.
    """
    held = lock_held_runs(tx, leases)
    renewed = update(t.runs).values(lease_token=t.runs.c.lease_token + 1)
    for part in chunks(sorted(held)):
        tx.execute(renewed.where(t.runs.c.id.in_(part)))
    return list_claimed_runs(tx, held)


def list_held_runs(tx: Tx, *, agent_id: int) -> list[HeldRun]:
    """List the runs that the agent holds leases of."""
    run = t.runs.c
    held = select(run.id, run.lease_token, run.cancel_requested_by, run.cancel_reason, run.outlives_agent).where(
        run.agent_id == agent_id, run.status == RunStatus.RUNNING
    )
    return [
        HeldRun(row.id, row.lease_token, row.cancel_requested_by, row.cancel_reason, row.outlives_agent)
        for row in tx.execute(held)
    ]


def move_held_runs(tx: Tx, moves: Sequence[HeldMove], *, actor: str, now: datetime) -> frozenset[int]:
    """Move runs on, each under the lease of the agent that holds it; return those whose lease is gone.

    It is the last that is written about them in a transaction: once it has ended, nothing about a run is open.
    """
    held = lock_held_runs(tx, {move.run_id: move.lease_token for move in moves})
    alike: dict[RunMoved, list[int]] = {}
    for move in sorted(moves, key=lambda move: move.run_id):
        if move.run_id in held:
            alike.setdefault(move.move, []).append(move.run_id)
    moved: list[MovedRun] = []
    for change, run_ids in alike.items():
        moved += _move(tx, change, run_ids, actor=actor, now=now)
    wake_others(tx, moved, by=Party.AGENT, actor=actor, now=now)
    return frozenset(move.run_id for move in moves) - held


def _move(tx: Tx, change: RunMoved, run_ids: Sequence[int], *, actor: str, now: datetime) -> list[MovedRun]:
    values: dict[str, Any] = {"released_token": t.runs.c.lease_token, "waits_for": change.waits_for}
    if change.to is RunStatus.SUSPENDED:
        values["wake_at"] = change.wake_at
    if change.queue is not None:
        values["queue"] = change.queue
    return move_runs(
        tx,
        Move(change.to, Party.AGENT, actor, change.cause, now),
        t.runs.c.id.in_(run_ids),
        expected=[RunStatus.RUNNING],
        evidence=change.evidence,
        values=values,
        wake=False,
    )


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
    return and_(
        or_(t.runs.c.definition_id.is_(None), open_definition), or_(t.runs.c.account_id.is_(None), open_account)
    )


def _is_free(tx: Tx) -> ColumnElement[bool]:
    """Tell of a waiting run whether it is no singleton, holds its key, or is the first to take it.

    Those that have yet to take theirs are left to one claimant at a time, for two could not see each other's.
    """
    run = t.runs.c
    free = or_(run.singleton_key.is_(None), run.singleton_held == run.singleton_key)
    waits = exists().where(
        run.status == RunStatus.WAITING, run.singleton_key.is_not(None), run.singleton_held.is_(None)
    )
    if not try_to_take_singletons(tx, waits):
        return free
    holder, earlier = t.runs.alias("holder").c, t.runs.alias("earlier").c
    held = exists().where(holder.singleton_held == run.singleton_key)
    wanted_before = exists().where(
        earlier.singleton_key == run.singleton_key, earlier.status == RunStatus.WAITING, earlier.id < run.id
    )
    return or_(free, and_(~held, ~wanted_before))


def _version_to_run() -> ColumnElement[str]:
    """Return the version of its definition that a run is carried out with: once begun, it goes on with that."""
    current = select(t.definitions.c.version).where(t.definitions.c.id == t.runs.c.definition_id).scalar_subquery()
    return case((t.runs.c.started_at.is_(None), func.coalesce(current, t.runs.c.version)), else_=t.runs.c.version)


def _to_claimed(row: Any) -> ClaimedRun:
    definition = None if row.spec is None else to_declared_definition(row.spec)
    limit = None if definition is None else definition.time_limit
    deadline_at = row.claimed_at + limit if row.deadline_at is None and limit is not None else row.deadline_at
    return ClaimedRun(
        id=row.id,
        slot=None if row.label is None else SlotName(row.name, row.token, row.label),
        account=row.token,
        labels={} if row.account_spec is None else to_declared_account(row.account_spec).labels,
        definition=definition,
        attempt=row.attempt,
        parameters=row.parameters,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        time_zone=row.time_zone,
        lease_token=row.lease_token,
        started_at=row.started_at,
        slot_id=row.slot_id,
        series=row.series,
        origin=RunOrigin(row.origin),
        version=row.version,
        queue=row.queue,
        priority=row.priority,
        account_id=row.account_id,
        action=row.action,
        input=row.input,
        context=row.context,
        decision=row.decision,
        deadline_at=deadline_at,
        parent_run_id=row.parent_run_id,
        parent_step=row.parent_step,
        cancel_requested_by=row.cancel_requested_by,
    )


def _keep_deadlines(tx: Tx, claimed: Sequence[ClaimedRun]) -> None:
    deadlines = [{"run": order.id, "deadline": order.deadline_at} for order in claimed if order.deadline_at is not None]
    if deadlines:
        statement = update(t.runs).where(t.runs.c.id == bindparam("run"))
        tx.execute(statement.values(deadline_at=bindparam("deadline")), deadlines)
