"""Prepared statements: what is carried out for every step of every plan goes to the driver without a detour.

For such a statement SQLAlchemy does many times the work that the database does: it looks its text up, wraps its rows,
asks who listens. Here the text is made once for each database; values are converted by the types of their columns as
always, and errors are told as SQLAlchemy tells them. It is no second way to write SQL: only what is measured to be hot,
and whose text is always the same, belongs here.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ARRAY, JSON, BigInteger, ColumnElement, Executable, Select, any_, bindparam, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from ostinato.store.database import Tx

Values: TypeAlias = Mapping[str, Any]
Convert: TypeAlias = Callable[[Any], Any]
Converters: TypeAlias = Sequence[tuple[int, Convert]]


class Prepared:
    """A statement with bound names. Where the databases spell it differently, both spellings are given."""

    def __init__(self, sqlite: Executable, postgresql: Executable | None = None) -> None:
        self._spellings = {"sqlite": sqlite, "postgresql": sqlite if postgresql is None else postgresql}
        self._texts: dict[str, _Text] = {}

    @classmethod
    def for_ids(cls, rows: Select[Any], column: ColumnElement[Any]) -> Prepared:
        """Prepare to ask for those rows of which ``column`` is one of ``ids``.

        All of these are bound as one value: with a name for each, every number of them would be a text of its own.
        """
        listed = func.json_each(bindparam("ids", type_=JSON)).table_valued("value")
        return cls(
            sqlite=rows.where(column.in_(select(listed.c.value))),
            postgresql=rows.where(column == any_(bindparam("ids", type_=ARRAY(BigInteger)))),
        )

    def fetch(self, tx: Tx, values: Values) -> Iterator[Any]:
        """Carry it out as soon as somebody iterates, and yield the rows; their fields are named for the columns."""
        text = self._get_text(tx)
        cursor: Any = tx.connection.cursor()
        try:
            cursor.execute(text.sql, text.bind(values))
            for row in cursor:
                yield text.read(row)
        except tx.dialect.loaded_dbapi.Error as error:
            raise _tell(tx, text.sql, error) from error

    def finds(self, tx: Tx, values: Values) -> bool:
        """Carry it out, and tell whether there is any row."""
        return any(True for _ in self.fetch(tx, values))

    def change(self, tx: Tx, rows: Sequence[Values]) -> int:
        """Carry it out for each of ``rows``, in order; return how many rows of the table were changed."""
        text = self._get_text(tx)
        cursor: Any = tx.connection.cursor()
        try:
            if len(rows) == 1:
                cursor.execute(text.sql, text.bind(rows[0]))
            else:
                cursor.executemany(text.sql, [text.bind(values) for values in rows])
        except tx.dialect.loaded_dbapi.Error as error:
            raise _tell(tx, text.sql, error) from error
        changed: int = cursor.rowcount
        return changed

    def _get_text(self, tx: Tx) -> _Text:
        name = tx.dialect.name
        if name not in self._texts:
            self._texts[name] = _compile(tx, self._spellings[name])
        return self._texts[name]


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as one driver takes it.

    ``names`` are what is bound, in order, and ``constants`` what is always the same of it; ``make_row`` names the
    fields of a row. ``writers`` and ``readers`` convert those values, by their positions, that need it.
    """

    sql: str
    names: tuple[str, ...]
    constants: Values
    by_position: bool
    writers: Converters
    make_row: Callable[[Sequence[Any]], Any]
    readers: Converters

    def bind(self, values: Values) -> Any:
        """Return values as the driver takes them."""
        if self.constants:
            values = {**self.constants, **values}
        bound = _convert([values[name] for name in self.names], self.writers)
        return bound if self.by_position else dict(zip(self.names, bound, strict=True))

    def read(self, row: Sequence[Any]) -> Any:
        """Return a row as its columns mean it."""
        return self.make_row(_convert(list(row), self.readers))


def _convert(values: list[Any], converters: Converters) -> list[Any]:
    """Convert values in place. ``None`` is NULL, whatever the type."""
    for position, convert in converters:
        if values[position] is not None:
            values[position] = convert(values[position])
    return values


def _compile(tx: Tx, statement: Any) -> _Text:
    dialect = tx.dialect
    compiled: SQLCompiler = statement.compile(dialect=dialect)
    names = compiled.positiontup or list(compiled.binds)
    binds = [compiled.binds[name] for name in names]
    columns = list(statement.selected_columns) if isinstance(statement, Select) else []
    row: Any = namedtuple("Row", [column.name for column in columns])  # type: ignore[misc]  # noqa: PYI024
    return _Text(
        sql=compiled.string,
        names=tuple(names),
        constants={name: bind.value for name, bind in zip(names, binds, strict=True) if not bind.required},
        by_position=compiled.positional,
        writers=_enumerate(bind.type.dialect_impl(dialect).bind_processor(dialect) for bind in binds),
        make_row=row._make,
        readers=_enumerate(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns),
    )


def _enumerate(converters: Iterable[Convert | None]) -> Converters:
    return tuple((position, convert) for position, convert in enumerate(converters) if convert is not None)


def _tell(tx: Tx, sql: str, error: Any) -> Exception:
    """Return a driver's error as SQLAlchemy would have raised it; a connection that is lost is given up."""
    is_lost = tx.dialect.is_disconnect(error, tx.connection.dbapi_connection, None)
    if is_lost:
        tx.invalidate(error)
    told: Exception = DBAPIError.instance(
        sql, None, error, tx.dialect.loaded_dbapi.Error, connection_invalidated=is_lost, dialect=tx.dialect
    )
    return told
