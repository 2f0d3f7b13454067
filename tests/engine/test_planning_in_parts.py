"""Slots that take several passes to lay out: nothing starts before all that it waits for is there."""

from __future__ import annotations

from datetime import date

import pytest

from ostinato.engine import ensure_slots_exist as planning
from ostinato.engine.ensure_slots_exist import ensure_slots_exist
from ostinato.model.slots import SlotFace
from ostinato.testing.factories import make_account, make_definition
from ostinato.testing.night import Night, changes

START = date(2025, 12, 1)


def declare_layers(night: Night) -> None:
    """Declare weeks that wait for the days of two accounts."""
    week = make_definition("week", frequency="weekly", reads_from=("day",), starts_on=START)
    day = make_definition("day", matrix="account", writes_to=("day",), starts_on=START)
    night.declare(accounts=[make_account("a"), make_account("b", time_zone="Asia/Tokyo")], definitions=[week, day])


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a pass lay out so few slots that a small world takes many."""
    monkeypatch.setattr(planning, "SLOTS_AT_ONCE", 10)


@pytest.mark.usefixtures("few_at_once")
def test_nothing_starts_before_all_it_waits_for_is_laid_out(night: Night) -> None:
    """[2] The weeks are there before the days, and wait for days that are not there yet."""
    declare_layers(night)

    night.tick()

    assert set(night.slots("week").values()) == {SlotFace.BLOCKED, SlotFace.FUTURE}
    assert night.slot("week/-/2025-12-01").reason.startswith("15 of 15 slots of day not succeeded")


@pytest.mark.usefixtures("few_at_once")
def test_what_waited_for_slots_to_be_laid_out_goes_on(night: Night) -> None:
    """[8] No slot is forgotten over it: in the end all has run that is due."""
    declare_layers(night)

    ran = night.work()

    assert set(night.slots().values()) == {SlotFace.SUCCESS, SlotFace.FUTURE}
    assert len(ran) == len(set(ran)) == 2 * 40 + 5


def test_a_slot_says_that_it_waits_for_slots_to_be_laid_out(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the passes go on, a person who asks is told."""
    declare_layers(night)
    monkeypatch.setattr(planning, "SLOTS_AT_ONCE", 10)

    night.run_pass()

    assert night.slot("week/-/2025-12-01").reason == "the slots of day are not all laid out yet"


def test_nothing_starts_while_slots_cannot_be_laid_out(night: Night) -> None:
    """[2] When that step fails, new definitions have no slots to be waited for; those that wait must not start."""
    declare_layers(night)
    night.steps = tuple(step for step in night.steps if step is not ensure_slots_exist)
    night.tick()
    night.steps = Night(night.store).steps
    week, day = night.desired.definitions[0].rows.values()
    night.declare(definitions=[week])
    night.tick()
    night.declare(definitions=[week, day])
    night.steps = tuple(step for step in night.steps if step is not ensure_slots_exist)

    outcomes = night.tick()

    assert "ensure_runs_exist" not in changes(outcomes)
