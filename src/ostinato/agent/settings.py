"""What an agent has to know to do its work, whoever configured it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ostinato.model.limits import DEFAULT_RULES, ClaimRules


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The settings of one agent.

    ``project`` and ``logs`` are absolute. ``poll`` is how often it asks for runs and looks whether those it
    has are still its own; ``heartbeat`` how often it says that it lives, several times within the engine's
    threshold. ``grace_period`` is how long runs may go on once it is told to stop; commands that last longer go on
    without it if it ``leaves_commands``, and are ended if not. Without a ``name`` it is named for its host.
    ``claim_rules`` are those of its project.
    """

    project: Path
    logs: Path
    queues: tuple[str, ...] = ("default",)
    concurrency: int = 5
    grace_period: timedelta = timedelta(seconds=30)
    leaves_commands: bool = True
    poll: timedelta = timedelta(seconds=1)
    heartbeat: timedelta = timedelta(seconds=10)
    name: str | None = None
    claim_rules: ClaimRules = DEFAULT_RULES

    @property
    def identities(self) -> Path:
        """Return the folder of the locks by which agents hold their names."""
        return self.project / ".ostinato" / "agents"
