"""Claims: the leases by which agents hold runs. Giving them out, listing them, and what agents do under them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, select, update

from ostinato.model.changes import RunMoved
from ostinato.model.limits import DEFAULT_RULES, ClaimRules
from ostinato.model.runs import ClaimedRun, HeldRun, RunOrigin
from ostinato.model.slots import SlotName
from ostinato.model.statuses import RunStatus
from ostinato.model.transitions import Party
from ostinato.policies.turns import Pick, pick_runs
from ostinato.store import schema as t
from ostinato.store.cohorts import Search, list_cohorts, list_runs_of, who_is_free
from ostinato.store.database import Tx
from ostinato.store.dialects import try_to_take_claims, wait_to_take_claims
from ostinato.store.leases import lock_held_runs
from ostinato.store.moves import Move, MovedRun, chunks, has_runs, move_runs, wake_others
from ostinato.store.prepared import Prepared
from ostinato.store.records import to_declared_account, to_declared_definition
from ostinato.store.turns import find_positions, note_turns
from ostinato.store.usage import count_used, has_limits

_HELD = Prepared(
    select(
        t.runs.c.id,
        t.runs.c.lease_token,
        t.runs.c.cancel_requested_by,
        t.runs.c.cancel_reason,
        t.runs.c.outlives_agent,
    ).where(t.has_status(t.runs.c, RunStatus.RUNNING), t.runs.c.agent_id == bindparam("agent"))
)


@dataclass(frozen=True, slots=True)
class HeldMove:
    """Where an agent moves a run that it holds, with the lease under which it does so."""

    run_id: int
    lease_token: int
    move: RunMoved


@dataclass(frozen=True, slots=True)
class _Claimant:
    """Who claims, and when."""

    agent_id: int
    actor: str
    now: datetime


def claim_runs(
    tx: Tx,
    *,
    agent_id: int,
    actor: str,
    queues: Sequence[str],
    limit: int,
    now: datetime,
    rules: ClaimRules = DEFAULT_RULES,
    exclude: Collection[int] = (),
    unfit: Collection[int] = (),
    among: Collection[int] | None = None,
) -> list[ClaimedRun]:
    """Give ``agent_id`` the leases of at most ``limit`` waiting runs, by the turns of ``policies.turns``.

    Nothing is claimed of accounts and definitions that are inactive, paused or in maintenance, nothing for which a
    limit has no place; nothing that is too late to start; no singleton while another holds its key or waits for it
    longer; nothing of what ``exclude`` names, nothing that is ``unfit`` for this agent and, where a few are named, only
    what is ``among`` them. What is to be cancelled comes first, and is held up by none of that but ``exclude`` and
    ``among``.

    What is limited is claimed by one claimant at a time. One who finds another at it for too long leaves it alone.
    """
    if limit <= 0 or not _is_wanted(tx, queues):
        return []
    claimant = _Claimant(agent_id, actor, now)
    search = Search(queues, now, who_is_free(tx), frozenset(exclude), None if among is None else frozenset(among))
    run_ids = _claim_cancelled(tx, search, claimant, limit)
    if len(run_ids) < limit:
        search = replace(search, exclude=search.exclude | set(unfit))
        run_ids += _claim_by_turns(tx, search, claimant, rules, limit - len(run_ids))
    orders = list_claimed_runs(tx, run_ids)
    _keep_deadlines(tx, orders)
    return orders


def list_claimed_runs(tx: Tx, run_ids: Collection[int]) -> list[ClaimedRun]:
    """List runs with all that an agent needs to carry them out: by priority, then those first that were due first."""
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
    return [HeldRun(*row) for row in _HELD.fetch(tx, {"agent": agent_id})]


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
    if change.takes_turn:
        values["deadline_at"] = None  # its time limit begins when it does
    return move_runs(
        tx,
        Move(change.to, Party.AGENT, actor, change.cause, now),
        t.runs.c.id.in_(run_ids),
        expected=[RunStatus.RUNNING],
        evidence=change.evidence,
        values=values,
        wake=False,
    )


def _is_wanted(tx: Tx, queues: Sequence[str]) -> bool:
    """Tell whether anything waits in these queues: mostly nothing does at all."""
    if not has_runs(tx, [RunStatus.WAITING]):
        return False
    waits = select(t.runs.c.id).where(t.has_status(t.runs.c, RunStatus.WAITING), t.runs.c.queue.in_(queues))
    return tx.execute(waits.limit(1)).first() is not None


def _claim_cancelled(tx: Tx, search: Search, claimant: _Claimant, limit: int) -> list[int]:
    run = t.runs.c
    waits = and_(t.has_status(run, RunStatus.WAITING), run.queue.in_(search.queues))
    return _move_to(tx, claimant, waits, run.cancel_requested_at.is_not(None), search.means(tx, run), limit=limit)


def _claim_by_turns(tx: Tx, search: Search, claimant: _Claimant, rules: ClaimRules, limit: int) -> list[int]:
    """Claim runs until there is no room, or none left; what others take meanwhile is passed over."""
    limited = has_limits(tx, rules)
    waits = exists().where(t.has_status(t.runs.c, RunStatus.WAITING), t.runs.c.queue.in_(search.queues))
    alone = (wait_to_take_claims if limited else try_to_take_claims)(tx, waits)
    claimed: list[int] = []
    while len(claimed) < limit:
        room = limit - len(claimed)
        pick = _choose(tx, search, rules, room, alone=alone)
        if not pick.runs:
            break
        moved = _move_to(tx, claimant, t.runs.c.id.in_(list(pick.runs)), limit=room)
        claimed += moved
        if alone and moved:
            note_turns(tx, pick, moved, claimant.now)
        if len(moved) == len(pick.runs):
            break
        search = replace(search, exclude=search.exclude.union(pick.runs))
    return claimed


def _choose(tx: Tx, search: Search, rules: ClaimRules, room: int, *, alone: bool) -> Pick:
    """Choose runs, looking up more of a cohort when its turn comes again. Who is not alone takes nothing limited."""
    cohorts = {each.key: each for each in list_cohorts(tx, search, rules) if alone or not each.demands}
    used = count_used(tx, rules) if any(each.demands for each in cohorts.values()) else {}
    positions = find_positions(tx, search.queues) if cohorts else {}
    while True:
        pick = pick_runs(
            cohorts.values(),
            positions,
            used,
            queues=search.queues,
            room=room,
            rises_every=rules.rises_every,
            now=search.now,
        )
        if not pick.wanted:
            return pick
        for key in pick.wanted:
            if runs := list_runs_of(tx, search, key, limit=room):
                cohorts[key] = replace(cohorts[key], runs=runs, complete=True)
            else:  # others have just taken them
                del cohorts[key]


def _move_to(tx: Tx, claimant: _Claimant, *where: ColumnElement[bool], limit: int) -> list[int]:
    """Give an agent the leases of runs that fulfil conditions, but for those that another transaction holds."""
    actor, run = claimant.actor, t.runs.c
    claimed = Move(RunStatus.RUNNING, Party.AGENT, actor, f"claimed by {actor}", claimant.now)
    values = {"agent_id": claimant.agent_id, "singleton_held": _key_to_hold(), "version": _version_to_run()}
    return [moved.id for moved in move_runs(tx, claimed, *where, values=values, order_by=[run.due_at], limit=limit)]


def _key_to_hold() -> ColumnElement[str | None]:
    """Return the key that a run holds from now on. One that is to be cancelled takes none: another may hold it."""
    run = t.runs.c
    return case((run.cancel_requested_at.is_(None), run.singleton_key), else_=run.singleton_held)


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
