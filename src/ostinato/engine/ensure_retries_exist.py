"""Every slot whose last run failed has a successor run when its retry policy says so, and has ended when not."""

from __future__ import annotations

from ostinato.engine.context import BATCH, Context, Desired
from ostinato.model.engine import StepOutcome
from ostinato.model.runs import NewRun, RunOrigin
from ostinato.policies.retry import GiveUp, RetryAt, judge_retry
from ostinato.store import runs, slots
from ostinato.store.database import Tx
from ostinato.store.facts import RetryCandidate, list_retry_candidates


def ensure_retries_exist(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Decide on the slots whose last run failed since the last pass."""
    taken = slots.take_slots_to_retry(tx, limit=BATCH)
    successors: list[NewRun] = []
    given_up: dict[int, str] = {}
    for slot in list_retry_candidates(tx, taken):
        match judge_retry(slot.facts):
            case RetryAt() as retry:
                successors.append(_successor(slot, retry))
            case GiveUp(reason):
                given_up[slot.slot_id] = f"{slot.ended}; {reason}"
    created = runs.create_runs(tx, successors, actor=context.actor, now=context.now)
    slots.fail_slots(tx, given_up, now=context.now)
    return StepOutcome(
        "ensure_retries_exist",
        examined=len(taken),
        changed=len(created) - created.count(None) + len(given_up),
        blocked=len(given_up),
        more=len(taken) == BATCH,
    )


def _successor(slot: RetryCandidate, retry: RetryAt) -> NewRun:
    declared = slot.definition.declared
    return NewRun(
        definition_id=slot.definition.id,
        account_id=slot.account_id,
        slot_id=slot.slot_id,
        version=slot.definition.version,
        series=slot.series,
        attempt=slot.attempts + 1,
        origin=RunOrigin.RETRY,
        queue=declared.queue,
        priority=declared.priority,
        due_at=slot.due_at,
        start_at=retry.at,
        start_before=slot.start_before,
        requested_by=slot.requested_by,
        cause=retry.reason,
    )
