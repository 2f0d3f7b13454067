"""One database, SQLite or PostgreSQL: connections, transactions, and the translation of drivers' errors.

SQLite runs in WAL mode with foreign keys on; a writing transaction takes the write lock when it begins, so two
writers wait for each other and never fail halfway. PostgreSQL runs at READ COMMITTED; readers of several tables
get one snapshot.
"""

from __future__ import annotations

import select
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ostinato.clock import SystemClock
from ostinato.errors import ConfigurationError, StoreError, StoreUnavailable

try:
    from pysqlite3 import dbapi2 as _bundled_sqlite
except ImportError:  # no wheel for this platform: the interpreter's own SQLite serves
    _bundled_sqlite = None

Tx = Connection
"""A transaction. Store functions take one; only ``Store`` opens and ends it."""

_SNAPSHOT: dict[str, dict[str, Any]] = {
    "sqlite": {},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}

POOL_SECONDS = 30.0
"""How long a thread waits for one of the process's connections."""

SQLITE_BUSY_SECONDS = 60.0
SQLITE_ASK_SECONDS = 0.001
SQLITE_CACHED_STATEMENTS = 500
"""How many statements a connection keeps ready. The bundled driver never drops the ones it has used most: when it has
no place left, those that come later are compiled anew each time, at several times the cost of carrying them out."""

SQLITE_WITHOUT_WAL_RESET_BUG = (3, 51, 3)


def sqlite_module() -> ModuleType:
    """Return the SQLite driver in use: the bundled one where there is a wheel of it."""
    return _bundled_sqlite or sqlite3


class Store:
    """The way to one database. Cheap to make; connects when first used.

    ``location`` is where the database is, fit to be shown: without a password.
    ``fault_point`` is called before and after every commit, with the word for which: there a test may let the process
    die, or the commit's answer be lost.
    """

    def __init__(self, url: str) -> None:
        self.url = _read_url(url)
        self.location = self.url.render_as_string(hide_password=True)
        self.engine = _make_engine(self.url)
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
        with _translated(self.location), self._lend() as connection:
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
        with self._connect(self._writing) as connection, _foreign_keys_off(connection), connection.begin():
            yield connection
            _check_foreign_keys(connection)

    def close(self) -> None:
        """Close every connection."""
        while self._kept:
            self._kept.pop().close()
        self.engine.dispose()

    @contextmanager
    def _connect(self, engine: Engine) -> Iterator[Connection]:
        with _translated(self.location), engine.connect() as connection:
            yield connection

    @contextmanager
    def _lend(self) -> Iterator[Connection]:
        """Lend a connection to write with: the one that was last written with, or else one of the pool's.

        Who writes one small transaction after another would spend as much time on the pool, which asks the database
        each time whether the connection lives, as on writing.
        """
        connection = self._take_kept() or self._writing.connect()
        try:
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


def _was_cut(connection: Connection) -> bool:
    """Tell whether the server has ended a connection: it says so, and says nothing else unasked."""
    driver: Any = connection.connection.driver_connection
    line = select.poll()
    line.register(driver.fileno(), select.POLLIN)
    return bool(line.poll(0))


def _go_on(point: str) -> None:
    """Do nothing at a point where a fault might be."""


