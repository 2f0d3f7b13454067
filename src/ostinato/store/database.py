"""One database, SQLite or PostgreSQL: its connections and transactions, and the clock by which leases are judged.

A writing transaction on SQLite has the write lock from its beginning. PostgreSQL runs at READ COMMITTED; readers of
several tables get one snapshot. How each is connected to stands in ``sqlite`` and ``postgres``, what their errors mean
in ``driver_errors``.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from ostinato.clock import SystemClock
from ostinato.errors import ConfigurationError, StoreUnavailable
from ostinato.store.driver_errors import is_outage, translated
from ostinato.store.sqlite import DatabaseFile, check_foreign_keys, foreign_keys_off, make_sqlite_engine

Tx = Connection
"""A transaction. Store functions take one; only ``Store`` opens and ends it."""

_SNAPSHOT: dict[str, dict[str, Any]] = {
    "sqlite": {},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}

POOL_SECONDS = 30.0
"""How long a thread waits for one of the process's connections."""

CLOCKS_MAY_PART_SECONDS = 1.0


class Store:
    """The way to one database. Cheap to make; connects when first used.

    ``location`` is where the database is, fit to be shown: without a password. ``connections`` counts those that were
    made. One on which the database was found to be away is not used again.
    Where it is not to ``create`` a database, nothing is left behind in the place of one that is not there: connecting
    raises ``NoDatabase``.
    ``fault_point`` is called before and after every commit, with the word for which: there a test may let the process
    die, or the commit's answer be lost.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        self.url = _read_url(url)
        self.create = create
        self.location = self.url.render_as_string(hide_password=True)
        self.connections = 0
        self._file: DatabaseFile | None = None
        self.engine = self._make_engine()
        event.listen(self.engine, "connect", self._count_connection)
        self.fault_point: Callable[[str], None] = _go_on
        self._writing = self.engine.execution_options(ostinato_writes=True)
        self._reading = self.engine.execution_options(**_SNAPSHOT[self.dialect])
        self._kept: deque[Connection] = deque()

    @property
    def dialect(self) -> str:
        """Return ``sqlite`` or ``postgresql``."""
        return self.url.get_backend_name()

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction that may write; it commits at the end of the block and rolls back on an error."""
        with translated(self.location), self._lend() as connection:
            with connection.begin():
                yield connection
                self.fault_point("before commit")
            self.fault_point("after commit")

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a transaction that reads one consistent state and writes nothing."""
        with self._connect(self._reading) as connection, connection.begin() as transaction:
            yield connection
            transaction.rollback()

    @contextmanager
    def rehearse(self) -> Iterator[Tx]:
        """Open a transaction that may write and that is always rolled back: to see what a change would do."""
        with self._connect(self._writing) as connection, connection.begin() as transaction:
            yield connection
            transaction.rollback()

    @contextmanager
    def restructure(self) -> Iterator[Tx]:
        """Open a transaction that may rebuild tables.

        SQLite changes most of a table by making a new one and dropping the old, whose rows must not take along those
        that refer to them. So its foreign keys are not enforced in between, but checked before the commit.
        """
        with self._connect(self._writing) as connection, foreign_keys_off(connection), connection.begin():
            yield connection
            check_foreign_keys(connection)

    def close(self) -> None:
        """Close every connection."""
        while self._kept:
            self._kept.pop().close()
        self.engine.dispose()
        if self._file is not None:
            self._file.forget()

    def _make_engine(self) -> Engine:
        if self.dialect == "postgresql":
            return _make_postgres_engine(self.url)
        engine, self._file = make_sqlite_engine(self.url, create=self.create, pool_seconds=POOL_SECONDS)
        return engine

    def _count_connection(self, connection: object, record: object) -> None:
        self.connections += 1

    @contextmanager
    def _connect(self, engine: Engine) -> Iterator[Connection]:
        with translated(self.location), engine.connect() as connection, _given_up_in_outage(connection):
            yield connection

    @contextmanager
    def _lend(self) -> Iterator[Connection]:
        """Lend a connection to write with: the one that was last written with, or else one of the pool's.

        Who writes one small transaction after another would spend as much time on the pool, which asks the database
        each time whether the connection lives, as on writing.
        """
        connection = self._take_kept() or self._writing.connect()
        try:
            with _given_up_in_outage(connection):
                yield connection
        except BaseException:
            connection.close()
            raise
        if self._kept:
            connection.close()
        else:
            self._kept.append(connection)

    def _take_kept(self) -> Connection | None:
        try:
            connection = self._kept.pop()
        except IndexError:  # it is lent to another thread
            return None
        if self.dialect == "postgresql" and _was_cut(connection):
            connection.close()
            return None
        return connection


class Rehearsal(Store):
    """The same way to the same database, but that nothing is kept of what is written: every change is rolled back."""

    def __init__(self, store: Store) -> None:
        vars(self).update(vars(store))

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction that may write, and that is rolled back at the end of the block."""
        with self.rehearse() as tx:
            yield tx


