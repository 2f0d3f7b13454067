"""Runs that are cancelled: what is under way has to end, what is suspended is told, what is pending never begins."""

from __future__ import annotations

from datetime import timedelta

from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import COMMAND, EventFate, Rescue, Step
from ostinato.model.work import WorkKind
from ostinato.testing.directing import BROKEN, Office
from ostinato.testing.directing import make_planned_step as step
from ostinato.testing.factories import make_retry

MINUTE = timedelta(minutes=1)


def test_cancelling_ends_what_is_under_way_and_begins_nothing() -> None:
    """The work is told to end, and its outcome awaited."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))

    decision = office.cancel("cancelled by ada")

    assert [(stop.step, stop.kind, stop.why) for stop in decision.stops] == [
        (1, EndKind.CANCELLED, "cancelled by ada"),
    ]
    assert office.run.status is RunStatus.RUNNING


def test_a_cancelled_run_ends_when_its_work_has() -> None:
    """What had not begun is cancelled with it."""
    office = Office()
    office.begin(step(1), step(2), step(3, needs=(1, 2)))
    office.cancel("cancelled by ada")

    office.be_cancelled(1)
    before = office.run.status
    office.be_cancelled(2)

    assert before is RunStatus.RUNNING
    assert office.run.status is RunStatus.CANCELLED
    assert {office.status(number) for number in (1, 2, 3)} == {StepStatus.CANCELLED}
    assert office.run.evidence == Evidence(EndKind.CANCELLED, "cancelled by ada")


def test_what_succeeds_all_the_same_has_succeeded() -> None:
    """But nothing follows from it."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))
    office.cancel()

    office.succeed(1)

    assert (office.status(1), office.status(2)) == (StepStatus.SUCCESS, StepStatus.CANCELLED)
    assert office.run.status is RunStatus.CANCELLED


def test_what_fails_meanwhile_is_not_tried_again() -> None:
    """And no strategy is asked."""
    office = Office()
    office.begin(step(1, retry=make_retry(5, wait=timedelta(0)), rescue=Rescue.SKIP))
    office.cancel()

    office.fail(1)

    assert (office.status(1), office.run.status) == (StepStatus.ERROR, RunStatus.CANCELLED)


