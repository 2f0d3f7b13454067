"""The few statements that the two databases spell differently, side by side."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from ostinato.store.database import Tx

_DECLARATIONS = 0x6F7374696E617470
"""Which of PostgreSQL's advisory locks stands for the declarations."""


def insert_or_skip(tx: Tx, table: Table) -> Any:
    """Return an INSERT into ``table`` that passes over rows which a unique constraint refuses."""
    if tx.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def take_turn(tx: Tx) -> None:
    """Wait until no other transaction follows declarations, and keep others from it until this one ends.

    On SQLite nothing is left to do: a transaction that may write has been alone since it began.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(_DECLARATIONS)))


def upsert(tx: Tx, table: Table, values: dict[str, Any]) -> Any:
    """Return an INSERT of ``values`` that updates the row with the same primary key where there is one."""
    keys = [column.name for column in table.primary_key]
    changed = {name: value for name, value in values.items() if name not in keys}
    if tx.dialect.name == "postgresql":
        return postgresql.insert(table).values(values).on_conflict_do_update(index_elements=keys, set_=changed)
    return sqlite.insert(table).values(values).on_conflict_do_update(index_elements=keys, set_=changed)


def count_inserted(tx: Tx, statement: Any) -> int:
    """Carry out an INSERT and return how many rows it made; without being told, SQLAlchemy asks PostgreSQL in vain."""
    made: int = tx.execute(statement.execution_options(preserve_rowcount=True)).rowcount
    return made
