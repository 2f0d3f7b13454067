"""The few statements that the two databases spell differently, side by side."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    String,
    Table,
    all_,
    bindparam,
    case,
    column,
    false,
    func,
    select,
    table,
    text,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from ostinato.store.database import Tx

_DECLARATIONS = 0x6F7374696E617470
"""Which of PostgreSQL's advisory locks stands for the declarations."""

_SINGLETONS = 0x6F7374696E617471
"""Which of them stands for taking hold of singletons."""

_CLAIMS = 0x6F7374696E617472
"""Which of them stands for claiming by turns and within limits."""

CLAIM_PATIENCE_MILLISECONDS = 250
"""How long a claimant waits for another: longer than a claim takes, shorter than PostgreSQL looks for deadlocks."""

_LOCK_NOT_AVAILABLE = "55P03"
"""What PostgreSQL says when it has waited for a lock as long as it may."""

_SEQUENCES = table("sqlite_sequence", column("name", String), column("seq", Integer))


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


def take_singletons(tx: Tx) -> None:
    """Wait until no other transaction takes hold of singletons, and keep others from it until this one ends."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(_SINGLETONS)))


def try_to_take_singletons(tx: Tx, wanted: ColumnElement[bool]) -> bool:
    """Do so if there are any ``wanted``, without waiting; ``False`` when there are none or another is at it."""
    if tx.dialect.name == "postgresql":
        wanted = case((wanted, func.pg_try_advisory_xact_lock(_SINGLETONS)), else_=false())
    return bool(tx.execute(select(wanted)).scalar_one())


def try_to_take_claims(tx: Tx, wanted: ColumnElement[bool]) -> bool:
    """Keep others from claiming by turns and limits until this transaction ends, if anything is ``wanted``.

    It does not wait; ``False`` when nothing is, or another is at it.
    """
    if tx.dialect.name == "postgresql":
        wanted = case((wanted, func.pg_try_advisory_xact_lock(_CLAIMS)), else_=false())
    return bool(tx.execute(select(wanted)).scalar_one())


def wait_to_take_claims(tx: Tx, wanted: ColumnElement[bool]) -> bool:
    """Do so as soon as whoever is at it has ended; ``False`` when nothing is wanted, or that takes too long.

    The wait is short enough that two transactions which wait for each other both go on.
    """
    if tx.dialect.name != "postgresql":
        return try_to_take_claims(tx, wanted)
    if not tx.execute(select(wanted)).scalar_one():
        return False
    try:
        with tx.begin_nested():
            tx.execute(text(f"SET LOCAL lock_timeout = '{CLAIM_PATIENCE_MILLISECONDS}ms'"))
            tx.execute(select(func.pg_advisory_xact_lock(_CLAIMS)))
            tx.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def is_none_of(tx: Tx, key: ColumnElement[int], keys: Collection[int]) -> ColumnElement[bool]:
    """Tell of a key whether it is none of ``keys``: there may be more of these than a statement can name."""
    if not keys:
        return true()
    if tx.dialect.name == "postgresql":
        return key != all_(bindparam(None, list(keys), postgresql.ARRAY(BigInteger)))
    return key.not_in(select(func.json_each(json.dumps(list(keys))).table_valued("value").c.value))


def reserve_keys(tx: Tx, key: Column[int], count: int) -> list[int]:
    """Return ``count`` values of a surrogate key that no row has, or ever had, for rows that are inserted next.

    On SQLite the table must be declared with AUTOINCREMENT; nobody else writes before the transaction ends.
    """
    if tx.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(key.table.name, key.name)
        return list(tx.execute(select(func.nextval(sequence)).select_from(func.generate_series(1, count))).scalars())
    used = tx.execute(select(_SEQUENCES.c.seq).where(_SEQUENCES.c.name == key.table.name)).scalar() or 0
    return list(range(used + 1, used + 1 + count))


def insert_or_change(tx: Tx, table: Table, place: Sequence[Any], column: Column[Any]) -> Any:
    """Return an INSERT that only changes ``column`` where there is a row with the same values of ``place``, its key."""
    make = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    statement: Any = make(table)
    return statement.on_conflict_do_update(index_elements=place, set_={column.name: statement.excluded[column.name]})


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
