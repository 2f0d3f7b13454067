"""Draining: an agent takes no more runs until somebody undoes it. What it has goes on to its end, or is handed over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ostinato.errors import NotPossible
from ostinato.model.agents import Agent
from ostinato.model.statuses import AgentStatus
from ostinato.operations import command_lines
from ostinato.operations.names import get_agent
from ostinato.operations.people import Person, note_change
from ostinato.policies.liveness import is_alive
from ostinato.store import agents
from ostinato.store.database import Tx
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class Draining:
    """An agent that drains, or was let take runs again. ``alive`` tells whether it is at work."""

    agent: Agent
    alive: bool

    @property
    def is_over(self) -> bool:
        """Tell whether the agent has nothing left, and certainly takes nothing: it has heard, or is not there."""
        has_heard = self.agent.status is AgentStatus.DRAINING or not self.alive
        return self.agent.is_to_drain and has_heard and self.agent.running == 0


def drain(world: World, name: str, *, by: Person, reason: str = "") -> Draining:
    """Have an agent take no more runs until that is undone, also when it is started again.

    What it has begun goes on; of a plan only the steps under way, after which another agent takes it up. Asked again,
    nothing changes. ``NotFound`` for an unknown name.
    """
    now = world.clock.now()
    with world.store.write() as tx:
        get_agent(tx, name)
        if agents.request_drain(tx, name, actor=by.name, reason=reason, now=now):
            line = command_lines.simple("drain", name)
            note_change(tx, by, "drain", f"agent {name}", line=line, reason=reason, now=now)
        return _look(tx, world, name, now)


def undo_drain(world: World, name: str, *, by: Person, reason: str = "") -> Draining:
    """Let an agent take runs again; ``NotPossible`` when nobody has asked that it take none."""
    now = world.clock.now()
    with world.store.write() as tx:
        get_agent(tx, name)
        if not agents.undo_drain(tx, name):
            raise NotPossible(f"agent {name} does not drain", hint="how the agents stand: ostinato status")
        line = command_lines.simple("drain", name, "--undo")
        note_change(tx, by, "undo-drain", f"agent {name}", line=line, reason=reason, now=now)
        return _look(tx, world, name, now)


def look_at_drain(world: World, name: str) -> Draining:
    """Return how far an agent's draining is."""
    now = world.clock.now()
    with world.store.read() as tx:
        return _look(tx, world, name, now)


def _look(tx: Tx, world: World, name: str, now: datetime) -> Draining:
    agent = get_agent(tx, name)
    alive = is_alive(agent, heartbeat_timeout=world.engine_settings.heartbeat_timeout, now=now)
    return Draining(agent, alive)
