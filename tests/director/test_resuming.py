"""Paused runs: what persons do about failed steps, and what a run remembers of its rescues."""

from __future__ import annotations

import pytest

from ostinato.director.rescue import skip_failed_step
from ostinato.errors import NotPossible
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import Rescue, Step
from ostinato.model.work import WorkKind
from ostinato.testing.directing import Office
from ostinato.testing.directing import make_planned_step as step

# --- the memory of a rescue ------------------------------------------------------------------------------------------


def test_a_resumed_step_is_tried_again() -> None:
    """With new tries, and all that it had before is there."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))
    office.fail(1)

    office.resume()

    assert office.open_work() == {1: WorkKind.RUN}
    assert (office.step(1).tries, office.step(1).failures) == (2, 0)


def test_resuming_never_runs_a_finished_step_again() -> None:
    """Only what failed, and what waits for it."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)), step(3, needs=(2,)))
    office.succeed(1, 7)
    office.fail(2)

    office.resume()

    assert office.open_work() == {2: WorkKind.RUN}
    assert office.under_way[1, 2].outputs == {1: 7}


def test_a_step_that_fails_again_after_a_rescue_pauses_the_run() -> None:
    """Whatever the strategies say: a person resumed it, and a person decides. That is stored, not remembered."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP), step(2, rescue=Rescue.FAIL))
    office.fail(1)
    office.fail(2)
    office.resume()
    office.succeed(2)

    office.fail(1)

    assert office.run.status is RunStatus.PAUSED
    assert office.step(1).rescued


def test_a_run_is_rescued_again_when_another_step_fails() -> None:
    """One that had not failed before is enough: then all that have failed are asked."""
    office = Office()
    office.begin(step(1, rescue=Rescue.SKIP), step(2), step(3, needs=(2,), rescue=Rescue.SKIP))
    office.fail(1)
    office.fail(2)
    office.resume()
    office.succeed(2)
    office.fail(1)

    office.fail(3)

    assert office.run.status is RunStatus.WARNING
    assert office.list_statuses() == [StepStatus.SKIPPED, StepStatus.SUCCESS, StepStatus.SKIPPED]


# --- what a person does ----------------------------------------------------------------------------------------------


def test_a_person_may_skip_a_failed_step() -> None:
    """With all that needs it; then the run goes on."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)), step(3, after=(2,)))
    office.fail(1)

    office.change_steps(skip_failed_step(office.run.steps.values(), 1, office.now))
    office.claim()

    assert office.list_statuses()[:2] == [StepStatus.SKIPPED, StepStatus.SKIPPED]
    assert office.open_work() == {3: WorkKind.RUN}


def test_a_step_that_a_person_skips_is_told() -> None:
    """By the agent that takes the run up."""
    office = Office()
    office.begin(step(1, heeds_skip=True))
    office.fail(1)

    office.change_steps(skip_failed_step(office.run.steps.values(), 1, office.now))
    office.claim()

    assert office.open_work() == {1: WorkKind.SKIP}


def test_skipping_all_but_one_leaves_that_to_the_next_rescue() -> None:
    """A step in error that nobody has dealt with pauses the run once more."""
    office = Office()
    office.begin(step(1), step(2))
    office.fail(1)
    office.fail(2)

    office.change_steps(skip_failed_step(office.run.steps.values(), 1, office.now))
    office.claim()

    assert office.run.status is RunStatus.PAUSED
    assert office.list_statuses() == [StepStatus.SKIPPED, StepStatus.ERROR]


@pytest.mark.parametrize("status", [StepStatus.PENDING, StepStatus.SUCCESS, StepStatus.SUSPENDED])
def test_only_a_failed_step_can_be_skipped(status: StepStatus) -> None:
    """The refusal says how it stands."""
    steps: list[Step] = [step(1, status=status)]

    with pytest.raises(NotPossible, match=f"step step-1 is {status}"):
        skip_failed_step(steps, 1, Office().now)
