"""How an agent stands, in one line, for whoever watches its process."""

from __future__ import annotations

from dataclasses import dataclass

from ostinato.agent.notifying import Stage


@dataclass(frozen=True, slots=True)
class Standing:
    """How an agent stands: what it has in hand, how many runs it has let go of, and whether it takes more."""

    in_hand: int
    let_go: int
    has_entered: bool
    is_draining: bool
    is_stopping: bool
    store_is_away: bool

    @property
    def stage(self) -> Stage:
        """Return where the agent is between its start and its end. It is ready once the store knows it."""
        if self.is_stopping:
            return Stage.STOPPING
        return Stage.READY if self.has_entered else Stage.STARTING

    def __str__(self) -> str:
        does = "stopping" if self.is_stopping else "draining" if self.is_draining else "at work"
        if self.stage is Stage.STARTING:
            does = "starting"
        runs = f"{self.in_hand} {'run' if self.in_hand == 1 else 'runs'} in hand, {self.let_go} let go"
        return f"{does}: {runs}" + ("; the database is away" if self.store_is_away else "")
