"""Nothing starts by dependencies that are not those of the declarations in force."""

from __future__ import annotations

from ostinato.engine.context import Context, Desired
from ostinato.engine.ensure_definition_dependencies_exist import ensure_definition_dependencies_exist
from ostinato.model.engine import StepOutcome
from ostinato.model.slots import SlotFace
from ostinato.store.database import Tx
from ostinato.testing.factories import make_chain, make_definition
from ostinato.testing.night import Night


def fail_to_derive(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Change nothing, as a step that raised does."""
    return StepOutcome("ensure_definition_dependencies_exist", failed=1)


def test_no_slot_starts_before_it_is_known_what_it_waits_for(night: Night) -> None:
    """While the dependencies cannot be derived nothing starts; as soon as they are, all goes on."""
    steps = night.steps
    night.declare(definitions=make_chain("up", "down"))
    night.steps = tuple(
        fail_to_derive if step is ensure_definition_dependencies_exist else step for step in night.steps
    )

    night.tick()
    started_before = night.runs()
    night.steps = steps
    night.tick()

    assert started_before == []
    assert {run.definition for run in night.runs()} == {"up"}


def test_a_calendar_that_one_definition_got_wrong_keeps_no_other_from_its_slots(night: Night) -> None:
    """A plug-in may declare what no calendar knows: that is reported, and the others are planned."""
    night.declare(definitions=[make_definition("wrong", time_zone="Mars/Olympus"), make_definition("right")])

    outcomes = {outcome.step: outcome for outcome in night.tick()}

    assert "Mars/Olympus" in outcomes["ensure_slots_exist"].error
    assert night.slots("wrong") == {}
    assert SlotFace.WAITING in night.slots("right").values()
