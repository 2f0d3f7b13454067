"""The tables of the warehouse: what each has of a month, and how that is made of the flights that were extracted.

Every key begins with the airline and the month: that is the part of a table that one publication replaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EXTRACTED = """
CREATE TABLE extracted (
    airline TEXT, month TEXT, day TEXT, flight INTEGER, tail_number TEXT, origin TEXT, destination TEXT,
    departure_delay INTEGER, arrival_delay INTEGER, minutes_in_air INTEGER, outcome TEXT
)
"""

_COUNTS = """
    count(*), sum(outcome = 'on_time'), sum(outcome = 'late'), sum(outcome = 'diverted'), sum(outcome = 'cancelled'),
    round(avg(arrival_delay), 1)
"""
_COUNT_COLUMNS = """
    flights INTEGER NOT NULL, on_time INTEGER NOT NULL, late INTEGER NOT NULL,
    diverted INTEGER NOT NULL, cancelled INTEGER NOT NULL, mean_arrival_delay REAL
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns and key, and the query that makes it of the table ``extracted``."""

    columns: str
    key: str
    query: str


TABLES: Mapping[str, Table] = {
    "flights": Table(
        """airline TEXT, month TEXT, day TEXT, flight INTEGER, origin TEXT, destination TEXT NOT NULL,
           departure_delay INTEGER, arrival_delay INTEGER, outcome TEXT NOT NULL""",
        "airline, month, day, flight, origin",
        """SELECT airline, month, day, flight, origin, destination, departure_delay, arrival_delay, outcome
           FROM extracted""",
    ),
    "delays": Table(
        f"airline TEXT, month TEXT, day TEXT, {_COUNT_COLUMNS}",
        "airline, month, day",
        f"SELECT airline, month, day, {_COUNTS} FROM extracted GROUP BY airline, month, day",
    ),
    "routes": Table(
        f"airline TEXT, month TEXT, origin TEXT, destination TEXT, {_COUNT_COLUMNS}",
        "airline, month, origin, destination",
        f"SELECT airline, month, origin, destination, {_COUNTS} FROM extracted"
        " GROUP BY airline, month, origin, destination",
    ),
    "aircraft": Table(
        "airline TEXT, month TEXT, tail_number TEXT, flights INTEGER NOT NULL, minutes_in_air INTEGER",
        "airline, month, tail_number",
        """SELECT airline, month, tail_number, count(*), sum(minutes_in_air)
           FROM extracted WHERE tail_number IS NOT NULL AND outcome <> 'cancelled'
           GROUP BY airline, month, tail_number""",
    ),
}

PUBLICATIONS = """
CREATE TABLE IF NOT EXISTS publications (
    airline TEXT, month TEXT,
    flights INTEGER NOT NULL, left_out INTEGER NOT NULL,     -- defective ones that were left out
    released_by TEXT NOT NULL, run INTEGER NOT NULL,
    PRIMARY KEY (airline, month)
) WITHOUT ROWID
"""
