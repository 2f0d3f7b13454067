"""What an action declares of its runs: it is noted once the run is planned, and a singleton is let go of then."""

from __future__ import annotations

from ostinato.model.runs import RunRules
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import Phase, Rescue
from ostinato.model.work import Failed, WorkKind
from ostinato.testing.directing import BROKEN, Office
from ostinato.testing.directing import make_planned_step as step

HOOKS = {RunStatus.FAILED: ("shop.hooks:tell",)}
SINGLETON = RunRules(HOOKS, "shop.flows:refresh")
ROOT = step(1, phase=Phase.PLAN, rescue=Rescue.FAIL)


def test_of_a_singleton_nothing_begins_before_it_is_claimed_as_one() -> None:
    """It is planned, and holds no agent; whoever claims it then goes on with it."""
    office = Office()
    office.begin(ROOT)

    decision = office.succeed(1, planned=(step(2), step(3, needs=(2,))), rules=SINGLETON)

    assert (decision.work, decision.takes_turn) == ((), True)
    assert (office.run.status, office.run.rules) == (RunStatus.WAITING, SINGLETON)
    assert office.list_statuses() == [StepStatus.SUCCESS, StepStatus.PENDING, StepStatus.PENDING]
    office.claim()
    assert office.open_work() == {2: WorkKind.RUN}


def test_a_run_that_is_none_begins_at_once() -> None:
    """In the same decision, whether its action declares hooks or nothing."""
    for rules in (RunRules(), RunRules(HOOKS)):
        office = Office()
        office.begin(ROOT)

        office.succeed(1, planned=(step(2),), rules=rules)

        assert (office.run.rules, office.open_work()) == (rules, {2: WorkKind.RUN})


def test_what_was_noted_when_somebody_asked_for_the_run_stays_noted() -> None:
    """Who asks may overrule what the action declares, and waited for the singleton before."""
    office = Office()
    office.begin(ROOT, asked_for=True)

    office.succeed(1, planned=(step(2),), rules=SINGLETON)

    assert (office.run.rules, office.open_work()) == (RunRules(), {2: WorkKind.RUN})


def test_the_hooks_of_a_run_that_cannot_be_planned_are_noted() -> None:
    """They are to be called because it has failed."""
    office = Office()
    office.begin(ROOT)

    office.answer(1, Failed(BROKEN, rules=RunRules(HOOKS)))

    assert (office.run.status, office.run.rules) == (RunStatus.FAILED, RunRules(HOOKS))


def test_what_an_earlier_attempt_declared_holds_for_the_next() -> None:
    """It does not plan anew, and takes its turn before it goes on."""
    office = Office()

    decision = office.begin(
        step(1, phase=Phase.PLAN, status=StepStatus.SUCCESS), step(2), stored=False, rules=SINGLETON
    )

    assert (decision.takes_turn, office.run.rules) == (True, SINGLETON)
    office.claim()
    assert office.open_work() == {2: WorkKind.RUN}


def test_a_singleton_that_is_to_be_cancelled_takes_no_turn() -> None:
    """Asked while it is planned, or before it was claimed: it ends here."""
    planned, claimed = Office(), Office()
    planned.begin(ROOT)
    planned.cancel()

    planned.succeed(1, planned=(step(2),), rules=SINGLETON)
    claimed.begin(step(1, phase=Phase.PLAN, status=StepStatus.SUCCESS), step(2), rules=SINGLETON, cancel="no more")

    assert [office.run.status for office in (planned, claimed)] == [RunStatus.CANCELLED] * 2
    assert planned.list_statuses() == [StepStatus.SUCCESS, StepStatus.CANCELLED]


def test_an_agent_that_stops_leaves_a_singleton_to_take_its_turn() -> None:
    """As it would any other run that it has planned."""
    office = Office()
    office.begin(ROOT)
    office.terminate()

    decision = office.succeed(1, planned=(step(2),), rules=SINGLETON)

    assert (office.run.status, decision.takes_turn) == (RunStatus.WAITING, True)
