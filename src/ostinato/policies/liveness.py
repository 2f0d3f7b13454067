"""Liveness: whether an agent or an engine still works, as far as its last sign of life tells."""

from __future__ import annotations

from datetime import datetime, timedelta

from ostinato.model.agents import Agent
from ostinato.model.engine import Pass
from ostinato.model.statuses import AgentStatus

INTERVALS_MISSED = 3
"""So many intervals without a pass, and no engine is at work."""

SHORTEST_PATIENCE = timedelta(seconds=10)


def is_alive(agent: Agent, *, heartbeat_timeout: timedelta, now: datetime) -> bool:
    """Tell whether an agent works: it has not said goodbye, and has sent a heartbeat within the threshold."""
    present = agent.status in (AgentStatus.ALIVE, AgentStatus.DRAINING, AgentStatus.STOPPING)
    return present and agent.heartbeat_at > now - heartbeat_timeout


def is_engine_late(last: Pass | None, *, interval: timedelta, now: datetime) -> bool:
    """Tell whether the next pass of an engine should have ended by now, with patience."""
    if last is None:
        return True
    ended_at = last.started_at + timedelta(seconds=last.seconds)
    return now - ended_at > max(interval * INTERVALS_MISSED, SHORTEST_PATIENCE)
