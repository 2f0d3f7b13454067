"""Agents: the processes that claim runs and carry them out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ostinato.model.statuses import AgentStatus


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent. Its heartbeat renews its leases on all that it runs.

    Where ``drain_requested_at`` is set, a person has asked that it take no more runs, and that holds for whichever
    process bears its name until it is undone; its status tells whether the present one has heard.
    """

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
    drain_requested_at: datetime | None = None
    drain_requested_by: str = ""
    drain_reason: str = ""

    @property
    def is_to_drain(self) -> bool:
        """Tell whether it is to take no more runs."""
        return self.drain_requested_at is not None

    @property
    def is_draining(self) -> bool:
        """Tell whether it takes no more runs, if it lives, until that is undone."""
        return self.is_to_drain and self.status in (AgentStatus.ALIVE, AgentStatus.DRAINING)

    @property
    def takes_runs(self) -> bool:
        """Tell whether it takes runs, if it lives."""
        return self.status is AgentStatus.ALIVE and not self.is_to_drain
