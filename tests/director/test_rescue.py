"""What is done about failed steps when nothing else can go on: skip, pause or fail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ostinato.model.evidence import EndKind
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import EventFate, Phase, Rescue, StepError
from ostinato.model.work import WorkKind
from ostinato.testing.directing import BROKEN, Office
from ostinato.testing.directing import make_planned_step as step

# --- combining -------------------------------------------------------------------------------------------------------


def test_a_failed_step_does_not_stop_what_does_not_depend_on_it() -> None:
    """Nothing is decided about it before all else is done."""
    office = Office()
    office.begin(step(1), step(2), step(3, needs=(2,)))
    office.fail(1)

    office.succeed(2)

    assert office.run.status is RunStatus.RUNNING
    assert office.open_work() == {3: WorkKind.RUN}


def test_a_failed_step_pauses_the_run_by_default() -> None:
    """A person is asked, and told what failed."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))

    office.fail(1)

    assert office.run.status is RunStatus.PAUSED
    assert office.list_statuses() == [StepStatus.ERROR, StepStatus.PENDING]
    assert office.run.move is not None
    assert office.run.move.cause == "step step-1: no such table: sales; a person must resume, skip or cancel"


def test_all_skip_is_skip() -> None:
    """The run goes on without the failed steps, and ends with a warning."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP), step(2, rescue=Rescue.SKIP))
    office.fail(1)

    office.fail(2)

    assert office.list_statuses() == [StepStatus.SKIPPED, StepStatus.SKIPPED]
    assert office.run.status is RunStatus.WARNING
    assert office.run.evidence is not None
    assert office.run.evidence.message == "done without step-1, step-2, skipped"


def test_all_fail_is_fail() -> None:
    """The run fails of what failed first."""
    office = Office()
    office.begin(step(1, rescue=Rescue.FAIL), step(2, rescue=Rescue.FAIL))
    office.fail(2, StepError(EndKind.RAISED, "disk full"))
    office.now += timedelta(seconds=1)

    office.fail(1)

    assert office.run.status is RunStatus.FAILED
    assert office.run.evidence is not None
    assert office.run.evidence.message == "step step-2: disk full (and 1 more failed)"


@pytest.mark.parametrize(
    ("one", "other"),
    [(Rescue.SKIP, Rescue.FAIL), (Rescue.SKIP, Rescue.PAUSE), (Rescue.FAIL, Rescue.PAUSE)],
)
def test_anything_else_is_pause(one: Rescue, other: Rescue) -> None:
    """Where the strategies differ, a person decides."""
    office = Office()
    office.begin(step(1, rescue=one), step(2, rescue=other))
    office.fail(1)

    office.fail(2)

    assert office.run.status is RunStatus.PAUSED


def test_only_the_steps_that_failed_are_asked() -> None:
    """What another would say does not count."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP), step(2, rescue=Rescue.FAIL))
    office.succeed(2)

    office.fail(1)

    assert office.run.status is RunStatus.WARNING


@pytest.mark.parametrize(
    ("planner", "own", "status"),
    [
        (Rescue.SKIP, Rescue.SKIP, RunStatus.WARNING),
        (Rescue.FAIL, Rescue.SKIP, RunStatus.PAUSED),
        (Rescue.SKIP, Rescue.FAIL, RunStatus.PAUSED),
        (None, Rescue.SKIP, RunStatus.WARNING),
    ],
)
def test_a_planner_answers_for_the_steps_that_it_planned(
    planner: Rescue | None, own: Rescue, status: RunStatus
) -> None:
    """Its answer is combined with the step's own; one that gives none leaves it to that."""
    office = Office()
    office.begin(step(1, phase=Phase.PLAN, rescue_planned=planner))
    office.succeed(1, planned=(step(2, parent=1, rescue=own),))

    office.fail(2)

    assert office.run.status is status


def test_planners_of_planners_are_asked_too() -> None:
    """All the way up."""
    office = Office()
    office.begin(step(1, phase=Phase.PLAN, rescue_planned=Rescue.FAIL))
    nested = (step(2, phase=Phase.PLAN, status=StepStatus.SUCCESS, parent=1), step(3, parent=2, rescue=Rescue.SKIP))
    office.succeed(1, planned=nested)

    office.fail(3)

    assert office.run.status is RunStatus.PAUSED


