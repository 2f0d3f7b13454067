"""Hook calls: functions of users that are to be called because a run has come to a status. ``moves`` notes them.

A call is taken for a while, and is anybody's again when nothing was heard of it by then: it is made at least once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from ostinato.model.statuses import RunStatus
from ostinato.store import schema as t
from ostinato.store.database import Tx

TAKEN_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class HookCall:
    """A call of a hook: which run has come to which status, and why.

    ``work`` is the run's definition or action, ``context`` what the one who triggered it wants carried along.
    """

    id: int
    run_id: int
    hook: str
    status: RunStatus
    at: datetime
    reason: str
    work: str
    account: str | None
    context: dict[str, Any]


def take_hook_calls(tx: Tx, *, limit: int, now: datetime) -> list[HookCall]:
    """Take calls that are to be made, the oldest first; they are to be made within ``TAKEN_FOR``."""
    call = t.hook_calls.c
    free = select(call.id).where(_is_free(now)).order_by(call.id).limit(limit).with_for_update(skip_locked=True)
    ids = list(tx.execute(free).scalars())
    if not ids:
        return []
    tx.execute(update(t.hook_calls).where(call.id.in_(ids)).values(taken_until=now + TAKEN_FOR))
    return [_to_call(row) for row in tx.execute(_calls().where(call.id.in_(ids)).order_by(call.id))]


def has_hook_calls(tx: Tx, *, now: datetime) -> bool:
    """Tell whether there are calls to be made that nobody has taken."""
    return tx.execute(select(t.hook_calls.c.id).where(_is_free(now)).limit(1)).first() is not None


def keep_hook_call(tx: Tx, call_id: int, *, error: str, now: datetime) -> None:
    """Note that a call was made, and what went wrong in it."""
    call = t.hook_calls.c
    tx.execute(update(t.hook_calls).where(call.id == call_id).values(called_at=now, error=error))


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Tell of a call whether it is to be made, and in nobody's hands."""
    call = t.hook_calls.c
    return and_(call.called_at.is_(None), or_(call.taken_until.is_(None), call.taken_until <= now))


def _calls() -> Any:
    call, run, change = t.hook_calls.c, t.runs.c, t.transitions.c
    reason = (
        select(change.cause)
        .where(change.run_id == call.run_id, change.to_status == call.status, change.at == call.at)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            t.hook_calls,
            func.coalesce(t.definitions.c.name, run.action).label("work"),
            t.accounts.c.token,
            run.context,
            reason.label("reason"),
        )
        .join(t.runs, run.id == call.run_id)
        .outerjoin(t.definitions, t.definitions.c.id == run.definition_id)
        .outerjoin(t.accounts, t.accounts.c.id == run.account_id)
    )


def _to_call(row: Any) -> HookCall:
    return HookCall(
        id=row.id,
        run_id=row.run_id,
        hook=row.hook,
        status=RunStatus(row.status),
        at=row.at,
        reason=row.reason or "",
        work=row.work or "",
        account=row.token,
        context=dict(row.context or {}),
    )
