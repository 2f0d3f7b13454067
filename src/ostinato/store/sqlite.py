"""SQLite: how its connections are made and begin a transaction, and that all of them are to one and the same file.

It runs in WAL mode with foreign keys on. Whoever writes takes the write lock when the transaction begins, so two
writers wait for each other and never fail halfway.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from ostinato.errors import ConfigurationError, NoDatabase, StoreError, StoreUnavailable
from ostinato.store.compiled import SHARED, Alike

try:
    from pysqlite3 import dbapi2 as _bundled_sqlite
except ImportError:  # no wheel for this platform: the interpreter's own SQLite serves
    _bundled_sqlite = None

BUSY_SECONDS = 20.0
"""How long a transaction waits for those of others. An address may say otherwise: ``sqlite:///a.db?timeout=60``."""
ASK_SECONDS = 0.001
CACHED_STATEMENTS = 500
"""How many statements a connection keeps ready. The bundled driver never drops the ones it has used most: when it has
no place left, those that come later are compiled anew each time, at several times the cost of carrying them out."""
LARGEST_IDLE_WAL = 64_000_000
"""To how many bytes the write-ahead log shrinks again that has grown while somebody read for long."""

WITHOUT_WAL_RESET_BUG = (3, 51, 3)


def sqlite_module() -> ModuleType:
    """Return the SQLite driver in use: the bundled one where there is a wheel of it."""
    return _bundled_sqlite or sqlite3


class DatabaseFile:
    """The file that all connections of a store are to be to: the one that the first of them was made to.

    SQLite would go on writing to a file that was removed, and make a new one beside it. What it writes is lost then, or
    two processes hold two different truths; so nothing is written while the file of that name is not the same.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None

    def note(self) -> None:
        """Take note of which file it is that is connected to, if that is not known."""
        self._identity = self._identity or self._identify()

    def look_for(self) -> None:
        """Raise ``NoDatabase`` unless there is a file of that name, or was when it was noted."""
        if self._identity is None and self._identify() is None:
            raise NoDatabase(f"there is no database yet: no file {self._path}")

    def check(self) -> None:
        """Raise ``StoreUnavailable`` unless the file of that name is the one that is known."""
        if self._identity is None:
            return
        found = self._identify()
        if found is None:
            raise StoreUnavailable(
                f"the database file {self._path} is gone: it was removed or renamed while it was in use",
                hint="put that same file back, or restore a backup and start this process again",
            )
        if found != self._identity:
            name = self._path.name
            raise StoreUnavailable(
                f"the database file {self._path} is not the one that this process began with: it was replaced",
                hint="put the old one back; or stop all that use it, "
                f"remove {name}-wal and {name}-shm, which are of the old one, and start again",
            )

    def forget(self) -> None:
        """Forget which file it was: no connection is left."""
        self._identity = None

    def _identify(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


class Dialect(Alike, SQLiteDialect_pysqlite):
    """How SQLAlchemy speaks to SQLite."""

    supports_statement_cache = True


registry.register("sqlite.ostinato", __name__, Dialect.__name__)


def make_sqlite_engine(url: URL, *, create: bool, pool_seconds: float) -> tuple[Engine, DatabaseFile]:
    """Make what lends connections, each to the one file. ``pool_seconds`` is how long a thread waits for its turn.

    SQLite makes the file that it is to connect to. Without ``create`` one that is not there is ``NoDatabase``.
    """
    patience = _read_patience(url)
    file = DatabaseFile(Path(url.database or ""))
    engine = create_engine(
        url.set(drivername="sqlite+ostinato"),
        execution_options=SHARED,
        module=sqlite_module(),
        pool_timeout=pool_seconds,
        connect_args={
            "isolation_level": None,
            "timeout": patience,
            "check_same_thread": False,
            "cached_statements": CACHED_STATEMENTS,
        },
    )

    @event.listens_for(engine, "do_connect")
    def look_first(*whatever: object) -> None:
        file.check()
        if not create:
            file.look_for()

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {LARGEST_IDLE_WAL}")
        _switch_to_wal(connection, patience)
        file.note()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        file.check()
        if connection.get_execution_options().get("ostinato_writes", False):
            _begin_writing(connection, patience)
        else:
            _set_patience(connection, patience)
            connection.exec_driver_sql("BEGIN")

    return engine, file


def _read_patience(url: URL) -> float:
    said = url.query.get("timeout", BUSY_SECONDS)
    try:
        return float(str(said))
    except ValueError:
        raise ConfigurationError(
            f"the timeout in the database's address is no number: {said!r}",
            hint="write seconds, as in sqlite:///ostinato.db?timeout=20",
        ) from None


def _begin_writing(connection: Connection, patience: float) -> None:
    """Wait for the write lock, and take it.

    SQLite's own waiting sleeps longer each time, up to a tenth of a second: among busy writers whoever has waited
    longest is then the least likely to be next. Asking every millisecond gives all the same chance.
    """
    raw: Any = connection.connection.driver_connection
    _set_patience(connection, 0)
    give_up_at = time.monotonic() + patience
    while _is_held_by_another(raw) and time.monotonic() < give_up_at:
        time.sleep(ASK_SECONDS)
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


def _switch_to_wal(connection: Any, patience: float) -> None:
    """Put the file in WAL mode; the switch does not wait for locks by itself, so wait for it here."""
    give_up_at = time.monotonic() + patience
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite_module().OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)


@contextmanager
def foreign_keys_off(connection: Connection) -> Iterator[None]:
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


def check_foreign_keys(connection: Connection) -> None:
    """Raise ``StoreError`` if rows refer to others that do not exist, which SQLite has not watched meanwhile."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(3)
        if broken:
            raise StoreError(f"rows refer to others that do not exist: {', '.join(map(str, broken))}")


def sqlite_folder_problem(url: URL) -> str:
    """Say why the folder of an SQLite file cannot hold it; empty where it can."""
    folder = Path(url.database or "").expanduser().resolve().parent
    return "" if folder.is_dir() else f"the folder {folder} does not exist"
