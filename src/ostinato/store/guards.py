"""The guards of the database: the triggers, indexes and constraints that refuse what no program may do.

Owns telling which of them somebody has taken away, and putting them back. ``schema`` and ``triggers`` say what they
are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Constraint, Index, text
from sqlalchemy.schema import AddConstraint

from ostinato.errors import StoreError
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.savepoints import attempt
from ostinato.store.triggers import TRIGGERS

_PRESENT = {
    "sqlite": "SELECT name FROM sqlite_master",
    "postgresql": """
        SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()
        UNION SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
        UNION SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE relnamespace = current_schema()::regnamespace AND tgenabled <> 'D'""",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard: its name, its table, and what makes it: an index, a constraint or the statement for a trigger."""

    name: str
    table: str
    made_by: Index | Constraint | str

    def __str__(self) -> str:
        kind = {Index: "index", str: "trigger"}.get(type(self.made_by), "constraint")
        return f"{kind} {self.name}"


def list_missing_guards(tx: Tx) -> list[Guard]:
    """List the guards that are not there, or are switched off.

    On SQLite a constraint is a part of its table: none can be taken away without making that anew.
    """
    present = set(tx.execute(text(_PRESENT[tx.dialect.name])).scalars())
    return [guard for guard in _list_guards(tx.dialect.name) if guard.name not in present]


def restore_guards(tx: Tx) -> tuple[list[str], list[str]]:
    """Put the missing guards back; return in words which are, and which cannot be, because rows are in their way."""
    restored: list[str] = []
    refused: list[str] = []
    for guard in list_missing_guards(tx):
        try:
            with attempt(tx):
                _restore(tx, guard)
        except StoreError as error:
            refused.append(f"{guard} cannot be put back: {error.message}")
        else:
            restored.append(f"{guard} is back")
    return restored, refused


def _restore(tx: Tx, guard: Guard) -> None:
    match guard.made_by:
        case Index() as index:
            index.create(tx)
        case Constraint() as constraint:
            tx.execute(AddConstraint(constraint, isolate_from_table=False))
        case statement:
            _restore_trigger(tx, guard, statement)


def _restore_trigger(tx: Tx, guard: Guard, statement: str) -> None:
    if tx.dialect.name == "postgresql":
        for function in TRIGGERS["postgresql"]():
            if function.startswith("CREATE FUNCTION"):
                tx.exec_driver_sql(function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
        tx.exec_driver_sql(f"DROP TRIGGER IF EXISTS {guard.name} ON {guard.table}")
    tx.exec_driver_sql(statement)


def _list_guards(dialect: str) -> Iterator[Guard]:
    for statement in TRIGGERS[dialect]():
        if found := re.match(r"CREATE TRIGGER (\w+) .*? ON (\w+)", statement, re.DOTALL):
            yield Guard(found[1], found[2], statement)
    for table in t.metadata.sorted_tables:
        for index in table.indexes:
            yield Guard(str(index.name), table.name, index)
        if dialect == "postgresql":
            for constraint in table.constraints:
                yield Guard(str(constraint.name), table.name, constraint)
