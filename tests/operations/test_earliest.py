"""The earliest start: the latest of all times that a slot, and everything it waits for, still have to reach."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations import earliest
from ostinato.operations.cancelling import cancel
from ostinato.operations.explaining import explain
from ostinato.operations.pausing import Pausable, pause
from ostinato.operations.people import Person
from ostinato.testing.factories import (
    make_account,
    make_chain,
    make_definition,
    make_maintenance,
    make_retry,
    utc,
)
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
UPSTREAM, LAST = "a/-/2026-01-09", "c/-/2026-01-09"


def find(world: World, name: str = LAST) -> datetime | None:
    """Return the earliest start of a slot."""
    return explain(world, name).earliest_start


def test_a_chain_of_which_all_may_start_now_starts_now_at_the_earliest(night: Night, world: World) -> None:
    """How long the slots upstream take is not foreseen; the bound is low, and it holds."""
    night.declare(definitions=make_chain("a", "b", "c"))
    night.tick()
    waiting = find(world)
    night.claim()

    assert waiting == find(world) == night.now


def test_the_latest_time_anywhere_upstream_counts(night: Night, world: World) -> None:
    """Two levels up, a delay of two days, longer than all others."""
    a, b, c = make_chain("a", "b", "c")
    slow = make_definition("a", writes_to=a.writes_to, delay=timedelta(days=2))
    night.declare(definitions=[slow, b, c])
    night.tick()

    assert find(world) == utc("2026-01-12")


def test_a_longer_period_upstream_counts(night: Night, world: World) -> None:
    """A day that reads what a week writes waits for the end of the week."""
    week = make_definition("week", frequency="weekly", starts_on=date(2026, 1, 5), writes_to=("w",))
    night.declare(definitions=[week, make_definition("day", reads_from=("w",))])
    night.tick()

    assert find(world, "day/-/2026-01-09") == utc("2026-01-12")


def test_a_chain_of_own_slots_counts_up_to_the_last(night: Night, world: World) -> None:
    """A slot ten days ahead, of a definition that waits for itself, waits for its own period above all."""
    night.declare(definitions=[make_definition(reads_from=("x",), writes_to=("x",))])
    night.tick()

    assert find(world, "sales/-/2026-01-19") == utc("2026-01-20")


def test_the_wait_for_a_retry_upstream_counts(night: Night, world: World) -> None:
    """Both before the engine has decided on it and after."""
    a, *others = make_chain("a", "b", "c", retry=make_retry(2, wait=timedelta(hours=3)))
    night.declare(definitions=[a, *others])
    night.tick()
    night.finish(UPSTREAM, RunStatus.FAILED)

    undecided = find(world)
    night.tick()

    assert undecided == find(world) == utc("2026-01-10T15:00")


def test_the_end_of_maintenance_upstream_counts(night: Night, world: World) -> None:
    """One account of two keeps the slot that reads from both."""
    busy = make_account("busy", maintenance=make_maintenance(None, "2026-01-11"))
    night.declare(
        accounts=[busy, make_account("free")],
        definitions=[make_definition("a", matrix="account", writes_to=("a",)), make_definition("c", reads_from=("a",))],
    )
    night.tick()

    assert find(world) == utc("2026-01-11")


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.CANCELLED])
def test_what_ended_without_success_upstream_waits_for_a_person(night: Night, world: World, status: RunStatus) -> None:
    """Whether the engine has given it up already or is about to."""
    night.declare(definitions=make_chain("a", "b", "c"))
    night.tick()
    night.finish(UPSTREAM, status)

    about_to = find(world)
    night.tick()

    assert about_to is find(world) is None


def test_after_completion_does_not_mind_how_upstream_ended(night: Night, world: World) -> None:
    """It waits for an end alone, so a failure has no say in when it starts."""
    a, b, _ = make_chain("a", "b", "c")
    c = make_definition("c", start="after_completion", reads_from=("b",), delay=timedelta(days=2))
    night.declare(definitions=[a, b, c])
    night.tick()
    night.finish(UPSTREAM)
    night.tick()
    night.finish("b/-/2026-01-09", RunStatus.FAILED)
    night.tick()

    assert find(world) == utc("2026-01-12")


def test_a_pause_upstream_waits_for_a_person(night: Night, world: World) -> None:
    """So does a definition whose slots are started by hand."""
    a, b, c = make_chain("a", "b", "c", starts_on=date(2026, 1, 10))
    night.declare(definitions=[a, b, c])
    night.tick()
    before = find(world, "c/-/2026-01-10")
    pause(world, Pausable.DEFINITION, "b", by=ADA)

    assert before == utc("2026-01-11")
    assert find(world, "c/-/2026-01-10") is None


def test_a_pause_keeps_a_run_upstream_that_waits_already(night: Night, world: World) -> None:
    """And so it keeps all that waits for it."""
    night.declare(definitions=make_chain("a", "b", "c"))
    night.tick()
    pause(world, Pausable.DEFINITION, "a", by=ADA)

    assert night.face(UPSTREAM) is SlotFace.WAITING
    assert find(world) is None


def test_a_manual_slot_upstream_waits_for_a_person(night: Night, world: World) -> None:
    """Nobody knows when it will be triggered."""
    manual = make_definition("a", start="manual", writes_to=("a",))
    night.declare(definitions=[manual, make_definition("c", reads_from=("a",))])
    night.tick()

    assert find(world) is None


def test_a_slot_whose_upstream_was_cancelled_by_a_person_waits_for_one(night: Night, world: World) -> None:
    """Two levels up is as good as one."""
    night.declare(definitions=make_chain("a", "b", "c"))
    night.tick()
    cancel(world, UPSTREAM, by=ADA)

    assert find(world) is None


def test_at_start_waits_for_nothing_upstream(night: Night, world: World) -> None:
    """Its own beginning is all."""
    failed = make_definition("a", writes_to=("a",))
    night.declare(definitions=[failed, make_definition("c", start="at_start", reads_from=("a",))])
    night.tick()
    night.finish(UPSTREAM, RunStatus.FAILED)
    night.tick()

    assert find(world, "c/-/2026-01-15") == utc("2026-01-15")


def test_a_slot_too_far_from_starting_has_no_known_time(
    night: Night, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search is bounded; it gives up rather than answer too early."""
    night.declare(definitions=[make_definition(reads_from=("x",), writes_to=("x",))])
    night.tick()
    monkeypatch.setattr(earliest, "SLOTS_LOOKED_AT", 3)

    assert find(world, "sales/-/2026-01-19") is None
