"""What the director has in hand, and what it refuses or ignores."""

from __future__ import annotations

from ostinato.model.changes import PlanMade
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import COMMAND, Rescue, Step, StepError
from ostinato.model.work import Report, Succeeded
from ostinato.testing.directing import Office
from ostinato.testing.directing import make_planned_step as step


def test_a_new_plan_is_recorded_before_anything_of_it_is_handed_out() -> None:
    """It is the first change of the first decision."""
    office = Office()

    decision = office.begin(step(1), step(2))

    assert decision.changes[0] == PlanMade((step(1), step(2)))


def test_a_stored_plan_is_not_recorded_again() -> None:
    """Only what changes is."""
    office = Office()

    decision = office.begin(step(1), stored=True)

    assert not any(isinstance(change, PlanMade) for change in decision.changes)


def test_a_run_that_is_in_hand_is_not_started_again() -> None:
    """The refusal says so, and nothing changes."""
    office = Office()
    office.begin(step(1))

    decision = office.claim()

    assert (decision.refusal, decision.changes) == ("run 1 is being executed here already", ())
    assert len(office.under_way) == 1


def test_runs_are_in_hand_from_their_start_until_they_leave() -> None:
    """The director can say which."""
    office = Office()
    office.begin(step(1), run=1)
    office.begin(step(1), run=2)

    before = office.director.current_execution_plan_ids()
    office.succeed(1, run=1)

    assert before == [1, 2]
    assert office.director.current_execution_plan_ids() == [2]


def test_a_late_outcome_of_a_run_that_is_not_in_hand_is_ignored() -> None:
    """Its lease is gone: others decide about it now."""
    office = Office()
    office.begin(step(1))
    office.director.forget(1)

    decision = office.director.work_finished(Report(1, 1, Succeeded()), office.now)

    assert (decision.changes, decision.work, decision.refusal) == ((), (), "")


def test_an_outcome_that_comes_twice_is_ignored() -> None:
    """The step may long have gone on."""
    office = Office()
    office.begin(step(1), step(2))
    office.succeed(1)

    decision = office.director.work_finished(Report(1, 1, Succeeded("again")), office.now)

    assert decision.changes == ()


def test_waking_a_run_that_is_not_in_hand_is_nothing() -> None:
    """Timers outlive the interest in them."""
    office = Office()

    decision = office.director.wake(1, office.now)

    assert (decision.changes, decision.refusal) == ((), "")


def test_forgetting_a_run_twice_is_nothing() -> None:
    """Nor one that never was in hand."""
    office = Office(concurrency=3)
    office.begin(step(1))

    office.director.forget(1)
    office.director.forget(1)

    assert office.director.free == 3


def test_a_command_that_succeeds_tells_its_exit_code() -> None:
    """The run is that one command."""
    office = Office()
    office.begin(Step(1, "sales", COMMAND))

    office.succeed(1, {"exit_code": 0})

    assert office.run.evidence == Evidence(EndKind.EXITED, "exit code 0", 0)


def test_a_run_of_one_step_fails_in_the_words_of_that_step() -> None:
    """Its name would add nothing."""
    office = Office()
    office.begin(step(1, rescue=Rescue.FAIL))

    office.fail(1, StepError(EndKind.EXITED, "exit code 3", exit_code=3))

    assert office.run.status is RunStatus.FAILED
    assert office.run.evidence == Evidence(EndKind.EXITED, "exit code 3", 3)
