"""Work that cannot be carried out here: it was not begun, and is left to another agent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import EventFate, Phase, Rescue
from ostinato.model.work import WorkKind
from ostinato.testing.directing import Office
from ostinato.testing.directing import make_planned_step as step

MINUTE = timedelta(minutes=1)


def test_work_that_cannot_be_carried_out_here_is_left_to_another_agent() -> None:
    """No try was made, and faces can say what the run waits for."""
    office = Office()
    office.begin(step(1))

    office.refuse(1, "agent a cannot import shop.flows")

    assert (office.status(1), office.step(1).tries, office.step(1).started_at) == (StepStatus.PENDING, 0, None)
    assert office.run.status is RunStatus.WAITING
    assert office.run.move is not None
    assert office.run.move.waits_for == office.run.move.cause == "agent a cannot import shop.flows"


def test_what_is_under_way_ends_before_the_run_is_left_to_another_agent() -> None:
    """But nothing more of it is handed out here."""
    office = Office()
    office.begin(step(1), step(2), step(3, needs=(2,)))

    office.refuse(1)
    before = office.run.status
    office.succeed(2)

    assert before is RunStatus.RUNNING
    assert (office.run.status, office.status(3)) == (RunStatus.WAITING, StepStatus.PENDING)


def test_an_event_that_cannot_be_dealt_with_here_waits_again() -> None:
    """Before all others."""
    office = Office()
    office.begin(step(1))
    office.suspend(1)
    office.post(1)
    office.claim()
    office.send(1)

    office.refuse(1)
    office.claim()

    assert (office.fate(1), office.fate(2)) == (EventFate.TAKEN, EventFate.WAITING)


def test_a_timer_that_cannot_be_dealt_with_here_is_due_again() -> None:
    """For the next agent, at once."""
    office = Office()
    office.begin(step(1))
    office.suspend(1, wake_in=MINUTE)
    office.now += MINUTE
    office.claim()

    office.refuse(1)
    office.claim()

    assert office.open_work() == {1: WorkKind.EVENT}


def test_planning_that_cannot_be_done_here_is_left_to_another_agent() -> None:
    """It is not even a failure."""
    office = Office()
    office.begin(step(1, phase=Phase.PLAN))

    office.refuse(1)
    office.claim()

    assert office.open_work() == {1: WorkKind.PLAN}


def test_finalizing_that_cannot_be_done_here_is_left_to_another_agent() -> None:
    """All of it."""
    office = Office()
    office.begin(*(step(number, phase=Phase.FINALIZE) for number in (1, 2)))

    office.refuse(1)
    left = [office.status(number) for number in (1, 2)]
    office.claim()

    assert left == [StepStatus.PENDING, StepStatus.PENDING]
    assert office.open_work() == {1: WorkKind.FINALIZE}


def test_a_skip_that_cannot_be_told_here_is_told_elsewhere() -> None:
    """The run does not end before."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP, heeds_skip=True))
    office.fail(1)

    office.refuse(1)
    left = office.run.status
    office.claim()

    assert left is RunStatus.WAITING
    assert office.open_work() == {1: WorkKind.SKIP}


def test_a_cancellation_that_cannot_be_told_here_is_carried_out_all_the_same() -> None:
    """That nobody can be told is no reason to go on."""
    office = Office()
    office.begin(step(1, heeds_cancel=True), step(2))
    office.suspend(1)
    office.cancel()
    office.be_cancelled(2)

    office.refuse(1)

    assert (office.status(1), office.run.status) == (StepStatus.CANCELLED, RunStatus.CANCELLED)


def test_an_event_that_cannot_be_dealt_with_here_is_not_waited_for_when_the_run_is_to_end() -> None:
    """The step ends with the run, and is told where it heeds that."""
    cancelled, late = Office(), Office()
    cancelled.begin_with_event(heeds_cancel=True)
    late.begin_with_event(deadline_at=late.now + MINUTE)
    cancelled.cancel()
    late.wait(MINUTE)

    cancelled.refuse(1)
    late.refuse(1)

    assert cancelled.open_work() == {1: WorkKind.CANCEL}
    assert (late.status(1), late.run.status) == (StepStatus.ERROR, RunStatus.TIMEOUT)


def test_who_cannot_work_can_still_cancel() -> None:
    """The run is being ended: it is not left to another agent for that."""
    office = Office()
    office.begin(step(1), step(2, heeds_cancel=True), step(3))
    office.suspend(2)
    office.refuse(1)

    office.cancel()
    office.be_cancelled(3)

    assert office.open_work() == {2: WorkKind.CANCEL}


@pytest.mark.parametrize("run", [1, 2])
def test_work_that_is_not_under_way_cannot_fail(run: int) -> None:
    """Of a run that is in hand or of any other: it came too late, and is ignored."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))

    decision = office.director.work_failed(run, 2, "store down", office.now)

    assert (decision.changes, decision.work) == ((), ())
