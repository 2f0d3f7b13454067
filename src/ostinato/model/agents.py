"""Agents: the processes that claim runs and carry them out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ostinato.model.statuses import AgentStatus


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent. Its heartbeat renews its leases on all that it runs."""

    id: int
    name: str
    host: str
    pid: int
    queues: tuple[str, ...]
    concurrency: int
    version: str
    status: AgentStatus
    started_at: datetime
    heartbeat_at: datetime
    running: int = 0
