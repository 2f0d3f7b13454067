"""Acting: one verb on one target or on many."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ostinato.api.access import Operator
from ostinato.api.answers import NOT_FOUND
from ostinato.api.dependencies import TheWorld
from ostinato.model.slots import SlotFace
from ostinato.operations.acting.carrying_out import LONGEST_KEY, MOST_TARGETS, Action, act
from ostinato.operations.acting.choosing import Query
from ostinato.operations.acting.given import Instant
from ostinato.operations.acting.verbs import VERBS
from ostinato.operations.shapes import acting as shapes

router = APIRouter(tags=["acting"])

Text = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")]
VerbName = Annotated[str, Path(description="What is to be done.", json_schema_extra={"enum": list(VERBS)})]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=LONGEST_KEY,
        description="What this request is known by if it is sent again: nothing is done twice then.",
    ),
]


class QueryBody(BaseModel):
    """Slots of the night of `at`, now if it is left out, that fit everything else that is given."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    definition: Text | None = None
    account: Text | None = None
    status: SlotFace | None = None
    gate: Text | None = None
    """What they wait for: a kind of gate, or that and what it is about."""
    at: Instant | None = None
    search: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] = ""
    """Parts of names of accounts or definitions, as the matrix takes them."""
    labels: dict[Text, Text] = {}
    """Labels that accounts have."""


class ActionBody(BaseModel):
    """To what something is done, and why."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    targets: list[Text] = Field(default=[], max_length=MOST_TARGETS)
    """As the command line names them: a slot, the number of a run, `definition NAME`, `account NAME`, an agent."""
    query: QueryBody | None = None
    """What finds targets, where none are named."""
    reason: Text = ""
    """It is kept with the name of who asks. What goes against what is declared is not done without."""
    preview: bool = False
    """Only say what would be done."""
    given: dict[str, Any] = Field(default={}, alias="with")
    """What the verb needs besides its targets: `step`, `input`, `event`, `answer`, `priority`, …"""


@router.post("/actions/{verb}", responses=NOT_FOUND)
def do(
    world: TheWorld, person: Operator, verb: VerbName, body: ActionBody, idempotency_key: Key = None
) -> shapes.ActedShape:
    """Do something to each target, in a transaction of its own, and say what became of each."""
    action = Action(
        verb=verb,
        targets=tuple(body.targets),
        query=None if body.query is None else Query(**body.query.model_dump()),
        reason=body.reason,
        preview=body.preview,
        given=body.given,
        key=idempotency_key or "",
    )
    return shapes.acted(act(world, action, by=person))
