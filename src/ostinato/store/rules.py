"""Rules of runs: what their actions declare of them, noted when they are planned. Hooks, and who must wait for whom.

Which run holds a singleton is settled when one is claimed. Here is what becomes of those that refuse to wait.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select, update

from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.runs import RunRules
from ostinato.model.statuses import RunStatus
from ostinato.model.transitions import Party
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.followups import note_hooks
from ostinato.store.moves import Move, chunks, has_runs, move_runs, wake_others

_rival = t.runs.alias("rival")


def note_rules(tx: Tx, run_id: int, rules: RunRules, *, stays: bool) -> None:
    """Note what the action of a running run declares of it; ``stays`` tells that the run goes on running.

    It had come to that status before anybody knew of its hooks: they are called all the same. Callers hold its row.
    """
    run = t.runs.c
    noted = {
        "hooks": {status.value: list(names) for status, names in rules.hooks.items()} or None,
        "singleton_key": rules.singleton_key,
        "singleton_refuses": rules.refuses and rules.singleton_key is not None,
    }
    row = tx.execute(update(t.runs).where(run.id == run_id).values(noted).returning(run.hooks, run.claimed_at)).one()
    if row.hooks and stays:
        note_hooks(tx, [(run_id, row.hooks)], to=RunStatus.RUNNING, at=row.claimed_at)


def to_rules(row: Any) -> RunRules:
    """Return what was noted of a run, of which ``row`` has the columns."""
    hooks = {RunStatus(status): tuple(names) for status, names in (row.hooks or {}).items()}
    return RunRules(hooks, row.singleton_key, refuses=row.singleton_refuses)


def find_rival(tx: Tx, run_id: int) -> int | None:
    """Return the run that holds the singleton of this one, or waits longer for it."""
    return tx.execute(select(_name_rival()).where(t.runs.c.id == run_id)).scalar_one()


def find_rivals(tx: Tx, run_ids: Collection[int]) -> dict[int, int]:
    """Return, of many runs, those that have such a rival, each with it."""
    found: dict[int, int] = {}
    for part in chunks(run_ids):
        rows = tx.execute(select(t.runs.c.id, _name_rival().label("rival")).where(t.runs.c.id.in_(part)))
        found |= {row.id: row.rival for row in rows if row.rival is not None}
    return found


def fail_refusing_runs(tx: Tx, *, actor: str, now: datetime, limit: int) -> int:
    """Fail the waiting runs that refuse to wait while another run of their singleton lives; each says which.

    Return how many.
    """
    run, waiting = t.runs.c, [RunStatus.WAITING]
    if not has_runs(tx, waiting):
        return 0
    waits = and_(t.has_status(run, RunStatus.WAITING), run.singleton_key.is_not(None))
    refusing = and_(waits, run.singleton_refuses, run.singleton_held.is_(None))
    rivals = exists().where(_stands_in_the_way())
    wanted = select(run.id, run.singleton_key, _name_rival()).where(refusing, rivals)
    found = tx.execute(wanted.order_by(t.BY_NUMBER).limit(limit)).all()
    moved = []
    for run_id, key, rival in found:
        message = f"it is a singleton, and run {rival} lives: {key}"
        move, evidence = (
            Move(RunStatus.FAILED, Party.ENGINE, actor, message, now),
            Evidence(EndKind.NOT_STARTED, message),
        )
        moved += move_runs(
            tx,
            move,
            run.id == run_id,
            run.singleton_held.is_(None),
            expected=waiting,
            evidence=evidence,
            limit=1,
            wake=False,
        )
    wake_others(tx, moved, by=Party.ENGINE, actor=actor, now=now)
    return len(moved)


def _stands_in_the_way() -> ColumnElement[bool]:
    """Tell of a rival whether it holds the singleton of a run that waits for it, or waits longer."""
    run, rival = t.runs.c, _rival.c
    waits_longer = and_(rival.singleton_key == run.singleton_key, rival.status == RunStatus.WAITING, rival.id < run.id)
    return and_(rival.id != run.id, or_(rival.singleton_held == run.singleton_key, waits_longer))


def _name_rival() -> ColumnElement[int | None]:
    """Return, of a run, the rival that holds its singleton or, if none does, the one that waits longest for it."""
    holds = case((_rival.c.singleton_held == t.runs.c.singleton_key, 0), else_=1)
    first = select(_rival.c.id).where(_stands_in_the_way()).order_by(holds, _rival.c.id).limit(1)
    return first.correlate(t.runs).scalar_subquery()
