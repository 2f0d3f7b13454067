"""``ostinato doctor --repair``: that it tells what it mends, and what it would, for people and for programs."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ostinato.testing.program import Program, write_files

DEFINITION = "definitions:\n  a: {command: [echo, hi], starts_on: 2026-01-05, ends_on: 2026-01-05}\n"


@pytest.fixture
def broken(program: Program) -> Program:
    """Give the program in a project of one slot, that says of itself that it runs, which has succeeded."""
    project = "definitions: [{yaml: definitions.yaml}]\nengine: {interval: 100ms}\n"
    write_files(program.folder, {"ostinato.yaml": project, "definitions.yaml": DEFINITION})
    assert program("up", "--until-idle").code == 0
    with closing(sqlite3.connect(program.folder / "ostinato.db", isolation_level=None)) as database:
        database.execute("UPDATE slots SET status = 'live', finished_at = NULL")
    return program


def test_a_rehearsal_says_what_would_be_done_and_does_nothing(broken: Program) -> None:
    """The checks find what they found before."""
    rehearsed = broken("doctor", "--repair", "--dry-run")
    found = broken("doctor", "--json")

    assert (rehearsed.code, found.code) == (1, 1)
    assert rehearsed.out.startswith(
        "realign-slots: would have slots say what their runs do\n    a/-/2026-01-05 is success now, and was live\n"
    )
    (check,) = [check for check in found.json if check["health"] != "ok"]
    assert (check["check"], check["remedies"]) == ("invariant 8", ["to mend it: ostinato doctor --repair"])


def test_repairs_are_told_and_then_all_is_well(broken: Program) -> None:
    """Once; then there is nothing to mend."""
    first, second = broken("doctor", "--repair", "--json"), broken("doctor", "--repair")

    assert (first.code, second.code) == (0, 0)
    assert first.json["dry_run"] is False
    assert first.json["repairs"] == [
        {
            "repair": "realign-slots",
            "does": "have slots say what their runs do",
            "done": ["a/-/2026-01-05 is success now, and was live"],
            "error": "",
        }
    ]
    assert {check["health"] for check in first.json["checks"]} == {"ok"}
    assert second.out.startswith("There was nothing to mend.\n")


def test_a_rehearsal_of_nothing_is_refused(broken: Program) -> None:
    """Who looks changes nothing anyway."""
    refused = broken("doctor", "--dry-run")

    assert (refused.code, refused.out) == (4, "")
    assert "ostinato doctor --repair --dry-run" in refused.err
