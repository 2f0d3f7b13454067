"""Suspended steps, and the events that wake them."""

from __future__ import annotations

from datetime import timedelta

from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import Event, EventFate, Rescue
from ostinato.model.work import WorkKind
from ostinato.testing.directing import Office
from ostinato.testing.directing import make_planned_step as step
from ostinato.testing.factories import make_retry

MINUTE = timedelta(minutes=1)


def get_event(office: Office, number: int = 1) -> Event:
    """Return the event with which a step goes on now."""
    event = office.under_way[1, number].event
    assert event is not None
    return event


# --- suspending ------------------------------------------------------------------------------------------------------


def test_a_suspended_step_takes_no_room() -> None:
    """Others go on meanwhile."""
    office = Office(concurrency=1)
    office.begin(step(1), step(2))

    office.suspend(1, output={"job": 7})

    assert (office.status(1), office.step(1).output) == (StepStatus.SUSPENDED, {"job": 7})
    assert office.open_work() == {2: WorkKind.RUN}


def test_a_run_of_which_only_suspended_steps_are_left_is_suspended() -> None:
    """No agent holds it; it is woken when the first of them is due."""
    office = Office()
    office.begin(step(1), step(2), deadline_at=office.now + 90 * MINUTE)
    office.suspend(1, wake_in=60 * MINUTE)

    office.suspend(2, deadline_in=30 * MINUTE)

    assert office.run.status is RunStatus.SUSPENDED
    assert office.run.move is not None
    assert office.run.move.wake_at == office.now + 30 * MINUTE
    assert office.run.move.cause == "step-1, step-2 wait for an event"


def test_a_suspended_run_is_woken_for_its_own_deadline() -> None:
    """When nothing else is due before."""
    office = Office()
    office.begin(step(1), deadline_at=office.now + 90 * MINUTE)

    office.suspend(1)

    assert office.run.move is not None
    assert office.run.move.wake_at == office.now + 90 * MINUTE


def test_a_failed_step_is_not_decided_about_while_others_are_suspended() -> None:
    """Something else can still go on."""
    office = Office()
    office.begin(step(1, rescue=Rescue.FAIL), step(2))
    office.suspend(2)

    office.fail(1)

    assert office.run.status is RunStatus.SUSPENDED


# --- events ----------------------------------------------------------------------------------------------------------


def test_an_event_for_a_suspended_step_is_delivered() -> None:
    """It is in the step's hands with the decision, and delivered when the end of that is recorded."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1)

    decision = office.send(1, payload={"approved": True})

    assert [item.kind for item in decision.work] == [WorkKind.EVENT]
    assert get_event(office).payload == {"approved": True}
    assert (office.fate(1), office.step(1).event_id) == (EventFate.TAKEN, 1)
    office.succeed(1)
    assert (office.fate(1), office.step(1).event_id) == (EventFate.DELIVERED, None)


def test_an_event_is_no_try() -> None:
    """The step goes on with it; tries are counted when it begins."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1)

    office.send(1)

    assert office.step(1).tries == 1


def test_events_are_delivered_one_at_a_time_in_the_order_in_which_they_were_sent() -> None:
    """While the step is busy they wait."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1)

    seen = []
    for _ in range(3):
        office.send(1)
    for _ in range(3):
        seen.append(get_event(office).id)
        office.suspend(1)

    assert seen == [1, 2, 3]
    assert {event.fate for event in office.run.events.values()} == {EventFate.DELIVERED}


def test_an_event_for_a_running_step_waits() -> None:
    """Until the step suspends itself."""
    office = Office()
    office.begin(step(1))

    decision = office.send(1)
    before = office.fate(1)
    office.suspend(1)

    assert (decision.work, decision.refusal, before) == ((), "", EventFate.WAITING)
    assert office.open_work() == {1: WorkKind.EVENT}


def test_an_event_for_a_pending_step_waits() -> None:
    """Until it has been run, and has suspended itself."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))
    office.send(2)

    office.succeed(1)
    first = office.open_work()
    office.suspend(2)

    assert first == {2: WorkKind.RUN}
    assert office.open_work() == {2: WorkKind.EVENT}


def test_an_event_for_a_failed_step_waits() -> None:
    """A person may resume it."""
    office = Office()
    office.begin(step(1), step(2))
    office.fail(1)

    decision = office.send(1)

    assert decision.refusal == ""
    office.succeed(2)
    assert (office.run.status, office.fate(1)) == (RunStatus.PAUSED, EventFate.WAITING)


