"""In which order steps are handed out: by what they need, what they come after, their queues, and the room there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import Phase, WakeKind
from ostinato.model.work import WorkKind
from ostinato.testing.directing import Office
from ostinato.testing.directing import make_planned_step as step

MINUTE = timedelta(minutes=1)


def test_steps_that_wait_for_nothing_are_handed_out_at_once() -> None:
    """What nothing orders runs side by side."""
    office = Office()

    office.begin(step(1), step(2), step(3, needs=(1,)))

    assert office.open_work() == {1: WorkKind.RUN, 2: WorkKind.RUN}


def test_a_step_waits_for_all_that_it_needs() -> None:
    """One of two is not enough."""
    office = Office()
    office.begin(step(1), step(2), step(3, needs=(1, 2)))

    office.succeed(1)
    before = office.status(3)
    office.succeed(2)

    assert before is StepStatus.PENDING
    assert office.open_work() == {3: WorkKind.RUN}


def test_a_plan_is_a_graph_and_no_tree() -> None:
    """4(1, 2) does not wait for 3(1)."""
    office = Office()
    office.begin(step(1), step(2), step(3, needs=(1,)), step(4, needs=(1, 2)))

    office.succeed(1)
    office.succeed(2)

    assert office.open_work() == {3: WorkKind.RUN, 4: WorkKind.RUN}


def test_a_plain_edge_orders_as_well() -> None:
    """``after`` holds a step back although it gets no data."""
    office = Office()
    office.begin(step(1), step(2, after=(1,)))

    decision = office.succeed(1, {"rows": 3})

    assert office.open_work() == {2: WorkKind.RUN}
    assert decision.work[0].outputs == {}


def test_a_step_that_is_needed_twice_counts_once() -> None:
    """Data and order from the same step are one thing to wait for."""
    office = Office()
    office.begin(step(1), step(2, needs=(1, 1), after=(1,)))

    office.succeed(1)

    assert office.open_work() == {2: WorkKind.RUN}


def test_work_comes_with_the_outputs_that_its_input_may_refer_to() -> None:
    """Those of the steps that it needs, and of no other."""
    office = Office()
    office.begin(step(1), step(2), step(3, needs=(1,), after=(2,)))
    office.succeed(1, {"rows": 3})

    decision = office.succeed(2, "secret")

    assert decision.work[0].outputs == {1: {"rows": 3}}


def test_a_run_is_done_when_all_its_steps_are() -> None:
    """It ends with success and says so."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))
    office.succeed(1)

    office.succeed(2)

    assert office.run.status is RunStatus.SUCCESS
    assert office.director.current_execution_plan_ids() == []


def test_an_empty_plan_is_done_at_once() -> None:
    """Nothing to do is done."""
    office = Office()

    office.begin()

    assert office.run.status is RunStatus.SUCCESS


def test_steps_that_are_planned_on_the_way_are_run() -> None:
    """A plan step brings others, and all of them are recorded before any is handed out."""
    office = Office()
    office.begin(step(1, phase=Phase.PLAN))

    office.succeed(1, planned=(step(2, parent=1), step(3, parent=1, needs=(2,))))

    assert sorted(office.run.steps) == [1, 2, 3]
    assert office.open_work() == {2: WorkKind.RUN}


def test_a_plan_step_that_plans_nothing_is_the_whole_run() -> None:
    """No steps, no work, success."""
    office = Office()
    office.begin(step(1, phase=Phase.PLAN))

    office.succeed(1)

    assert office.run.status is RunStatus.SUCCESS


def test_a_planning_error_fails_the_run() -> None:
    """Whatever the rescue of the plan step says: without a plan there is nothing to rescue."""
    office = Office()
    office.begin(step(1, phase=Phase.PLAN))

    office.fail(1)

    assert office.run.status is RunStatus.FAILED
    assert office.status(1) is StepStatus.ERROR


def test_what_was_completed_before_is_carried_over() -> None:
    """Steps that another attempt completed are not run again, and their outputs are there."""
    office = Office()

    decision = office.begin(step(1, status=StepStatus.SUCCESS, output=7), step(2, needs=(1,)))

    assert office.open_work() == {2: WorkKind.RUN}
    assert decision.work[0].outputs == {1: 7}


def test_a_step_is_handed_out_on_its_own_queue_or_that_of_the_run() -> None:
    """The nearest queue that is named counts."""
    office = Office()

    decision = office.begin(step(1, queue="io"), step(2), queue="night")

    assert [item.queue for item in decision.work] == ["io", "night"]


def test_more_urgent_queues_come_first() -> None:
    """Queues are served in the order in which they are named."""
    office = Office(concurrency=1, queues=["urgent", "default"])

    office.begin(step(1), step(2, queue="urgent"))

    assert list(office.open_work()) == [2]


def test_a_step_on_a_queue_that_nobody_serves_here_is_left_to_another_agent() -> None:
    """When nothing else can be done, the run waits for an agent that serves the queue of its next step."""
    office = Office(queues=["default"])
    office.begin(step(1), step(2, queue="gpu"), step(3, needs=(2,), queue="io"))

    office.succeed(1)

    assert office.run.status is RunStatus.WAITING
    assert (office.run.queue, office.status(2)) == ("gpu", StepStatus.PENDING)


def test_a_run_whose_own_queue_is_not_served_here_names_that() -> None:
    """A step without queue of its own is for that of the run."""
    office = Office(queues=["gpu"])

    office.begin(step(1), queue="default")

    assert office.run.move is not None
    assert office.run.move.queue == "default"


def test_an_agent_that_serves_the_queue_goes_on() -> None:
    """Nothing that was done before is done again."""
    office = Office(queues=["default"])
    office.begin(step(1), step(2, needs=(1,), queue="gpu"))
    office.succeed(1)
    office.replace_agent(queues=["gpu"])

    office.claim()

    assert office.open_work() == {2: WorkKind.RUN}


def test_an_event_for_a_step_of_another_queue_sends_the_run_there() -> None:
    """The step is suspended until an agent of its queue gives it the event."""
    office = Office(queues=["default", "gpu"])
    office.begin(step(1, queue="gpu"))
    office.suspend(1)
    office.replace_agent(queues=["default"])
    office.post(1)

    office.claim()

    assert (office.run.status, office.run.queue) == (RunStatus.WAITING, "gpu")
    assert office.status(1) is StepStatus.SUSPENDED


def test_a_step_of_another_queue_that_has_failed_meanwhile_sends_the_run_nowhere() -> None:
    """Its timer had come, but its deadline as well, before the run could be handed over."""
    office = Office(queues=["default"])
    times: dict[str, Any] = {
        "wake_at": office.now + MINUTE,
        "wake_kind": WakeKind.TIMER,
        "deadline_at": office.now + 2 * MINUTE,
    }
    office.begin(step(1, queue="gpu", status=StepStatus.SUSPENDED, **times), step(2), stored=True)
    office.wait(MINUTE)
    office.wait(MINUTE)

    office.succeed(2)

    assert (office.status(1), office.run.status) == (StepStatus.ERROR, RunStatus.PAUSED)


def test_finalize_steps_wait_for_all_run_steps() -> None:
    """They are no part of the graph: they come at the end, together."""
    office = Office()
    office.begin(step(1), step(2, phase=Phase.FINALIZE, action_step=1), step(3))

    office.succeed(1)

    assert office.open_work() == {3: WorkKind.RUN}
