"""The audit log: newest first, in parts, and as it was written, whatever somebody has written."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import timedelta

import pytest

from ostinato.model.engine import AuditEntry
from ostinato.operations.auditing import list_audit
from ostinato.operations.command_lines import simple
from ostinato.operations.people import DoneAlready, Person, Request, note_change
from ostinato.testing.factories import NOON
from ostinato.world import World

MINUTE = timedelta(minutes=1)
HOSTILE = (
    "<script>alert(1)</script>",
    "'; DROP TABLE audit; --",
    'a "b" \\',
    "two\nlines\t",
    "\u202ertl \u2028 \x1b[2J",
)


def note(world: World, *said: tuple[str, str, str]) -> None:
    """Note who did what to what, a minute after another."""
    for minute, (actor, action, target) in enumerate(said):
        with world.store.write() as tx:
            note_change(
                tx, Person(actor, via="session"), action, target, line=None, reason="", now=NOON + minute * MINUTE
            )


def test_every_filter_must_fit(world: World) -> None:
    """A target fits what names it in any part."""
    note(
        world,
        ("ada", "retry", "sales/acme/2026-01-08"),
        ("ada", "cancel", "run 5 of sales/acme/2026-01-08"),
        ("grace", "retry", "sales/bolt/2026-01-08"),
    )

    def targets(**filters: object) -> list[str]:
        return [entry.target for entry in list_audit(world, **filters)]  # type: ignore[arg-type]  # of several types

    assert len(targets()) == 3
    assert targets(actor="ada", action="retry") == ["sales/acme/2026-01-08"]
    assert targets(target="sales/acme/") == ["run 5 of sales/acme/2026-01-08", "sales/acme/2026-01-08"]
    assert targets(target="sales%") == targets(target="sale_") == []
    assert targets(since=NOON + MINUTE, until=NOON + 2 * MINUTE) == ["run 5 of sales/acme/2026-01-08"]


def test_a_list_goes_on_where_it_ended(world: World) -> None:
    """Also when there are new entries by then."""
    note(world, *(("ada", "retry", f"slot {number}") for number in range(5)))
    first = list_audit(world, limit=2)
    note(world, ("ada", "retry", "slot 5"))

    rest = list_audit(world, before_id=first[-1].id)

    assert [entry.target for entry in [*first, *rest]] == ["slot 4", "slot 3", "slot 2", "slot 1", "slot 0"]


@pytest.mark.parametrize("said", HOSTILE)
def test_what_people_write_comes_back_as_they_wrote_it(world: World, said: str) -> None:
    """It is data, and nothing else."""
    with world.store.write() as tx:
        note_change(tx, Person(said, via=said), said, said, line=simple("retry", said), reason=said, now=NOON)

    (entry,) = list_audit(world, target=said)
    assert replace(entry, command=None) == AuditEntry(NOON, said, said, said, said, said)
    assert shlex.split(str(entry.command)) == ["ostinato", "retry", said, "--reason", said]


def test_what_a_request_has_done_is_noted_once(world: World) -> None:
    """The same again is refused, whoever is faster: the database sees to it."""
    asked = Person("ada", request=Request("key", "one"))
    with world.store.write() as tx:
        note_change(tx, asked, "retry", "one", line=None, reason="", now=NOON)
        note_change(tx, Person("ada", request=Request("key", "two")), "retry", "two", line=None, reason="", now=NOON)

    def act_again() -> None:
        with world.store.write() as tx:
            note_change(tx, Person("ada"), "pause", "three", line=None, reason="", now=NOON)
            note_change(tx, asked, "retry", "one", line=None, reason="", now=NOON)

    with pytest.raises(DoneAlready):
        act_again()

    assert [entry.target for entry in list_audit(world)] == ["two", "one"]
