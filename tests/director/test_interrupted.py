"""Steps that were under way when their agent ended: nothing is lost, and nothing done twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ostinato.director.decisions import ABNORMAL
from ostinato.model.definitions import RetryRule
from ostinato.model.evidence import EndKind
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import TIMER, EventFate, Phase, Rescue, StepError
from ostinato.model.work import WorkKind
from ostinato.testing.directing import Office
from ostinato.testing.directing import make_planned_step as step
from ostinato.testing.factories import make_retry

MINUTE = timedelta(minutes=1)


# --- an agent's death ------------------------------------------------------------------------------------------------


def test_a_step_that_was_running_has_failed() -> None:
    """Nobody knows how far it came: that is an error of its own kind, and a person is asked."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))
    office.crash()

    office.claim()

    error = office.step(1).error
    assert error is not None
    assert (error.kind, error.message) == (EndKind.LOST, ABNORMAL)
    assert (office.status(1), office.run.status) == (StepStatus.ERROR, RunStatus.PAUSED)
    assert len(office.run.tries) == 1


def test_what_is_known_of_the_interruption_is_said() -> None:
    """In the words of whoever found it."""
    office = Office()
    office.begin(step(1))
    office.crash()

    office.claim(interrupted="agent box was killed while it ran")

    assert office.run.tries[0].error.message == "agent box was killed while it ran"


@pytest.mark.parametrize(
    ("strategy", "status"),
    [(Rescue.FAIL, RunStatus.TIMEOUT), (Rescue.SKIP, RunStatus.WARNING), (Rescue.PAUSE, RunStatus.PAUSED)],
)
def test_the_rescue_of_an_interrupted_step_is_honoured(strategy: Rescue, status: RunStatus) -> None:
    """The rules are the same as for any other error."""
    office = Office()
    office.begin(step(1, rescue=strategy))
    office.crash()

    office.claim()

    assert office.run.status is status


def test_an_interrupted_idempotent_step_is_simply_done_again() -> None:
    """That is what it was declared for."""
    office = Office()
    office.begin(step(1, idempotent=True))
    office.crash()

    office.claim()

    assert office.open_work() == {1: WorkKind.RUN}
    assert (office.step(1).tries, office.step(1).failures, office.run.tries) == (2, 0, [])


def test_what_does_not_depend_on_an_interrupted_step_goes_on_first() -> None:
    """Then the strategy decides."""
    office = Office(concurrency=1)
    office.begin(step(1), step(2))
    office.crash()

    office.claim()

    assert office.open_work() == {2: WorkKind.RUN}
    assert office.run.status is RunStatus.RUNNING


def test_a_finished_step_is_never_done_again() -> None:
    """However often agents die."""
    office = Office()
    office.begin(step(1, idempotent=True), step(2, needs=(1,), idempotent=True))
    office.succeed(1, 7)

    for _ in range(3):
        office.crash()
        office.claim()

    assert office.open_work() == {2: WorkKind.RUN}
    assert office.step(1).tries == 1


def test_interrupted_planning_begins_anew() -> None:
    """Of a plan either all is stored, or nothing."""
    office = Office()
    office.begin(step(1, phase=Phase.PLAN))
    office.crash()

    office.claim()

    assert office.open_work() == {1: WorkKind.PLAN}


def test_planning_that_kills_its_agents_is_given_up() -> None:
    """After as many times as work may be lost."""
    office = Office()
    office.begin(step(1, phase=Phase.PLAN, retry=RetryRule(lost_attempts=3)))

    for _ in range(3):
        office.crash()
        office.claim()

    assert office.status(1) is StepStatus.ERROR
    assert office.run.status is RunStatus.TIMEOUT


def test_work_that_certainly_never_began_is_begun() -> None:
    """The run was claimed in an answer that never arrived: no try was made, and no harm done."""
    office = Office()
    office.begin(step(1))
    office.crash()

    office.claim(begun=False)

    assert office.open_work() == {1: WorkKind.RUN}
    assert (office.step(1).tries, office.step(1).failures) == (1, 0)


# --- with an event in hand -------------------------------------------------------------------------------------------


def test_an_interrupted_step_keeps_the_event_that_it_had_in_hand() -> None:
    """It failed with it, and takes it up again when a person resumes it: an event is delivered once, but it is."""
    office = Office()
    office.begin_with_event()
    office.crash()
    office.claim()

    paused = (office.status(1), office.fate(1))
    office.resume()

    assert paused == (StepStatus.ERROR, EventFate.TAKEN)
    assert office.open_work() == {1: WorkKind.EVENT}
    office.succeed(1)
    assert office.fate(1) is EventFate.DELIVERED


