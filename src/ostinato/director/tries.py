"""Tries: which steps are handed out again after a try of them has failed, or was lost. Values in, verdicts out."""

from __future__ import annotations

from datetime import timedelta

from ostinato.model.steps import Phase, Step, StepError
from ostinato.policies.retry import is_worth_retrying, next_wait


def wait_before_next_try(run_id: int, step: Step, error: StepError) -> timedelta | None:
    """Return how long to wait before a step that failed with ``error`` is tried again; ``None`` when it is not."""
    rules = step.rules
    if rules.retry_on and {error.type, *error.bases}.isdisjoint(rules.retry_on):
        return None
    if not is_worth_retrying(rules.retry, error.exit_code):
        return None
    return next_wait(rules.retry, step.failures + 1, f"{run_id}/{step.number}")


def may_begin_again(step: Step) -> bool:
    """Tell whether a step whose try was lost may simply be handed out again.

    Planning may, since of a plan either all is stored or nothing, and so may what was declared to be idempotent. But
    not for ever: it may be what its agents die of.
    """
    is_harmless = step.rules.idempotent or step.phase is Phase.PLAN
    lost = step.tries - step.failures
    return is_harmless and lost < step.rules.retry.lost_attempts


def was_suspended(step: Step) -> bool:
    """Tell of a step that is under way whether it was woken from a suspension, by an event or because of the time."""
    return step.event_id is not None or step.wake_at is not None
