"""The warehouse: months that are being made ready, one file each, and one file with all that is published.

A month comes into the published file in one transaction, and nothing else ever writes there: whatever is interrupted
leaves it as it was. Owns all SQL but the queries of the tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from monthly import places
from monthly.deliveries import Flight
from monthly.tables import EXTRACTED, PUBLICATIONS, TABLES

PATIENCE_SECONDS = 60.0
"""How long to wait for others who write to the same file: far longer than they need."""


# --- staging ---------------------------------------------------------------------------------------------------------


def stage_flights(airline: str, month: date, flights: Iterable[Flight]) -> None:
    """Begin the staging of a month anew, with these flights."""
    path = places.find_staging(airline, month)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with closing(_connect(unfinished)) as staging:
        staging.execute("BEGIN")
        staging.execute(EXTRACTED)
        staging.executemany(
            "INSERT INTO extracted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ([airline, f"{month:%Y-%m}", *_list_fields(flight)] for flight in flights),
        )
        staging.execute("COMMIT")
    unfinished.replace(path)


def stage_table(airline: str, month: date, name: str) -> int:
    """Make a table of the flights that are staged, in place of the one that may be there; return its rows."""
    table = TABLES[name]
    with closing(_connect(places.find_staging(airline, month))) as staging:
        staging.execute("BEGIN IMMEDIATE")
        staging.execute(f"DROP TABLE IF EXISTS {name}")
        staging.execute(f"CREATE TABLE {name} ({table.columns}, PRIMARY KEY ({table.key})) WITHOUT ROWID")
        rows = staging.execute(f"INSERT INTO {name} {table.query}").rowcount
        staging.execute("COMMIT")
    return rows


def read_staged(airline: str, month: date, name: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table that is staged."""
    with closing(_connect(places.find_staging(airline, month))) as staging:
        return staging.execute(f"SELECT * FROM {name}").fetchall()


def _list_fields(flight: Flight) -> Sequence[object]:
    return (
        flight.day,
        flight.number,
        flight.tail_number,
        flight.origin,
        flight.destination,
        flight.departure_delay,
        flight.arrival_delay,
        flight.minutes_in_air,
        flight.outcome,
    )


# --- what is published -----------------------------------------------------------------------------------------------


@contextmanager
def publication() -> Iterator[sqlite3.Connection]:
    """Open the published file for one transaction, which ends well with the block or leaves no trace."""
    path = places.find_published()
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(_connect(path)) as published:
        published.execute("BEGIN IMMEDIATE")
        published.execute(PUBLICATIONS)
        for name, table in TABLES.items():
            published.execute(
                f"CREATE TABLE IF NOT EXISTS {name} ({table.columns}, PRIMARY KEY ({table.key})) WITHOUT ROWID"
            )
        yield published
        published.execute("COMMIT")


def publish_table(published: sqlite3.Connection, airline: str, month: date, name: str) -> None:
    """Replace what is published of a table by what is staged of it."""
    rows = read_staged(airline, month, name)
    published.execute(f"DELETE FROM {name} WHERE airline = ? AND month = ?", (airline, f"{month:%Y-%m}"))
    if rows:
        places_of_values = ", ".join("?" * len(rows[0]))
        published.executemany(f"INSERT INTO {name} VALUES ({places_of_values})", rows)


def count_changed_rows(airline: str, month: date, name: str) -> int:
    """Return how many rows that are published now will not be there any more, or be others."""
    path = places.find_published()
    if not path.exists():
        return 0
    with closing(_connect(path)) as published:
        if not published.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone():
            return 0  # the first publication has failed
        query = f"SELECT * FROM {name} WHERE airline = ? AND month = ?"
        before = set(published.execute(query, (airline, f"{month:%Y-%m}")))
    return len(before.difference(read_staged(airline, month, name)))


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=PATIENCE_SECONDS, isolation_level=None)
