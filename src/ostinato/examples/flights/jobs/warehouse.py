"""The warehouse: one SQLite file in the project folder, which several jobs read and write at once.

Owns the tables and the way to them. A write transaction is stored as a whole or not at all, also when the job
is killed within it; it waits for its turn rather than fail. Dates are New York's, as the flights are planned;
instants are in UTC. Every table's key begins with the partition that one run of one job replaces.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from os import getpid
from pathlib import Path

WAREHOUSE = Path("warehouse.db")
PATIENCE_SECONDS = 120.0
"""How long a job waits for the others: far longer than they need, since each holds the lock a moment."""

SCHEMA = """
CREATE TABLE flights (
    date TEXT, airline TEXT, flight INTEGER, origin TEXT, destination TEXT,
    hour INTEGER NOT NULL,              -- the planned departure's hour, New York's wall clock
    hour_at TEXT NOT NULL,              -- the same hour as an instant
    departure_delay INTEGER,            -- minutes, negative when early; null when it never left
    arrival_delay INTEGER,              -- likewise; null when no arrival is known
    outcome TEXT NOT NULL CHECK (outcome IN ('on_time', 'late', 'diverted', 'cancelled')),
    PRIMARY KEY (date, airline, flight, origin)
) WITHOUT ROWID;

CREATE TABLE weather (
    date TEXT, origin TEXT, hour_at TEXT,
    temperature REAL, precipitation REAL, visibility REAL, gust REAL,           -- °F, inches, miles, mph
    wet INTEGER NOT NULL, murky INTEGER NOT NULL, gusty INTEGER NOT NULL,       -- 0 or 1; see load_weather
    bad INTEGER NOT NULL,               -- 1 when any of the three is
    PRIMARY KEY (date, origin, hour_at)
) WITHOUT ROWID;

CREATE TABLE delays (
    date TEXT, airline TEXT,
    flights INTEGER NOT NULL, on_time INTEGER NOT NULL, late INTEGER NOT NULL,
    diverted INTEGER NOT NULL, cancelled INTEGER NOT NULL,                      -- the four add up
    departure_mean REAL, departure_median REAL, departure_p90 REAL,
    arrival_mean REAL, arrival_median REAL, arrival_p90 REAL,
    late_share REAL,                    -- of all flights
    bad_weather_flights INTEGER NOT NULL, bad_weather_share REAL,               -- to leave in bad weather
    bad_weather_late_share REAL,        -- of those, the late ones
    PRIMARY KEY (date, airline)
) WITHOUT ROWID;

CREATE TABLE network_days (
    date TEXT PRIMARY KEY,
    airlines INTEGER NOT NULL,          -- how many reported
    flights INTEGER NOT NULL, on_time INTEGER NOT NULL, late INTEGER NOT NULL,
    diverted INTEGER NOT NULL, cancelled INTEGER NOT NULL,
    arrival_mean REAL, most_punctual TEXT, least_punctual TEXT
) WITHOUT ROWID;

CREATE TABLE scorecards (
    week TEXT, airline TEXT,            -- the week's first date
    days INTEGER NOT NULL,              -- how many of its dates are loaded
    flights INTEGER NOT NULL, on_time INTEGER NOT NULL, late INTEGER NOT NULL,
    diverted INTEGER NOT NULL, cancelled INTEGER NOT NULL,
    on_time_share REAL, arrival_mean REAL, arrival_median REAL, arrival_p90 REAL,
    best_day TEXT, worst_day TEXT,
    PRIMARY KEY (week, airline)
) WITHOUT ROWID;
"""


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    """Open the warehouse for one write transaction, which ends well with the block or leaves no trace."""
    with closing(_connect()) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")


@contextmanager
def snapshot() -> Iterator[sqlite3.Connection]:
    """Open the warehouse for reading, as it is at this moment, whatever others write meanwhile."""
    with closing(_connect()) as connection:
        connection.execute("BEGIN")
        yield connection


def _connect() -> sqlite3.Connection:
    if not WAREHOUSE.exists():
        _create()
    connection = sqlite3.connect(WAREHOUSE, timeout=PATIENCE_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _create() -> None:
    """Make the warehouse appear at once with all its tables; whoever comes second finds it there."""
    unfinished = WAREHOUSE.with_name(f"{WAREHOUSE.name}.new-{getpid()}")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)
    try:
        WAREHOUSE.hardlink_to(unfinished)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()
