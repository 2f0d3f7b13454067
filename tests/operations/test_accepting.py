"""Accepting: a slot that failed or was cancelled counts as done, and what waits for it goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.operations.breaking import find_offences

from ostinato.errors import NotPossible
from ostinato.model.engine import AuditEntry
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations.accepting import accept
from ostinato.operations.cancelling import cancel
from ostinato.operations.explaining import explain
from ostinato.operations.history import find_history
from ostinato.operations.people import Person
from ostinato.operations.shapes.history import past_slots
from ostinato.operations.starting import rerun
from ostinato.testing.factories import make_chain, make_retry
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
LOAD, SUM = "load/-/2026-01-09", "sum/-/2026-01-09"


def fail(night: Night) -> None:
    """Have the slot that comes first fail."""
    night.declare(definitions=make_chain("load", "sum"))
    night.work(lambda run: RunStatus.FAILED)


def test_what_waits_for_an_accepted_slot_goes_on(
    night: Night, world: World, audit: Callable[[], list[AuditEntry]]
) -> None:
    """It ends with a warning; how its attempt ended stays on record, and so does who let it count."""
    fail(night)
    before = night.face(SUM)

    slot = accept(world, LOAD, by=ADA, reason="loaded by hand")

    assert (before, slot.face(night.now)) == (SlotFace.BLOCKED, SlotFace.WARNING)
    assert slot == night.slot(LOAD)
    assert slot.accepted_by == "ada"
    assert night.run(LOAD).status is RunStatus.FAILED
    assert audit()[0].command == f"ostinato accept {LOAD} --reason 'loaded by hand'"
    assert night.work() == [SUM]


def test_an_accepted_slot_says_so(night: Night, world: World) -> None:
    """Its explanation has both: how the attempt ended, and who accepted that."""
    fail(night)
    accept(world, LOAD, by=ADA, reason="loaded by hand")

    verdict = explain(world, LOAD).verdict

    assert "attempt 1 (run 2) ended at" in verdict
    assert "(failed): accepted by ada: loaded by hand; to run it again: ostinato rerun" in verdict


def test_a_cancelled_slot_is_accepted(night: Night, world: World) -> None:
    """Somebody took its turn, and somebody says that it was not needed."""
    night.declare(definitions=make_chain("load", "sum"))
    night.tick()
    cancel(world, LOAD, by=ADA)

    accept(world, LOAD, by=ADA)

    assert SUM in night.work()


def test_an_accepted_slot_is_run_again_like_any_that_succeeded(night: Night, world: World) -> None:
    """Then it was not accepted: its new run decides."""
    fail(night)
    accept(world, LOAD, by=ADA)

    rerun(world, LOAD, by=ADA, reason="the file is there")
    night.work()

    assert night.face(LOAD) is SlotFace.SUCCESS
    assert night.slot(LOAD).accepted_by is None


@pytest.mark.parametrize(
    ("status", "says", "hint"),
    [
        (RunStatus.SUCCESS, "has succeeded", "ostinato rerun"),
        (RunStatus.RUNNING, "has a run that is running", "ostinato cancel"),
        (RunStatus.FAILED, "waits for its next attempt", "ostinato cancel"),
    ],
)
def test_what_may_still_run_or_has_succeeded_is_refused(
    night: Night, world: World, status: RunStatus, says: str, hint: str
) -> None:
    """The refusal says what can be done instead."""
    night.declare(definitions=make_chain("load", "sum", retry=make_retry(2)))
    night.tick()
    night.claim()
    if status is not RunStatus.RUNNING:
        night.finish(LOAD, status)

    with pytest.raises(NotPossible) as refusal:
        accept(world, LOAD, by=ADA)

    assert says in refusal.value.message
    assert hint in (refusal.value.hint or "")


def test_the_history_of_its_lane_knows_how_its_run_ended(night: Night, world: World) -> None:
    """Though the slot has succeeded now: who measures how long slots take leaves it out."""
    fail(night)
    accept(world, LOAD, by=ADA)

    last = past_slots(find_history(world, "load", None))["items"][-1]

    assert (last["slot"], last["status"], last["run_status"]) == (LOAD, "warning", "failed")


@pytest.mark.parametrize("again", [False, True])
def test_the_doctor_takes_no_offence_at_what_was_accepted(night: Night, world: World, again: bool) -> None:
    """Though a slot says otherwise than its run, and another began before this one had succeeded."""
    fail(night)
    night.advance(hours=1)
    accept(world, LOAD, by=ADA)
    night.work()
    if again:
        rerun(world, LOAD, by=ADA)
        night.work()

    assert night.face(SUM) is SlotFace.SUCCESS
    assert find_offences(night) == {}
