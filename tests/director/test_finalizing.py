"""Finalizing: all of it or nothing, when all run steps are done."""

from __future__ import annotations

from dataclasses import replace

from ostinato.director.rescue import skip_failed_step
from ostinato.model.evidence import EndKind
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import Phase, Rescue, Step, StepError
from ostinato.model.work import Failed, WorkKind
from ostinato.testing.directing import BROKEN, Office
from ostinato.testing.directing import make_planned_step as step


def make_plan() -> tuple[Step, ...]:
    """Make two run steps and their finalize steps, planned in between."""
    return (
        step(1),
        step(2, phase=Phase.FINALIZE, action_step=1, rescue=Rescue.SKIP),
        step(3),
        step(4, phase=Phase.FINALIZE, action_step=3, needs=(1,), rescue=Rescue.SKIP),
    )


def begin_finalizing(office: Office) -> None:
    """Have all run steps be done."""
    office.begin(*make_plan())
    office.succeed(3, "three")
    office.succeed(1, "one")


def test_all_finalize_steps_are_handed_out_together_in_order() -> None:
    """As one work item, with the outputs of their actions and of what they need."""
    office = Office()

    begin_finalizing(office)

    (item,) = office.under_way.values()
    assert (item.kind, [one.number for one in item.steps]) == (WorkKind.FINALIZE, [2, 4])
    assert item.outputs == {1: "one", 3: "three"}


def test_when_finalizing_succeeds_all_of_it_has() -> None:
    """And the run is done."""
    office = Office()
    begin_finalizing(office)

    office.succeed(2)

    assert (office.status(2), office.status(4)) == (StepStatus.SUCCESS, StepStatus.SUCCESS)
    assert office.run.status is RunStatus.SUCCESS


def test_an_error_in_finalizing_undoes_all_of_it_and_pauses_the_run() -> None:
    """Whatever the strategies say."""
    office = Office()
    begin_finalizing(office)

    office.answer(2, Failed(BROKEN, step=4))

    assert (office.status(2), office.status(4)) == (StepStatus.PENDING, StepStatus.ERROR)
    assert office.run.status is RunStatus.PAUSED


def test_an_error_of_which_the_step_is_not_known_is_that_of_the_first() -> None:
    """One of them has to show it."""
    office = Office()
    begin_finalizing(office)

    office.answer(2, Failed(BROKEN))

    assert (office.status(2), office.status(4)) == (StepStatus.ERROR, StepStatus.PENDING)


def test_resuming_repeats_only_the_finalizing() -> None:
    """All of it."""
    office = Office()
    begin_finalizing(office)
    office.answer(2, Failed(BROKEN, step=4))

    office.resume()

    (item,) = office.under_way.values()
    assert [one.number for one in item.steps] == [2, 4]
    assert office.step(1).tries == 1


def test_a_person_may_skip_a_finalize_step() -> None:
    """The others are done without it, and the run ends with a warning."""
    office = Office()
    begin_finalizing(office)
    office.answer(2, Failed(BROKEN, step=4))
    office.change_steps(skip_failed_step(office.run.steps.values(), 4, office.now))

    office.claim()
    office.succeed(2)

    assert office.run.status is RunStatus.WARNING


def test_a_step_cannot_suspend_itself_while_it_is_finalized() -> None:
    """A transaction is open meanwhile: that is an error."""
    office = Office()
    begin_finalizing(office)

    office.suspend(2)

    assert (office.status(2), office.run.status) == (StepStatus.ERROR, RunStatus.PAUSED)


def test_cancelling_while_finalizing_cancels_all_of_it() -> None:
    """It was rolled back."""
    office = Office()
    begin_finalizing(office)
    office.cancel()

    office.be_cancelled(2)

    assert (office.status(2), office.status(4)) == (StepStatus.CANCELLED, StepStatus.CANCELLED)
    assert office.run.status is RunStatus.CANCELLED


def test_finalizing_that_was_lost_is_for_a_person() -> None:
    """Nobody knows whether its transaction was committed."""
    office = Office()
    begin_finalizing(office)

    office.fail(2, StepError(EndKind.LOST, "its process is gone"))

    assert (office.status(2), office.status(4)) == (StepStatus.ERROR, StepStatus.ERROR)
    assert office.run.status is RunStatus.PAUSED


def test_finalizing_comes_after_the_rescue() -> None:
    """Nothing is finalized while a step is in error that nobody has decided about."""
    office = Office()
    first, *others = make_plan()
    office.begin(replace(first, rules=replace(first.rules, rescue=Rescue.FAIL)), *others)
    office.succeed(3)

    office.fail(1)

    assert (office.run.status, office.status(4)) == (RunStatus.FAILED, StepStatus.PENDING)
