"""Runs that are ended otherwise: out of time, halted, or handed over by an agent that stops."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ostinato.model.evidence import EndKind
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import EventFate, Phase, Rescue, StepError
from ostinato.model.work import Report, Succeeded, WorkKind
from ostinato.testing.directing import BROKEN, Office
from ostinato.testing.directing import make_planned_step as step
from ostinato.testing.factories import make_retry

MINUTE = timedelta(minutes=1)


# --- out of time -----------------------------------------------------------------------------------------------------


def test_a_run_that_takes_too_long_is_ended() -> None:
    """Its work is told to end, and the run times out when it has."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)), deadline_at=office.now + MINUTE)

    office.wait(MINUTE)
    office.fail(1, StepError(EndKind.TIME_LIMIT, "it ran longer than its time limit"))

    assert [(stop.step, stop.kind) for stop in office.stops] == [(1, EndKind.TIME_LIMIT)]
    assert (office.status(1), office.status(2)) == (StepStatus.ERROR, StepStatus.PENDING)
    assert office.run.status is RunStatus.TIMEOUT


def test_the_director_does_not_ask_to_be_woken_for_a_deadline_that_has_passed() -> None:
    """It has nothing more to do about it until the work has ended."""
    office = Office()
    office.begin(step(1), deadline_at=office.now + MINUTE)

    office.wait(MINUTE)

    assert office.director.next_wake_at() is None
    assert office.director.list_due(office.now) == []


def test_a_suspended_step_of_a_run_that_takes_too_long_fails() -> None:
    """And the run times out at once, if nothing is under way."""
    office = Office()
    office.begin(step(1), deadline_at=office.now + MINUTE)
    office.suspend(1)
    office.now += MINUTE

    office.claim()

    error = office.step(1).error
    assert error is not None
    assert (error.kind, office.run.status) == (EndKind.TIME_LIMIT, RunStatus.TIMEOUT)


def test_a_step_that_waits_for_its_next_try_keeps_its_own_error() -> None:
    """No try of it was under way when the run's time was over."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=9 * MINUTE)), step(2), deadline_at=office.now + MINUTE)
    office.fail(1)

    office.wait(MINUTE)

    assert (office.status(1), office.step(1).error) == (StepStatus.ERROR, BROKEN)
    assert len(office.run.tries) == 1


def test_what_is_lost_while_the_run_is_ended_is_not_done_again() -> None:
    """Not even where it might be, and with an event in hand: that is dropped with the run."""
    office = Office()
    office.begin(step(1, idempotent=True), step(2), deadline_at=office.now + MINUTE)
    office.suspend(1)
    office.send(1)
    office.succeed(2)
    office.wait(MINUTE)

    office.fail(1, StepError(EndKind.LOST, "its process is gone"))

    assert (office.status(1), office.run.status) == (StepStatus.ERROR, RunStatus.TIMEOUT)
    assert office.fate(1) is EventFate.DROPPED


def test_the_first_end_that_was_begun_counts() -> None:
    """A run that is being cancelled does not time out."""
    office = Office()
    office.begin(step(1), deadline_at=office.now + MINUTE)
    office.cancel()

    office.wait(MINUTE)
    office.be_cancelled(1)

    assert office.run.status is RunStatus.CANCELLED


# --- halting ---------------------------------------------------------------------------------------------------------


def test_halting_cancels_a_run_at_once() -> None:
    """Whatever is under way: it is told to end, but not waited for."""
    office = Office()
    office.begin(step(1), step(2), step(3, needs=(1,)))
    office.suspend(2)

    decision = office.halt("halted by ada")

    assert [stop.step for stop in decision.stops] == [1]
    assert office.run.status is RunStatus.CANCELLED
    assert {office.status(number) for number in (1, 2, 3)} == {StepStatus.CANCELLED}


def test_halting_settles_the_event_that_a_step_has_in_hand() -> None:
    """It is dropped with all that wait."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1)
    office.send(1)
    office.send(1)

    office.halt()

    assert {event.fate for event in office.run.events.values()} == {EventFate.DROPPED}


def test_what_comes_of_a_halted_run_later_is_ignored() -> None:
    """It counts no more."""
    office = Office()
    office.begin(step(1))
    office.halt()

    decision = office.director.work_finished(Report(1, 1, Succeeded("late")), office.now)

    assert (decision.changes, decision.work) == ((), ())
    assert office.director.free == float("inf")


