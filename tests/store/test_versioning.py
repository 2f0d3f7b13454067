"""The schema's version: made once, upgraded as a whole, and never used by a program that it does not fit."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from ostinato.errors import NoDatabase, SchemaMismatch, StoreError
from ostinato.store import versioning
from ostinato.store.database import Store
from ostinato.store.schema import metadata
from ostinato.store.versioning import (
    MIGRATIONS,
    SCHEMA_VERSION,
    check_version,
    create_schema,
    open_schema,
    read_version,
    run_migrations,
    upgrade_schema,
)
from ostinato.testing.children import run_together
from ostinato.testing.factories import make_account, make_definition
from ostinato.testing.night import Night

CREATE = """
import sys
from ostinato.store.database import Store
from ostinato.store.versioning import open_schema, upgrade_schema

store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
{"open": open_schema, "upgrade": upgrade_schema}[sys.argv[2]](store)
"""

OBJECTS = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name",
    "postgresql": """
        SELECT 'constraint', conname, conrelid::regclass::text, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 'index', indexname, tablename, indexdef FROM pg_indexes WHERE schemaname = current_schema()
        UNION ALL
        SELECT 'trigger', tgname, tgrelid::regclass::text, pg_get_triggerdef(t.oid)
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE c.relnamespace = current_schema()::regnamespace AND NOT tgisinternal
        UNION ALL
        SELECT 'function', proname, '', pg_get_functiondef(oid)
        FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 'column', column_name, table_name, concat_ws(' ', data_type, character_maximum_length, column_default,
               is_nullable)
        FROM information_schema.columns WHERE table_schema = current_schema()
        ORDER BY 1, 2, 3
    """,
}

NEXT_MIGRATION = '''
"""A later schema, which rebuilds a table that others refer to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("country", sa.String(2), server_default="CH", nullable=False))
        accounts.alter_column("time_zone", type_=sa.String(128), existing_type=sa.String(64), existing_nullable=False)
    {then}
