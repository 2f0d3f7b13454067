"""Plans and events: runs with several steps, and what was sent to these."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from ostinato.api.access import Viewer
from ostinato.api.answers import NOT_FOUND
from ostinato.api.dependencies import TheWorld
from ostinato.api.paging import Cursor, Limit, Page, cut, read_cursor
from ostinato.api.parameters import LARGEST_ID, Number, OfParent, OfRunStatus
from ostinato.operations import plan_shapes, plans, sending

router = APIRouter(tags=["plans"])

Search = Annotated[
    str,
    Query(
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="Those with each of these words in the name of their action or slot, or with that number.",
    ),
]


@router.get("/plans", responses=NOT_FOUND)
def list_plans(
    *,
    world: TheWorld,
    person: Viewer,
    status: OfRunStatus = None,
    search: Search = "",
    parent: OfParent = None,
    step: Annotated[
        int | None, Query(ge=1, le=LARGEST_ID, description="Of a parent: those alone that this step of it has started.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[plan_shapes.ListedPlan]:
    """List the runs of plans, newest first: how far each is, and what it waits for."""
    before = None if cursor is None else read_cursor(cursor, int)[0]
    rows = plans.list_plans(
        world,
        statuses=status or (),
        search=search,
        parent=parent,
        parent_step=step,
        limit=limit + 1,
        before=before,
    )
    return cut(rows, limit=limit, place=lambda row: (row.run.id,), shape=plan_shapes.listed_plan)


@router.get("/events/{event}", responses=NOT_FOUND)
def get_event(world: TheWorld, person: Viewer, event: Number) -> plan_shapes.Receipt:
    """Show what became of an event."""
    return plan_shapes.receipt(sending.find_receipt(world, event))
