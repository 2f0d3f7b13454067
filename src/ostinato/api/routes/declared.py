"""What is declared: accounts, definitions and how long they took, limits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from ostinato.api.access import Viewer
from ostinato.api.answers import NOT_FOUND
from ostinato.api.dependencies import TheWorld
from ostinato.api.paging import Cursor, Limit, Page, cut_whole
from ostinato.api.parameters import Instant, OfAccount
from ostinato.operations import listing, shapes
from ostinato.operations.past_durations import MOST_DAYS, find_past_durations
from ostinato.operations.shapes import history as history_shapes

router = APIRouter(tags=["declared"])


@router.get("/accounts")
def list_accounts(world: TheWorld, person: Viewer, limit: Limit = 100, cursor: Cursor = None) -> Page[shapes.Account]:
    """List the accounts by token."""
    now = world.clock.now()
    rows = [shapes.account(row, now) for row in listing.list_accounts(world)]
    return cut_whole(rows, limit=limit, cursor=cursor, key=lambda row: row["account"])


@router.get("/accounts/{account}", responses=NOT_FOUND)
def get_account(world: TheWorld, person: Viewer, account: str) -> shapes.Account:
    """Show an account."""
    return shapes.account(listing.show_account(world, account), world.clock.now())


@router.get("/definitions")
def list_definitions(
    world: TheWorld, person: Viewer, limit: Limit = 100, cursor: Cursor = None
) -> Page[shapes.Definition]:
    """List the definitions by name, and what each waits for."""
    rows = [shapes.definition(row) for row in listing.list_definitions(world)]
    return cut_whole(rows, limit=limit, cursor=cursor, key=lambda row: row["definition"])


@router.get("/definitions/{definition}", responses=NOT_FOUND)
def get_definition(world: TheWorld, person: Viewer, definition: str) -> shapes.Definition:
    """Show a definition, and what it waits for."""
    return shapes.definition(listing.show_definition(world, definition))


@router.get("/definitions/{definition}/durations", responses=NOT_FOUND)
def list_durations(
    *,
    world: TheWorld,
    person: Viewer,
    definition: str,
    account: OfAccount = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS, description="How many days there are to be.")] = 60,
    at: Annotated[
        Instant | None, Query(description="The last of these days is that of this instant; left out: now.")
    ] = None,
) -> history_shapes.PastDurations:
    """Show how long a definition took, day by day, and how many attempts failed."""
    found = find_past_durations(world, definition, account=account, days=days, at=at)
    return history_shapes.past_durations(found)


@router.get("/limits")
def list_limits(world: TheWorld, person: Viewer, limit: Limit = 100, cursor: Cursor = None) -> Page[shapes.Limit]:
    """List the limits, and how much of each is used."""
    rows = [shapes.limit(row) for row in listing.list_limits(world)]
    return cut_whole(rows, limit=limit, cursor=cursor, key=lambda row: f"{row['kind']} {row['name']}")