class DatabaseClock:
    """The database's clock, by which leases are judged where several machines share one database.

    It asks the database now and then and counts on with the machine's monotonic clock in between.
    """

    def __init__(self, store: Store, *, ask_every_seconds: float = 30.0) -> None:
        self._store = store
        self._ask_every = ask_every_seconds
        self._asked_at: float | None = None
        self._machine = SystemClock()
        self._answer = self._machine.now()

    def now(self) -> datetime:
        """Return the database's time; while the database is away, the last answer counted on."""
        here = self._machine.monotonic()
        if self._asked_at is None or here - self._asked_at >= self._ask_every:
            try:
                with self._store.read() as tx:
                    self._answer = tx.execute(text("SELECT clock_timestamp()")).scalar_one().astimezone(UTC)
                here = self._machine.monotonic()
                self._asked_at = here
            except StoreUnavailable:
                if self._asked_at is None:
                    return self._machine.now()
        return self._answer + timedelta(seconds=here - self._asked_at)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start."""
        return self._machine.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self._machine.sleep(seconds)


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


def _make_engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _make_sqlite_engine(url)
    try:
        return create_engine(url, pool_pre_ping=True, pool_timeout=POOL_SECONDS)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise ConfigurationError(
            "PostgreSQL needs the driver psycopg", hint="run: pip install 'ostinato[pg]'"
        ) from None


def _make_sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        module=sqlite_module(),
        pool_timeout=POOL_SECONDS,
        connect_args={
            "isolation_level": None,
            "timeout": SQLITE_BUSY_SECONDS,
            "check_same_thread": False,
            "cached_statements": SQLITE_CACHED_STATEMENTS,
        },
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        _switch_to_wal(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("ostinato_writes", False):
            _begin_writing(connection)
        else:
            _set_patience(connection, SQLITE_BUSY_SECONDS)
            connection.exec_driver_sql("BEGIN")

    return engine


def _begin_writing(connection: Connection) -> None:
    """Wait for the write lock, and take it.

    SQLite's own waiting sleeps longer each time, up to a tenth of a second: among busy writers whoever has waited
    longest is then the least likely to be next. Asking every millisecond gives all the same chance.
    """
    raw: Any = connection.connection.driver_connection
    _set_patience(connection, 0)
    give_up_at = time.monotonic() + SQLITE_BUSY_SECONDS
    while _is_held_by_another(raw) and time.monotonic() < give_up_at:
        time.sleep(SQLITE_ASK_SECONDS)
    if not raw.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails as before, and is told like all other errors


def _set_patience(connection: Connection, seconds: float) -> None:
    """Say for how long SQLite waits by itself when others hold what a statement needs. Who writes has it already."""
    if connection.info.get("patience") != seconds:
        raw: Any = connection.connection.driver_connection
        raw.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
        connection.info["patience"] = seconds


def _is_held_by_another(raw: Any) -> bool:
    """Try to begin writing; tell whether another writer keeps us from it."""
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite_module().OperationalError as error:
        return "locked" in str(error)
    return False


def _switch_to_wal(connection: Any) -> None:
    """Put the file in WAL mode; the switch does not wait for locks by itself, so wait for it here."""
    give_up_at = time.monotonic() + SQLITE_BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite_module().OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    """Switch the enforcement of foreign keys off on SQLite, which is possible only outside of a transaction."""
    driver: Any = connection.connection.driver_connection if connection.dialect.name == "sqlite" else None
    if driver is None:
        yield
        return
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(3)
        if broken:
            raise StoreError(f"rows refer to others that do not exist: {', '.join(map(str, broken))}")


@contextmanager
def _translated(location: str) -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise _unavailable(location, error) from error
    except PoolTimeout as error:
        raise StoreUnavailable(
            f"no connection to the database at {location} came free",
            hint="this process does too much at once, or the database answers too slowly",
        ) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _unavailable(location, error) from error
        raise StoreError(f"the database refused a statement: {_first_line(error.orig)}") from error


def _unavailable(location: str, error: DBAPIError) -> StoreError:
    said = str(error.orig).strip()
    if any(word in said for word in ("no such table", "no such column", "syntax error", "has no column")):
        return StoreError(f"the database at {location} does not have the expected schema: {said}")
    return StoreUnavailable(
        f"the database at {location} is not available: {said}",
        hint="check that it is running, reachable, has room, and that no other program holds it",
    )


def _first_line(error: BaseException | None) -> str:
    """Return what a driver says went wrong, without the row's content that PostgreSQL adds: it may be private."""
    return str(error).strip().partition("\n")[0]


def sqlite_folder_problem(url: URL) -> str:
    """Say why the folder of an SQLite file cannot hold it; empty where it can."""
    folder = Path(url.database or "").expanduser().resolve().parent
    return "" if folder.is_dir() else f"the folder {folder} does not exist"