def test_an_idempotent_step_is_given_the_event_again() -> None:
    """It is suspended as before, and the event is the first that waits."""
    office = Office()
    office.begin_with_event(idempotent=True)
    office.post(1)
    office.crash()

    office.claim()

    assert office.open_work() == {1: WorkKind.EVENT}
    assert (office.fate(1), office.fate(2)) == (EventFate.TAKEN, EventFate.WAITING)


def test_a_step_that_was_given_an_event_keeps_its_timer_and_its_deadline() -> None:
    """Should the event have to be taken back, it is suspended as it was."""
    office = Office()
    office.begin_with_event()
    deadline_at = office.step(1).deadline_at

    office.refuse(1)

    assert office.status(1) is StepStatus.SUSPENDED
    assert (office.step(1).deadline_at, deadline_at) == (office.now + 9 * MINUTE,) * 2


def test_an_idempotent_step_that_was_interrupted_by_its_timer_is_told_the_time_again() -> None:
    """Polling goes on: it does not start from the beginning."""
    office = Office()
    office.begin(step(1, idempotent=True))
    office.suspend(1, wake_in=MINUTE, output={"job": 7})
    office.now += MINUTE
    office.claim()
    office.crash()

    office.claim()

    event = office.under_way[1, 1].event
    assert event is not None
    assert (event.name, office.step(1).output) == (TIMER, {"job": 7})


def test_an_idempotent_step_that_is_lost_with_an_event_in_hand_is_given_that_first() -> None:
    """By the same agent, and before those that came later."""
    office = Office()
    office.begin_with_event(idempotent=True)
    office.send(1)

    office.fail(1, StepError(EndKind.LOST, "its process is gone"))

    assert office.open_work() == {1: WorkKind.EVENT}
    assert (office.fate(1), office.fate(2)) == (EventFate.TAKEN, EventFate.WAITING)


def test_a_second_try_that_is_interrupted_is_no_suspension() -> None:
    """It had waited for its turn, and has had it."""
    office = Office()
    office.begin(step(1, idempotent=True, retry=make_retry(2, wait=MINUTE)), step(2, idempotent=True))
    office.fail(1)
    office.wait(MINUTE)
    office.crash()

    office.claim()

    assert office.open_work()[1] is WorkKind.RUN


def test_an_event_in_hand_is_dropped_before_the_step_is_told_of_its_skip() -> None:
    """It is not delivered by that."""
    office = Office()
    office.begin_with_event(rescue=Rescue.SKIP, heeds_skip=True)
    office.crash()

    office.claim()

    assert office.open_work() == {1: WorkKind.SKIP}
    assert (office.fate(1), office.step(1).event_id) == (EventFate.DROPPED, None)


def test_an_event_of_an_interrupted_step_that_is_given_up_is_dropped() -> None:
    """With the run, or when the step is skipped."""
    failing, skipping = Office(), Office()
    failing.begin_with_event(rescue=Rescue.FAIL)
    skipping.begin_with_event(rescue=Rescue.SKIP)

    for office in (failing, skipping):
        office.crash()
        office.claim()

    assert (failing.fate(1), failing.run.events[1].reason) == (EventFate.DROPPED, "the run has ended: timeout")
    assert (skipping.fate(1), skipping.run.events[1].reason) == (EventFate.DROPPED, "the step has ended: skipped")


# --- finalizing ------------------------------------------------------------------------------------------------------


def test_interrupted_finalizing_asks_a_person() -> None:
    """Nobody knows whether its transaction was committed, and no strategy may guess."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP), step(2, phase=Phase.FINALIZE, action_step=1, rescue=Rescue.SKIP))
    office.succeed(1)
    office.crash()

    office.claim()

    assert (office.run.status, office.status(2)) == (RunStatus.PAUSED, StepStatus.ERROR)


def test_interrupted_finalizing_that_may_be_repeated_is() -> None:
    """All of it."""
    office = Office()
    office.begin(step(1), step(2, phase=Phase.FINALIZE, action_step=1, idempotent=True))
    office.succeed(1)
    office.crash()

    office.claim()

    assert office.open_work() == {2: WorkKind.FINALIZE}
