"""News: what has changed since somebody looked last, for those who follow it from outside. It only reads."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.night import is_one_of


class Entry(NamedTuple):
    """An entry in the history of a run; ``slot_id`` is ``None`` for a one-off."""

    id: int
    run_id: int
    slot_id: int | None


class StepState(NamedTuple):
    """Where a step stands, without what it was given and what it gave."""

    step: int
    status: str
    tries: int
    progress: float | None
    message: str | None
    started_at: datetime | None
    finished_at: datetime | None


def find_last_entry(tx: Tx) -> int:
    """Return the number of the latest entry in any history; 0 where there is none."""
    last: int | None = tx.execute(select(func.max(t.transitions.c.id))).scalar()
    return last or 0


def list_entries(tx: Tx, *, after: int, limit: int) -> list[Entry]:
    """List the entries in all histories that are numbered above ``after``, in the order of their numbers.

    On PostgreSQL that is not the order in which they come to light: a transaction that began earlier may end later.
    """
    entry = t.transitions.c
    wanted = select(entry.id, entry.run_id, t.runs.c.slot_id).join_from(t.transitions, t.runs)
    rows = tx.execute(wanted.where(entry.id > after).order_by(entry.id).limit(limit))
    return [Entry._make(row) for row in rows]


def list_ended_slots(tx: Tx, *, since: datetime, limit: int) -> list[int]:
    """List slots that ended at ``since`` or later, the last ones first."""
    ended = select(t.slots.c.id).where(t.slots.c.finished_at >= since).order_by(t.slots.c.finished_at.desc())
    return list(tx.execute(ended.limit(limit)).scalars())


def list_step_states(tx: Tx, run_ids: Collection[int]) -> dict[int, list[StepState]]:
    """List where the steps of runs stand, by run and in the order of their numbers."""
    step = t.steps.c
    states: dict[int, list[StepState]] = {}
    if run_ids:
        columns = (step.number, step.status, step.tries, step.progress, step.progress_message)
        wanted = select(step.run_id, *columns, step.started_at, step.finished_at)
        wanted = wanted.where(is_one_of(tx, step.run_id, run_ids)).order_by(step.run_id, step.number)
        for row in tx.execute(wanted):
            states.setdefault(row.run_id, []).append(StepState._make(row[1:]))
    return states
