"""Histories: databases of very many slots and runs, in the middle of a night. They are filled, and nothing is measured.

Statements over whole tables put rows where an engine and agents would have put them. Indexes, triggers and keys that
each row would have to pass are taken away before, and made again from the schema's metadata when all rows are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Index, UniqueConstraint, text
from sqlalchemy.schema import AddConstraint, CreateIndex, DropConstraint, DropIndex

from ostinato.clock import ManualClock
from ostinato.config import Config
from ostinato.model.definitions import DeclaredDefinition
from ostinato.store import accounts, agents, definitions
from ostinato.store import schema as t
from ostinato.store.database import Store
from ostinato.store.guards import restore_guards
from ostinato.store.lanes import align_lanes
from ostinato.store.types import to_microseconds
from ostinato.store.versioning import open_schema, read_version
from ostinato.testing.factories import NOON, make_account, make_definition
from ostinato.world import World

DAY = timedelta(days=1)
HALF_HOUR = 1_800_000_000
AHEAD = 10
"""So many days are laid out ahead."""

AT = NOON + 12 * timedelta(hours=1) + timedelta(hours=3)
"""Three hours after the end of a day: the night is under way."""

FILLED = (t.slots, t.runs, t.transitions, t.steps)

ADD_DAY = """
    INSERT INTO slots (lane_id, label, time_zone, starts_at, ends_at, due_at, status, reason, series, attempts, run_id,
                       created_at, finished_at, examine_at)
    SELECT id, :label, 'UTC', :starts_at, :ends_at, :ends_at,
           CASE WHEN id % 997 = :failing THEN 'failed' ELSE :status END, '', 1, :attempts, :run_id,
           :created_at, :finished_at, :examine_at FROM lanes ORDER BY id"""
"""Every lane has a slot on a day. Of those that have ended one in a thousand has failed, but none of the last night."""

_INTO_RUNS = """
    INSERT INTO runs (slot_id, definition_id, account_id, version, series, attempt, origin, parameters, queue, priority,
                      due_at, created_at, waits_since, decision, outlives_agent, waits_for, singleton_refuses,
                      end_message, status, started_at, claimed_at, finished_at, agent_id, lease_token, released_token,
                      end_kind, exit_code)
    SELECT slots.id, lanes.definition_id, lanes.account_id, '', 1, 1, 'schedule', '{}', 'default', 0,
           ends_at, ends_at, ends_at, 1, FALSE, '', FALSE, '',"""

FILL = (
    f"""{_INTO_RUNS} slots.status, ends_at, ends_at, finished_at, 1, 1, 1, 'exited',
               CASE slots.status WHEN 'success' THEN 0 ELSE 1 END
        FROM slots JOIN lanes ON lanes.id = slots.lane_id
        WHERE slots.id >= :first_with_run AND slots.id < :first_of_night ORDER BY slots.id""",
    # The night itself: some wait for another slot; the others have a run.
    """UPDATE slots SET status = 'pending', attempts = 0, finished_at = NULL, run_id = NULL,
                        gate = 'upstream d' || (lane_id % 200),
                        reason = '1 of 1 slot of d' || (lane_id % 200) || ' not succeeded: 1 not started'
       WHERE id >= :first_of_night AND id < :first_ahead AND lane_id * 7919 % 100 >= :begun""",
    """UPDATE slots SET status = 'live', finished_at = NULL
       WHERE id >= :first_of_night AND id < :first_ahead AND status = 'success' AND lane_id * 7919 % 100 >= :done""",
    f"""{_INTO_RUNS} 'waiting', NULL, NULL, NULL, NULL, 0, 0, NULL, NULL
        FROM slots JOIN lanes ON lanes.id = slots.lane_id
        WHERE slots.id >= :first_of_night AND slots.id < :first_ahead AND slots.status <> 'pending'
        ORDER BY slots.id""",
    """UPDATE runs SET status = 'running', started_at = :midnight, claimed_at = :midnight, agent_id = 1,
                       lease_token = 1, released_token = NULL
       WHERE status = 'waiting' AND (id % 10 <> 0 OR slot_id IN (SELECT id FROM slots
             WHERE status = 'success' AND id >= :first_of_night AND id < :first_ahead))""",
    """UPDATE runs SET status = 'success', finished_at = :midnight + :half_hour, released_token = 1,
                       end_kind = 'exited', exit_code = 0
       WHERE status = 'running' AND slot_id IN (SELECT id FROM slots
             WHERE status = 'success' AND id >= :first_of_night AND id < :first_ahead)""",
    # Each run has a slot that follows it, a plan of one step, and a history.
    "UPDATE slots SET run_id = runs.id FROM runs WHERE runs.slot_id = slots.id",
    """INSERT INTO transitions (run_id, from_status, to_status, at, cause, actor, lease_token)
       SELECT runs.id, was, CASE place WHEN 1 THEN 'waiting' WHEN 2 THEN 'running' ELSE status END,
              CASE place WHEN 3 THEN finished_at ELSE created_at END, 'as scheduled', 'b', lease
       FROM runs CROSS JOIN (SELECT 1 AS place, NULL AS was, 0 AS lease
                             UNION ALL SELECT 2, 'waiting', 1 UNION ALL SELECT 3, 'running', 1) AS moves
       WHERE place <= CASE status WHEN 'waiting' THEN 1 WHEN 'running' THEN 2 ELSE 3 END
       ORDER BY runs.id, place""",
    """INSERT INTO steps (run_id, number, name, action, phase, input, needs, after, status, tries, failures, started_at,
                          finished_at, rescued)
       SELECT id, 1, 'command', 'command', 'run', '{}', '[]', '[]',
              CASE status WHEN 'failed' THEN 'cancelled' WHEN 'waiting' THEN 'pending' ELSE status END, 1, 0,
              started_at, finished_at, FALSE
       FROM runs ORDER BY id""",
    "UPDATE lanes SET planned_until = :planned_until",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a history is. Slots of the last ``run_days`` have runs; those of older ones are left out."""

    accounts: int
    definitions: int
    days: int
    run_days: int

    @property
    def slots(self) -> int:
        """Return how many slots there are, those ahead included."""
        return self.accounts * self.definitions * (self.days + AHEAD)


