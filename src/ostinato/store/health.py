"""What a database says of itself: its clock, its version and how it is set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from ostinato.store.database import Store, Tx
from ostinato.store.sqlite import WITHOUT_WAL_RESET_BUG, sqlite_module


@dataclass(frozen=True, slots=True)
class SqliteHealth:
    """How SQLite works here. ``wal_reset_bug`` means that its version may corrupt a file that several write at once."""

    version: str
    wal_reset_bug: bool
    journal_mode: str
    file: Path


def read_clock(tx: Tx) -> datetime | None:
    """Return the clock of the database's machine; ``None`` for SQLite, which has none but this machine's."""
    if tx.dialect.name == "sqlite":
        return None
    at: datetime = tx.execute(text("SELECT clock_timestamp()")).scalar_one()
    return at


def read_server_version(tx: Tx) -> str:
    """Return which database this is, with its version, as people know it."""
    if tx.dialect.name == "sqlite":
        return f"SQLite {sqlite_module().sqlite_version}"
    return f"PostgreSQL {tx.execute(text('SHOW server_version')).scalar_one()}"


def measure_size(tx: Tx) -> int:
    """Return how many bytes the database takes."""
    if tx.dialect.name == "sqlite":
        size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    else:
        size = "SELECT pg_database_size(current_database())"
    return int(tx.execute(text(size)).scalar_one())


def read_sqlite_health(store: Store, tx: Tx) -> SqliteHealth | None:
    """Return how SQLite works here; ``None`` on another database."""
    if store.dialect != "sqlite":
        return None
    driver = sqlite_module()
    return SqliteHealth(
        version=driver.sqlite_version,
        wal_reset_bug=driver.sqlite_version_info < WITHOUT_WAL_RESET_BUG,
        journal_mode=str(tx.execute(text("PRAGMA journal_mode")).scalar_one()),
        file=Path(store.url.database or ""),
    )
