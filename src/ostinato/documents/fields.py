"""The types of field that forms share. Each has its JSON Schema, and refuses with a sentence of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from ostinato.documents.forms import Refusal, as_written, describe, nearest
from ostinato.durations import parse_duration

_DURATION_HINT = "write a number and a unit, as in 30s, 15m, 1h30m or 10d"
_DATE_HINT = "write year, month and day, as in 2026-01-31"
_SIZE_HINT = "write a number and a unit (B, kB, MB, GB, KiB, MiB, GiB), as in 10MB"
_NAME_HINT = "begin with a letter (a to z), a digit or _, and go on with these and any of . - @ : + ="

_SIZE_UNITS = {
    "b": 1,
    "kb": 1_000,
    "mb": 1_000_000,
    "gb": 1_000_000_000,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([a-z]+)", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAME = re.compile(r"\w[\w.@:+=-]*", re.ASCII)
_LONGEST_NAME = 200


def check_name(name: str) -> str:
    """Return ``name`` if it can stand between the slashes of a slot's name."""
    if not _NAME.fullmatch(name):
        raise Refusal(f"{name!r} cannot be a name", hint=_NAME_HINT)
    if len(name) > _LONGEST_NAME:
        raise Refusal(f"a name has at most {_LONGEST_NAME} characters, not {len(name)}")
    return name


def read_date(value: object) -> date:
    """Read a date; a ``datetime`` is none."""
    if type(value) is date:
        return value
    if not isinstance(value, str):
        raise Refusal(f"expected a date, not {describe(value)}", hint=_DATE_HINT)
    if not _DATE.fullmatch(value):
        raise Refusal(f"{value!r} is not a date", hint=_DATE_HINT)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Refusal(f"there is no day {value}", hint=_DATE_HINT) from None


def read_choice(choices: type[StrEnum]) -> Callable[[object], StrEnum]:
    """Return the validator that takes one of the words of ``choices``."""

    def read(value: object) -> StrEnum:
        if not isinstance(value, str):
            raise Refusal(f"expected a word, not {describe(value)}", hint=nearest(value, choices))
        if value not in set(choices):
            raise Refusal(f"{value!r} is not known here", hint=nearest(value, choices))
        return choices(value)

    return read


def checked_by(check: Callable[[str], object]) -> AfterValidator:
    """Return the validator that keeps a text unless ``check`` raises a ``ValueError`` about it."""

    def validate(text: str) -> str:
        try:
            check(text)
        except ValueError as error:
            raise Refusal.of(error) from None
        return text

    return AfterValidator(validate)


def _read_duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise Refusal(f"expected a duration, not {describe(value)}", hint=_DURATION_HINT)
    try:
        return parse_duration(value)
    except ValueError as error:
        raise Refusal.of(error) from None


def _check_positive(duration: timedelta) -> timedelta:
    if not duration:
        raise Refusal("expected more than no time at all", hint=_DURATION_HINT)
    return duration


def _read_size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        size = int(value)
    elif isinstance(value, str) and (found := _SIZE.fullmatch(value)) and found[2].casefold() in _SIZE_UNITS:
        size = int(float(found[1]) * _SIZE_UNITS[found[2].casefold()])
    else:
        raise Refusal("this is not a size", hint=_SIZE_HINT)
    if size < 1:
        raise Refusal("expected at least one byte", hint=_SIZE_HINT)
    return size


def as_tuple(value: object) -> object:
    """Make a tuple of a list."""
    return tuple(value) if isinstance(value, list) else value


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else as_tuple(value)


def _check_filled(text: str) -> str:
    if not text.strip():
        raise Refusal("this must not be blank")
    return text


def _drop_repeats(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "examples": ["30s", "15m", "1h30m", "10d"]})
_SIZE_SCHEMA = WithJsonSchema({"type": ["string", "integer"], "minimum": 1, "examples": ["10MB", "64KiB"]})
_NAME_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$", "maxLength": _LONGEST_NAME})

Duration = Annotated[timedelta, PlainValidator(_read_duration), _DURATION_SCHEMA]
PositiveDuration = Annotated[Duration, AfterValidator(_check_positive)]
Day = Annotated[date, PlainValidator(read_date), WithJsonSchema({"type": "string", "format": "date"})]
Size = Annotated[int, PlainValidator(_read_size), _SIZE_SCHEMA]
Name = Annotated[str, AfterValidator(check_name), _NAME_SCHEMA]
Places = Annotated[int, Field(ge=1, le=1_000_000)]
Text = Annotated[str, BeforeValidator(as_written, json_schema_input_type=str | int | float)]
Filled = Annotated[str, AfterValidator(_check_filled), WithJsonSchema({"type": "string", "pattern": r"\S"})]
Words = Annotated[
    tuple[Filled, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=Filled | list[Filled]),
    AfterValidator(_drop_repeats),
]
Names = Annotated[
    tuple[Name, ...],
    Field(min_length=1),
    BeforeValidator(_one_or_many, json_schema_input_type=Name | list[Name]),
    AfterValidator(_drop_repeats),
]
