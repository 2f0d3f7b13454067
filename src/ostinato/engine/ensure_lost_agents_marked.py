"""No agent counts as alive that has sent no heartbeat within the threshold, though it could have."""

from __future__ import annotations

from ostinato.engine.context import Context, Desired
from ostinato.model.engine import StepOutcome
from ostinato.store import agents
from ostinato.store.database import Tx


def ensure_lost_agents_marked(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Mark the agents that fell silent."""
    timeout = context.settings.heartbeat_timeout
    agents.mend_heartbeats(tx, now=context.now, later_than=context.now + timeout)
    marked = agents.mark_lost_agents(tx, silent_since=context.silent_since(timeout))
    return StepOutcome("ensure_lost_agents_marked", examined=marked, changed=marked)