def open_history(folder: Path, database: str, size: Size, *, tell: Callable[[str], None]) -> World:
    """Return the world of a database; an empty one is filled: six in ten slots of the night are done, two at work."""
    world = World(Config(folder, database), Store(database), ManualClock(AT))
    with world.store.read() as tx:
        is_filled = read_version(tx) is not None
    open_schema(world.store)
    if not is_filled:
        _declare(world.store, size)
        with _bare_tables(world.store) as connection:
            _fill(connection, size, tell)
            tell("indexes and keys")
        _look_after(world.store)
    return world


def instants() -> dict[str, int]:
    """Return the instants of the night, by name, as statements bind them."""
    midnight = to_microseconds(_midnight())
    day = 86_400_000_000
    return {"midnight": midnight, "start": midnight - day, "day": day}


def _declare(store: Store, size: Size) -> None:
    with store.write() as tx:
        accounts.add_accounts(tx, [make_account(f"a{number}") for number in range(size.accounts)], source="b", now=AT)
        definitions.add_definitions(tx, [_define(number) for number in range(size.definitions)], source="b", now=AT)
        align_lanes(tx, now=AT)
        agents.register_agent(tx, name="b", host="b", pid=1, queues=["default"], concurrency=9, version="0", now=AT)
        agents.register_agent(tx, name="idle", host="b", pid=2, queues=["default"], concurrency=9, version="0", now=AT)


