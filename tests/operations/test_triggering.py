"""Triggering plans: planned and stored at once or not at all; later, after others, and beside others of their kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from ostinato import action, current_step, plan
from ostinato.engine.context import Context, Desired, EngineSettings
from ostinato.engine.steps import STEPS
from ostinato.errors import ActionNotFound, NotFound, NotPossible, PlanningError
from ostinato.model.evidence import EndKind
from ostinato.model.runs import Run
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.operations.listing import list_runs
from ostinato.operations.people import Person
from ostinato.operations.plans import show_plan
from ostinato.operations.results import find_result, find_standing
from ostinato.operations.triggering import Triggered, TriggerOptions, trigger_plan
from ostinato.world import World

ADA = Person("ada")

CarryOut = Callable[[], Counter[RunStatus]]
TwoAtOnce = Callable[[Callable[[Person], Triggered]], tuple[Triggered, NotPossible]]


@action
def double(number: int) -> int:
    """Put out twice the number."""
    return 2 * number


@action(queue="slow")
def whisper() -> Any:
    """Put out what the caller wants carried along."""
    return dict(current_step().context)


@plan
def quadruple(number: int) -> Any:
    """Double twice."""
    return {"doubled": double(number=double(number=number)), "plain": number}


@plan
def says_nothing(number: int) -> None:
    """Return nothing."""
    double(number=number)


@plan
def breaks(number: int) -> None:
    """Use an action, and raise an error."""
    double(number=number)
    raise LookupError("no plan today")


@plan(singleton="refuse", singleton_key=lambda number: number % 2)
def one_of_a_kind(number: int) -> Any:
    """Be the only run of odd, or of even numbers."""
    return double(number=number)


@action(singleton=True)
def one_by_one() -> None:
    """Wait for others of the kind."""


@action
def fails() -> None:
    """Raise an error; whoever planned it does not mind."""
    raise ValueError("as ever")


@plan(rescue_planned="fail")
def fails_for_good() -> None:
    """Fail rather than pause."""
    fails.with_options(rescue="fail")()


def look_after(world: World) -> None:
    """Make one pass of the engine."""
    context = Context(world.clock.now(), "engine-1", EngineSettings())
    for step in STEPS:
        with world.store.write() as tx:
            step(tx, Desired((), ()), context)


def test_a_plan_is_stored_with_all_its_steps_before_any_of_them_runs(live: World) -> None:
    """The plan step is done by then, and all others are to come."""
    triggered = trigger_plan(live, quadruple, (3,), by=ADA, reason="to see")

    steps = [shown.row.step for shown in show_plan(live, triggered.run.id).steps]
    assert (triggered.run.status, triggered.run.requested_by) == (RunStatus.WAITING, "ada")
    assert triggered.run.work == f"{__name__}:quadruple"
    assert [(step.name, step.status) for step in steps] == [
        ("quadruple", StepStatus.SUCCESS),
        ("double", StepStatus.PENDING),
        ("double-2", StepStatus.PENDING),
    ]
    assert triggered.claim.blocking is not None
    assert triggered.claim.blocking.reason == "no agent serves queue default"


def test_the_result_is_what_the_plan_returned(live: World, carry_out: CarryOut) -> None:
    """References in it are replaced; a plan that returned nothing has the outputs of its steps."""
    told = trigger_plan(live, f"{__name__}:quadruple", (), {"number": 3}, by=ADA).run
    silent = trigger_plan(live, says_nothing, (4,), by=ADA).run
    carry_out()

    assert find_result(live, told.id) == {"doubled": 12, "plain": 3}
    assert find_result(live, silent.id) == {"double": 8}


def test_an_error_while_planning_is_kept_and_answered(live: World, carry_out: CarryOut) -> None:
    """The run has failed, with the error on its plan step and nothing of the plan."""
    triggered = trigger_plan(live, breaks, (1,), by=ADA)

    (shown,) = show_plan(live, triggered.run.id).steps
    error = shown.row.step.error
    assert isinstance(triggered.error, LookupError)
    assert (triggered.run.status, triggered.run.reason) == (RunStatus.FAILED, "planning failed: no plan today")
    assert triggered.run.evidence is not None
    assert triggered.run.evidence.kind is EndKind.RAISED
    assert error is not None
    assert error.type == "LookupError"
    assert "in breaks" in error.traceback
    assert "_plan_now" not in error.traceback
    assert carry_out() == {}


@pytest.mark.parametrize(
    ("target", "arguments", "problem"),
    [
        (quadruple, {"number": "many"}, r"input\.number: this should be a valid integer"),
        (quadruple, {"nmber": 1}, "takes no 'nmber'"),
        (len, {}, "is no action"),
    ],
)
def test_arguments_that_do_not_fit_leave_nothing_behind(
    live: World, target: object, arguments: dict[str, Any], problem: str
) -> None:
    """There is nothing that could be kept of such a plan."""
    with pytest.raises(PlanningError, match=problem):
        trigger_plan(live, target, (), arguments, by=ADA)

    assert list_runs(live) == []


def test_a_name_that_leads_nowhere_is_said_to(live: World) -> None:
    """With why."""
    with pytest.raises(ActionNotFound, match="cannot import nowhere:nothing: ModuleNotFoundError"):
        trigger_plan(live, "nowhere:nothing", by=ADA)


def test_a_delayed_plan_is_checked_now_and_planned_by_an_agent(live: World, carry_out: CarryOut) -> None:
    """What it will be given is frozen; until then it has no steps."""
    at = live.clock.now() + timedelta(days=1)

    with pytest.raises(PlanningError, match="valid integer"):
        trigger_plan(live, quadruple, ("many",), by=ADA, options=TriggerOptions(start_at=at))
    run = trigger_plan(live, quadruple, (5,), by=ADA, options=TriggerOptions(start_at=at)).run

    assert (run.status, run.start_at) == (RunStatus.SCHEDULED, at)
    assert show_plan(live, run.id).steps == ()
    assert carry_out() == {}


def test_a_chained_plan_starts_when_what_it_needs_has_succeeded(live: World, carry_out: CarryOut) -> None:
    """It is planned by the agent that takes it then."""
    first = trigger_plan(live, quadruple, (1,), by=ADA).run
    second = trigger_plan(live, quadruple, (2,), by=ADA, options=TriggerOptions(after=(first.id,))).run
    waiting = find_standing(live, second.id).run.status
    carry_out()
    look_after(live)
    carry_out()

    assert waiting is RunStatus.SCHEDULED
    assert find_result(live, second.id)["doubled"] == 8


def test_a_chained_plan_fails_with_the_name_of_what_failed(live: World, carry_out: CarryOut) -> None:
    """It never starts."""
    first = trigger_plan(live, fails_for_good, by=ADA).run
    second = trigger_plan(live, quadruple, (2,), by=ADA, options=TriggerOptions(after=(first.id,))).run
    carry_out()
    look_after(live)

    run = find_standing(live, second.id).run
    assert run.status is RunStatus.FAILED
    assert f"run {first.id} ({__name__}:fails_for_good) is failed" in run.reason


def test_what_is_to_be_waited_for_must_exist(live: World) -> None:
    """Nothing is left behind."""
    with pytest.raises(NotFound, match="there is no run 77"):
        trigger_plan(live, quadruple, (2,), by=ADA, options=TriggerOptions(after=(77,)))

    assert list_runs(live) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (TriggerOptions(start_at=datetime(2026, 1, 1)), "names no instant"),  # noqa: DTZ001  that is the mistake
        (TriggerOptions(singleton="wait"), "is no singleton"),
        (TriggerOptions(context={"user": {1}}), r"context\.user"),
    ],
)
def test_options_that_make_no_sense_are_refused(live: World, options: TriggerOptions, problem: str) -> None:
    """Before anything is kept."""
    with pytest.raises(NotPossible, match=problem):
        trigger_plan(live, quadruple, (2,), by=ADA, options=options)

    assert list_runs(live) == []


def test_a_start_that_would_be_too_late_is_refused(live: World) -> None:
    """It could only fail."""
    now = live.clock.now()

    with pytest.raises(NotPossible, match="would have to start before"):
        trigger_plan(live, quadruple, (2,), by=ADA, options=TriggerOptions(start_before=now))


def test_a_singleton_is_refused_while_another_lives(live: World, two_at_once: TwoAtOnce, carry_out: CarryOut) -> None:
    """Of two at once one is made; another key is another singleton; when it has ended the next may come."""
    triggered, refusal = two_at_once(lambda person: trigger_plan(live, one_of_a_kind, (1,), by=person))
    trigger_plan(live, one_of_a_kind, (2,), by=ADA)
    carry_out()
    again = trigger_plan(live, one_of_a_kind, (3,), by=ADA)

    assert f"is a singleton, and run {triggered.run.id} lives" in refusal.message
    assert again.run.status is RunStatus.WAITING


def test_a_singleton_that_waits_says_for_whom(live: World) -> None:
    """By default it waits for its turn."""
    first = trigger_plan(live, one_by_one, by=ADA).run
    second = trigger_plan(live, one_by_one, by=ADA)

    assert f"run {first.id} holds" in " ".join(gate.reason for gate in second.claim.gates if not gate.satisfied)


def test_what_a_caller_wants_carried_along_reaches_every_step(live: World, carry_out: CarryOut) -> None:
    """So do queue and priority reach the run."""
    options = TriggerOptions(context={"user": "grace"}, queue="default", priority=3)
    run: Run = trigger_plan(live, whisper.action, by=ADA, options=options).run
    steps = show_plan(live, run.id).steps

    assert (run.queue, run.priority) == ("default", 3)
    assert steps[1].row.step.queue == "slow"
    assert carry_out()[RunStatus.WAITING] == 1
