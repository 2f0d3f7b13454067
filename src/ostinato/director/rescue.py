"""Rescue: what is done about failed steps, by the strategies of their actions and of those that planned them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ostinato.errors import NotPossible
from ostinato.model.changes import StepChanged
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import Phase, Rescue, Step


def choose_rescue(failed: Collection[Step], plan: Mapping[int, Step]) -> Rescue:
    """Combine the strategies of the failed steps: all say skip: skip; all say fail: fail; anything else: pause.

    They are asked where there is a choice: without its plan a run is nothing. Finalizing that failed is for a person,
    and so are failures that an earlier rescue has dealt with before.
    """
    if any(step.phase is Phase.PLAN for step in failed):
        return Rescue.FAIL
    if any(step.phase is Phase.FINALIZE for step in failed) or all(step.rescued for step in failed):
        return Rescue.PAUSE
    answers = {answer for step in failed for answer in _list_answers(step, plan)}
    return answers.pop() if len(answers) == 1 else Rescue.PAUSE


def list_to_skip(
    numbers: Collection[int], plan: Mapping[int, Step], dependents: Mapping[int, Sequence[int]]
) -> list[Step]:
    """List what is skipped when ``numbers`` are: they, all that needs their output, and the finalize steps of these.

    ``dependents`` are the steps that need the output of each step. What is only ordered after them is not among them.
    """
    skipped: dict[int, Step] = {}
    open_ends = list(numbers)
    while open_ends:
        number = open_ends.pop()
        if number not in skipped and plan[number].status in (StepStatus.ERROR, StepStatus.PENDING):
            skipped[number] = plan[number]
            open_ends += dependents.get(number, [])
    return [skipped[number] for number in sorted(skipped)]


def map_dependents(plan: Mapping[int, Step]) -> dict[int, list[int]]:
    """Return, for every step, those that need its output; a finalize step needs that of its action."""
    dependents: dict[int, list[int]] = {}
    for step in plan.values():
        for number in step.needs if step.action_step is None else (*step.needs, step.action_step):
            dependents.setdefault(number, []).append(step.number)
    return dependents


def skip(steps: Collection[Step], now: datetime) -> Iterator[StepChanged]:
    """Yield the changes that skip these steps. One whose action has something to do then is not finished before."""
    for step in steps:
        finished_at = None if step.rules.heeds_skip and step.phase is Phase.RUN else now
        yield StepChanged(step.status, replace(step, status=StepStatus.SKIPPED, finished_at=finished_at, event_id=None))


# --- what a person does about a paused run ---------------------------------------------------------------------------


def skip_failed_step(steps: Iterable[Step], number: int, now: datetime) -> list[StepChanged]:
    """Skip a failed step of a paused run, and all that needs it.

    Raises ``NotPossible`` for a step that has not failed.
    """
    plan = {step.number: step for step in steps}
    step = plan[number]
    if step.status is not StepStatus.ERROR:
        raise NotPossible(
            f"step {step.name} is {step.status}, and only a failed step can be skipped",
            hint="what needs it is skipped with it",
        )
    return list(skip(list_to_skip([number], plan, map_dependents(plan)), now))


def resume_failed_steps(steps: Iterable[Step]) -> list[StepChanged]:
    """Give every failed step of a paused run new tries. Why it failed stays to be read until it succeeds."""
    return [
        StepChanged(step.status, replace(step, status=StepStatus.PENDING, failures=0, finished_at=None))
        for step in steps
        if step.status is StepStatus.ERROR
    ]


def _list_answers(step: Step, plan: Mapping[int, Step]) -> Iterator[Rescue]:
    """Yield the answer of a failed step's own action, and those of its planners that have one."""
    yield step.rules.rescue
    parent = step.parent
    while parent is not None:
        planner = plan[parent]
        if planner.rules.rescue_planned is not None:
            yield planner.rules.rescue_planned
        parent = planner.parent
