"""Planning slots: periods go into a table of the transaction, and one INSERT … SELECT makes slots of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
)

from ostinato.model.definitions import StartKind
from ostinato.model.statuses import SlotStatus
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import count_inserted, insert_or_skip
from ostinato.store.moves import chunks
from ostinato.store.types import Day, Instant

_periods = Table(
    "planned_periods",
    MetaData(),
    Column("frequency", String, primary_key=True),
    Column("time_zone", String, primary_key=True),
    Column("starts_at", Instant, primary_key=True),
    Column("ends_at", Instant, nullable=False),
    Column("local_date", Day, nullable=False),
    Column("label", String, nullable=False),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True)
class PlannedPeriod:
    """One period of a frequency in a zone. ``label`` names its start on the wall clock there."""

    frequency: str
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    local_date: date
    label: str


def plan_slots(tx: Tx, lane_ids: Collection[int], periods: Iterable[PlannedPeriod], *, now: datetime) -> int:
    """Create the slots of ``lane_ids`` that ``periods`` call for and that do not exist; return how many.

    A period is a slot of a lane of its frequency and zone when it begins on or after the lane's ``starts_on`` (or,
    where none is declared, ends after the lane came to be), not after its ``ends_on``, and not before what is
    planned or was pruned. It gives way to a slot of another shape that has begun or finished.
    """
    _fill(tx, periods)
    created = sum(_insert(tx, part, now=now) for part in chunks(lane_ids))
    tx.execute(delete(_periods))
    return created


def _fill(tx: Tx, periods: Iterable[PlannedPeriod]) -> None:
    _periods.create(tx, checkfirst=True)
    for part in chunks(list(periods)):
        tx.execute(
            insert(_periods),
            [
                {
                    "frequency": period.frequency,
                    "time_zone": period.time_zone,
                    "starts_at": period.starts_at,
                    "ends_at": period.ends_at,
                    "local_date": period.local_date,
                    "label": period.label,
                }
                for period in part
            ],
        )


def _insert(tx: Tx, lane_ids: Collection[int], *, now: datetime) -> int:
    period, lane, standing = _periods.c, t.lanes.c, t.slots.alias("standing")
    after = period.ends_at + lane.delay
    due_at = case(
        (lane.start_kind == StartKind.MANUAL, null()),
        (lane.start_kind == StartKind.AT_START, period.starts_at + lane.delay),
        else_=after,
    )
    in_the_way = select(standing.c.id).where(
        standing.c.lane_id == lane.id,
        standing.c.starts_at < period.ends_at,
        standing.c.starts_at >= period.starts_at - t.definitions.c.longest_period,
        standing.c.ends_at > period.starts_at,
    )
    wanted = (
        select(
            lane.id,
            period.label,
            lane.time_zone,
            period.starts_at,
            period.ends_at,
            due_at,
            due_at,
            literal(SlotStatus.PENDING.value),
            literal(""),
            literal(1, Integer),
            literal(0, Integer),
            literal(now, Instant),
        )
        .select_from(t.lanes)
        .join(t.definitions, t.definitions.c.id == lane.definition_id)
        .join(_periods, and_(period.frequency == lane.frequency, period.time_zone == lane.time_zone))
        .where(
            lane.id.in_(lane_ids),
            period.starts_at >= func.coalesce(lane.planned_until, period.starts_at),
            period.starts_at >= func.coalesce(lane.pruned_until, period.starts_at),
            or_(
                lane.starts_on <= period.local_date,
                and_(lane.starts_on.is_(None), period.ends_at > lane.created_at),
            ),
            or_(lane.ends_on.is_(None), lane.ends_on >= period.local_date),
            ~in_the_way.exists(),
        )
    )
    columns = ["lane_id", "label", "time_zone", "starts_at", "ends_at", "due_at", "examine_at"]
    columns += ["status", "reason", "series", "attempts", "created_at"]
    return count_inserted(tx, insert_or_skip(tx, t.slots).from_select(columns, wanted))
