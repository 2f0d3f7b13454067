"""Nothing finished is kept longer than the settings say."""

from __future__ import annotations

from ostinato.engine.context import BATCH, Context, Desired
from ostinato.model.engine import StepOutcome
from ostinato.store import journal, pruning
from ostinato.store.database import Tx


def ensure_retention(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Drop a batch of old slots with their runs and history, of old one-off runs, and of old passes."""
    finished_before = context.now - context.settings.retention
    dropped = (
        pruning.prune_slots(tx, finished_before=finished_before, limit=BATCH),
        pruning.prune_one_off_runs(tx, finished_before=finished_before, limit=BATCH),
    )
    passes = journal.prune_passes(tx, before=context.now - context.settings.passes_kept)
    changed = sum(dropped)
    return StepOutcome("ensure_retention", examined=changed + passes, changed=changed, more=BATCH in dropped)
