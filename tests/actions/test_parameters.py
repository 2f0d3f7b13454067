from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from ostinato.actions.encoding import encode
from ostinato.actions.parameters import Parameters
from ostinato.errors import InvalidValue, PlanningError

if TYPE_CHECKING:
    from somewhere import Unknown  # type: ignore[import-not-found]


class Colour(Enum):
    """Is a kind of value."""

    RED = "red"


@dataclass
class Row:
    """Is a kind of value."""

    price: Decimal


class Order(BaseModel):
    """Is a kind of value."""

    number: int = Field(alias="no")


def parameters_of(function: Callable[..., Any]) -> Parameters:
    """Read the parameters of a function."""
    return Parameters(function.__name__, function, is_method=False)


def extract(table: str, day: date, *, limit: int = 10) -> None:
    """Have parameters."""


def anything(**values: int) -> None:
    """Have parameters of any name."""


def test_arguments_are_bound_by_name() -> None:
    """Whether they were given by position or by name."""
    assert parameters_of(extract).bind(("a",), {"day": 1}) == {"table": "a", "day": 1}
    assert parameters_of(anything).bind((), {"x": 1}) == {"x": 1}


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "extract needs table, day$"),
        (("a",), {"dya": 1}, "extract takes no 'dya'\n  did you mean day"),
        (("a",), {"table": "b", "day": 1}, "extract is given table twice"),
        (("a", 1, 2), {}, "extract takes 2 arguments by position, not 3"),
    ],
)
def test_arguments_that_do_not_fit_are_named(args: tuple[Any, ...], kwargs: dict[str, Any], message: str) -> None:
    """Who wrote the call sees which argument is wrong."""
    with pytest.raises(PlanningError, match=message):
        parameters_of(extract).bind(args, kwargs)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (date, date(2026, 1, 2)),
        (timedelta, timedelta(seconds=90)),
        (UUID, UUID(int=5)),
        (Decimal, Decimal("1.10")),
        (Colour, Colour.RED),
        (Row, Row(Decimal("1.5"))),
        (Order, Order(no=3)),
        (list[Row], [Row(Decimal(1))]),
        (tuple[int, str], (1, "a")),
        (dict[str, date], {"a": date(2026, 1, 2)}),
        (Row | None, None),
    ],
)
def test_json_becomes_the_declared_type_again(kind: Any, value: Any) -> None:
    """What was passed while planning is what arrives."""

    def run(x: Any) -> None: ...

    run.__annotations__["x"] = kind

    assert parameters_of(run).read({"x": encode(value)}) == {"x": value}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"table": 3, "day": "2026-01-01"}, r"^input\.table: this should be a valid string"),
        ({"table": "a", "day": "soon"}, r"^input\.day: this should be a valid date"),
        ({"table": "a", "day": "2026-01-01", "limit": "many"}, r"^input\.limit: this should be a valid integer"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_path(given: dict[str, Any], message: str) -> None:
    """The error says where and what, without repeating the value."""
    with pytest.raises(InvalidValue, match=message):
        parameters_of(extract).read(given)


def test_the_path_leads_into_the_value() -> None:
    """A wrong field of the third row is named so."""

    def run(rows: list[Row]) -> None: ...

    with pytest.raises(InvalidValue, match=r"^input\.rows\[1\]\.price: "):
        parameters_of(run).read({"rows": [{"price": "1"}, {"price": "x"}]})


def test_stored_input_must_have_all_names() -> None:
    """A person may have edited it."""
    with pytest.raises(PlanningError, match="extract needs day"):
        parameters_of(extract).read({"table": "a"})
    with pytest.raises(PlanningError, match="extract takes no 'other'"):
        parameters_of(extract).read({"table": "a", "day": "2026-01-01", "other": 1})


def test_other_names_have_the_type_that_is_declared_for_them() -> None:
    """Also ``**values: int`` is checked."""
    assert parameters_of(anything).read({"x": 1, "y": 2}) == {"x": 1, "y": 2}
    with pytest.raises(InvalidValue, match=r"input\.y: this should be a valid integer"):
        parameters_of(anything).read({"y": "no"})


def test_a_parameter_after_is_refused() -> None:
    """Every use of an action takes ``after`` to order it."""

    def run(after: int) -> None: ...

    with pytest.raises(PlanningError, match="run has a parameter 'after', which every use of an action takes"):
        parameters_of(run)


def test_parameters_without_names_are_refused() -> None:
    """Input is stored by name."""

    def positional(x: int, /) -> None: ...

    def starred(*xs: int) -> None: ...

    with pytest.raises(PlanningError, match="has no name to be given by"):
        parameters_of(positional)
    with pytest.raises(PlanningError, match="has no name to be given by"):
        parameters_of(starred)


def test_a_type_that_is_not_known_is_named() -> None:
    """A type that only the type checker imports cannot be checked."""

    def run(x: Unknown) -> None: ...

    with pytest.raises(PlanningError, match="a type of run is not known: name 'Unknown' is not defined"):
        parameters_of(run).read({"x": 1})


def test_what_a_function_returns_need_not_be_known() -> None:
    """Nobody reads that type."""

    def run(x: int) -> Unknown: ...

    assert parameters_of(run).read({"x": 1}) == {"x": 1}


def test_a_type_that_cannot_be_made_of_json_is_refused() -> None:
    """A connection cannot be passed from one process to another."""

    class Connection: ...

    def run(x: Any) -> None: ...

    run.__annotations__["x"] = Connection

    with pytest.raises(PlanningError, match=r"run: x is a .*Connection.*, which cannot be made of JSON"):
        parameters_of(run).read({"x": 1})
