"""Slots that have ended and are to run again after another: which they are, and reopening them.

A reopened slot is pending as it was before its first run, in a new series: its start policy is asked again, so it waits
for what it depends on. Who asked for that, and why, is kept for the run that follows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import BigInteger, ColumnElement, case, delete, func, insert, literal, null, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from ostinato.model.slots import Rerun, Slot
from ostinato.model.statuses import FINAL_SLOT_STATUSES, SlotStatus
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.moves import chunks, lock_work, select_dependents
from ostinato.store.slots import list_slots_of
from ostinato.store.types import Instant

_MADE = frozenset({SlotStatus.SUCCESS, SlotStatus.WARNING, SlotStatus.FAILED})
"""What has run to its end, and so was made from what it depends on. Whoever was cancelled was kept from it."""

_UNDER_WAY = frozenset({SlotStatus.LIVE, SlotStatus.RETRYING})


def lock_downstream(tx: Tx, slot_id: int) -> list[Slot]:
    """Return the slots downstream of one that have begun; keep others from changing it, these, and all next to them.

    That is as far as slots have run to their end: what depends on a slot that has not was not made from it. They are
    locked together, for whoever ends a run of one holds that run already when they wake the others.
    """
    while True:
        reached = _reach(tx, slot_id)
        ids = sorted({slot_id, *reached})
        lock_work(tx, _is_among(t.runs.c.slot_id, ids), _is_among(t.slots.c.id, ids))
        found = list_slots_of(tx, reached)
        if {slot.id: slot.status for slot in found} == reached:  # nothing has happened before they were locked
            return [slot for slot in found if slot.status in _MADE | _UNDER_WAY]


def reopen_slots(tx: Tx, slot_ids: Collection[int], rerun: Rerun) -> None:
    """Have slots that have ended, and that the caller holds, run again as soon as their start policies allow it.

    One that starts by hand waits for a person again.
    """
    at = literal(rerun.at, Instant)
    asked = {"requested_by": rerun.by, "request_reason": rerun.reason, "cause": rerun.cause, "requested_at": rerun.at}
    for part in chunks(sorted(slot_ids)):
        tx.execute(delete(t.reruns).where(t.reruns.c.slot_id.in_(part)))
        tx.execute(insert(t.reruns), [{"slot_id": id, **asked} for id in part])
        tx.execute(
            update(t.slots)
            .where(t.slots.c.id.in_(part), t.slots.c.status.in_(sorted(FINAL_SLOT_STATUSES)))
            .values(
                status=SlotStatus.PENDING,
                series=t.slots.c.series + 1,
                attempts=0,
                examine_at=case((t.slots.c.due_at.is_(None), null()), else_=at),
                finished_at=None,
                accepted_by=None,
                reason="",
                gate=None,
            )
        )


def _reach(tx: Tx, slot_id: int) -> dict[int, SlotStatus]:
    """Return what depends on a slot by way of slots that have run to their end, and how each stands."""
    reached: dict[int, SlotStatus] = {}
    frontier: Sequence[int] = [slot_id]
    while frontier:
        found: dict[int, SlotStatus] = {}
        for part in chunks(frontier):
            next_ones = select(t.slots.c.id, t.slots.c.status).where(t.slots.c.id.in_(select_dependents(part)))
            found |= {row.id: SlotStatus(row.status) for row in tx.execute(next_ones)}
        frontier = sorted(id for id, status in found.items() if id not in reached and status in _MADE)
        reached |= found
    return reached


def _is_among(column: ColumnElement[int], ids: Sequence[int]) -> ColumnElement[bool]:
    """Tell whether a column is one of very many ids. Rows are locked on PostgreSQL alone, which takes them as one."""
    return column == func.any(literal(ids, ARRAY(BigInteger)))
