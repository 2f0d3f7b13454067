"""The bare loop: the rows that an agent writes, written by a driver alone.

It decides nothing, carries nothing out and guards nothing: it knows beforehand what there is to write. It writes the
same columns of the same tables, under the same constraints and triggers, in as many transactions, which are as durable.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from shapes import Taken

from ostinato.store.database import Store
from ostinato.store.sqlite import sqlite_module

CLAIM = """UPDATE runs SET status = 'running', lease_token = lease_token + 1, released_token = NULL, wake_at = NULL,
    started_at = ?, claimed_at = ?, waits_for = '' WHERE id = ?"""
END = """UPDATE runs SET status = 'success', released_token = lease_token, finished_at = ?, end_kind = 'completed',
    end_message = ?, singleton_held = NULL, wake_at = NULL, waits_for = '' WHERE id = ?"""
NOTE = """INSERT INTO transitions (run_id, from_status, to_status, at, cause, actor, lease_token)
    VALUES (?, ?, ?, ?, ?, ?, 1)"""
COUNT = "UPDATE runs SET decision = decision + 1 WHERE id = ?"
STEP = """UPDATE steps SET status = ?, tries = ?, failures = ?, output = NULL, error = NULL, started_at = ?,
    finished_at = ?, wake_at = NULL, wake_kind = NULL, deadline_at = NULL, event_id = NULL, rescued = ?
    WHERE run_id = ? AND number = ? AND status = ?"""

ORDER = (CLAIM, NOTE, COUNT, STEP, END)
"""In which these follow one another in a transaction."""

NOW = 1_767_225_600_000_000
DONE = "all steps are done"


@dataclass(frozen=True, slots=True)
class Write:
    """One row to write about a run."""

    run_id: int
    statement: str
    row: tuple[Any, ...]


def write_bare(store: Store, transactions: int) -> Taken:
    """Write all that an agent writes for the runs that wait in a database, in that many transactions."""
    connection, begin, mark = _connect(store)
    try:
        cursor = connection.cursor()
        writes = [write for run_id, numbers in _find_plans(cursor).items() for write in _list_writes(run_id, numbers)]
        batches = [
            [(statement.replace("?", mark), rows) for statement, rows in _sort(batch)]
            for batch in _cut(writes, transactions)
        ]
        began = time.perf_counter()
        for batch in batches:
            cursor.execute(begin)
            for statement, rows in batch:
                cursor.executemany(statement, rows)
            cursor.execute("COMMIT")
        return Taken(time.perf_counter() - began, len(batches))
    finally:
        connection.close()


def _connect(store: Store) -> tuple[Any, str, str]:
    """Connect as the store does; return the connection, what begins a transaction, and what stands for a value."""
    if store.dialect == "postgresql":
        address = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(address, autocommit=True), "BEGIN", "%s"
    connection = sqlite_module().connect(store.url.database, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection, "BEGIN IMMEDIATE", "?"


def _find_plans(cursor: Any) -> dict[int, list[int]]:
    """Return the numbers of the steps that are still to be done, by run."""
    cursor.execute("SELECT run_id, number FROM steps WHERE status = 'pending' ORDER BY run_id, number")
    plans: dict[int, list[int]] = {}
    for run_id, number in cursor.fetchall():
        plans.setdefault(run_id, []).append(number)
    return plans


def _list_writes(run_id: int, numbers: Sequence[int]) -> Iterator[Write]:
    """List what is written for a run: its claim, two changes of every step, its end."""
    yield Write(run_id, CLAIM, (NOW, NOW, run_id))
    yield Write(run_id, NOTE, (run_id, "waiting", "running", NOW, "claimed by agent", "agent"))
    for number in numbers:
        yield Write(run_id, STEP, ("running", 1, 0, NOW, None, False, run_id, number, "pending"))
        yield Write(run_id, STEP, ("success", 1, 0, NOW, NOW, False, run_id, number, "running"))
    yield Write(run_id, END, (NOW, DONE, run_id))
    yield Write(run_id, NOTE, (run_id, "running", "success", NOW, DONE, "agent"))


def _cut(writes: Sequence[Write], parts: int) -> Iterator[Sequence[Write]]:
    """Cut a list into so many parts of about the same length."""
    for part in range(parts):
        yield writes[len(writes) * part // parts : len(writes) * (part + 1) // parts]


def _sort(batch: Sequence[Write]) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """Return the rows of one transaction by their statements; that a decision was recorded is counted once a run."""
    kinds: dict[str, list[tuple[Any, ...]]] = {statement: [] for statement in ORDER}
    for write in batch:
        kinds[write.statement].append(write.row)
    kinds[COUNT] = [(run_id,) for run_id in dict.fromkeys(write.run_id for write in batch)]
    return [(statement, rows) for statement, rows in kinds.items() if rows]
