from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import Any

from ostinato import Action, Skip, action, plan, sequence, series
from ostinato.actions.requests import build_plan, make_request
from ostinato.actions.runner import perform
from ostinato.clock import ManualClock
from ostinato.director.decisions import Decision, Order
from ostinato.director.director import Director
from ostinato.model.changes import PlanMade, RunMoved, StepChanged
from ostinato.model.references import resolve
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import Phase, Step
from ostinato.model.work import Report
from ostinato.testing.actions import LocalServices

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)

FINALIZED: list[Any] = []


class Flaky(Action):
    """Fails with a subclass of what it is retried on, as often as it is told to."""

    retry = series("0s", "0s")
    retry_on = (OSError,)
    rescue = Skip

    def run(self, failures: int) -> int:
        if self.step.try_number <= failures:
            raise ConnectionResetError("gone")
        return self.step.try_number

    def finalize(self) -> None:
        FINALIZED.append(self.output)


@action(rescue=Skip)
def add(numbers: list[int]) -> int:
    """Add numbers."""
    return sum(numbers)


@plan(rescue_planned=Skip)
def total(failures: list[int]) -> int:
    """Add what came of each, one after the other."""
    with sequence():
        tries = [Flaky(failures=one) for one in failures]
        add([0])
    return add(tries)


def carry_out(steps: tuple[Step, ...]) -> tuple[RunStatus, dict[int, Step]]:
    """Carry out a plan to its end, as an agent does; return how the run ended, and its steps."""
    director, services = Director(), LocalServices(ManualClock(NOON))
    plan: dict[int, Step] = {}
    decisions = deque([director.start_execution(Order(1, "default", steps, stored=False), NOON)])
    while True:
        decision: Decision = decisions.popleft()
        for change in decision.changes:
            match change:
                case PlanMade(made):
                    plan.update((step.number, step) for step in made)
                case StepChanged(_, step):
                    plan[step.number] = step
                case RunMoved(to):
                    return to, plan
        for item in decision.work:
            report = Report(1, item.step.number, perform(item, services))
            decisions.append(director.work_finished(report, NOON))


def test_a_plan_is_carried_out_to_its_end() -> None:
    """Data flows, what fails is tried again if its class or one above it is named, and what is finalized has output."""
    FINALIZED.clear()

    status, steps = carry_out(build_plan(total, ([0, 2],)))

    assert status is RunStatus.SUCCESS
    assert resolve(steps[1].output, {number: step.output for number, step in steps.items()}) == 4
    assert FINALIZED == [1, 3]


def test_what_is_skipped_takes_along_what_needs_it() -> None:
    """What only comes after it goes on; its finalizing does not."""
    FINALIZED.clear()

    status, steps = carry_out(build_plan(total, ([9, 0],)))

    statuses = {step.name: step.status for step in steps.values()}
    assert status is RunStatus.WARNING
    assert [name for name, status in statuses.items() if status is StepStatus.SKIPPED] == [
        "Flaky",
        "Flaky.finalize",
        "add-2",
    ]
    assert statuses["add"] is statuses["Flaky-2"] is StepStatus.SUCCESS
    assert FINALIZED == [1]


def test_planned_later_is_planned_the_same() -> None:
    """On an agent, from the request alone."""
    request = make_request(total, ([0, 2],))

    status, later = carry_out((Step(1, "total", request.action, Phase.PLAN, input=request.input),))
    _, now = carry_out(build_plan(total, ([0, 2],)))

    assert status is RunStatus.SUCCESS
    assert later[1].output == now[1].output
    assert [later[number] for number in sorted(later)[1:]] == [now[number] for number in sorted(now)[1:]]
