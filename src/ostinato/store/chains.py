"""Chains: runs that start when others have succeeded. A run says which it needs, each with the name it goes by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select, update

from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.runs import Need
from ostinato.model.statuses import FINAL_RUN_STATUSES, SUCCEEDED_RUN_STATUSES, RunStatus
from ostinato.model.transitions import Party
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.moves import Move, has_runs, move_runs, wake_others

_FAILED = FINAL_RUN_STATUSES - SUCCEEDED_RUN_STATUSES
_needed = t.runs.alias("needed")


def list_needs(tx: Tx, run_ids: Collection[int]) -> dict[int, list[Need]]:
    """Return which runs these need and how those stand, by run; those that need none are absent."""
    if not run_ids:
        return {}
    rows = tx.execute(
        select(t.run_needs, _needed.c.status)
        .outerjoin(_needed, _needed.c.id == t.run_needs.c.needs_run_id)
        .where(t.run_needs.c.run_id.in_(run_ids))
        .order_by(t.run_needs.c.run_id, t.run_needs.c.needs_run_id)
    )
    needs: dict[int, list[Need]] = defaultdict(list)
    for row in rows:
        needs[row.run_id].append(
            Need(row.needs_run_id, row.name, None if row.status is None else RunStatus(row.status))
        )
    return dict(needs)


def start_chained_runs(tx: Tx, *, actor: str, now: datetime, limit: int) -> int:
    """Make runs ``waiting`` that need others, all of which have succeeded; return how many."""
    run = t.runs.c
    moved = move_runs(
        tx,
        Move(RunStatus.WAITING, Party.ENGINE, actor, "the runs that it needs have succeeded", now),
        exists().where(t.run_needs.c.run_id == run.id),
        ~_needs_one(or_(_needed.c.id.is_(None), _needed.c.status.not_in(sorted(SUCCEEDED_RUN_STATUSES)))),
        or_(run.start_at.is_(None), run.start_at <= now),
        expected=[RunStatus.SCHEDULED],
        values={"waits_for": ""},
        limit=limit,
    )
    return len(moved)


def fail_chained_runs(tx: Tx, *, actor: str, now: datetime, limit: int) -> int:
    """Fail the runs that need one which did not succeed, or was removed; each says which. Return how many."""
    lacking = _needs_one(or_(_needed.c.id.is_(None), _needed.c.status.in_(sorted(_FAILED))))
    moved = []
    for run_id, needs in list_needs(tx, _list_scheduled(tx, lacking, limit)).items():
        culprits = [need for need in needs if need.status is None or need.status in _FAILED]
        message = f"what it needs did not succeed: {', '.join(map(str, culprits))}"
        moved += move_runs(
            tx,
            Move(RunStatus.FAILED, Party.ENGINE, actor, message, now),
            t.runs.c.id == run_id,
            expected=[RunStatus.SCHEDULED],
            evidence=Evidence(EndKind.UPSTREAM_FAILED, message),
            limit=1,
            wake=False,
        )
    wake_others(tx, moved, by=Party.ENGINE, actor=actor, now=now)
    return len(moved)


def tell_what_chained_runs_wait_for(tx: Tx, *, limit: int) -> int:
    """Note of runs that need one which is paused what they wait for, and forget it when that goes on."""
    run = t.runs.c
    paused = _needs_one(_needed.c.status == RunStatus.PAUSED)
    changed = and_(exists().where(t.run_needs.c.run_id == run.id), paused != (run.waits_for != ""))
    reasons = [
        {"run": run_id, "why": ", ".join(str(need) for need in needs if need.status is RunStatus.PAUSED)}
        for run_id, needs in list_needs(tx, _list_scheduled(tx, changed, limit)).items()
    ]
    if reasons:
        scheduled = and_(run.id == bindparam("run"), run.status == RunStatus.SCHEDULED)
        tx.execute(update(t.runs).where(scheduled).values(waits_for=bindparam("why")), reasons)
    return len(reasons)


def _list_scheduled(tx: Tx, where: ColumnElement[bool], limit: int) -> list[int]:
    if not has_runs(tx, [RunStatus.SCHEDULED]):
        return []
    chosen = select(t.runs.c.id).where(t.has_status(t.runs.c, RunStatus.SCHEDULED), where)
    return list(tx.execute(chosen.order_by(t.BY_NUMBER).limit(limit)).scalars())


def _needs_one(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Tell of a run whether it needs one that is so; a run that was removed has no columns."""
    return (
        select(t.run_needs.c.needs_run_id)
        .outerjoin(_needed, _needed.c.id == t.run_needs.c.needs_run_id)
        .where(t.run_needs.c.run_id == t.runs.c.id, which)
        .correlate(t.runs)
        .exists()
    )
