"""Slots: what should have run."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from ostinato.api.access import Viewer
from ostinato.api.answers import NOT_FOUND
from ostinato.api.dependencies import TheWorld
from ostinato.api.paging import Cursor, Limit, Page, Position, cut, read_cursor
from ostinato.api.parameters import Bound, Name, OfAccount, OfDefinition, OfSlotStatus
from ostinato.model.slots import SlotPlace
from ostinato.operations import listing, shapes, slot_details

router = APIRouter(tags=["slots"])

From = Annotated[
    Bound | None,
    Query(alias="from", description="Those that start at this instant or later; a date is one of their own zone."),
]
Until = Annotated[
    Bound | None,
    Query(description="Those that start before this instant; a date is one of their own zone, and part of it."),
]


@router.get("/slots", responses=NOT_FOUND)
def list_slots(
    *,
    world: TheWorld,
    person: Viewer,
    definition: OfDefinition = None,
    account: OfAccount = None,
    status: OfSlotStatus = None,
    since: From = None,
    until: Until = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[shapes.Slot]:
    """List slots, the newest periods first."""
    rows = listing.list_slots(
        world,
        definition=definition,
        account=account,
        statuses=status or (),
        since=since,
        until=until,
        limit=limit + 1,
        after=None if cursor is None else _read_place(cursor),
    )
    return cut(rows, limit=limit, place=_find_place, shape=shapes.slot)


@router.get("/slots/{name:path}", responses=NOT_FOUND)
def get_slot(world: TheWorld, person: Viewer, name: Name) -> shapes.SlotDetails:
    """Show a slot: why it is where it is, its attempts, and what has changed since it last succeeded."""
    return shapes.slot_details(slot_details.show_slot(world, name))


def _find_place(row: listing.ListedSlot) -> Position:
    return (row.slot.starts_at.isoformat(), row.slot.lane_id)


def _read_place(cursor: str) -> SlotPlace:
    return SlotPlace(*read_cursor(cursor, datetime, int))
