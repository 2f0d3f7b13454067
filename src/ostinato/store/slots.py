"""Slots: waking and examining them, deciding their retries, and finding some. Lists of them are in ``slot_lists``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select, update

from ostinato.model.slots import Slot, SlotName
from ostinato.model.statuses import RunStatus, SlotStatus
from ostinato.policies.verdict import Gate
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.moves import chunks, lock_work, sleeps, wake, wake_dependents


def take_slots_to_examine(tx: Tx, *, now: datetime, limit: int) -> list[int]:
    """Take at most ``limit`` slots that are due to be examined, longest due first, and clear their wake-up.

    The wake-up is cleared before anything about them is read: whatever changes after that wakes them again. Slots
    that another engine is examining are passed over.
    """
    due = (
        select(t.slots.c.id)
        .where(t.slots.c.status == SlotStatus.PENDING, t.slots.c.examine_at <= now)
        .order_by(t.slots.c.examine_at, t.slots.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(tx.execute(due).scalars())
    for part in chunks(ids):
        tx.execute(update(t.slots).where(t.slots.c.id.in_(part)).values(examine_at=None))
    return ids


def keep_reasons(tx: Tx, reasons: Mapping[int, tuple[Gate, datetime | None]]) -> None:
    """Store what slots wait for and why, and when to examine them again should nothing else happen before."""
    if reasons:
        tx.execute(
            update(t.slots)
            .where(t.slots.c.id == bindparam("slot"), t.slots.c.status == SlotStatus.PENDING)
            .values(reason=bindparam("why"), gate=bindparam("what"), examine_at=bindparam("again")),
            [
                {"slot": id, "why": gate.reason, "what": f"{gate.kind} {gate.about}".rstrip(), "again": again}
                for id, (gate, again) in reasons.items()
            ],
        )


def wake_slots(
    tx: Tx,
    *,
    now: datetime,
    definitions: Collection[str] | None = None,
    accounts: Collection[str] | None = None,
) -> int:
    """Have the due slots of ``definitions`` or ``accounts`` examined; all that are due if neither is given.

    Of those named, also the ones that an engine is just examining: it may have read what has changed since.
    """
    slot = t.slots.c
    waiting = select(slot.id).where(slot.status == SlotStatus.PENDING)
    if definitions is None and accounts is None:
        return wake(tx, waiting.where(slot.due_at.is_not(None), sleeps(now)), now=now)
    waiting = waiting.where(or_(slot.due_at <= now, slot.examine_at.is_(None)))
    lanes = select(t.lanes.c.id).join(t.definitions).outerjoin(t.accounts)
    owners = [t.definitions.c.name.in_(names) for names in chunks(definitions or ())]
    owners += [t.accounts.c.token.in_(tokens) for tokens in chunks(accounts or ())]
    return sum(wake(tx, waiting.where(slot.lane_id.in_(lanes.where(owned))), now=now) for owned in owners)


def take_slots_to_retry(tx: Tx, *, limit: int) -> list[int]:
    """Take at most ``limit`` slots whose last run failed and for which nothing is decided yet."""
    undecided = (
        select(t.slots.c.id)
        .where(t.slots.c.status == SlotStatus.RETRYING)
        .order_by(t.slots.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(tx.execute(undecided).scalars())


def fail_slots(tx: Tx, reasons: Mapping[int, str], *, now: datetime) -> None:
    """End slots that get no further attempt, each with its reason, and wake what waits for them."""
    if reasons:
        tx.execute(
            update(t.slots)
            .where(t.slots.c.id == bindparam("slot"), t.slots.c.status == SlotStatus.RETRYING)
            .values(status=SlotStatus.FAILED, finished_at=now, reason=bindparam("why")),
            [{"slot": id, "why": reason} for id, reason in reasons.items()],
        )
        wake_dependents(tx, reasons, now=now)


def accept_slot(tx: Tx, slot_id: int, *, by: str, why: str, now: datetime) -> None:
    """Let a slot that failed or was cancelled end with a warning instead, and wake what waits for it."""
    ended = t.slots.c.status.in_([SlotStatus.FAILED, SlotStatus.CANCELLED])
    values = {"status": SlotStatus.WARNING, "accepted_by": by, "accepted_at": now, "reason": why}
    tx.execute(update(t.slots).where(t.slots.c.id == slot_id, ended).values(values | {"finished_at": now}))
    wake_dependents(tx, [slot_id], now=now)


def lock_slot(tx: Tx, slot_id: int) -> Slot | None:
    """Return one slot, and keep others from changing it and its live run until the transaction ends."""
    lock_work(tx, t.runs.c.slot_id == slot_id, t.slots.c.id == slot_id)
    row = tx.execute(select_whole_slots().where(t.slots.c.id == slot_id)).one_or_none()
    return None if row is None else to_slot(row)


def find_slot(tx: Tx, name: SlotName) -> Slot | None:
    """Return the slot of that name, or ``None``."""
    rows = tx.execute(
        select_whole_slots()
        .where(
            t.definitions.c.name == name.definition,
            t.accounts.c.token == name.account if name.account else t.lanes.c.account_id.is_(None),
            t.slots.c.label == name.label,
        )
        .order_by(t.slots.c.ends_at - t.slots.c.starts_at)
    ).all()
    return to_slot(rows[0]) if rows else None


def find_slot_starting(tx: Tx, definition: str, account: str | None, starts_at: datetime) -> Slot | None:
    """Return the slot that starts at an instant, or ``None``."""
    row = tx.execute(
        select_whole_slots().where(
            t.definitions.c.name == definition,
            t.accounts.c.token == account if account else t.lanes.c.account_id.is_(None),
            t.slots.c.starts_at == starts_at,
        )
    ).one_or_none()
    return None if row is None else to_slot(row)


def find_slot_around(tx: Tx, definition_id: int, account_id: int | None, at: datetime) -> Slot | None:
    """Return the slot whose period contains the instant ``at``, or ``None``."""
    row = tx.execute(
        select_whole_slots()
        .where(
            t.lanes.c.definition_id == definition_id,
            t.lanes.c.account_id == account_id if account_id is not None else t.lanes.c.account_id.is_(None),
            t.slots.c.starts_at <= at,
            t.slots.c.ends_at > at,
        )
        .order_by(t.slots.c.starts_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else to_slot(row)


def list_slots_of(tx: Tx, slot_ids: Collection[int]) -> list[Slot]:
    """List the slots of those ids."""
    parts = chunks(slot_ids)
    return [to_slot(row) for part in parts for row in tx.execute(select_whole_slots().where(t.slots.c.id.in_(part)))]


def count_slots_of(tx: Tx, *, definitions: Collection[str] = (), accounts: Collection[str] = ()) -> tuple[int, int]:
    """Count the slots and the runs that belong to one of ``definitions`` or ``accounts``."""
    belongs = or_(t.definitions.c.name.in_(definitions), t.accounts.c.token.in_(accounts))
    slots = select(func.count()).select_from(t.slots).join(t.lanes).join(t.definitions).outerjoin(t.accounts)
    runs = select(func.count()).select_from(t.runs).join(t.definitions).outerjoin(t.accounts)
    return tx.execute(slots.where(belongs)).scalar_one(), tx.execute(runs.where(belongs)).scalar_one()


def select_whole_slots() -> Select[Any]:
    """Select slots with all that makes a ``Slot``."""
    return (
        select(
            t.slots,
            t.definitions.c.id.label("definition_id"),
            t.definitions.c.name,
            t.accounts.c.id.label("account_id"),
            t.accounts.c.token,
            t.runs.c.status.label("run_status"),
        )
        .select_from(t.slots)
        .join(t.lanes)
        .join(t.definitions)
        .outerjoin(t.accounts)
        .outerjoin(t.runs, t.runs.c.id == t.slots.c.run_id)
    )


def to_slot(row: Any) -> Slot:
    """Return the slot of a row of ``select_whole_slots``."""
    return Slot(
        id=row.id,
        name=SlotName(row.name, row.token, row.label),
        lane_id=row.lane_id,
        definition_id=row.definition_id,
        account_id=row.account_id,
        time_zone=row.time_zone,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        due_at=row.due_at,
        status=SlotStatus(row.status),
        series=row.series,
        attempts=row.attempts,
        run_id=row.run_id,
        run_status=None if row.run_status is None else RunStatus(row.run_status),
        reason=row.reason,
        finished_at=row.finished_at,
        accepted_by=row.accepted_by,
    )
