"""Letting old rows go: slots with their runs and history, and runs without slot."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, or_, select, update

from ostinato.model.statuses import FINAL_SLOT_STATUSES, SUCCEEDED_SLOT_STATUSES, RunStatus, SlotStatus
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.moves import chunks
from ostinato.store.overlap import overlaps, same_account


def prune_slots(tx: Tx, *, finished_before: datetime, limit: int) -> int:
    """Drop at most ``limit`` slots that finished and ended before an instant, with their runs and history.

    One that did not succeed stays as long as others wait for it: without it they would have nothing to wait for.
    """
    old = tx.execute(
        select(t.slots.c.id, t.slots.c.lane_id, t.slots.c.ends_at)
        .where(
            t.slots.c.finished_at < finished_before,
            t.slots.c.ends_at < finished_before,
            or_(
                t.slots.c.status.in_(sorted(SUCCEEDED_SLOT_STATUSES)),
                and_(t.slots.c.status.in_(sorted(FINAL_SLOT_STATUSES)), ~_is_waited_for()),
            ),
        )
        .order_by(t.slots.c.finished_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    pruned_until: dict[int, datetime] = {}
    for row in old:
        pruned_until[row.lane_id] = max(row.ends_at, pruned_until.get(row.lane_id, row.ends_at))
    if pruned_until:
        later = or_(t.lanes.c.pruned_until.is_(None), t.lanes.c.pruned_until < bindparam("until"))
        tx.execute(
            update(t.lanes)
            .where(and_(t.lanes.c.id == bindparam("lane"), later))
            .values(pruned_until=bindparam("until")),
            [{"lane": lane, "until": until} for lane, until in pruned_until.items()],
        )
    for part in chunks([row.id for row in old]):
        tx.execute(delete(t.slots).where(t.slots.c.id.in_(part)))
    return len(old)


def prune_one_off_runs(tx: Tx, *, finished_before: datetime, limit: int) -> int:
    """Drop at most ``limit`` runs without slot that finished before an instant.

    One stays as long as it has children, which go first, as long as its parent lives, which counts it, and as long as
    another waits for its success.
    """
    run = t.runs.c
    old = list(
        tx.execute(
            select(run.id)
            .where(run.slot_id.is_(None), run.finished_at < finished_before, _is_of_no_use())
            .limit(limit)
            .with_for_update(skip_locked=True, of=t.runs)
        ).scalars()
    )
    for part in chunks(old):
        tx.execute(delete(t.runs).where(run.id.in_(part)))
    return len(old)


@cache
def _is_of_no_use() -> ColumnElement[bool]:
    """Tell whether a run has no children, no parent that lives, and no other that waits for its success."""
    run, parent, child, waiting = t.runs.c, t.runs.alias("parent"), t.runs.alias("child"), t.runs.alias("waiting")
    is_counted = exists().where(parent.c.id == run.parent_run_id, parent.c.finished_at.is_(None))
    has_children = exists().where(child.c.parent_run_id == run.id)
    is_needed = (
        select(waiting.c.id)
        .join(t.run_needs, t.run_needs.c.run_id == waiting.c.id)
        .where(t.run_needs.c.needs_run_id == run.id, waiting.c.status == RunStatus.SCHEDULED)
        .exists()
    )
    return and_(~is_counted, ~has_children, ~is_needed)


@cache
def _is_waited_for() -> ColumnElement[bool]:
    """Tell whether a slot that starts by itself waits for a slot: one of another definition, or a later one."""
    ended_lane, lane, waiting = t.lanes.alias("ended_lane"), t.lanes.alias("lane"), t.slots.alias("waiting")
    edge = t.dependencies.c
    itself = and_(edge.definition_id == edge.upstream_id, waiting.c.starts_at > t.slots.c.starts_at)
    other = and_(
        edge.definition_id != edge.upstream_id,
        same_account(lane, ended_lane),
        overlaps(waiting, t.slots, t.definitions),
    )
    return (
        select(waiting.c.id)
        .select_from(ended_lane)
        .join(t.dependencies, edge.upstream_id == ended_lane.c.definition_id)
        .join(t.definitions, t.definitions.c.id == edge.definition_id)
        .join(lane, lane.c.definition_id == edge.definition_id)
        .join(waiting, waiting.c.lane_id == lane.c.id)
        .where(
            ended_lane.c.id == t.slots.c.lane_id,
            waiting.c.status == SlotStatus.PENDING,
            waiting.c.due_at.is_not(None),
            or_(and_(itself, lane.c.id == ended_lane.c.id), other),
        )
        .correlate(t.slots)
        .exists()
    )
