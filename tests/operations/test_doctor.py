"""The doctor: what it looks at, what it calls broken, and that it goes on where something is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.counting import count_rows

from ostinato.clock import ManualClock, SystemClock
from ostinato.config import load_config
from ostinato.operations import doctor
from ostinato.operations.doctor import Check, Health, examine, examine_project, judge_skew, judge_space, judge_sqlite
from ostinato.store import journal
from ostinato.store.database import Store
from ostinato.store.health import SqliteHealth
from ostinato.testing.factories import make_definition
from ostinato.testing.night import Night
from ostinato.world import World

PROJECT = "database: sqlite:///own.db\ndefinitions:\n  - yaml: definitions.yaml\n"
DEFINITIONS = "definitions: {load: {command: [load]}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Lend the file of a sound project on a database of its own, which does not exist yet."""
    (tmp_path / "ostinato.yaml").write_text(PROJECT)
    (tmp_path / "definitions.yaml").write_text(DEFINITIONS)
    return tmp_path / "ostinato.yaml"


def ailing(checks: Iterable[Check]) -> dict[str, Health]:
    """Return what is not well, by the name of the check."""
    return {check.name: check.health for check in checks if check.health is not Health.OK}


def change(night: Night, statement: str) -> None:
    """Change the database by hand."""
    with night.store.write() as tx:
        tx.execute(text(statement))


def test_a_sound_world_is_sound_throughout(night: Night, world: World, project: Path) -> None:
    """Database, schema, disks, sources and invariants were all looked at."""
    night.declare(definitions=[make_definition()])
    night.work()

    checks = examine(replace(world, config=load_config(project)))

    assert ailing(checks) == {}
    names = {check.name for check in checks}
    assert {"database", "schema", "space for logs", "definition source yaml:definitions.yaml"} <= names
    assert {f"invariant {number}" for number in (1, 2, 3, 4, 5, 8, 9)} <= names


def test_an_empty_database_is_broken_and_has_its_remedy(project: Path) -> None:
    """The rows are not looked at; all else is."""
    (project.parent / "own.db").touch()

    checks = examine_project(project)

    assert ailing(checks) == {"schema": Health.BROKEN}
    schema = next(check for check in checks if check.name == "schema")
    assert "ostinato db upgrade" in schema.hint
    assert not [check for check in checks if check.name.startswith("invariant")]


def test_a_database_that_is_not_there_is_broken_and_not_created(project: Path) -> None:
    """It is said which file is missing, and all else is looked at."""
    checks = examine_project(project)

    assert ailing(checks) == {"database": Health.BROKEN}
    assert str(project.parent / "own.db") in next(check.found for check in checks if check.name == "database")
    assert "definition source yaml:definitions.yaml" in {check.name for check in checks}
    assert not (project.parent / "own.db").exists()


def test_a_project_file_with_mistakes_is_all_there_is_to_say(project: Path) -> None:
    """With the place of the first."""
    project.write_text("databse: sqlite:///own.db\n")

    (check,) = examine_project(project)

    assert (check.name, check.health) == ("configuration", Health.BROKEN)
    assert "ostinato.yaml:1" in check.found


def test_a_database_that_cannot_be_created_is_said_to_be(project: Path) -> None:
    """Its folder is missing."""
    project.write_text("database: sqlite:///nowhere/own.db\n")

    (check,) = examine_project(project)

    assert check.health is Health.BROKEN
    assert "nowhere does not exist" in check.found


def test_a_database_that_does_not_answer_is_broken_and_the_rest_is_looked_at(world: World, project: Path) -> None:
    """Sources and disks need no database."""
    store = Store("postgresql://nobody@127.0.0.1:1/nothing")

    checks = examine(replace(world, store=store, config=load_config(project)))

    assert ailing(checks) == {"database": Health.BROKEN}
    assert "definition source yaml:definitions.yaml" in {check.name for check in checks}
    store.close()


@pytest.mark.parametrize(("version", "hint"), [("0000", "ostinato db upgrade"), ("9999", "install the release")])
def test_a_schema_of_another_version_is_broken(night: Night, world: World, version: str, hint: str) -> None:
    """Older and newer ones have different remedies."""
    change(night, f"UPDATE alembic_version SET version_num = '{version}'")  # noqa: S608

    checks = examine(world)

    assert ailing(checks) == {"schema": Health.BROKEN}
    assert hint in next(check.hint for check in checks if check.name == "schema")


