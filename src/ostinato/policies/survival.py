"""Survival: whether a run ends with the agent that carried it out, or another agent goes on with it."""

from __future__ import annotations

from collections.abc import Iterable

from ostinato.model.statuses import FINAL_STEP_STATUSES
from ostinato.model.steps import Rescue, Step


def outlives_agent(steps: Iterable[Step]) -> bool:
    """Tell whether the plan of ``steps`` has an answer of its own to the loss of its agent.

    It has none when all that is unfinished is simply to fail: then the run has timed out, and its slot is tried again.
    """
    return any(_has_answer(step) for step in steps)


def _has_answer(step: Step) -> bool:
    if step.rules.rescue_planned not in (None, Rescue.FAIL):
        return True
    unfinished = step.status not in FINAL_STEP_STATUSES
    return unfinished and (step.rules.idempotent or step.rules.rescue is not Rescue.FAIL)
