"""The values that all shapes are made of: instants, dates, durations, and what is known of a request of a person."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypeAlias, overload

from pydantic import ConfigDict, WithJsonSchema, with_config
from typing_extensions import TypedDict

Instant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant in UTC, ISO 8601 with Z."""
Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
"""A date, ISO 8601."""
Seconds: TypeAlias = float
Json: TypeAlias = Any
"""What JSON can say: values of users, of which nothing is known."""

described = with_config(ConfigDict(use_attribute_docstrings=True))
"""Marks a shape whose keys have docstrings: they stand in the API's description."""


@described
class Request(TypedDict):
    """Something that a person has asked for and that is in force: a pause, a drain."""

    at: Instant
    by: str | None
    reason: str | None


@overload
def instant(at: datetime) -> str: ...
@overload
def instant(at: datetime | None) -> str | None: ...
def instant(at: datetime | None) -> str | None:
    """Return an instant in UTC, ISO 8601 with Z."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day(at: date | None) -> str | None:
    """Return a date."""
    return None if at is None else at.isoformat()


@overload
def seconds(span: timedelta) -> float: ...
@overload
def seconds(span: timedelta | None) -> float | None: ...
def seconds(span: timedelta | None) -> float | None:
    """Return a duration in seconds."""
    return None if span is None else span.total_seconds()


def request(at: datetime | None, by: str | None, reason: str | None) -> Request | None:
    """Return what a person has asked for; ``None`` where nobody has."""
    return {"at": instant(at), "by": by, "reason": reason} if at else None
