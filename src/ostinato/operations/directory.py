"""The directory: which accounts and definitions there are, in the order in which a night shows them.

It follows what is declared and nothing else, so it is read anew only when that has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from ostinato.model.definitions import Definition, Matrix
from ostinato.policies.lineage import Lineage, Reading, trace_lineage
from ostinato.store import accounts, definitions, journal
from ostinato.store.database import Tx

NO_ACCOUNT = 0
"""Stands among the ids of accounts for none."""


@dataclass(frozen=True, slots=True)
class Row:
    """An account, or ``None`` for what belongs to none."""

    id: int
    account: str | None
    time_zone: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A definition, and how many stand one behind the other before it."""

    id: int
    definition: str
    rank: int
    matrix: Matrix
    reads_from: tuple[str, ...]
    writes_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """All accounts by name, what belongs to none before them, and all definitions in the order of their lineage.

    ``accounts`` and ``definitions`` are their names by id; 0 stands for no account.
    """

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    lineage: Lineage
    accounts: Mapping[int, str | None]
    definitions: Mapping[int, str]


class DirectoryKeeper:
    """Keeps the directory of one process, for any number of threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: tuple[int, Directory] | None = None

    def read(self, tx: Tx) -> Directory:
        """Return the directory as of this transaction."""
        revision = journal.get_revision(tx, "declared")
        with self._lock:
            kept = self._kept
        if kept is not None and kept[0] == revision:
            return kept[1]
        directory = read_directory(tx)
        with self._lock:
            self._kept = (revision, directory)
        return directory


def read_directory(tx: Tx) -> Directory:
    """Read which accounts and definitions there are."""
    known = {one.name: one for one in definitions.list_definitions(tx)}
    lineage = trace_lineage(
        Reading(one.name, one.declared.reads_from, one.declared.writes_to) for one in known.values()
    )
    columns = tuple(_to_column(known[name], lineage) for name in lineage.order())
    rows = [
        Row(account.id, account.token, account.declared.time_zone, account.declared.labels)
        for account in accounts.list_accounts(tx)
    ]
    if any(column.matrix is Matrix.NONE for column in columns):
        rows.insert(0, Row(NO_ACCOUNT, None, "UTC", {}))
    return Directory(
        rows=tuple(rows),
        columns=columns,
        lineage=lineage,
        accounts={row.id: row.account for row in rows},
        definitions={column.id: column.definition for column in columns},
    )


def _to_column(definition: Definition, lineage: Lineage) -> Column:
    declared = definition.declared
    return Column(
        id=definition.id,
        definition=definition.name,
        rank=lineage.ranks[definition.name],
        matrix=declared.matrix,
        reads_from=declared.reads_from,
        writes_to=declared.writes_to,
    )