'''


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Store]:
    """Lend a store on an empty database."""
    store = Store(empty_database_url)
    yield store
    store.close()


def describe(store: Store) -> dict[tuple[str, str, str], str]:
    """Return the text of every object in the database, as the database tells it, spaces aside."""
    with store.read() as tx:
        schema = tx.execute(text("SELECT current_schema()")).scalar() if store.dialect == "postgresql" else ""
        rows = tx.execute(text(OBJECTS[store.dialect])).all()
    return {
        (kind, name, table): re.sub(r"\s+", " ", str(sql).replace(f"{schema}.", "")).strip()
        for kind, name, table, sql in rows
    }


def tables(store: Store) -> set[str]:
    """Name the tables that are there."""
    with store.read() as tx:
        return set(inspect(tx).get_table_names())


def version_of(store: Store) -> str | None:
    """Return the version that is written in the database."""
    with store.read() as tx:
        return read_version(tx)


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a later release, with one more migration; return its file."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    file = folder / "versions" / "0002_next.py"
    file.write_text(NEXT_MIGRATION.format(then="pass"))
    monkeypatch.setattr(versioning, "MIGRATIONS", folder)
    monkeypatch.setattr(versioning, "SCHEMA_VERSION", "0002")
    return file


def test_the_migrations_make_the_schema(empty: Store) -> None:
    """Replayed on an empty database they equal what is created fresh, to the text of every rule.

    When this fails after a change of ``schema`` or ``triggers``, the change lacks its migration.
    """
    run_migrations(empty)
    replayed = describe(empty)
    with empty.write() as tx:
        for table in [*reversed(metadata.sorted_tables), "alembic_version"]:
            tx.execute(text(f"DROP TABLE {table}"))
        if empty.dialect == "postgresql":
            tx.execute(text("DROP FUNCTION runs_guard, steps_guard"))
    create_schema(empty)

    assert replayed == describe(empty)
    assert {"runs", "runs_live_key", "slots_examine_at_idx"} < {name for _, *names in replayed for name in names}


def test_the_version_of_the_program_is_that_of_its_newest_migration() -> None:
    """A migration without a new version would never run."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_VERSION]


def test_an_empty_database_is_created(empty: Store) -> None:
    """Whoever opens it first creates it; whoever opens it later finds it as it is."""
    assert version_of(empty) is None

    open_schema(empty)
    before = describe(empty)
    open_schema(empty)

    assert version_of(empty) == SCHEMA_VERSION
    assert describe(empty) == before


@pytest.mark.parametrize("how", ["open", "upgrade"])
def test_processes_that_create_at_once_create_once(empty: Store, empty_database_url: str, how: str) -> None:
    """None of them fails, and each finds a complete schema."""
    run_together(CREATE, [(empty_database_url, how)] * 4)

    assert version_of(empty) == SCHEMA_VERSION
    assert tables(empty) == {*metadata.tables, "alembic_version"}


@pytest.mark.parametrize(
    ("version", "words"),
    [("0000", "older|stop all engines.*ostinato db upgrade"), ("9999", "newer.*install the release")],
)
def test_a_database_of_another_version_is_refused(empty: Store, version: str, words: str) -> None:
    """With what to do; nothing is changed."""
    open_schema(empty)
    with empty.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})

    with pytest.raises(SchemaMismatch) as caught:
        open_schema(empty)

    assert re.search(words, str(caught.value), re.DOTALL)
    assert version_of(empty) == version


def test_a_newer_database_is_not_upgraded(empty: Store) -> None:
    """The way back is the newer release, or a backup."""
    open_schema(empty)
    with empty.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaMismatch, match="newer"):
        upgrade_schema(empty)


def test_an_empty_database_can_be_told_apart() -> None:
    """For commands that must not create one."""
    with pytest.raises(NoDatabase, match="the database at here is empty") as caught:
        check_version(None, "here")

    assert "ostinato db upgrade" in caught.value.hint
    check_version(SCHEMA_VERSION, "here")


def test_who_is_not_to_create_a_database_leaves_an_empty_one_empty(empty: Store, empty_database_url: str) -> None:
    """Without its schema nothing can be read from it."""
    assert version_of(empty) is None  # which makes the file, where it is one
    looking = Store(empty_database_url, create=False)

    with closing(looking), pytest.raises(NoDatabase, match="is empty"):
        open_schema(looking)

    assert version_of(empty) is None


def test_who_is_not_to_create_a_database_makes_no_file(tmp_path: Path) -> None:
    """It is said which file is missing; once that is there, the same store reads it."""
    file = tmp_path / "ostinato.db"
    with closing(Store(f"sqlite:///{file}", create=False)) as looking, closing(Store(f"sqlite:///{file}")) as making:
        with pytest.raises(NoDatabase, match=str(file)):
            open_schema(looking)
        left = list(tmp_path.iterdir())
        open_schema(making)
        open_schema(looking)

    assert left == []


def test_an_upgrade_tells_what_it_did(empty: Store) -> None:
    """From nothing to the present version; a second time there is nothing to do."""
    assert upgrade_schema(empty) == (None, SCHEMA_VERSION)
    assert upgrade_schema(empty) == (SCHEMA_VERSION, SCHEMA_VERSION)


def test_an_upgrade_keeps_every_row(night: Night, later: Path) -> None:
    """Also where it rebuilds a table that others refer to: nothing cascades, and all rules hold afterwards."""
    night.declare(
        accounts=[make_account("a"), make_account("b")], definitions=[make_definition("load", matrix="account")]
    )
    night.tick()
    before = night.slots(), night.runs()
    with pytest.raises(SchemaMismatch, match="has schema 0001, this program needs 0002"):
        open_schema(night.store)

    assert upgrade_schema(night.store) == ("0001", "0002")

    assert (night.slots(), night.runs()) == before
    with night.store.write() as tx:
        assert tx.execute(text("SELECT DISTINCT country FROM accounts")).scalars().all() == ["CH"]
        tx.execute(text("DELETE FROM accounts WHERE token = 'a'"))
    assert set(night.slots()) == {name for name in before[0] if "/b/" in name}


def test_an_upgrade_that_fails_changes_nothing(night: Night, later: Path) -> None:
    """All of it or none: the old release goes on with the database as it was."""
    later.write_text(NEXT_MIGRATION.format(then='op.execute("INSERT INTO nowhere VALUES (1)")'))
    before = describe(night.store)

    with pytest.raises(StoreError, match="nowhere"):
        upgrade_schema(night.store)

    assert describe(night.store) == before
    assert version_of(night.store) == "0001"


def test_an_upgrade_that_breaks_references_is_not_kept(night: Night, later: Path) -> None:
    """SQLite does not look while tables are rebuilt, so it is asked at the end; PostgreSQL looks at once."""
    night.declare(definitions=[make_definition()])
    night.tick()
    later.write_text(NEXT_MIGRATION.format(then='op.execute("UPDATE slots SET lane_id = 4711")'))

    with pytest.raises(StoreError, match=r"rows refer to others|slots_lane_id_fk"):
        upgrade_schema(night.store)

    assert version_of(night.store) == "0001"
    assert len(night.slots()) == 13


def test_foreign_keys_are_enforced_again_after_an_upgrade(night: Night, later: Path) -> None:
    """On the very connection that ran it."""
    upgrade_schema(night.store)

    with pytest.raises(StoreError, match=r"FOREIGN KEY|lanes_definition_id_fk"):
        insert_lane(night.store)


def insert_lane(store: Store) -> None:
    """Insert a lane of a definition that does not exist."""
    with store.write() as tx:
        tx.execute(
            text(
                "INSERT INTO lanes (definition_id, retired, frequency, time_zone, start_kind, delay, created_at)"
                " VALUES (4711, false, 'daily', 'UTC', 'manual', 0, 0)"
            )
        )
