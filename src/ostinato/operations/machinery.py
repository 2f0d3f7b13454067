"""What makes it all go: the engine with its passes and what it reads, the agents with what they carry out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ostinato.model.engine import Pass, SourceState
from ostinato.model.runs import Run
from ostinato.model.statuses import RunStatus
from ostinato.operations.status import AgentState, EngineState, find_engine, list_agent_states
from ostinato.store import health, journal, runs
from ostinato.world import World

PASSES_SHOWN = 50
RUNS_SHOWN = 1_000
"""Of all agents together, so many of the runs that they carry out are listed."""


@dataclass(frozen=True, slots=True)
class BusyAgent:
    """An agent, and the runs that it carries out, newest first."""

    state: AgentState
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class EngineRoom:
    """The engines, their last passes, newest first, the sources they read, and the bytes that the database takes."""

    engine: EngineState
    passes: tuple[Pass, ...]
    sources: tuple[SourceState, ...]
    database: str
    database_bytes: int


def list_agents(world: World) -> list[BusyAgent]:
    """List the agents that are known, each with the runs that it carries out."""
    now = world.clock.now()
    with world.store.read() as tx:
        states = list_agent_states(tx, world, now)
        running = runs.list_runs(tx, statuses=[RunStatus.RUNNING], limit=RUNS_SHOWN)
    by_agent: dict[str | None, list[Run]] = defaultdict(list)
    for run in running:
        by_agent[run.agent].append(run)
    return [BusyAgent(state, tuple(by_agent[state.agent.name])) for state in states]


def look_at_engine(world: World) -> EngineRoom:
    """Return how the engine stands, and what it works with."""
    now = world.clock.now()
    with world.store.read() as tx:
        return EngineRoom(
            engine=find_engine(tx, world, now),
            passes=tuple(journal.list_passes(tx, limit=PASSES_SHOWN)),
            sources=tuple(journal.list_source_states(tx)),
            database=health.read_server_version(tx),
            database_bytes=health.measure_size(tx),
        )
