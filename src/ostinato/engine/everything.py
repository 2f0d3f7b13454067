"""A full look: now and then everything is examined, so that a change that nobody noticed heals too."""

from __future__ import annotations

from ostinato.engine.context import Context
from ostinato.store import journal, slots
from ostinato.store.database import Tx


def look_at_everything(tx: Tx, context: Context) -> None:
    """Have the coming pass derive dependencies and lanes anew and examine every due slot."""
    journal.raise_revision(tx, "declared")
    slots.wake_slots(tx, now=context.now)
