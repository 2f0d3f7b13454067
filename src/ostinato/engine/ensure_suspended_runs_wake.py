"""No run stays suspended when its time has come or an event is due for it; no event waits for a run that has ended."""

from __future__ import annotations

from ostinato.engine.context import BATCH, Context, Desired
from ostinato.model.engine import StepOutcome
from ostinato.store import due_runs
from ostinato.store.database import Tx


def ensure_suspended_runs_wake(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Let the suspended runs that have something to do wait for an agent, and answer events that came too late."""
    changed = (
        due_runs.wake_suspended_runs(tx, actor=context.actor, now=context.now, limit=BATCH),
        due_runs.drop_late_events(tx, now=context.now, limit=BATCH),
    )
    total = sum(changed)
    return StepOutcome("ensure_suspended_runs_wake", examined=total, changed=total, more=max(changed) >= BATCH)
