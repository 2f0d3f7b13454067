"""How much is under way at a time, and whose turn it is when there is room again."""

from __future__ import annotations

from datetime import timedelta

from ostinato.model.evidence import EndKind
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import Phase, Rescue
from ostinato.model.work import WorkKind
from ostinato.testing.directing import Office
from ostinato.testing.directing import make_planned_step as step


def test_no_more_is_under_way_than_there_is_room_for() -> None:
    """The others wait, and the director says so."""
    office = Office(concurrency=2)

    office.begin(step(1), step(2), step(3))

    assert list(office.open_work()) == [1, 2]
    assert (office.director.free, office.director.is_busy) == (0, True)


def test_room_that_becomes_free_is_used() -> None:
    """The next in line is handed out as soon as something has ended."""
    office = Office(concurrency=1)
    office.begin(step(1), step(2))

    office.succeed(1)

    assert list(office.open_work()) == [2]
    assert not office.director.is_busy


def test_room_is_shared_by_all_runs() -> None:
    """One run's work makes another wait; when it ends, the other goes on."""
    office = Office(concurrency=1)
    office.begin(step(1), run=1)
    office.begin(step(1), run=2)

    before = list(office.under_way)
    office.succeed(1, run=1)

    assert before == [(1, 1)]
    assert list(office.under_way) == [(2, 1)]


def test_runs_take_turns() -> None:
    """A run with much to do does not keep the others waiting until it is done."""
    office = Office(concurrency=1)
    office.begin(*(step(number) for number in range(1, 4)), run=1)
    office.begin(*(step(number) for number in range(1, 4)), run=2)

    turns = []
    while office.under_way:
        ((run, number),) = office.under_way
        turns.append(run)
        office.succeed(number, run=run)

    assert turns == [1, 2, 1, 2, 1, 2]


def test_an_urgent_run_goes_first() -> None:
    """Of the runs that wait for room, the one with work of the most urgent queue is next."""
    office = Office(concurrency=1, queues=["urgent", "default"])
    office.begin(step(1), step(2), run=1)
    office.begin(step(1), run=2)
    office.begin(step(1, queue="urgent"), run=3)

    office.succeed(1, run=1)

    assert list(office.under_way) == [(3, 1)]


def test_handing_out_is_one_decision_for_each_run() -> None:
    """However much there is room for by then."""
    office = Office(concurrency=4)
    office.begin(*(step(number) for number in range(1, 5)), run=1)
    office.begin(step(1), step(2), run=2)
    office.begin(step(1), run=3)
    office.director.forget(1)
    office.under_way.clear()

    decisions = office.hand_out()

    assert [(decision.run_id, len(decision.work)) for decision in decisions] == [(2, 2), (3, 1)]


def test_forgetting_a_run_gives_its_room_back() -> None:
    """Nothing is said about it, and what it has in line is gone too."""
    office = Office(concurrency=1)
    office.begin(step(1), step(2))

    office.director.forget(1)

    assert (office.director.free, office.director.is_busy) == (1, False)
    assert office.director.current_execution_plan_ids() == []


def test_halting_a_run_gives_its_room_back() -> None:
    """Its work counts no more."""
    office = Office(concurrency=1)
    office.begin(step(1), step(2))

    office.halt()

    assert (office.director.free, office.director.is_busy) == (1, False)


def test_finalizing_waits_for_room() -> None:
    """It is work like any other."""
    office = Office(concurrency=1)
    office.begin(step(1), run=1)
    office.begin(step(1, status=StepStatus.SUCCESS), step(2, phase=Phase.FINALIZE, action_step=1), run=2)

    before = office.open_work(run=2)
    office.succeed(1, run=1)

    assert before == {}
    assert office.open_work(run=2) == {2: WorkKind.FINALIZE}


def test_telling_a_suspended_step_that_it_is_cancelled_waits_for_room() -> None:
    """The run ends when that is done."""
    office = Office(concurrency=1)
    office.begin(step(1, heeds_cancel=True), step(2), run=1)
    office.suspend(1)
    office.begin(step(1), run=2)

    office.cancel(run=1)
    before = office.open_work(run=1)
    office.be_cancelled(2, run=1)

    assert before == {2: WorkKind.RUN}
    assert office.open_work(run=1) == {1: WorkKind.CANCEL}


def test_telling_a_step_that_it_was_skipped_comes_first() -> None:
    """It goes before all steps that wait for room, for the end of a run may hang on it."""
    office = Office(concurrency=1, queues=["default"])
    office.begin(step(1, rescue=Rescue.SKIP, heeds_skip=True), run=1)
    office.begin(step(1), run=2)

    office.fail(1, run=1)

    assert office.under_way.keys() == {(1, 1)}
    assert office.open_work(run=1) == {1: WorkKind.SKIP}


def test_a_step_for_which_two_events_wait_is_handed_out_once() -> None:
    """The second event waits until the first is dealt with, however much room there is then."""
    office = Office(concurrency=2)
    office.begin(step(1), step(2), run=1)
    office.begin(step(1), run=2)
    office.suspend(1, run=1)
    office.send(1)
    office.send(1)

    office.succeed(2, run=1)
    office.succeed(1, run=2)

    assert office.open_work() == {1: WorkKind.EVENT}
    assert office.director.free == 1


def test_a_timer_that_comes_while_there_is_no_room_is_not_lost() -> None:
    """It is delivered when there is room."""
    office = Office(concurrency=1)
    office.begin(step(1), step(2), run=1)
    office.suspend(1, wake_in=timedelta(minutes=1))

    office.wait(timedelta(minutes=2))
    before = office.open_work()
    office.succeed(2)

    assert before == {2: WorkKind.RUN}
    assert office.open_work() == {1: WorkKind.EVENT}


def test_a_step_that_misses_its_deadline_while_its_timer_waits_for_room_is_not_handed_out() -> None:
    """It has failed, and nothing of it is left in line."""
    office = Office(concurrency=1)
    office.begin(step(1), step(2), run=1)
    office.suspend(1, wake_in=timedelta(minutes=1), deadline_in=timedelta(minutes=5))
    office.wait(timedelta(minutes=1))

    office.wait(timedelta(minutes=4))

    assert office.status(1) is StepStatus.ERROR
    assert not office.director.is_busy


def test_a_stopping_agent_uses_no_room() -> None:
    """What waits in line is handed over when nothing is under way any more."""
    office = Office(concurrency=1)
    office.begin(step(1), step(2))
    office.terminate()

    office.succeed(1)

    assert office.run.status is RunStatus.WAITING
    assert office.director.hand_out(office.now) == []


def test_stopping_work_ends_all_of_it() -> None:
    """Of every run, and says why."""
    office = Office()
    office.begin(step(1), run=1)
    office.begin(step(1), step(2), run=2)

    decisions = office.director.stop_work(EndKind.STOPPED, "its agent was stopped")

    assert [(stop.run_id, stop.step) for decision in decisions for stop in decision.stops] == [(1, 1), (2, 1), (2, 2)]
    assert {stop.why for decision in decisions for stop in decision.stops} == {"its agent was stopped"}