def _fill(connection: Connection, size: Size, tell: Callable[[str], None]) -> None:
    for number in range(-size.days, AHEAD):
        if number % 50 == 0:
            tell(f"day {number}")
        connection.execute(text(ADD_DAY), _make_day(number))
    lanes = size.accounts * size.definitions
    first_ahead = 1 + lanes * size.days
    values = {
        "first_ahead": first_ahead,
        "first_of_night": first_ahead - lanes,
        "first_with_run": max(1, first_ahead - lanes * size.run_days),
        "begun": 80,
        "done": 60,
        "half_hour": HALF_HOUR,
        "planned_until": to_microseconds(_midnight() + (AHEAD + 1) * DAY),
        **instants(),
    }
    for statement in FILL:
        tell(" ".join(statement.split()[:3]))
        connection.execute(text(statement), values)


@contextmanager
def _bare_tables(store: Store) -> Iterator[Connection]:
    """Lend a connection to tables that check and sort nothing; what was taken from them is put back afterwards."""
    store.close()  # SQLite leaves its journal alone while there are other connections
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in _IN_HASTE[store.dialect]:
            connection.exec_driver_sql(statement)
        for table in FILLED:
            for index in table.indexes:
                connection.execute(DropIndex(index))
        _drop_keys(connection)
        with _one_transaction(connection):
            yield connection
        for table in FILLED:
            for made in _sorted_guards(table, connection.dialect.name):
                connection.execute(made)
    store.close()  # the connection is not fit for anything else
    with store.write() as tx:
        restore_guards(tx)


_IN_HASTE = {
    "sqlite": (
        "COMMIT",  # every connection of a store begins a transaction first
        "PRAGMA journal_mode = OFF",
        "PRAGMA synchronous = OFF",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA cache_size = -1500000",
        "DROP TRIGGER runs_status_insert",
    ),
    "postgresql": (
        "SET session_replication_role = replica",
        "SET synchronous_commit = off",
        "SET maintenance_work_mem = '1GB'",
    ),
}


@contextmanager
def _one_transaction(connection: Connection) -> Iterator[None]:
    connection.exec_driver_sql("BEGIN")
    yield
    connection.exec_driver_sql("COMMIT")


def _drop_keys(connection: Connection) -> None:
    """Drop the unique constraints of the tables that are filled; on SQLite they cannot be taken from a table."""
    if connection.dialect.name == "postgresql":
        for table in FILLED:
            for key in _keys(table):
                connection.execute(DropConstraint(key, isolate_from_table=False))


def _keys(table: Any) -> list[UniqueConstraint]:
    return [key for key in table.constraints if isinstance(key, UniqueConstraint)]


def _sorted_guards(table: Any, dialect: str) -> Iterator[Any]:
    if dialect == "postgresql":
        yield from (AddConstraint(key, isolate_from_table=False) for key in _keys(table))
    index: Index
    for index in sorted(table.indexes, key=lambda one: str(one.name)):
        yield CreateIndex(index)


def _look_after(store: Store) -> None:
    """Do now what PostgreSQL does by itself in time. SQLite is left without statistics, as it is in every project."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if store.dialect == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")


def _make_day(number: int) -> dict[str, object]:
    """Make what the slots of a day have in common, counted from the day that has begun; those before have ended."""
    begins = _midnight() + number * DAY
    starts_at, ends_at = to_microseconds(begins), to_microseconds(begins + DAY)
    common = {
        "label": begins.date().isoformat(),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "created_at": to_microseconds(begins - AHEAD * DAY),
        "failing": number % 997 if number < -1 else -1,
    }
    if number < 0:
        ended = {"status": "success", "attempts": 1, "finished_at": ends_at + HALF_HOUR, "examine_at": None}
        return {**common, **ended, "run_id": 0}  # that of an old slot is left out, and is older than all there are
    return {**common, "status": "pending", "attempts": 0, "finished_at": None, "examine_at": ends_at, "run_id": None}


def _midnight() -> datetime:
    return AT.replace(hour=0)


def _define(number: int) -> DeclaredDefinition:
    """Make a definition in a lineage ten layers deep, each reading what two of the layer before write."""
    layer, place = divmod(number, 20)
    upstream = [f"t{(layer - 1) * 20 + (place + step) % 20}" for step in (0, 7)] if layer else []
    return make_definition(f"d{number}", matrix="account", reads_from=tuple(upstream), writes_to=(f"t{number}",))
