"""Survival: which plans have an answer of their own to the loss of their agent."""

from __future__ import annotations

import pytest

from ostinato.model.statuses import StepStatus
from ostinato.model.steps import Rescue, Step, StepRules
from ostinato.policies.survival import outlives_agent

FAILS = StepRules(rescue=Rescue.FAIL)


def make_step(rules: StepRules, status: StepStatus = StepStatus.PENDING) -> Step:
    """Make a step with these rules."""
    return Step(1, "load", "shop.flows:load", rules=rules, status=status)


@pytest.mark.parametrize(
    ("rules", "survives"),
    [
        (FAILS, False),
        (StepRules(rescue=Rescue.PAUSE), True),
        (StepRules(rescue=Rescue.SKIP), True),
        (StepRules(rescue=Rescue.FAIL, idempotent=True), True),
        (StepRules(rescue=Rescue.FAIL, rescue_planned=Rescue.FAIL), False),
        (StepRules(rescue=Rescue.FAIL, rescue_planned=Rescue.PAUSE), True),
    ],
)
def test_one_step_with_an_answer_is_enough(rules: StepRules, *, survives: bool) -> None:
    """A plan ends with its agent only when all of it is simply to fail."""
    assert outlives_agent([make_step(FAILS), make_step(rules), make_step(FAILS)]) is survives


@pytest.mark.parametrize("status", [StepStatus.SUCCESS, StepStatus.SKIPPED, StepStatus.CANCELLED])
def test_what_is_finished_has_nothing_to_answer(status: StepStatus) -> None:
    """Except for what a planner says of those that it planned: that counts until the run ends."""
    assert not outlives_agent([make_step(StepRules(idempotent=True), status)])
    assert outlives_agent([make_step(StepRules(rescue_planned=Rescue.SKIP), status)])
    assert not outlives_agent([])
