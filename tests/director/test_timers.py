"""What wakes suspended steps although nobody sends anything: timers and deadlines."""

from __future__ import annotations

from datetime import timedelta

from ostinato.model.statuses import StepStatus
from ostinato.model.steps import TIMER, Phase
from ostinato.model.work import Succeeded, WorkKind
from ostinato.testing.directing import Office
from ostinato.testing.directing import make_planned_step as step
from ostinato.testing.factories import make_retry

MINUTE = timedelta(minutes=1)


# --- timers ----------------------------------------------------------------------------------------------------------


def test_a_timer_tells_the_step_that_its_time_has_come() -> None:
    """As an event that nobody sent."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1, wake_in=MINUTE)

    office.wait(MINUTE)

    assert office.open_work() == {1: WorkKind.EVENT, 2: WorkKind.RUN}
    event = office.under_way[1, 1].event
    assert event is not None
    assert event.name == TIMER


def test_the_director_says_when_it_has_something_to_do() -> None:
    """The earliest of all timers and deadlines."""
    office = Office()
    office.begin(step(1), step(2), deadline_at=office.now + 9 * MINUTE)

    before = office.director.next_wake_at()
    office.suspend(1, wake_in=MINUTE)

    assert before == office.now + 9 * MINUTE
    assert office.director.next_wake_at() == office.now + MINUTE


def test_a_timer_that_comes_before_its_time_is_nothing() -> None:
    """Asked too early, the director does nothing."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1, wake_in=MINUTE)

    decision = office.director.wake(1, office.now)

    assert (decision.changes, decision.work) == ((), ())


def test_a_timer_in_the_past_comes_at_once() -> None:
    """A step may ask for that."""
    office = Office()
    office.begin(step(1))

    office.suspend(1, wake_in=-MINUTE)

    assert office.open_work() == {1: WorkKind.EVENT}


def test_an_event_that_comes_first_makes_the_timer_void() -> None:
    """The step suspends itself anew, for as long as it likes."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1, wake_in=MINUTE)
    office.send(1)
    office.suspend(1, wake_in=5 * MINUTE)

    office.wait(MINUTE)

    assert office.open_work() == {2: WorkKind.RUN}


def test_a_timer_that_comes_after_the_end_is_nothing() -> None:
    """The step has ended by then."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1, wake_in=MINUTE, deadline_in=MINUTE)
    office.send(1)
    office.succeed(1)

    office.wait(MINUTE)

    assert office.status(1) is StepStatus.SUCCESS
    assert office.director.next_wake_at() is None


def test_a_timer_survives_that_its_agent_stops() -> None:
    """It is stored with the step."""
    office = Office()
    office.begin(step(1))
    office.suspend(1, wake_in=MINUTE)
    office.crash()
    office.now += MINUTE

    office.claim()

    assert office.open_work() == {1: WorkKind.EVENT}


# --- deadlines -------------------------------------------------------------------------------------------------------


def test_a_suspended_step_fails_at_its_deadline() -> None:
    """When nothing has come by then."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1, deadline_in=MINUTE)

    office.wait(MINUTE)

    assert office.status(1) is StepStatus.ERROR
    assert office.run.tries[0].error.message == "no event came before its deadline"


def test_a_timer_before_the_deadline_is_only_that() -> None:
    """The step is told the time, and may wait on."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1, wake_in=MINUTE, deadline_in=5 * MINUTE)

    office.wait(MINUTE)

    assert office.open_work() == {1: WorkKind.EVENT, 2: WorkKind.RUN}


def test_a_step_that_missed_its_deadline_is_tried_again_where_that_is_declared() -> None:
    """It is an error like any other."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=timedelta(0))), step(2))
    office.suspend(1, deadline_in=MINUTE)

    office.wait(MINUTE)

    assert office.open_work() == {1: WorkKind.RUN, 2: WorkKind.RUN}


def test_an_event_that_came_before_the_deadline_was_noticed_is_delivered() -> None:
    """Whoever answered in time must not find that nobody looked in time."""
    office = Office()
    office.begin(step(1))
    office.suspend(1, deadline_in=5 * MINUTE)
    office.now += MINUTE
    office.post(1)
    office.now += 9 * MINUTE

    office.claim()

    assert office.open_work() == {1: WorkKind.EVENT}


def test_the_deadline_of_a_suspension_does_not_count_while_the_step_is_busy() -> None:
    """It is how long nothing may come."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1, deadline_in=MINUTE)
    office.send(1)

    office.wait(2 * MINUTE)

    assert office.open_work() == {1: WorkKind.EVENT, 2: WorkKind.RUN}


def test_planning_may_suspend_itself() -> None:
    """Whatever a step is for, it may wait."""
    office = Office()
    office.begin(step(1, phase=Phase.PLAN))
    office.suspend(1, wake_in=MINUTE)
    office.now += MINUTE
    office.claim()

    office.answer(1, Succeeded(planned=(step(2, parent=1),)))

    assert office.open_work() == {2: WorkKind.RUN}