def test_a_halted_run_cannot_be_started_until_that_is_lifted() -> None:
    """Whether the director remembers it, or the order says so."""
    office = Office()
    office.begin(step(1))
    office.halt()

    refused = office.claim(), office.begin(step(1), run=2, halted=True)
    office.director.lift_halt(1)
    lifted = office.claim()

    assert [decision.refusal for decision in refused] == ["run 1 was halted", "run 2 was halted"]
    assert lifted.refusal == ""


def test_halting_a_run_that_is_not_in_hand_is_remembered() -> None:
    """It is refused when it comes."""
    office = Office()

    decision = office.director.halt(1, "halted by ada", office.now)

    assert decision.refusal == "run 1 is not executed here"
    assert office.begin(step(1)).refusal == "run 1 was halted"


# --- an agent that stops ---------------------------------------------------------------------------------------------


def test_a_stopping_agent_hands_over_what_is_not_under_way() -> None:
    """At once; the rest when it has ended."""
    office = Office(concurrency=1)
    office.begin(step(1), step(2, needs=(1,)), run=1)
    office.begin(step(1), run=2)

    office.terminate()
    before = {run.id: run.status for run in office.runs.values()}
    office.succeed(1, run=1)

    assert before == {1: RunStatus.RUNNING, 2: RunStatus.WAITING}
    assert office.run.status is RunStatus.WAITING
    assert office.run.move is not None
    assert office.run.move.cause == "handed over by a stopping agent"


def test_a_run_that_ends_while_its_agent_stops_has_ended() -> None:
    """There is nothing to hand over."""
    office = Office()
    office.begin(step(1))
    office.terminate()

    office.succeed(1)

    assert office.run.status is RunStatus.SUCCESS


def test_a_run_that_only_waits_is_suspended_and_not_handed_over() -> None:
    """Nobody has anything to do for it yet."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1)
    office.terminate()

    office.succeed(2)

    assert office.run.status is RunStatus.SUSPENDED


def test_events_of_a_run_that_is_handed_over_stay_stored() -> None:
    """Nothing is lost: the next agent delivers them."""
    office = Office()
    office.begin(step(1))
    office.terminate()
    office.send(1)
    office.suspend(1)
    office.replace_agent()

    left = office.fate(1)
    office.claim()

    assert left is EventFate.WAITING
    assert office.open_work() == {1: WorkKind.EVENT}


def test_finalizing_is_left_to_the_next_agent() -> None:
    """It is work like any other."""
    office = Office()
    office.begin(step(1), step(2, phase=Phase.FINALIZE, action_step=1))
    office.terminate()

    office.succeed(1)

    assert (office.run.status, office.status(2)) == (RunStatus.WAITING, StepStatus.PENDING)


def test_a_cancellation_of_which_steps_are_to_be_told_is_left_to_the_next_agent() -> None:
    """That it is wished is stored with the run."""
    office = Office()
    office.begin(step(1, heeds_cancel=True), step(2))
    office.suspend(1)
    office.terminate()
    office.cancel()

    office.be_cancelled(2)
    left = office.run.status
    office.replace_agent()
    office.claim(cancel="cancelled by ada")

    assert left is RunStatus.WAITING
    assert office.open_work() == {1: WorkKind.CANCEL}


def test_a_stopping_agent_takes_nothing_up() -> None:
    """A run that comes too late is planned, recorded and handed over."""
    office = Office()
    office.terminate()

    office.begin(step(1))

    assert (office.status(1), office.run.status) == (StepStatus.PENDING, RunStatus.WAITING)


@pytest.mark.parametrize(
    ("rules", "status"),
    [({"rescue": Rescue.FAIL}, RunStatus.TIMEOUT), ({"idempotent": True}, RunStatus.WAITING)],
)
def test_work_that_a_stopping_agent_has_to_end_by_force_is_lost(rules: dict[str, Any], status: RunStatus) -> None:
    """What may be done again is handed over; for the rest the rescue rules hold."""
    office = Office()
    office.begin(step(1, **rules))
    office.terminate()

    office.fail(1, StepError(EndKind.STOPPED, "its agent was stopped"))

    assert office.run.status is status
