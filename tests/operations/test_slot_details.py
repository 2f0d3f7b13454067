"""One slot with all that is known of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ostinato.errors import NotFound
from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations import shapes
from ostinato.operations.explaining import explain
from ostinato.operations.people import Person
from ostinato.operations.slot_details import KeyChange, show_slot
from ostinato.operations.starting import rerun
from ostinato.testing.factories import make_account, make_definition
from ostinato.testing.night import Night
from ostinato.world import World

SLOT, NEXT = "load/us/2026-01-08", "load/us/2026-01-09"


@pytest.fixture
def declared(night: Night) -> DeclaredDefinition:
    """Declare what runs for two accounts, and has succeeded for one of them; return it."""
    definition = make_definition("load", matrix="account", command=("load", "{account}"))
    night.declare(accounts=[make_account("uk"), make_account("us")], definitions=[definition])
    night.tick()
    night.finish(SLOT, RunStatus.SUCCESS)
    return definition


def test_a_slot_is_shown_with_every_attempt(night: Night, world: World, declared: DeclaredDefinition) -> None:
    """Those of former series too, the latest first; the explanation is the one that explain gives."""
    again = rerun(world, SLOT, by=Person("ada")).run

    details = show_slot(world, SLOT)

    assert [(run.series, run.status) for run in details.attempts] == [(2, RunStatus.WAITING), (1, RunStatus.SUCCESS)]
    assert (details.slot.slot.run_id, details.slot.status) == (again.id, SlotFace.WAITING)
    assert details.explanation == explain(world, SLOT)


def test_nothing_has_changed_where_nothing_has(world: World, declared: DeclaredDefinition) -> None:
    """And nobody knows where nothing has succeeded yet."""
    assert show_slot(world, NEXT).changes == ()
    assert show_slot(world, "load/uk/2026-01-08").changes is None


def test_what_has_changed_since_it_last_succeeded_is_told(
    night: Night, world: World, declared: DeclaredDefinition
) -> None:
    """Each key, as it was then and as it is now, though several versions lie between them."""
    for command in (("break",), ("load", "--all")):
        night.declare(definitions=[replace(declared, command=command, priority=3)])
        night.tick()

    details = show_slot(world, NEXT)

    assert details.changes == (
        KeyChange("command", ["load", "{account}"], ["load", "--all"]),
        KeyChange("priority", 0, 3),
    )
    assert shapes.slot_details(details)["definition"] == {
        "version": details.version,
        "changed_since_success": [
            {"key": "command", "before": ["load", "{account}"], "after": ["load", "--all"]},
            {"key": "priority", "before": 0, "after": 3},
        ],
    }


def test_a_slot_that_is_not_there_is_not_found(world: World, declared: DeclaredDefinition) -> None:
    """It says why."""
    with pytest.raises(NotFound, match="2020"):
        show_slot(world, "load/us/2020-01-01")