@pytest.mark.parametrize("kind", [EndKind.TIME_LIMIT, EndKind.LOST])
def test_a_run_that_failed_for_want_of_time_has_timed_out(kind: EndKind) -> None:
    """Its slot's budget for what was lost is another than that for failures."""
    office = Office()
    office.begin(step(1, rescue=Rescue.FAIL))

    office.fail(1, StepError(kind, "it is gone"))

    assert office.run.status is RunStatus.TIMEOUT
    assert office.run.evidence is not None
    assert (office.run.evidence.kind, office.run.evidence.message) == (kind, "it is gone")


def test_a_stopping_agent_still_rescues() -> None:
    """That hands nothing out: the run fails here and now."""
    office = Office()
    office.begin(step(1, rescue=Rescue.FAIL))
    office.terminate()

    office.fail(1)

    assert office.run.status is RunStatus.FAILED


# --- skipping --------------------------------------------------------------------------------------------------------


def test_skip_takes_all_that_needs_the_failed_step() -> None:
    """Transitively, but not what is only ordered after it."""
    office = Office()
    office.begin(
        step(1, rescue=Rescue.SKIP),
        step(2, needs=(1,)),
        step(3, needs=(2,)),
        step(4, after=(1,)),
        step(5, after=(3,)),
    )

    office.fail(1)

    assert office.list_statuses()[:3] == [StepStatus.SKIPPED] * 3
    assert office.open_work() == {4: WorkKind.RUN, 5: WorkKind.RUN}


def test_a_step_that_needs_one_and_comes_after_the_other_is_skipped() -> None:
    """Data that is missing is missing."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP), step(2), step(3, needs=(1,), after=(2,)))
    office.succeed(2)

    office.fail(1)

    assert office.status(3) is StepStatus.SKIPPED


def test_what_goes_on_after_a_skip_may_fail_and_be_skipped_too() -> None:
    """Each time nothing else can go on, the strategies are asked."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP), step(2, after=(1,), rescue=Rescue.SKIP))
    office.fail(1)

    office.fail(2)

    assert office.run.status is RunStatus.WARNING


def test_a_skipped_step_keeps_its_error() -> None:
    """It is why the run ended with a warning."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP))

    office.fail(1)

    assert office.step(1).error == BROKEN
    assert office.step(1).finished_at == office.now


def test_the_finalize_steps_of_skipped_steps_are_skipped() -> None:
    """Those of the others are done."""
    office = Office()
    office.begin(
        step(1, rescue=Rescue.SKIP),
        step(2, phase=Phase.FINALIZE, action_step=1),
        step(3),
        step(4, phase=Phase.FINALIZE, action_step=3),
    )
    office.succeed(3)

    decision = office.fail(1)

    assert office.status(2) is StepStatus.SKIPPED
    assert [one.number for one in decision.work[0].steps] == [4]


def test_a_step_that_heeds_it_is_told_that_it_is_skipped() -> None:
    """The run does not end before, and what comes after it waits for that."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP, heeds_skip=True), step(2, after=(1,)))

    office.fail(1)

    assert (office.status(1), office.step(1).finished_at) == (StepStatus.SKIPPED, None)
    assert office.open_work() == {1: WorkKind.SKIP}
    office.succeed(1, "written off")
    assert (office.step(1).finished_at, office.step(1).output) == (office.now, "written off")
    assert office.open_work() == {2: WorkKind.RUN}


def test_an_error_in_being_skipped_is_kept_and_changes_nothing_else() -> None:
    """The run goes on, and ends with a warning."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP, heeds_skip=True))
    office.fail(1)

    office.fail(1, StepError(EndKind.RAISED, "no such mailbox"))

    assert office.run.status is RunStatus.WARNING
    assert office.step(1).error == StepError(EndKind.RAISED, "no such mailbox")


def test_a_step_is_told_that_it_is_skipped_after_its_agent_died() -> None:
    """It is told again when that was not recorded."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP, heeds_skip=True))
    office.fail(1)
    office.crash()

    office.claim()

    assert office.open_work() == {1: WorkKind.SKIP}


def test_events_of_skipped_steps_are_dropped() -> None:
    """Those that wait for a step that needs the failed one, too."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP), step(2, needs=(1,)), step(3, after=(2,)))
    office.send(1)
    office.send(2)

    office.fail(1)

    assert office.fate(1) is office.fate(2) is EventFate.DROPPED
    assert office.run.events[2].reason == "the step has ended: skipped"
