"""The night: accounts by definitions for one instant, what is waited for, and what was before."""

from __future__ import annotations

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Response

from ostinato.api.access import Viewer
from ostinato.api.answers import NOT_FOUND
from ostinato.api.dependencies import TheNights, TheWorld
from ostinato.api.parameters import Instant, OfSlotStatus
from ostinato.errors import InvalidValue
from ostinato.operations.history import find_days, find_history, find_timeline
from ostinato.operations.lineage import find_lineage
from ostinato.operations.night import Choice, Window
from ostinato.operations.shapes import history as history_shapes
from ostinato.operations.shapes import night as shapes

router = APIRouter(tags=["night"])

MOST = 200
"""So many rows or columns are in view at most."""
FARTHEST = 1_000_000
_TEXT = r"^[^\x00]*$"

At = Annotated[Instant | None, Query(description="The instant that the night is of; left out: now.")]
Offset = Annotated[int, Query(ge=0, le=FARTHEST)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Name = Annotated[str, Query(max_length=1_000, pattern=_TEXT)]
Account = Annotated[str | None, Query(max_length=1_000, pattern=_TEXT, description="Left out: what belongs to none.")]
Labels = Annotated[list[str] | None, Query(description="Accounts that have this label, as key:value.")]
Gates = Annotated[
    list[str] | None,
    Query(description="Rows and columns that hold a slot which waits there: a gate, or that and what it is about."),
]
Group = Annotated[
    str, Query(max_length=200, pattern=_TEXT, description="A key of labels: rows with the same value stand together.")
]
CountedWithin = Annotated[
    float | None,
    Query(
        ge=10,
        le=86_400,
        description="How many seconds ago the whole night may have been counted, which takes a while where it is large;"
        " left out: some. Whoever is to show something at once says more, and asks again.",
    ),
]
Search = Annotated[str, Query(max_length=200, description="Parts of names of accounts or definitions.")]


@router.get("/matrix", response_model=shapes.Matrix)
def get_matrix(
    *,
    nights: TheNights,
    person: Viewer,
    at: At = None,
    search: Search = "",
    label: Labels = None,
    status: OfSlotStatus = None,
    gate: Gates = None,
    sort: Literal["risk", "name"] = "name",
    group: Group = "",
    row_offset: Offset = 0,
    row_limit: Limit = 60,
    column_offset: Offset = 0,
    column_limit: Limit = 60,
    counted_within: CountedWithin = None,
) -> Response:
    """Show a window of a night: accounts by definitions, in the order of their lineage."""
    choice = Choice(
        search=search,
        labels=_read_labels(label or ()),
        faces=frozenset(status or ()),
        gates=frozenset(gate or ()),
        by_risk=sort == "risk",
        group=group,
    )
    window = Window(row_offset, row_limit, column_offset, column_limit)
    found = nights.find_matrix(at, choice, window, counted_within=counted_within)
    # Thousands of cells, made by a typed function: to check them once more would take longer than all else.
    return Response(orjson.dumps(shapes.matrix(found)), media_type="application/json")


@router.get("/reasons")
def get_reasons(nights: TheNights, person: Viewer, at: At = None) -> shapes.Reasons:
    """Count what is due and not done by what it waits for."""
    return shapes.reasons(nights.find_summary(at))


@router.get("/history", responses=NOT_FOUND)
def get_history(
    *,
    world: TheWorld,
    person: Viewer,
    definition: Name,
    account: Account = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 30,
    until: Instant | None = None,
) -> history_shapes.History:
    """Show how the last slots of one definition went for one account, the newest last."""
    return history_shapes.past_slots(find_history(world, definition, account, limit=limit, until=until))


@router.get("/timeline", responses=NOT_FOUND)
def get_timeline(nights: TheNights, person: Viewer, account: Account = None, at: At = None) -> history_shapes.Timeline:
    """Show one account's night."""
    return history_shapes.timeline(find_timeline(nights, account, at))


@router.get("/column", responses=NOT_FOUND)
def get_column(
    *,
    nights: TheNights,
    person: Viewer,
    definition: Name,
    days: Annotated[int, Query(ge=1, le=366)] = 14,
    at: At = None,
) -> history_shapes.Days:
    """Show how one definition went for all accounts, day by day."""
    return history_shapes.days(find_days(nights, definition, days=days, at=at))


@router.get("/lineage")
def get_lineage(nights: TheNights, person: Viewer, at: At = None) -> history_shapes.Lineage:
    """Show what definitions read and write, laid out, and how each stands in the night."""
    return history_shapes.drawn_lineage(find_lineage(nights, at))


def _read_labels(texts: list[str] | tuple[str, ...]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for text in texts:
        key, colon, value = text.partition(":")
        if not colon:
            raise InvalidValue(f"{text!r} is no label", hint="write key:value, as in tier:gold")
        labels[key] = value
    return labels