def _was_cut(connection: Connection) -> bool:
    """Tell whether the server has ended a connection: it says so, and says nothing else unasked."""
    driver: Any = connection.connection.driver_connection
    line = select.poll()
    line.register(driver.fileno(), select.POLLIN)
    return bool(line.poll(0))


@contextmanager
def _given_up_in_outage(connection: Connection) -> Iterator[None]:
    """See to it that a connection is not used again on which the database was found to be away.

    It may be to a server that only reads by now, or to a file that could only be read when it was opened.
    """
    try:
        yield
    except Exception as error:
        if is_outage(error):
            connection.invalidate()
        raise


def _go_on(point: str) -> None:
    """Do nothing at a point where a fault might be."""


@dataclass(frozen=True, slots=True)
class _Look:
    """When the database was asked for its time, by the machine's clocks, and how many connections there were."""

    monotonic: float
    wall: datetime
    connections: int

    def has_parted_from(self, other: _Look) -> bool:
        """Tell whether the machine's clocks have gone apart in between: it slept, or its clock was set."""
        by_wall = (other.wall - self.wall).total_seconds()
        return abs(by_wall - (other.monotonic - self.monotonic)) > CLOCKS_MAY_PART_SECONDS


class DatabaseClock:
    """The database's clock, by which leases are judged where several machines share one database.

    It asks the database now and then and counts on with the machine's monotonic clock in between. It asks at once when
    a new connection was made, for that may be to another server, and when the machine has slept, which a monotonic
    clock does not count. A database that does not answer is asked again when it is time to, or somebody has reached it.
    """

    def __init__(self, store: Store, *, ask_every_seconds: float = 30.0) -> None:
        self._store = store
        self._ask_every = ask_every_seconds
        self._machine = SystemClock()
        self._asked: _Look | None = None
        self._answer: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Return the database's time; while the database is away, the last answer counted on."""
        if self._is_time_to_ask():
            self._ask()
        if self._answer is None:
            return self._machine.now()
        answer, answered_at = self._answer
        return answer + timedelta(seconds=self._machine.monotonic() - answered_at)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start."""
        return self._machine.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self._machine.sleep(seconds)

    def _is_time_to_ask(self) -> bool:
        if self._asked is None:
            return True
        here = self._look()
        return (
            here.monotonic - self._asked.monotonic >= self._ask_every
            or here.connections != self._asked.connections
            or self._asked.has_parted_from(here)
        )

    def _ask(self) -> None:
        try:
            with self._store.read() as tx:
                answer = tx.execute(text("SELECT clock_timestamp()")).scalar_one().astimezone(UTC)
        except StoreUnavailable:
            pass  # it counts on
        else:
            self._answer = (answer, self._machine.monotonic())
        self._asked = self._look()

    def _look(self) -> _Look:
        return _Look(self._machine.monotonic(), self._machine.now(), self._store.connections)


def _read_url(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        raise ConfigurationError(
            "the database address cannot be read",
            hint="write sqlite:///ostinato.db or postgresql://user@host/name",
        ) from None
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigurationError(
            f"no support for a database of kind {backend!r}", hint="use sqlite:///… or postgresql://…"
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigurationError("Ostinato needs a database file", hint="write sqlite:///ostinato.db")
    return parsed


def _make_postgres_engine(url: URL) -> Engine:
    try:
        from ostinato.store.postgres import make_postgres_engine  # noqa: PLC0415  the driver is an extra
    except ModuleNotFoundError:
        raise ConfigurationError(
            "PostgreSQL needs the driver psycopg", hint="run: pip install 'ostinato[pg]'"
        ) from None
    return make_postgres_engine(url, pool_seconds=POOL_SECONDS)
