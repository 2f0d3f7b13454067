"""Boosting: what overtakes what, what cannot, and who wins."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ostinato.errors import InvalidValue, NotPossible
from ostinato.model.engine import AuditEntry
from ostinato.model.statuses import RunStatus
from ostinato.operations.boosting import Boosted, boost
from ostinato.operations.people import Person
from ostinato.testing.factories import make_definition, make_retry
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
EARLIER, LATER = "sales/-/2026-01-08", "sales/-/2026-01-09"

Audit = Callable[[], list[AuditEntry]]
TwoAtOnce = Callable[[Callable[[Person], Boosted]], tuple[Boosted, NotPossible]]


@pytest.fixture
def waiting(night: Night) -> Night:
    """Give a night in which the runs of two slots wait, the earlier one before the later."""
    night.declare(definitions=[make_definition(retry=make_retry(2), priority=3)])
    night.tick()
    return night


def claim_one(night: Night) -> str:
    """Have an agent claim what comes next."""
    (claimed,) = night.claim(limit=1)
    return str(claimed.slot)


@pytest.mark.parametrize("by_number", [False, True])
def test_a_boosted_run_is_taken_first(*, waiting: Night, world: World, audit: Audit, by_number: bool) -> None:
    """By the name of its slot or by its number; the audit log says from what to what, and why."""
    run = waiting.run(LATER)

    boosted = boost(world, str(run.id) if by_number else LATER, 10, by=ADA, reason="the board waits")

    assert (boosted.run.id, boosted.run.priority, boosted.before) == (run.id, 10, 3)
    assert [claim_one(waiting), claim_one(waiting)] == [LATER, EARLIER]
    command = f"ostinato boost {run.id if by_number else LATER} --priority 10 --reason 'the board waits'"
    said = f"run {run.id} of {LATER}: 3 to 10"
    assert audit() == [AuditEntry(waiting.now, "ada", "boost", said, "the board waits", command=command)]


def test_a_boost_can_be_taken_back(waiting: Night, world: World) -> None:
    """By another one, to what it was before."""
    before = boost(world, LATER, 10, by=ADA, reason="the board waits").before

    boost(world, LATER, before, by=ADA, reason="it does not")

    assert [claim_one(waiting), claim_one(waiting)] == [EARLIER, LATER]


def test_it_holds_for_this_run_alone(waiting: Night, world: World) -> None:
    """The next attempt has the priority that is declared."""
    boost(world, LATER, 10, by=ADA, reason="the board waits")
    waiting.finish(LATER, RunStatus.FAILED)
    waiting.advance(minutes=1)
    waiting.tick()

    assert [run.priority for run in waiting.runs(LATER)] == [10, 3]


def test_a_run_that_waits_for_its_next_attempt_can_be_boosted(waiting: Night, world: World) -> None:
    """It is taken first when its time has come."""
    waiting.finish(LATER, RunStatus.FAILED)
    waiting.tick()

    boosted = boost(world, LATER, -5, by=ADA, reason="nobody needs it before noon")

    assert (boosted.run.status, boosted.run.priority) == (RunStatus.SCHEDULED, -5)


def test_nothing_is_before_a_run_that_has_begun(waiting: Night, world: World, audit: Audit) -> None:
    """Nor before one that has ended."""
    waiting.claim()
    with pytest.raises(NotPossible, match="is running already"):
        boost(world, LATER, 10, by=ADA, reason="the board waits")
    waiting.finish(LATER)
    with pytest.raises(NotPossible, match=r"has ended at 2026-01-10T12:00:00Z: success"):
        boost(world, LATER, 10, by=ADA, reason="the board waits")

    assert waiting.run(LATER).priority == 3
    assert audit() == []


def test_what_has_that_priority_is_left_as_it_is(waiting: Night, world: World, audit: Audit) -> None:
    """So asking twice does nothing twice."""
    with pytest.raises(NotPossible, match="has priority 3 already"):
        boost(world, LATER, 3, by=ADA, reason="the board waits")

    assert audit() == []


@pytest.mark.parametrize(("priority", "reason"), [(10, ""), (10, " \n"), (1_000_001, "why"), (-1_000_001, "why")])
def test_a_boost_wants_a_reason_and_a_priority(waiting: Night, world: World, priority: int, reason: str) -> None:
    """Others wait the longer for it; priorities go as far as those that are declared."""
    with pytest.raises(InvalidValue):
        boost(world, LATER, priority, by=ADA, reason=reason)

    assert waiting.run(LATER).priority == 3


def test_one_of_two_who_boost_at_once_is_told(
    waiting: Night, world: World, audit: Audit, two_at_once: TwoAtOnce
) -> None:
    """It has that priority by then."""
    _, refusal = two_at_once(lambda person: boost(world, LATER, 10, by=person, reason="the board waits"))

    assert "has priority 10 already" in refusal.message
    assert len(audit()) == 1
