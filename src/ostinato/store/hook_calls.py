"""Hook calls: functions of users that are to be called because a run has come to a status. ``moves`` notes them.

A call is taken for a while, and is anybody's again when nothing was heard of it by then: it is made at least once. It
stays on record, with what went wrong in it, as long as its run.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, func, null, or_, select, update

from ostinato.model.hooks import HookCall
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import StepError
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.prepared import Prepared
from ostinato.store.step_rows import error_from_json, error_to_json

TAKEN_FOR = timedelta(minutes=5)


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
    return _FREE.finds(tx, {"now": now})


def keep_hook_call(tx: Tx, call_id: int, *, error: StepError | None, now: datetime) -> None:
    """Note that a call was made, and what went wrong in it."""
    written = null() if error is None else error_to_json(error)
    tx.execute(update(t.hook_calls).where(t.hook_calls.c.id == call_id).values(called_at=now, error=written))


def list_hook_calls(tx: Tx, run_id: int) -> list[HookCall]:
    """List the calls of hooks that a run has asked for, oldest first, also those that are still to be made."""
    call = t.hook_calls.c
    return [_to_call(row) for row in tx.execute(_calls().where(call.run_id == run_id).order_by(call.id))]


def list_failing_runs(tx: Tx, *, since: datetime) -> dict[int, int]:
    """Return how many calls of hooks have failed since then, by run."""
    call = t.hook_calls.c
    failed = select(call.run_id, func.count()).where(call.error.is_not(None), call.called_at >= since)
    return {row[0]: row[1] for row in tx.execute(failed.group_by(call.run_id))}


def _is_free(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Tell of a call whether it is to be made, and in nobody's hands."""
    call = t.hook_calls.c
    return and_(call.called_at.is_(None), or_(call.taken_until.is_(None), call.taken_until <= now))


_FREE = Prepared(select(t.hook_calls.c.id).where(_is_free(bindparam("now"))).limit(1))


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
        called_at=row.called_at,
        error=None if row.error is None else error_from_json(row.error),
    )
