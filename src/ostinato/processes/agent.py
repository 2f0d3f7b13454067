"""Makes the agent of a project as its file says, or as it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ostinato.actions.project import load_project_code
from ostinato.agent.agent import Agent
from ostinato.agent.settings import AgentSettings
from ostinato.config import OnStop
from ostinato.executors.local import LocalExecutor
from ostinato.executors.processes import KILL_AFTER
from ostinato.world import World

LONGEST_BETWEEN_HEARTBEATS = timedelta(seconds=10)
HEARTBEATS_WITHIN_THE_TIMEOUT = 4


def make_agent(
    world: World, *, name: str | None = None, queues: Sequence[str] = (), concurrency: int | None = None
) -> Agent:
    """Make an agent for processes of this machine. What is not given is as the project file says."""
    config = world.config
    load_project_code(config.folder, config.modules)
    settings = AgentSettings(
        project=config.folder,
        logs=config.logs_folder,
        queues=tuple(queues or config.agent.queues),
        concurrency=concurrency or config.agent.concurrency,
        grace_period=config.agent.grace_period,
        leaves_commands=config.agent.on_stop is OnStop.LEAVE,
        poll=config.agent.poll,
        heartbeat=_between_heartbeats(world),
        name=name or config.agent.name,
        claim_rules=world.claim_rules,
    )
    return Agent(world.store, world.clock, make_executor(world), settings)


def make_executor(world: World) -> LocalExecutor:
    """Make the executor of an agent of this project."""
    config = world.config
    return LocalExecutor(
        world.clock,
        log_size=config.agent.log_size,
        folder=config.folder / ".ostinato" / "supervisors",
        orphan_timeout=config.agent.orphan_timeout or _find_orphan_timeout(world),
    )


def _between_heartbeats(world: World) -> timedelta:
    return min(LONGEST_BETWEEN_HEARTBEATS, world.config.engine.heartbeat_timeout / HEARTBEATS_WITHIN_THE_TIMEOUT)


def _find_orphan_timeout(world: World) -> timedelta:
    """Return for how long a command without an agent does not run beside its next attempt.

    The engine counts from the agent's last heartbeat, its supervisor from its death; and ending a command takes time.
    """
    spent = _between_heartbeats(world) + KILL_AFTER
    return max(world.config.engine.heartbeat_timeout - spent, world.config.engine.heartbeat_timeout / 2)
