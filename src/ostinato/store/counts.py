"""Counting rows by a column of few values. The database sorts nothing for that, as it would do for ``GROUP BY``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, func, literal_column, select

from ostinato.store.database import Tx

Value = TypeVar("Value", bound=str)


def count_by(
    tx: Tx, column: ColumnElement[str], values: Sequence[Value], *which: ColumnElement[bool]
) -> dict[Value, int]:
    """Count the rows that fulfil ``which`` by those ``values`` of ``column`` that occur."""
    counts = (func.count().filter(column == literal_column(f"'{value}'")) for value in values)
    row = tx.execute(select(*counts).where(*which)).one()
    return {value: count for value, count in zip(values, row, strict=True) if count}
