"""Work that has outlived the agent which began it: its run goes on with it as if nothing had happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ostinato.model.evidence import EndKind
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import COMMAND, StepError
from ostinato.model.work import WorkKind
from ostinato.testing.directing import Office
from ostinato.testing.directing import make_planned_step as step
from ostinato.testing.factories import NOON, make_retry

MINUTE = timedelta(minutes=1)


def test_adopted_work_is_neither_interrupted_nor_handed_out_again() -> None:
    """Nothing is decided about it, and nothing to be done."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))
    office.crash()

    decision = office.adopt(1)

    assert (decision.changes, decision.work, decision.stops) == ((), (), ())
    assert (office.status(1), office.step(1).tries) == (StepStatus.RUNNING, 1)
    assert office.run.tries == []


def test_the_outcome_of_adopted_work_counts() -> None:
    """What needs it goes on, and the run ends well."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))
    office.crash()
    office.adopt(1)

    office.succeed(1, 7)

    assert office.open_work() == {2: WorkKind.RUN}
    assert office.under_way[1, 2].outputs == {1: 7}
    office.succeed(2)
    assert office.run.status is RunStatus.SUCCESS


def test_adopted_work_that_fails_is_tried_again_as_declared() -> None:
    """Its tries go on counting where they were."""
    office = Office()
    office.begin(step(1, retry=make_retry(2, wait=MINUTE)))
    office.crash()
    office.adopt(1)

    office.fail(1)
    office.wait(MINUTE)
    office.claim()

    assert office.open_work() == {1: WorkKind.RUN}
    assert (office.step(1).tries, office.step(1).failures) == (2, 1)


def test_adopted_work_that_is_lost_is_interrupted() -> None:
    """Should its executor have lost it after all, the rules for that hold."""
    office = Office()
    office.begin(step(1, idempotent=True))
    office.crash()
    office.adopt(1)

    office.fail(1, StepError(EndKind.LOST, "its supervisor was killed"))

    assert office.open_work() == {1: WorkKind.RUN}
    assert office.step(1).tries == 2


@pytest.mark.parametrize(
    ("idempotent", "status", "kinds"),
    [(True, StepStatus.RUNNING, {1: WorkKind.RUN, 2: WorkKind.RUN}), (False, StepStatus.ERROR, {1: WorkKind.RUN})],
)
def test_what_was_interrupted_beside_adopted_work_has_its_own_fate(
    *, idempotent: bool, status: StepStatus, kinds: dict[int, WorkKind]
) -> None:
    """It is done again or has failed, while the other goes on; about the run nothing is decided before that ends."""
    office = Office()
    office.begin(step(1), step(2, idempotent=idempotent), step(3, needs=(1,)))
    office.crash()

    office.adopt(1)

    assert office.status(2) is status
    assert office.open_work() == kinds
    assert office.run.status is RunStatus.RUNNING


def test_a_rescue_waits_for_adopted_work_and_for_what_needs_that() -> None:
    """Only when nothing can go on is a person asked about the step that was interrupted."""
    office = Office()
    office.begin(step(1), step(2), step(3, needs=(1,)))
    office.crash()
    office.adopt(1)

    office.succeed(1)
    before = office.run.status
    office.succeed(3)

    assert before is RunStatus.RUNNING
    assert office.run.status is RunStatus.PAUSED
    assert office.list_statuses() == [StepStatus.SUCCESS, StepStatus.ERROR, StepStatus.SUCCESS]


def test_adopted_work_takes_up_room() -> None:
    """What is ready beside it waits, even where there is more of it than room."""
    office = Office(concurrency=2)
    office.begin(step(1), step(2), step(3, after=(2,)), step(4))
    office.crash()
    office.adopt(1, 2)

    assert (office.director.free, office.director.is_busy) == (0, True)
    assert list(office.open_work()) == [1, 2]
    office.succeed(1)
    assert list(office.open_work()) == [2, 4]


def test_there_may_be_more_adopted_work_than_room() -> None:
    """What another run had handed out meanwhile is not taken back; nothing more is until there is room again."""
    office = Office(concurrency=2)
    office.begin(step(1, idempotent=True), run=1)
    office.begin(step(1), run=2)
    office.begin(step(1), run=3)
    office.crash()
    office.claim(run=1)
    office.claim(run=3)
    office.adopt(1, run=2)

    free = office.director.free
    office.succeed(1, run=1)

    assert free == -1
    assert list(office.under_way) == [(3, 1), (2, 1)]


def test_a_run_that_is_to_be_cancelled_ends_adopted_work() -> None:
    """Whether that was asked for before it was adopted, or after."""
    before, after = Office(), Office()
    for office in (before, after):
        office.begin(step(1), step(2, needs=(1,)))
        office.crash()

    before.adopt(1, cancel="cancelled by ada")
    after.adopt(1)
    after.cancel()

    for office in (before, after):
        assert [(stop.step, stop.kind, stop.why) for stop in office.stops] == [
            (1, EndKind.CANCELLED, "cancelled by ada")
        ]
        office.be_cancelled(1)
        assert (office.run.status, office.status(2)) == (RunStatus.CANCELLED, StepStatus.CANCELLED)


@pytest.mark.parametrize("when", [-MINUTE, MINUTE])
def test_the_deadline_of_a_run_holds_for_adopted_work(when: timedelta) -> None:
    """Whether it passed while nobody had the run in hand, or passes now."""
    office = Office()
    office.begin(step(1))
    office.crash()
    office.adopt(1, deadline_at=NOON + when, time_limit=5 * MINUTE)

    office.wait(2 * MINUTE)

    (stop,) = office.stops
    assert (stop.step, stop.kind, stop.why) == (
        1,
        EndKind.TIME_LIMIT,
        "it ran longer than its time limit of 5m",
    )
    office.fail(1, StepError(EndKind.TIME_LIMIT, "ended by SIGTERM"))
    assert office.run.status is RunStatus.TIMEOUT


def test_halting_reaches_adopted_work() -> None:
    """It is ended, and counts no more."""
    office = Office(concurrency=1)
    office.begin(step(1))
    office.crash()
    office.adopt(1)

    office.halt()

    assert [stop.step for stop in office.stops] == [1]
    assert (office.run.status, office.director.free) == (RunStatus.CANCELLED, 1)


def test_forgetting_names_adopted_work() -> None:
    """When its lease is gone, it is to be ended like any other."""
    office = Office(concurrency=1)
    office.begin(step(1))
    office.crash()
    office.adopt(1)

    assert office.director.forget(1) == [1]
    assert office.director.free == 1


def test_a_stopping_agent_hands_over_when_adopted_work_has_ended() -> None:
    """As with work that it began itself."""
    office = Office()
    office.begin(step(1), step(2, needs=(1,)))
    office.crash()
    office.adopt(1)
    office.terminate()

    office.succeed(1)

    assert office.run.status is RunStatus.WAITING


def test_commands_can_be_spared_when_work_is_stopped() -> None:
    """They may go on when their agent has ended; calls cannot."""
    office = Office()
    office.begin(replace(step(1), action=COMMAND), replace(step(2, idempotent=True), action=COMMAND), step(3))
    office.crash()
    office.adopt(1, 3)

    decisions = office.director.stop_work(EndKind.STOPPED, "its agent was stopped", spare_commands=True)

    assert [(stop.run_id, stop.step) for decision in decisions for stop in decision.stops] == [(1, 3)]
