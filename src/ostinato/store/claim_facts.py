"""The facts that decide when an agent takes a run, gathered for one run at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import and_, case, func, or_, select

from ostinato.model.runs import Run
from ostinato.model.statuses import RunStatus
from ostinato.policies.claim import ClaimFacts
from ostinato.policies.start import Standing
from ostinato.store import schema as t
from ostinato.store.agents import list_agents
from ostinato.store.chains import list_needs
from ostinato.store.database import Tx
from ostinato.store.records import to_account, to_definition, to_pause


def get_claim_facts(tx: Tx, run: Run, *, heartbeat_timeout: timedelta) -> ClaimFacts:
    """Gather what decides when an agent takes ``run``, which is waiting or scheduled."""
    scheduled = run.status is RunStatus.SCHEDULED
    return ClaimFacts(
        standing=_find_standing(tx, run),
        queue=run.queue,
        start_at=run.start_at if scheduled else None,
        start_before=run.start_before,
        agents=tuple(list_agents(tx)),
        heartbeat_timeout=heartbeat_timeout,
        ahead=_count_ahead(tx, run),
        begun=run.started_at is not None,
        cancelling=run.cancel_requested_at is not None,
        needs=tuple(list_needs(tx, [run.id]).get(run.id, ())) if scheduled else (),
        singleton=run.singleton_key,
        held_by=None if run.singleton_key is None else _find_rival(tx, run),
    )


def _find_standing(tx: Tx, run: Run) -> Standing:
    standing = Standing(run.definition, run.account)
    if run.definition is not None:
        definition = to_definition(
            tx.execute(select(t.definitions).where(t.definitions.c.name == run.definition)).one()
        )
        standing = replace(
            standing, definition_active=definition.declared.active, definition_pause=to_pause(definition)
        )
    if run.account is not None:
        account = to_account(tx.execute(select(t.accounts).where(t.accounts.c.token == run.account)).one())
        standing = replace(
            standing,
            account_active=account.declared.active,
            account_pause=to_pause(account),
            maintenance=account.declared.maintenance,
        )
    return standing


def _find_rival(tx: Tx, run: Run) -> int | None:
    """Return the run that holds the singleton of ``run``, or waits longer for it."""
    other = t.runs.c
    waits_longer = and_(other.singleton_key == run.singleton_key, other.status == RunStatus.WAITING, other.id < run.id)
    holds = other.singleton_held == run.singleton_key
    rivals = select(other.id).where(other.id != run.id, or_(holds, waits_longer)).order_by(case((holds, 0), else_=1))
    return tx.execute(rivals.order_by(other.id).limit(1)).scalar()


def _count_ahead(tx: Tx, run: Run) -> int:
    """Count the waiting runs of the queue that ``claim_runs`` asks before this one."""
    other = t.runs.c
    earlier = or_(other.due_at < run.due_at, and_(other.due_at == run.due_at, other.id < run.id))
    ahead = or_(other.priority > run.priority, and_(other.priority == run.priority, earlier))
    waiting = select(func.count()).where(other.queue == run.queue, other.status == RunStatus.WAITING, ahead)
    return tx.execute(waiting).scalar_one()
