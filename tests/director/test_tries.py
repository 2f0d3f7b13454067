"""Steps that fail: which are tried again and when, and what is kept of each try."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ostinato.model.definitions import RetryKind, RetryRule
from ostinato.model.evidence import EndKind
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import Rescue, StepError, WakeKind
from ostinato.model.work import Failed, WorkKind
from ostinato.testing.directing import BROKEN, Office
from ostinato.testing.directing import make_planned_step as step
from ostinato.testing.factories import make_retry

MINUTE = timedelta(minutes=1)


def test_a_step_without_retry_fails_at_once() -> None:
    """The default is never to try again."""
    office = Office()
    office.begin(step(1))

    office.fail(1)

    assert office.status(1) is StepStatus.ERROR


def test_a_failed_step_waits_before_it_is_tried_again() -> None:
    """Meanwhile it is suspended, and if nothing else is left, so is the run: nobody holds anything."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=5 * MINUTE)))

    office.fail(1)

    assert (office.status(1), office.step(1).wake_kind) == (StepStatus.SUSPENDED, WakeKind.RETRY)
    assert office.run.status is RunStatus.SUSPENDED
    assert office.run.move is not None
    assert office.run.move.wake_at == office.now + 5 * MINUTE
    assert office.run.move.cause == "step-1 waits to be tried again"


def test_a_step_is_tried_again_when_its_wait_is_over() -> None:
    """By an agent that has the run in hand, not a moment before."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=5 * MINUTE)), step(2))
    office.fail(1)

    office.wait(4 * MINUTE)
    before = office.open_work()
    office.wait(MINUTE)

    assert before == {2: WorkKind.RUN}
    assert office.open_work() == {1: WorkKind.RUN, 2: WorkKind.RUN}
    assert (office.step(1).tries, office.step(1).failures) == (2, 1)


def test_a_suspended_run_is_taken_up_for_another_try() -> None:
    """By any agent."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=5 * MINUTE)))
    office.fail(1)
    office.now += 5 * MINUTE

    office.claim()

    assert office.open_work() == {1: WorkKind.RUN}


def test_a_wait_of_nothing_means_at_once() -> None:
    """The next try is handed out with the same decision."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=timedelta(0))))

    decision = office.fail(1)

    assert [item.kind for item in decision.work] == [WorkKind.RUN]
    assert office.status(1) is StepStatus.RUNNING


def test_the_waits_of_a_series_follow_one_another() -> None:
    """As many tries follow as there are waits."""
    office = Office()
    rule = RetryRule(RetryKind.SERIES, waits=(MINUTE, 10 * MINUTE))
    office.begin(step(1, retry=rule), step(2))

    waits = []
    for _ in range(2):
        office.fail(1)
        wake_at = office.step(1).wake_at
        assert wake_at is not None
        waits.append(wake_at - office.now)
        office.wait(waits[-1])
    office.fail(1)

    assert waits == [MINUTE, 10 * MINUTE]
    assert office.status(1) is StepStatus.ERROR


def test_when_no_try_is_left_the_step_fails() -> None:
    """The retries come first, then the rescue."""
    office = Office()
    office.begin(step(1, retry=make_retry(3, wait=timedelta(0)), rescue=Rescue.FAIL))

    for _ in range(3):
        office.fail(1)

    assert (office.status(1), office.run.status) == (StepStatus.ERROR, RunStatus.FAILED)
    assert (office.step(1).tries, office.step(1).failures) == (3, 3)


def test_every_try_that_failed_is_kept() -> None:
    """With its number, its error and its times."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=MINUTE)), step(2))
    office.fail(1)
    office.wait(MINUTE)

    office.fail(1, StepError(EndKind.RAISED, "disk full"))

    assert [(tried.number, tried.error.message) for tried in office.run.tries] == [
        (1, BROKEN.message),
        (2, "disk full"),
    ]
    assert office.run.tries[1].ended_at == office.now


def test_a_step_that_succeeds_after_all_has_no_error() -> None:
    """What it failed of stands among its tries."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=timedelta(0))))
    office.fail(1)

    office.succeed(1, "ok")

    assert (office.step(1).error, office.step(1).output) == (None, "ok")
    assert len(office.run.tries) == 1


@pytest.mark.parametrize(("error", "status"), [("TimeoutError", StepStatus.RUNNING), ("KeyError", StepStatus.ERROR)])
def test_only_the_exceptions_that_are_named_are_worth_another_try(error: str, status: StepStatus) -> None:
    """Another one fails the step at once."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=timedelta(0)), retry_on=("TimeoutError", "OSError")))

    office.fail(1, StepError(EndKind.RAISED, "it broke", error))

    assert office.status(1) is status


