"""Makes the agent of a project as its file says, or as it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ostinato.actions.project import load_project_code
from ostinato.agent.agent import Agent
from ostinato.agent.settings import AgentSettings
from ostinato.executors.local import LocalExecutor
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
        poll=config.agent.poll,
        heartbeat=min(LONGEST_BETWEEN_HEARTBEATS, config.engine.heartbeat_timeout / HEARTBEATS_WITHIN_THE_TIMEOUT),
        name=name or config.agent.name,
    )
    return Agent(world.store, world.clock, LocalExecutor(world.clock, log_size=config.agent.log_size), settings)
