"""Diff and apply: what they show, what they change, and that both are what the engine does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ostinato.config import load_config
from ostinato.errors import DeclarationError
from ostinato.model.engine import AuditEntry, Changes
from ostinato.operations.declaring import Diff, apply, diff
from ostinato.operations.people import Person
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")

Audit = Callable[[], list[AuditEntry]]

ACCOUNTS = """
accounts:
  uk: {time_zone: Europe/London, starts_on: 2026-01-08}
  us: {time_zone: America/New_York, starts_on: 2026-01-08}
"""
DEFINITIONS = """
definitions:
  load: {command: [load], matrix: account, writes_to: [loaded]}
  report: {command: [report], starts_on: 2026-01-08, reads_from: [loaded]}
"""


class Project:
    """A project whose files a test writes."""

    def __init__(self, world: World) -> None:
        self._folder = world.config.folder
        self._world = world
        self.write("ostinato.yaml", "accounts:\n  - file: accounts.yaml\ndefinitions:\n  - yaml: definitions.yaml\n")
        self.write("accounts.yaml", ACCOUNTS)
        self.write("definitions.yaml", DEFINITIONS)

    def write(self, name: str, text: str) -> None:
        """Write one file."""
        (self._folder / name).write_text(text)

    @property
    def world(self) -> World:
        """Return the world of the project as its file says now."""
        config = load_config(self._folder / "ostinato.yaml")
        return replace(self._world, config=replace(config, database=self._world.config.database))


@pytest.fixture
def project(world: World) -> Project:
    """Lend a project with two accounts and two definitions, of which nothing is known to the store yet."""
    return Project(world)


def test_the_difference_to_nothing_is_all_that_is_declared(project: Project, night: Night) -> None:
    """Slots reach from the start until ten days from now; showing that changes nothing."""
    shown = diff(project.world)

    assert shown.accounts == Changes(add=("uk", "us"))
    assert shown.definitions == Changes(add=("load", "report"))
    assert shown.dependencies == Changes(add=("report ← load",))
    assert (shown.slots_added, shown.slots_removed, shown.runs_removed) == (39, 0, 0)
    assert (shown.held_back, shown.errors, shown.empty) == ((), (), False)
    assert night.slots() == {}


def test_apply_does_what_diff_shows(project: Project, night: Night, audit: Audit) -> None:
    """The same code, for good; afterwards there is no difference."""
    shown = diff(project.world)

    applied = apply(project.world, by=ADA, reason="first day")

    assert applied == shown
    assert diff(project.world).empty
    assert len(night.slots()) == 39
    command = "ostinato apply --reason 'first day'"
    assert audit() == [AuditEntry(night.now, "ada", "apply", "declarations", "first day", command=command)]


def test_apply_without_difference_leaves_no_trace(project: Project, audit: Audit) -> None:
    """Nobody changed anything, so the log has nothing to say."""
    apply(project.world, by=ADA)

    again = apply(project.world, by=ADA)

    assert again.empty
    assert len(audit()) == 1


def test_apply_starts_nothing(project: Project, night: Night) -> None:
    """Runs are the engine's to create."""
    apply(project.world, by=ADA)

    assert night.runs() == []


def test_a_change_is_shown_with_what_goes_with_it(project: Project, night: Night) -> None:
    """A definition that leaves takes its slots and runs; one that changes is named."""
    apply(project.world, by=ADA)
    night.steps = night.steps[4:]
    night.tick()
    project.write("definitions.yaml", "definitions: {report: {command: [print], starts_on: 2026-01-08}}")

    shown = diff(project.world)

    assert shown.definitions == Changes(change=("report",), remove=("load",))
    assert (shown.slots_added, shown.slots_removed, shown.runs_removed) == (0, 26, 4)
    assert shown.accounts == Changes()


def test_a_great_removal_is_held_back_until_it_is_confirmed(project: Project) -> None:
    """Nothing of that load happens before."""
    many = "".join(f"  a{number}: {{}}\n" for number in range(10))
    project.write("accounts.yaml", f"accounts:\n{many}")
    apply(project.world, by=ADA)
    project.write("accounts.yaml", "accounts: {a0: {}, new: {}}")

    held = apply(project.world, by=ADA)
    confirmed = apply(project.world, by=ADA, confirm_removals=True)

    assert held.accounts == Changes()
    (message,) = held.held_back
    assert message.startswith("file:accounts.yaml: would remove 9 of 10: a1, a2, a3, a4, a5, …")
    assert confirmed.accounts == Changes(add=("new",), remove=tuple(f"a{number}" for number in range(1, 10)))
    assert diff(project.world).empty


def test_a_source_that_cannot_be_loaded_is_an_error_and_changes_nothing(project: Project, night: Night) -> None:
    """The others are followed; its own rows stay."""
    apply(project.world, by=ADA)
    slots = night.slots()
    project.write("definitions.yaml", "definitions: {load: {comand: [load]}}")
    project.write("accounts.yaml", ACCOUNTS + "  fr: {starts_on: 2026-01-08}\n")

    applied = apply(project.world, by=ADA)

    assert applied.accounts == Changes(add=("fr",))
    assert applied.definitions == Changes()
    assert len(applied.errors) == 1
    assert "definitions.yaml:1" in applied.errors[0]
    assert slots.items() <= night.slots().items()


def test_a_project_file_with_an_unknown_kind_of_source_is_refused(project: Project) -> None:
    """It cannot be said what is declared then."""
    project.write("ostinato.yaml", "accounts:\n  - fiel: accounts.yaml\n")

    with pytest.raises(DeclarationError, match="fiel"):
        diff(project.world)


def test_an_apply_that_fails_halfway_changes_nothing(project: Project, night: Night, audit: Audit) -> None:
    """One transaction: no definition is ever seen without what it depends on."""
    apply(project.world, by=ADA)
    before = night.slots()
    project.write("accounts.yaml", ACCOUNTS + "  fr: {starts_on: 2026-01-08}\n")
    with night.store.write() as tx:
        tx.exec_driver_sql("DROP TABLE dependencies")

    with pytest.raises(Exception, match="dependencies"):
        apply(project.world, by=ADA)

    assert night.slots() == before
    assert len(audit()) == 1


def test_two_who_apply_at_once_make_the_change_once(
    project: Project, night: Night, in_two_threads: Callable[[Callable[[Person], Diff]], list[Diff]]
) -> None:
    """Who comes second finds nothing left to do."""
    world = project.world

    answers = in_two_threads(lambda person: apply(world, by=person))

    assert sorted(answer.empty for answer in answers) == [False, True]
    assert len(night.slots()) == 39


def test_the_folder_of_the_project_is_where_its_files_are(project: Project, tmp_path: Path) -> None:
    """Whatever the working directory of the process is."""
    assert project.world.config.folder == tmp_path
