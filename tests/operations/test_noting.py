"""Notes about slots and runs: they stand in the audit log, and change nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ostinato.errors import InvalidValue, NotFound
from ostinato.model.engine import AuditEntry
from ostinato.operations.noting import LONGEST, note
from ostinato.operations.people import Person
from ostinato.testing.factories import make_definition
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
SLOT = "sales/-/2026-01-09"


@pytest.fixture(autouse=True)
def _slot(night: Night) -> None:
    night.declare(definitions=[make_definition()])
    night.tick()


@pytest.mark.parametrize(("target", "about"), [(SLOT, SLOT), ("1", "run 1 of sales/-/2026-01-08")])
def test_a_note_stands_in_the_audit_log(
    night: Night, world: World, audit: Callable[[], list[AuditEntry]], target: str, about: str
) -> None:
    """With who wrote it, about what, and the command that writes the same."""
    before = night.slot(SLOT), night.runs()

    noted = note(world, target, "  the customer knows\n", by=ADA)

    command = f"ostinato note {target} 'the customer knows'"
    assert (noted.target, noted.text) == (about, "the customer knows")
    assert audit() == [AuditEntry(night.now, "ada", "note", about, "the customer knows", command=command)]
    assert (night.slot(SLOT), night.runs()) == before


@pytest.mark.parametrize("text", ["", " \n", "x" * (LONGEST + 1)])
def test_a_note_that_says_nothing_or_too_much_is_refused(world: World, text: str) -> None:
    """It says how much is allowed."""
    with pytest.raises(InvalidValue):
        note(world, SLOT, text, by=ADA)


def test_a_note_about_what_does_not_exist_is_refused(world: World) -> None:
    """As any request about it is."""
    with pytest.raises(NotFound):
        note(world, "sales/-/1999-01-01", "hello", by=ADA)
