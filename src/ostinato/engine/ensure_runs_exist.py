"""Every due slot whose start policy says Ready has exactly one live run; every other knows why it has none."""

from __future__ import annotations

from datetime import datetime, timedelta

from ostinato.engine.context import BATCH, Context, Desired
from ostinato.model.engine import StepOutcome
from ostinato.model.runs import NewRun, RunOrigin
from ostinato.policies.start import judge_start
from ostinato.policies.verdict import Gate
from ostinato.store import journal, runs, slots
from ostinato.store.database import Tx
from ostinato.store.facts import Candidate, list_candidates

STEP = "ensure_runs_exist"
LOOK_AGAIN_AFTER_ERROR = timedelta(minutes=5)


def ensure_runs_exist(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Examine the slots whose time has come or for which something has changed.

    A slot that cannot be judged is recorded with the error and looked at again later; the others go on. Nothing is
    started while dependencies or lanes lag behind the declarations: nobody would know what there is to wait for.
    """
    if {journal.get_revision(tx, name) for name in ("dependencies", "lanes")} != {journal.get_revision(tx, "declared")}:
        return StepOutcome(STEP, blocked=1)
    taken = slots.take_slots_to_examine(tx, now=context.now, limit=BATCH)
    ready: list[NewRun] = []
    blocked: dict[int, tuple[Gate, datetime | None]] = {}
    broken: dict[int, tuple[Gate, datetime | None]] = {}
    for slot in list_candidates(tx, taken):
        try:
            verdict = judge_start(slot.facts, context.now)
        except Exception as error:  # noqa: BLE001 - a start policy may be anybody's; the pass outlives it
            failed = Gate("start_policy", False, f"its start policy failed: {error!r}")
            broken[slot.slot_id] = (failed, context.now + LOOK_AGAIN_AFTER_ERROR)
            continue
        if verdict.blocking is None:
            ready.append(_new_run(slot))
        else:
            blocked[slot.slot_id] = (verdict.blocking, verdict.look_again_at)
    created = runs.create_runs(tx, ready, actor=context.actor, now=context.now)
    slots.keep_reasons(tx, blocked | broken)
    return StepOutcome(
        STEP,
        examined=len(taken),
        changed=len(created) - created.count(None),
        blocked=len(blocked),
        failed=len(broken),
        more=len(taken) == BATCH,
    )


def _new_run(slot: Candidate) -> NewRun:
    declared, rerun = slot.definition.declared, slot.rerun
    due_at = slot.facts.due_at or slot.created_at
    counted_from = rerun.at if rerun else max(due_at, slot.created_at)
    satisfied = f"its start policy {declared.start.kind} is satisfied"
    return NewRun(
        definition_id=slot.definition.id,
        account_id=slot.account_id,
        slot_id=slot.slot_id,
        version=slot.definition.version,
        series=slot.series,
        attempt=1,
        origin=RunOrigin.RERUN if rerun else RunOrigin.SCHEDULE,
        queue=declared.queue,
        priority=declared.priority,
        due_at=due_at,
        start_before=None if declared.start_before is None else counted_from + declared.start_before,
        requested_by=rerun.by if rerun else None,
        request_reason=rerun.reason if rerun else "",
        cause=f"{rerun.cause}; {satisfied}" if rerun else satisfied,
    )
