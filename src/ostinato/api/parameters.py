"""The parameters that several routes take, each with its bounds and its one description."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import PlainValidator, WithJsonSchema

from ostinato.calendar.labels import parse_bound
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus

LARGEST_ID = 2**63 - 1
"""No row has a higher number."""
FIRST_YEAR, LAST_YEAR = 1900, 9000
"""Years from which one can count some way back and on."""
_TEXT = r"^[^\x00]*$"
"""No database keeps a text with a NUL in it, so nothing has such a name."""

Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""The number of a run, a step or an event."""
Name = Annotated[str, Path(max_length=1_000, pattern=_TEXT)]
"""The name of something, as a part of the path."""


def _read_bound(text: object) -> date | datetime:
    bound = parse_bound(str(text))
    if not FIRST_YEAR <= bound.year <= LAST_YEAR:
        raise ValueError(f"the year {bound.year} is none that anything happens in")
    return bound


def _read_instant(text: object) -> datetime:
    bound = _read_bound(text)
    if not isinstance(bound, datetime):
        raise ValueError(f"write an instant, like {bound}T06:00Z")  # noqa: TRY004  the text is wrong, not its type
    return bound


Instant = Annotated[datetime, PlainValidator(_read_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant with its offset or Z."""
Bound = Annotated[
    date | datetime,
    PlainValidator(_read_bound),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]
"""A date, or an instant with its offset or Z."""


def _named(description: str) -> object:
    return Query(max_length=1_000, pattern=_TEXT, description=description)


OfDefinition = Annotated[str | None, _named("Those of this definition alone.")]
OfAccount = Annotated[str | None, _named("Those of this account alone.")]
OfSlot = Annotated[str | None, _named("Those of this slot alone.")]
OfAgent = Annotated[str | None, _named("Those of this agent alone.")]
OfParent = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Those alone that this run has started.")]
OfStep = Annotated[str | None, _named("A step, by its name or number.")]
OfSlotStatus = Annotated[list[SlotFace] | None, Query(description="Those in one of these statuses.")]
OfRunStatus = Annotated[list[RunStatus] | None, Query(description="Those in one of these statuses.")]
