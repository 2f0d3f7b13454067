"""What an agent has to know to do its work, whoever configured it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The settings of one agent.

    ``project`` and ``logs`` are absolute. ``poll`` is how often it asks for runs and looks whether those it
    has are still its own; ``heartbeat`` how often it says that it lives, several times within the engine's
    threshold. ``grace_period`` is how long runs may go on once it is told to stop. Without a ``name`` it is
    named for its host.
    """

    project: Path
    logs: Path
    queues: tuple[str, ...] = ("default",)
    concurrency: int = 5
    grace_period: timedelta = timedelta(seconds=30)
    poll: timedelta = timedelta(seconds=1)
    heartbeat: timedelta = timedelta(seconds=10)
    name: str | None = None

    @property
    def identities(self) -> Path:
        """Return the folder of the locks by which agents hold their names."""
        return self.project / ".ostinato" / "agents"
