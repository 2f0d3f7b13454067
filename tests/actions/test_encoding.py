from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from ostinato.actions.encoding import MAX_DEPTH, encode
from ostinato.errors import InvalidValue


class Colour(Enum):
    """Is a kind of value."""

    RED = "red"


class Size(StrEnum):
    """Is a kind of value."""

    LARGE = "large"


class OldSize(str, Enum):  # noqa: UP042 - this is how it was written before StrEnum
    """Is a kind of value."""

    SMALL = "small"


@dataclass
class Row:
    """Is a kind of value."""

    price: Decimal
    tags: list[str] = field(default_factory=list)


class Order(BaseModel):
    """Is a kind of value."""

    number: int = Field(alias="no")
    day: date


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1.5, 1.5),
        ("ä", "ä"),
        ((1, [2]), [1, [2]]),
        ({"a": {"b": None}}, {"a": {"b": None}}),
        ({Size.LARGE: 1, OldSize.SMALL: 2}, {"large": 1, "small": 2}),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (time(3, 4), "03:04:00"),
        (timedelta(hours=1, minutes=30), "PT1H30M"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Decimal("1.10"), "1.10"),
        (Colour.RED, "red"),
        ([Size.LARGE, OldSize.SMALL], ["large", "small"]),
        (Row(Decimal(2), ["x"]), {"price": "2", "tags": ["x"]}),
        (Order(no=1, day=date(2026, 1, 2)), {"number": 1, "day": "2026-01-02"}),
    ],
)
def test_every_stated_kind_of_value_is_written(value: Any, json: Any) -> None:
    """The table in the module is what is done, and what is written has plain types alone."""
    encoded = encode(value)

    assert encoded == json
    assert type(encoded) is type(json)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "output: a set is not JSON"),
        (b"x", "output: bytes are not JSON"),
        (object(), "output: a value of type object is not JSON"),
        (Row, "output: a value of type type is not JSON"),
        (float("nan"), "output: nan is no number that JSON has"),
        (float("-inf"), "output: -inf is no number that JSON has"),
        (Decimal("NaN"), "output: NaN is no number that JSON has"),
        ({3: 1}, "output: the key 3 is no text"),
        ("a\0b", "output: this text has a character NUL"),
        ("\ud800", "output: this text has half a character"),
        ({"a\0": 1}, "output: this text has a character NUL"),
        ({"rows": [1, 2, 3, {"price": {1}}]}, r"output\.rows\[3\]\.price: a set is not JSON"),
        ([Row(Decimal("Infinity"))], r"output\[0\]\.price: Infinity is no number"),
    ],
)
def test_anything_else_is_refused_with_its_path(value: Any, message: str) -> None:
    """Nothing is stored that could not be read back, and the path says what to look at."""
    with pytest.raises(InvalidValue, match=message):
        encode(value)


def test_a_value_within_itself_is_refused() -> None:
    """A circle has no end, and its path is cut short."""
    circle: list[Any] = []
    circle.append(circle)

    with pytest.raises(InvalidValue, match=r"^output(\[0\]){8}…: this is nested too deeply"):
        encode(circle)


def test_what_is_just_not_too_deep_is_written() -> None:
    """The limit is where it is said to be."""
    deep: Any = 1
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]

    assert encode(deep) == deep
    with pytest.raises(InvalidValue):
        encode([deep])


@given(
    st.one_of(
        st.dates(),
        st.datetimes(timezones=st.just(UTC)),
        st.times(),
        st.timedeltas(),
        st.uuids(),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    )
)
def test_what_is_written_is_read_back_as_it_was(value: Any) -> None:
    """A typed parameter gets the value that was passed."""
    assert TypeAdapter(type(value)).validate_python(encode(value)) == value
