"""The schema's version: creating it, upgrading it, and refusing a database that does not fit this program."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

from ostinato.errors import NoDatabase, SchemaMismatch
from ostinato.store.database import Store, Tx
from ostinato.store.schema import metadata
from ostinato.store.triggers import TRIGGERS

SCHEMA_VERSION = "0001"
"""The newest migration; a test holds it against the migrations themselves."""

MIGRATIONS = Path(__file__).with_name("migrations")

_VERSION_TABLE = """
    CREATE TABLE alembic_version (
        version_num VARCHAR(32) NOT NULL,
        CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
    )
"""

_SCHEMA_LOCK = 0x6F7374696E61746F


def read_version(tx: Tx) -> str | None:
    """Return the version of the database's schema; ``None`` for an empty database."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    return tx.execute(text("SELECT version_num FROM alembic_version")).scalar()


def open_schema(store: Store) -> None:
    """Make sure that the database fits this program: fill an empty one, refuse an older or newer one.

    Raises ``SchemaMismatch`` with what to do, ``NoDatabase`` for an empty one where the store is not to ``create`` it.
    Two processes that open an empty database at once create it once.
    """
    with store.read() as tx:
        version = read_version(tx)
    if version is None and store.create:
        create_schema(store)
    else:
        check_version(version, store.location)


def check_version(version: str | None, location: str) -> None:
    """Raise ``SchemaMismatch`` or ``NoDatabase`` unless ``version`` is the one this program works with."""
    if version == SCHEMA_VERSION:
        return
    if version is None:
        raise NoDatabase(f"the database at {location} is empty")
    if version < SCHEMA_VERSION:
        raise SchemaMismatch(
            f"the database at {location} has schema {version}, this program needs {SCHEMA_VERSION}",
            hint="stop all engines and agents, make a backup, then run: ostinato db upgrade",
        )
    raise SchemaMismatch(
        f"the database at {location} has schema {version}, newer than this program's {SCHEMA_VERSION}",
        hint="install the release of Ostinato that the other processes run",
    )


def create_schema(store: Store) -> None:
    """Create every table and trigger in an empty database, unless another process has just done so."""
    with store.write() as tx:
        _wait_for_others(tx)
        if read_version(tx) is not None:
            return
        metadata.create_all(tx)
        for statement in TRIGGERS[store.dialect]():
            tx.exec_driver_sql(statement)
        tx.execute(text(_VERSION_TABLE))
        tx.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": SCHEMA_VERSION})


def upgrade_schema(store: Store) -> tuple[str | None, str]:
    """Bring the database to this program's schema; return the versions before and after.

    A database newer than the program is refused. All migrations run in one transaction: when one fails, the database
    is as it was.
    """
    with store.read() as tx:
        before = read_version(tx)
    if before is None:
        create_schema(store)
    elif before < SCHEMA_VERSION:
        run_migrations(store)
    else:
        check_version(before, store.location)
    return before, SCHEMA_VERSION


def run_migrations(store: Store) -> None:
    """Run the migrations that the database has not had yet."""
    from alembic import command  # noqa: PLC0415  loading it takes a second, and only upgrades need it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.restructure() as tx:
        _wait_for_others(tx)
        config.attributes["connection"] = tx
        command.upgrade(config, "head")


def _wait_for_others(tx: Tx) -> None:
    """Keep other processes from changing the schema until the transaction ends; on SQLite the write lock does so."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
