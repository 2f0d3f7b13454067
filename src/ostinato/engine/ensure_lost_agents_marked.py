"""No agent counts as alive that has sent no heartbeat within the threshold."""

from __future__ import annotations

from ostinato.engine.context import Context, Desired
from ostinato.model.engine import StepOutcome
from ostinato.store import agents
from ostinato.store.database import Tx


def ensure_lost_agents_marked(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Mark the agents that fell silent."""
    marked = agents.mark_lost_agents(tx, silent_since=context.now - context.settings.heartbeat_timeout)
    return StepOutcome("ensure_lost_agents_marked", examined=marked, changed=marked)
