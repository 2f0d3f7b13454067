"""Every run that needs others starts when all of them have succeeded, and fails when one of them cannot any more.

One that waits for a run which is paused says so.
"""

from __future__ import annotations

from ostinato.engine.context import BATCH, Context, Desired
from ostinato.model.engine import StepOutcome
from ostinato.store import chains
from ostinato.store.database import Tx


def ensure_chained_runs_start(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Start or fail the runs whose needs are decided, and note what the others wait for."""
    started = chains.start_chained_runs(tx, actor=context.actor, now=context.now, limit=BATCH)
    failed = chains.fail_chained_runs(tx, actor=context.actor, now=context.now, limit=BATCH)
    blocked = chains.tell_what_chained_runs_wait_for(tx, limit=BATCH)
    return StepOutcome(
        "ensure_chained_runs_start",
        examined=started + failed + blocked,
        changed=started + failed,
        blocked=blocked,
        more=BATCH in (started, failed, blocked),
    )
