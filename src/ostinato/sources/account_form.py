"""The form of an account, as it is declared in files and in Python, and as it is made of a row.

Every docstring below a field is published with the JSON Schema, and shown by editors.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from ostinato.documents.fields import Day, Filled, Places, Text, read_date
from ostinato.documents.forms import Form, Refusal, describe
from ostinato.sources.definition_form import Zone

_TIME_HINT = "write date and time, as in 2026-02-01T06:00, on the account's own clock or with an offset"


def _read_time(value: object) -> datetime:
    """Read a time with or without an offset; a date means its midnight."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if not isinstance(value, str):
        raise Refusal(f"expected a time, not {describe(value)}", hint=_TIME_HINT)
    if len(value) == len("2026-02-01"):
        return datetime.combine(read_date(value), time())
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise Refusal(f"{value!r} is not a time", hint=_TIME_HINT) from None


LocalTime = Annotated[
    datetime,
    PlainValidator(_read_time),
    WithJsonSchema({"type": "string", "examples": ["2026-02-01T06:00", "2026-02-01T06:00+01:00"]}),
]


class MaintenanceForm(Form):
    """A time in which nothing of the account starts. Times are those of the account's own clock."""

    starts: Annotated[LocalTime | None, Field(alias="from")] = None
    """When it starts. Left out, it has started."""
    ends: Annotated[LocalTime | None, Field(alias="until")] = None
    """When it is over. Left out, it lasts until further notice."""

    @model_validator(mode="after")
    def _check_bounds(self) -> MaintenanceForm:
        if not self.model_fields_set:
            raise Refusal("expected from, until or both", hint="write maintenance: true for one without bounds")
        return self


def _read_maintenance(value: object) -> object:
    """Read ``true`` as a window without bounds, and ``false`` as none."""
    if value is True:
        return {"from": None, "until": None}
    return None if value is False else value


Maintenance = Annotated[
    MaintenanceForm | None, BeforeValidator(_read_maintenance, json_schema_input_type=bool | MaintenanceForm | None)
]


class AccountForm(Form):
    """A tenant: whom work is done for, and by which clock."""

    time_zone: Zone = "UTC"
    """The time zone by which its days begin and end."""
    starts_on: Day | None = None
    """The first day of its slots, where a definition does not begin later."""
    active: bool = True
    """Whether its slots run. They exist in any case."""
    maintenance: Maintenance = None
    """A time in which nothing of it starts; true means until further notice."""
    labels: dict[Filled, Text] = Field(default_factory=dict)
    """Facts about it, for its commands: {labels.NAME}."""
    weight: Annotated[float, Field(gt=0, le=1_000_000)] = 1.0
    """Its share of what accounts compete for: with a weight of 2 it gets twice as many places as with 1."""
    concurrency: Places | None = None
    """How many of its runs may be carried out at the same time, on all agents."""
