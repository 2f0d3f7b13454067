"""The facts that decide when an agent takes a run, gathered for one run at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import and_, func, or_, select

from ostinato.model.accounts import Account
from ostinato.model.definitions import Definition
from ostinato.model.limits import DEFAULT_RULES, ClaimRules
from ostinato.model.runs import Run
from ostinato.model.statuses import RunStatus
from ostinato.policies.claim import ClaimFacts
from ostinato.policies.limits import Bounds
from ostinato.policies.start import Standing
from ostinato.store import schema as t
from ostinato.store.accounts import find_account
from ostinato.store.agents import list_agents
from ostinato.store.chains import list_needs
from ostinato.store.database import Tx
from ostinato.store.definitions import find_definition
from ostinato.store.records import to_pause
from ostinato.store.rules import find_rival
from ostinato.store.usage import list_occupancies


def get_claim_facts(tx: Tx, run: Run, *, heartbeat_timeout: timedelta, rules: ClaimRules = DEFAULT_RULES) -> ClaimFacts:
    """Gather what decides when an agent takes ``run``, which is waiting or scheduled."""
    scheduled = run.status is RunStatus.SCHEDULED
    definition, account = _find_definition(tx, run), _find_account(tx, run)
    return ClaimFacts(
        standing=_find_standing(definition, account),
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
        held_by=None if run.singleton_key is None else find_rival(tx, run.id),
        refuses=run.singleton_refuses,
        occupancies=list_occupancies(tx, _find_bounds(run, definition, account), rules),
    )


def _find_definition(tx: Tx, run: Run) -> Definition | None:
    return None if run.definition is None else find_definition(tx, run.definition)


def _find_account(tx: Tx, run: Run) -> Account | None:
    return None if run.account is None else find_account(tx, run.account)


def _find_standing(definition: Definition | None, account: Account | None) -> Standing:
    standing = Standing(definition=None, account=None)
    if definition is not None:
        standing = replace(
            standing,
            definition=definition.name,
            definition_active=definition.declared.active,
            definition_pause=to_pause(definition),
        )
    if account is not None:
        standing = replace(
            standing,
            account=account.token,
            account_active=account.declared.active,
            account_pause=to_pause(account),
            maintenance=account.declared.maintenance,
        )
    return standing


def _find_bounds(run: Run, definition: Definition | None, account: Account | None) -> Bounds:
    bounds = Bounds(run.queue)
    if definition is not None:
        declared = definition.declared
        bounds = replace(bounds, definition=definition.name, definition_limit=declared.concurrency, uses=declared.uses)
    if account is not None:
        bounds = replace(bounds, account=account.token, account_limit=account.declared.concurrency)
    return bounds


def _count_ahead(tx: Tx, run: Run) -> int:
    """Count the waiting runs of the queue that come before this one, whoever has had a turn."""
    other = t.runs.c
    account = select(t.accounts.c.id).where(t.accounts.c.token == run.account).scalar_subquery()
    same_account = other.account_id.is_(None) if run.account is None else other.account_id == account
    earlier = or_(other.due_at < run.due_at, and_(other.due_at == run.due_at, other.id < run.id))
    ahead = or_(other.priority > run.priority, and_(other.priority == run.priority, same_account, earlier))
    waiting = select(func.count()).where(other.queue == run.queue, other.status == RunStatus.WAITING, ahead)
    return tx.execute(waiting).scalar_one()