def test_events_that_wait_when_their_step_ends_are_dropped_with_a_reason() -> None:
    """They are answered, never forgotten."""
    office = Office()
    office.begin(step(1), step(2))
    office.send(1)
    office.send(1)

    office.succeed(1)

    assert [event.fate for event in office.run.events.values()] == [EventFate.DROPPED, EventFate.DROPPED]
    assert office.run.events[2].reason == "the step has ended: success"


def test_events_that_wait_when_the_run_ends_are_dropped_with_a_reason() -> None:
    """Those for steps that never began, too."""
    office = Office()
    office.begin(step(1, rescue=Rescue.FAIL), step(2, needs=(1,)))
    office.send(2)

    office.fail(1)

    assert office.fate(1) is EventFate.DROPPED
    assert office.run.events[1].reason == "the run has ended: failed"


def test_an_event_for_a_final_step_is_refused() -> None:
    """And settled, if it was stored all the same."""
    office = Office()
    office.begin(step(1), step(2))
    office.succeed(1)

    decision = office.send(1)

    assert decision.refusal == "the step has ended: success"
    assert (office.fate(1), office.run.events[1].reason) == (EventFate.DROPPED, decision.refusal)


def test_an_event_for_a_step_that_does_not_exist_is_refused() -> None:
    """There is nobody to take it, ever."""
    office = Office()
    office.begin(step(1))

    decision = office.send(9)

    assert decision.refusal == "there is no step 9"
    assert office.fate(1) is EventFate.DROPPED


def test_an_optional_event_that_nobody_takes_is_refused_quietly() -> None:
    """Its fate is recorded, but nobody is troubled."""
    office = Office()
    office.begin(step(1), step(2))
    office.succeed(1)

    decision = office.send(1, optional=True)

    assert decision.refusal == ""
    assert office.fate(1) is EventFate.DROPPED


def test_an_optional_event_is_delivered_like_any_other() -> None:
    """Where there is somebody to take it."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1)

    office.send(1, optional=True)

    assert office.fate(1) is EventFate.TAKEN


def test_an_event_for_a_run_that_is_not_in_hand_is_refused_and_stays_stored() -> None:
    """Whoever takes the run up will see it."""
    office = Office()
    office.begin(step(1))
    office.suspend(1)

    decision = office.send(1)

    assert decision.refusal == "run 1 is not executed here"
    assert office.fate(1) is EventFate.WAITING


def test_an_event_that_is_told_twice_is_delivered_once() -> None:
    """While it waits, while it is in hand, and when it has been delivered."""
    office = Office()
    office.begin(step(1), step(2))
    event = office.post(1)
    office.tell(event)
    office.tell(event)
    office.suspend(1)
    office.tell(event)

    office.suspend(1)
    office.tell(event)

    assert office.open_work() == {2: WorkKind.RUN}
    assert office.fate(1) is EventFate.DELIVERED


def test_an_event_that_came_while_nobody_had_the_run_is_delivered() -> None:
    """By the agent that takes it up."""
    office = Office()
    office.begin(step(1))
    office.suspend(1)
    office.post(1)

    office.claim()

    assert office.open_work() == {1: WorkKind.EVENT}


def test_an_event_that_came_too_late_for_its_step_is_dropped_when_the_run_is_taken_up() -> None:
    """With the reason."""
    office = Office()
    office.begin(step(1), step(2))
    office.succeed(1)
    office.suspend(2)
    office.post(1)

    office.claim()

    assert office.fate(1) is EventFate.DROPPED


def test_a_step_that_fails_of_an_event_has_had_it() -> None:
    """The next try begins anew, without it."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=timedelta(0))), step(2))
    office.suspend(1)
    office.send(1)

    office.fail(1)

    assert office.fate(1) is EventFate.DELIVERED
    assert office.open_work() == {1: WorkKind.RUN, 2: WorkKind.RUN}


def test_a_step_that_fails_of_an_event_for_good_has_had_it_too() -> None:
    """It does not keep it: when it is resumed it begins anew."""
    office = Office()
    office.begin(step(1), step(2))
    office.suspend(1)
    office.send(1)

    office.fail(1)

    assert (office.fate(1), office.step(1).event_id) == (EventFate.DELIVERED, None)
