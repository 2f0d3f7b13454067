"""Halting: a run ends at once whatever it does, and its slot stays where it is until somebody lifts the halt."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ostinato.errors import NotPossible
from ostinato.model.engine import AuditEntry
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations.halting import halt, lift_halt
from ostinato.operations.people import Person
from ostinato.operations.starting import rerun, retry
from ostinato.testing.factories import make_definition, make_retry
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
SLOT = "sales/-/2026-01-09"

Audit = Callable[[], list[AuditEntry]]


@pytest.fixture
def running(night: Night) -> Night:
    """Give a night in which the run of the slot of yesterday runs."""
    night.declare(definitions=[make_definition(retry=make_retry(3))])
    night.tick()
    night.claim()
    return night


def test_a_running_run_is_halted_at_once(running: Night, world: World, audit: Audit) -> None:
    """Its agent is not asked, and what that says later is not recorded; no attempt follows."""
    halted = halt(world, SLOT, by=ADA, reason="wrong account")
    recorded = running.finish(SLOT)
    running.advance(days=1)
    running.tick()

    assert (halted.run.status, halted.run.halted_by) == (RunStatus.CANCELLED, "ada")
    assert not recorded
    assert running.face(SLOT) is SlotFace.CANCELLED
    assert running.run(SLOT).reason == "halted by ada: wrong account"
    assert [(entry.actor, entry.action) for entry in audit()] == [("ada", "halt")]


@pytest.mark.parametrize("again", [retry, rerun])
def test_a_halted_slot_does_not_run_again_until_the_halt_is_lifted(
    running: Night, world: World, again: Callable[..., object]
) -> None:
    """Who asks is told who halted it, and how to lift that."""
    run = halt(world, SLOT, by=ADA).run
    with pytest.raises(NotPossible, match="was halted by ada") as refusal:
        again(world, SLOT, by=Person("grace"))
    lifted = lift_halt(world, SLOT, by=ADA)
    again(world, SLOT, by=Person("grace"))

    assert refusal.value.hint == f"to let it run again: ostinato halt {run.id} --lift"
    assert lifted.run.halted_by is None
    assert running.run(SLOT).status is RunStatus.WAITING


def test_halting_twice_says_who_was_first(running: Night, world: World, audit: Audit) -> None:
    """So does halting what has ended, and lifting what is not halted."""
    halt(world, SLOT, by=ADA)

    with pytest.raises(NotPossible, match="is halted already, by ada"):
        halt(world, SLOT, by=Person("grace"))
    lift_halt(world, SLOT, by=ADA)
    with pytest.raises(NotPossible, match="has ended already at 2026-01-10T12:00:00Z: cancelled"):
        halt(world, SLOT, by=ADA)
    with pytest.raises(NotPossible, match="is not halted: it is cancelled"):
        lift_halt(world, SLOT, by=ADA)

    assert [entry.action for entry in audit()] == ["lift-halt", "halt"]