@pytest.mark.parametrize(
    ("code", "status"), [(75, StepStatus.RUNNING), (1, StepStatus.ERROR), (None, StepStatus.ERROR)]
)
def test_only_the_exit_codes_that_are_named_are_worth_another_try(code: int | None, status: StepStatus) -> None:
    """Neither another code, nor what did not exit at all."""
    office = Office()
    rule = make_retry(2, wait=timedelta(0), on_exit_codes=frozenset({75}))
    office.begin(step(1, retry=rule))

    office.fail(1, StepError(EndKind.EXITED, "it exited", exit_code=code))

    assert office.status(1) is status


def test_a_step_that_took_too_long_is_tried_again_like_any_other() -> None:
    """A timeout is an error of its kind."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=timedelta(0))))

    office.fail(1, StepError(EndKind.TIME_LIMIT, "it took longer than its timeout"))

    assert office.open_work() == {1: WorkKind.RUN}


@pytest.mark.parametrize("kind", [EndKind.LOST, EndKind.STOPPED])
def test_work_that_was_lost_is_no_try_that_failed_by_its_own_fault(kind: EndKind) -> None:
    """The step fails, however many tries it has left: nobody knows how far it came."""
    office = Office()
    office.begin(step(1, retry=make_retry(5, wait=timedelta(0)), rescue=Rescue.FAIL))

    office.fail(1, StepError(kind, "its process is gone"))

    assert office.status(1) is StepStatus.ERROR
    assert office.run.status is RunStatus.TIMEOUT


def test_an_idempotent_step_that_was_lost_is_done_again() -> None:
    """Here as after the death of its agent."""
    office = Office()
    office.begin(step(1, idempotent=True))

    office.fail(1, StepError(EndKind.LOST, "its process is gone"))

    assert office.open_work() == {1: WorkKind.RUN}
    assert (office.step(1).tries, office.step(1).failures) == (2, 0)


def test_a_step_that_is_lost_again_and_again_fails() -> None:
    """It may be what its agents die of."""
    office = Office()
    office.begin(step(1, idempotent=True, retry=RetryRule(lost_attempts=2)))

    for _ in range(2):
        office.fail(1, StepError(EndKind.LOST, "its process is gone"))

    assert office.status(1) is StepStatus.ERROR


def test_a_step_has_started_when_its_first_try_did() -> None:
    """However many follow."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=MINUTE)), step(2))
    started_at = office.now
    office.fail(1)

    office.wait(MINUTE)

    assert office.step(1).started_at == started_at
    assert (office.step(1).wake_at, office.step(1).wake_kind) == (None, None)


def test_an_error_of_a_class_that_is_derived_from_a_named_one_is_worth_another_try() -> None:
    """As it would be caught."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=timedelta(0)), retry_on=("OSError",)))

    office.fail(1, StepError(EndKind.RAISED, "it broke", "ConnectionError", bases=("OSError",)))

    assert office.status(1) is StepStatus.RUNNING


def test_what_a_step_put_out_before_it_failed_is_kept() -> None:
    """A person may want to see it."""
    office = Office()
    office.begin(step(1))

    office.answer(1, Failed(BROKEN, output={"job": 7}))

    assert (office.status(1), office.step(1).output) == (StepStatus.ERROR, {"job": 7})


def test_a_failed_try_may_leave_output() -> None:
    """It is there for the next one."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=timedelta(0))))

    decision = office.answer(1, Failed(BROKEN, output={"job": 7}))

    assert decision.work[0].step.output == {"job": 7}


def test_an_event_waits_while_a_step_waits_for_its_next_try() -> None:
    """It is delivered once that try has suspended itself."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=MINUTE)), step(2))
    office.fail(1)
    office.send(1)

    before = office.open_work()
    office.wait(MINUTE)
    tried = office.open_work()
    office.suspend(1)

    assert 1 not in before
    assert tried[1] is WorkKind.RUN
    assert office.open_work()[1] is WorkKind.EVENT