def test_sources_that_cannot_be_loaded_are_broken(world: World, project: Path) -> None:
    """Each by itself, with the place of the mistake."""
    (project.parent / "definitions.yaml").write_text("definitions: {load: {comand: [load]}}\n")

    checks = examine(replace(world, config=load_config(project)))

    assert ailing(checks) == {"definition source yaml:definitions.yaml": Health.BROKEN}
    assert any("definitions.yaml:1" in check.found for check in checks)


def test_an_unknown_kind_of_source_is_broken(world: World, project: Path) -> None:
    """None of the sources can be followed then."""
    project.write_text("definitions:\n  - yamml: definitions.yaml\n")

    assert ailing(examine(replace(world, config=load_config(project)))) == {"sources": Health.BROKEN}


def test_the_machines_clock_is_held_against_the_databases(night: Night, world: World) -> None:
    """SQLite has no clock but the machine's."""
    skewed = ManualClock(SystemClock().now() + timedelta(minutes=3))

    clocks = [check for check in examine(world, machine=skewed) if check.name == "clock"]

    expected = [] if night.store.dialect == "sqlite" else [Health.WARNING]
    assert [check.health for check in clocks] == expected


def test_a_few_seconds_between_clocks_are_nothing() -> None:
    """More of them are, in either direction."""
    assert judge_skew(timedelta(seconds=5)).health is Health.OK
    assert "6s ahead of" in judge_skew(timedelta(seconds=6)).found
    assert "6s behind" in judge_skew(timedelta(seconds=-6)).found


def test_a_version_of_sqlite_with_the_wal_reset_bug_is_a_warning() -> None:
    """It works, and may damage the file one day."""
    old = SqliteHealth("3.40.1", wal_reset_bug=True, journal_mode="wal", file=Path("own.db"))

    assert ailing(judge_sqlite(old)) == {"SQLite version": Health.WARNING}


def test_a_file_that_is_not_in_wal_mode_is_broken() -> None:
    """As on a network file system, where it cannot be."""
    remote = SqliteHealth("3.53.4", wal_reset_bug=False, journal_mode="delete", file=Path("own.db"))

    assert ailing(judge_sqlite(remote)) == {"SQLite journal": Health.BROKEN}


@pytest.mark.parametrize(
    ("free", "health"),
    [(doctor.LOW_SPACE, Health.OK), (doctor.LOW_SPACE - 1, Health.WARNING), (doctor.LEAST_SPACE - 1, Health.BROKEN)],
)
def test_a_disk_that_fills_up_is_noticed_in_time(free: int, health: Health) -> None:
    """Below a gigabyte it is a warning, below a tenth of one it is too late."""
    assert judge_space("space for logs", Path("logs"), free).health is health


def test_rows_that_break_an_invariant_are_broken(night: Night, world: World) -> None:
    """With the rows, and what should hold."""
    night.declare(definitions=[make_definition()])
    night.tick()
    change(night, "UPDATE runs SET created_at = 0")

    checks = examine(world)

    (check,) = [check for check in checks if check.health is not Health.OK]
    assert (check.name, check.health) == ("invariant 2", Health.BROKEN)
    assert check.means == "this should never be: no run was created before its start policy was satisfied"
    assert check.found.count("was created before the slot was due") == 2


def test_what_is_overdue_is_a_warning_while_no_engine_is_at_work(night: Night, world: World) -> None:
    """An engine would see to it; one that has not is broken."""
    night.declare(definitions=[make_definition()])
    night.work()
    change(night, "UPDATE slots SET examine_at = NULL")
    night.advance(days=2)
    asleep = ailing(examine(world))
    with night.store.write() as tx:
        journal.keep_pass(tx, engine="engine-1", started_at=night.now, seconds=0.1, outcomes=[])

    awake = ailing(examine(world))

    assert (asleep, awake) == ({"invariant 8": Health.WARNING}, {"invariant 8": Health.BROKEN})


def test_looking_changes_nothing(night: Night, world: World, project: Path) -> None:
    """Not a row in any table."""
    night.declare(definitions=[make_definition()])
    night.work()
    before = count_rows(night.store)

    examine(replace(world, config=load_config(project)))

    assert count_rows(night.store) == before
