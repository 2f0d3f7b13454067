"""A project that has no database yet: which commands make it, and what all others say."""

from __future__ import annotations

import pytest

from ostinato.cli.app import COMMANDS
from ostinato.testing.program import Program, write_files

BEGINNINGS = {
    "up": ("--until-idle",),
    "engine": (),
    "agent": (),
    "apply": (),
    "db upgrade": (),
    "trigger": ("report",),
}
"""With which commands a project may begin, and what these are called with; ``demo`` makes a project of its own."""

LOOKERS = {
    "status": (),
    "accounts": (),
    "definitions": (),
    "slots": (),
    "runs": (),
    "limits": (),
    "plans": (),
    "show": ("1",),
    "event": ("1",),
    "logs": ("1",),
    "explain": ("report/-/2026-01-05",),
    "retry": ("1",),
    "rerun": ("1",),
    "accept": ("1",),
    "note": ("1", "seen"),
    "cancel": ("1",),
    "pause": ("account", "acme"),
    "resume": ("account", "acme"),
    "skip": ("1", "load"),
    "edit-input": ("1", "load", "{}"),
    "fail": ("1",),
    "send-event": ("1", "load", "go"),
    "answer": ("1", "yes"),
    "drain": ("here",),
    "halt": ("1",),
    "doctor": ("--repair",),
    "audit": (),
    "console": (),
    "boost": ("1", "--priority", "2", "--reason", "late"),
    "user list": (),
    "user password": ("ann", "--password-stdin"),
    "user role": ("ann", "viewer"),
    "user remove": ("ann",),
    "token list": (),
    "token remove": ("nightly",),
}
"""Commands about what is in the database already, and what they are called with."""

WITHOUT_DATABASE = {"init", "demo", "systemd", "validate", "diff", "schema", "simulate-faults"}

ASK_OR_TELL = {"user add", "token add"}
"""Commands with which a project may begin too, and that ask for a password, or tell a secret."""


def test_every_command_is_known_to_make_a_database_or_not() -> None:
    """Whoever adds a command decides which it is."""
    names = {name for _, name, _, _ in COMMANDS}

    assert names == BEGINNINGS.keys() | LOOKERS.keys() | WITHOUT_DATABASE | ASK_OR_TELL


@pytest.mark.parametrize("command", LOOKERS)
def test_what_only_looks_makes_no_database(empty: Program, command: str) -> None:
    """It says which file is missing, and what makes it, with exit code 5."""
    answer = empty(*command.split(), *LOOKERS[command])

    assert (answer.code, answer.out) == (5, "")
    assert f"error: there is no database yet: no file {empty.folder / 'ostinato.db'}" in answer.err
    assert "ostinato up" in answer.err
    assert [path.name for path in empty.folder.iterdir()] == ["ostinato.yaml"]


@pytest.mark.parametrize("command", BEGINNINGS)
def test_a_project_may_begin_with_whatever_sets_up_or_works(empty: Program, command: str) -> None:
    """The database is made by the way."""
    empty(*command.split(), *BEGINNINGS[command])

    assert (empty.folder / "ostinato.db").exists()


def test_a_diff_needs_no_database(program: Program) -> None:
    """All that is declared would be new; ``doctor`` says that there is none, and neither makes one."""
    write_files(
        program.folder,
        {
            "ostinato.yaml": "definitions: [{yaml: definitions.yaml}]\n",
            "definitions.yaml": "definitions: {report: {command: [x], starts_on: 2026-01-05, ends_on: 2026-01-06}}\n",
        },
    )
    there = sorted(path.name for path in program.folder.iterdir())

    answer, doctor = program("diff"), program("doctor")

    assert answer.code == 0
    assert answer.out.splitlines()[:2] == ["+ definition report", "+ 2 slots"]
    assert doctor.code == 1
    assert "✗ database: there is no database yet" in doctor.out
    assert sorted(path.name for path in program.folder.iterdir()) == there
