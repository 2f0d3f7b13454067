"""Lanes: one definition for one account, or for none, and how far its slots are planned."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, case, delete, false, func, insert, literal, literal_column, or_, select, update

from ostinato.model.definitions import Matrix
from ostinato.model.statuses import SlotStatus
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import count_inserted
from ostinato.store.moves import chunks, lock_work
from ostinato.store.types import Instant

PLANNED = ("frequency", "time_zone", "starts_on", "ends_on", "start_kind", "delay")
"""The columns that decide where a lane's slots lie: when one changes, its open slots are planned anew."""


_PLACE = func.coalesce(t.lanes.c.account_id, literal_column("0"))


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane to plan. ``planned_until`` is where its slots end so far; ``None`` means that none are planned.

    ``retired`` means that it is no longer wanted, ``pruned_until`` up to where its slots were dropped for their age.
    """

    id: int
    frequency: str
    time_zone: str
    starts_on: date | None
    ends_on: date | None
    planned_until: datetime | None
    pruned_until: datetime | None
    retired: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LaneChanges:
    """How many lanes ``align_lanes`` added, changed and retired, and how many open slots it removed."""

    added: int
    changed: int
    retired: int
    removed_slots: int


def align_lanes(tx: Tx, *, now: datetime) -> LaneChanges:
    """Make the lanes those that definitions and accounts multiply to.

    A lane that is no longer wanted, or that lies elsewhere now, loses its slots that have not begun; what has begun
    or finished stays. A changed lane is planned anew from its start.
    """
    wanted = _wanted().subquery("wanted")
    same_place = and_(t.lanes.c.definition_id == wanted.c.definition_id, wanted.c.place == _PLACE)
    matched = select(t.lanes.c.id).select_from(t.lanes).join(wanted, same_place)
    retired = _ids(tx, select(t.lanes.c.id).where(~t.lanes.c.retired, t.lanes.c.id.not_in(matched)))
    moved_or_back = or_(t.lanes.c.retired, *(t.lanes.c[name].is_distinct_from(wanted.c[name]) for name in PLANNED))
    changed = _ids(tx, matched.where(moved_or_back))
    removed = _remove_open_slots(tx, retired + changed)
    _update_in_parts(tx, retired, {"retired": True})
    values = {name: wanted.c[name] for name in PLANNED}
    if changed:
        tx.execute(update(t.lanes).where(same_place, moved_or_back).values(retired=False, planned_until=None, **values))
    known = select(t.lanes.c.id).where(same_place)
    columns = ["definition_id", "account_id", *PLANNED]
    missing = select(*(wanted.c[name] for name in columns), literal(False), literal(now, Instant)).where(
        ~known.exists()
    )
    added = count_inserted(tx, insert(t.lanes).from_select([*columns, "retired", "created_at"], missing))
    return LaneChanges(added, len(changed), len(retired), removed)


def list_lanes_to_plan(tx: Tx, *, horizon: datetime, limit: int) -> list[Lane]:
    """List the lanes whose slots do not reach ``horizon`` yet, new and changed ones first."""
    rows = tx.execute(
        select(t.lanes)
        .where(~t.lanes.c.retired, or_(t.lanes.c.planned_until.is_(None), t.lanes.c.planned_until < horizon))
        .order_by(t.lanes.c.planned_until.is_not(None), t.lanes.c.planned_until, t.lanes.c.id)
        .limit(limit)
    )
    return [_to_lane(row) for row in rows]


def find_lane(tx: Tx, definition_id: int, account_id: int | None) -> Lane | None:
    """Return the lane of a definition and an account, or of none; ``None`` when the engine has not made it yet."""
    place = t.lanes.c.account_id == account_id if account_id is not None else t.lanes.c.account_id.is_(None)
    row = tx.execute(select(t.lanes).where(t.lanes.c.definition_id == definition_id, place)).one_or_none()
    return None if row is None else _to_lane(row)


def mark_planned(tx: Tx, lane_ids: Collection[int], until: datetime) -> None:
    """Note that the lanes' slots reach ``until``."""
    _update_in_parts(tx, list(lane_ids), {"planned_until": until})


def _to_lane(row: Any) -> Lane:
    return Lane(
        id=row.id,
        frequency=row.frequency,
        time_zone=row.time_zone,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        planned_until=row.planned_until,
        pruned_until=row.pruned_until,
        retired=row.retired,
        created_at=row.created_at,
    )


def _wanted() -> Any:
    definition, account = t.definitions.c, t.accounts.c
    starts_on = case(
        (definition.starts_on.is_(None), account.starts_on),
        (definition.starts_on < account.starts_on, account.starts_on),
        else_=definition.starts_on,
    )
    return (
        select(
            definition.id.label("definition_id"),
            account.id.label("account_id"),
            func.coalesce(account.id, literal_column("0")).label("place"),
            definition.frequency,
            func.coalesce(definition.time_zone, account.time_zone, "UTC").label("time_zone"),
            starts_on.label("starts_on"),
            definition.ends_on,
            definition.start_kind,
            definition.delay,
        )
        .select_from(t.definitions)
        .outerjoin(t.accounts, definition.matrix == Matrix.ACCOUNT)
        .where(or_(definition.matrix == Matrix.NONE, account.id.is_not(None)))
    )


def _ids(tx: Tx, statement: Any) -> list[int]:
    return list(tx.execute(statement).scalars())


def _remove_open_slots(tx: Tx, lane_ids: Sequence[int]) -> int:
    removed = 0
    for part in chunks(lane_ids):
        never_run = and_(t.slots.c.status == SlotStatus.PENDING, t.slots.c.run_id.is_(None))
        open_slots = and_(t.slots.c.lane_id.in_(part), never_run)
        lock_work(tx, false(), open_slots)
        removed += tx.execute(delete(t.slots).where(open_slots)).rowcount
    return removed


def _update_in_parts(tx: Tx, lane_ids: Sequence[int], values: dict[str, Any]) -> None:
    for part in chunks(lane_ids):
        tx.execute(update(t.lanes).where(t.lanes.c.id.in_(part)).values(values))
