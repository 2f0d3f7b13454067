"""No run stays ``scheduled`` after its start time has come."""

from __future__ import annotations

from ostinato.engine.context import BATCH, Context, Desired
from ostinato.model.engine import StepOutcome
from ostinato.store import due_runs
from ostinato.store.database import Tx


def ensure_scheduled_runs_wait(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Let the scheduled runs whose time has come wait for an agent."""
    started = due_runs.start_scheduled_runs(tx, actor=context.actor, now=context.now, limit=BATCH)
    return StepOutcome("ensure_scheduled_runs_wait", examined=started, changed=started, more=started == BATCH)
