"""Children: the runs that a step of another run has started. Their numbers are kept unique by a constraint."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select

from ostinato.model.statuses import RunStatus
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.moves import chunks


def count_children(tx: Tx, run_id: int, step: int) -> dict[RunStatus, int]:
    """Count the children of a step by their status."""
    child = t.runs.c
    counted = select(child.status, func.count()).where(child.parent_run_id == run_id, child.parent_step == step)
    return {RunStatus(row[0]): row[1] for row in tx.execute(counted.group_by(child.status))}


def count_children_of(tx: Tx, run_ids: Collection[int]) -> dict[tuple[int, int], dict[RunStatus, int]]:
    """Count the children of runs by run, step and status; a step without any is absent."""
    child = t.runs.c
    counts: dict[tuple[int, int], dict[RunStatus, int]] = {}
    counted = select(child.parent_run_id, child.parent_step, child.status, func.count())
    for part in chunks(run_ids):
        found = counted.where(child.parent_run_id.in_(part)).group_by(*counted.selected_columns[:3])
        for run_id, step, status, count in tx.execute(found):
            counts.setdefault((run_id, step), {})[RunStatus(status)] = count
    return counts


def find_last_child(tx: Tx, run_id: int, step: int) -> int:
    """Return the highest number that a child of the step ever had; 0 when there is none."""
    child = t.runs.c
    last = select(func.max(child.child_number)).where(child.parent_run_id == run_id, child.parent_step == step)
    return tx.execute(last).scalar() or 0