def test_a_suspended_step_is_cancelled_at_once() -> None:
    """There is nothing to wait for."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1)

    office.cancel()

    assert office.status(1) is StepStatus.CANCELLED


def test_a_suspended_step_that_heeds_it_is_told_first() -> None:
    """It may have something to clean up; it is given what it kept."""
    office = Office()
    office.begin(step(1, heeds_cancel=True), step(2))
    office.suspend(1, output={"job": 7})
    office.cancel()

    office.be_cancelled(2)
    before = office.run.status
    told = office.under_way[1, 1]
    office.succeed(1)

    assert before is RunStatus.RUNNING
    assert (told.kind, told.step.output) == (WorkKind.CANCEL, {"job": 7})
    assert (office.status(1), office.run.status) == (StepStatus.CANCELLED, RunStatus.CANCELLED)


def test_a_step_is_told_once_whatever_it_answers() -> None:
    """Suspending itself once more does not save it."""
    office = Office()
    office.begin(step(1, heeds_cancel=True), step(2))
    office.suspend(1)
    office.cancel()

    office.suspend(1)

    assert office.status(1) is StepStatus.CANCELLED
    assert office.open_work() == {2: WorkKind.RUN}


def test_a_step_is_told_although_its_own_deadline_passes_meanwhile() -> None:
    """Nothing of it counts any more but that it is cancelled."""
    office = Office(concurrency=1)
    office.begin(step(1, heeds_cancel=True), step(2))
    office.suspend(1, deadline_in=MINUTE)
    office.cancel()

    office.record(office.director.wake(1, office.now + MINUTE))
    office.be_cancelled(2)

    assert office.open_work() == {1: WorkKind.CANCEL}


def test_an_error_in_being_cancelled_is_kept() -> None:
    """The run is cancelled all the same."""
    office = Office()
    office.begin(step(1, heeds_cancel=True), step(2))
    office.suspend(1)
    office.cancel()
    office.be_cancelled(2)

    office.fail(1)

    assert (office.status(1), office.step(1).error) == (StepStatus.ERROR, BROKEN)
    assert office.run.status is RunStatus.CANCELLED


def test_a_step_that_suspends_itself_while_the_run_is_cancelled_is_told_what_it_kept() -> None:
    """What it has just begun elsewhere must not go on unattended."""
    office = Office()
    office.begin(step(1, heeds_cancel=True))
    office.cancel()

    office.suspend(1, output={"job": 7})

    assert office.open_work() == {1: WorkKind.CANCEL}
    assert office.under_way[1, 1].step.output == {"job": 7}


def test_a_step_that_waits_for_its_next_try_is_cancelled() -> None:
    """There will be none."""
    office = Office()
    office.begin(step(1, retry=make_retry(2)), step(2))
    office.fail(1)

    office.cancel()

    assert office.status(1) is StepStatus.CANCELLED


def test_cancelling_twice_is_harmless_and_says_so() -> None:
    """Nothing is told twice."""
    office = Office()
    office.begin(step(1))
    office.cancel("cancelled by ada")

    decision = office.cancel("cancelled by grace")

    assert decision.refusal == "it is being ended already: cancelled by ada"
    assert (decision.changes, decision.stops) == ((), ())


def test_cancelling_a_run_that_is_not_in_hand_is_harmless_and_says_so() -> None:
    """It may have ended."""
    office = Office()
    office.begin(step(1))
    office.succeed(1)

    decision = office.cancel()

    assert decision.refusal == "run 1 is not executed here"


def test_work_that_was_cancelled_for_itself_cancels_the_run() -> None:
    """Whoever cancelled it meant that: other work is ended, and nothing more begins."""
    office = Office()
    office.begin(step(1), step(2), step(3), step(4, needs=(2,)))
    office.suspend(3)

    decision = office.be_cancelled(1, "cancelled by hand")

    assert [stop.step for stop in decision.stops] == [2]
    office.succeed(2)
    assert office.run.status is RunStatus.CANCELLED
    assert office.run.evidence == Evidence(EndKind.CANCELLED, "cancelled by hand")


def test_of_a_run_of_one_step_the_story_of_that_is_told() -> None:
    """It says how it ended, which the wish could not know."""
    office = Office()
    office.begin(Step(1, "sales", COMMAND))
    office.cancel("cancelled by ada")

    office.be_cancelled(1, "cancelled by ada: ended with SIGTERM")

    assert office.run.evidence == Evidence(EndKind.CANCELLED, "cancelled by ada: ended with SIGTERM")


def test_events_of_a_cancelled_run_are_dropped() -> None:
    """Also the one that a step has in hand when it is cancelled as it runs."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1)
    office.send(1)
    office.send(1)
    office.send(2)
    office.cancel()

    office.be_cancelled(1)
    office.be_cancelled(2)

    fates = {event.fate for event in office.run.events.values() if event.id != 1}
    assert fates == {EventFate.DROPPED}
    assert office.fate(1) is EventFate.DELIVERED


def test_a_step_that_is_to_be_told_of_its_skip_is_told_no_more() -> None:
    """The run is cancelled: what is skipped is skipped."""
    office = Office()
    skipped = step(1, status=StepStatus.SKIPPED, heeds_skip=True)

    office.begin(skipped, step(2), cancel="cancelled by ada")

    assert (office.status(1), office.step(1).finished_at) == (StepStatus.SKIPPED, office.now)
    assert office.run.status is RunStatus.CANCELLED


def test_a_run_that_was_cancelled_while_nobody_had_it_begins_nothing() -> None:
    """Who takes it up only ends it."""
    office = Office()
    office.begin(step(1, heeds_cancel=True), step(2, after=(1,)))
    office.suspend(1)

    office.claim(cancel="cancelled by ada")

    assert office.open_work() == {1: WorkKind.CANCEL}
    office.be_cancelled(1)
    assert office.run.evidence == Evidence(EndKind.CANCELLED, "cancelled by ada")


def test_a_run_goes_on_being_cancelled_when_its_agent_dies_meanwhile() -> None:
    """That one of its steps was cancelled tells so: nothing that needs it could ever begin."""
    office = Office()
    office.begin(step(1), step(2), step(3, after=(1, 2)))
    office.be_cancelled(1)
    office.crash()

    office.claim()

    assert office.run.status is RunStatus.CANCELLED
    assert office.status(3) is StepStatus.CANCELLED
