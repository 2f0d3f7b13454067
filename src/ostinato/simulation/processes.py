"""The processes of a simulation: agents and engines, which begin, act when they have something to do, and die.

Each is the real thing in a thin shell, which plays what the system does: it gives life and takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ostinato.agent.agent import Agent
from ostinato.loop.engine import Engine
from ostinato.processes.turns import Turns
from ostinato.simulation.executor import SimulatedExecutor
from ostinato.simulation.incidents import Incident
from ostinato.simulation.machines import Machine
from ostinato.simulation.witness import Actor


class Died(BaseException):
    """The process that is acting is no more. Nothing in it may catch this for good."""


class Program(Protocol):
    """What a process runs."""

    def act(self) -> list[str]:
        """Do all that is due; return what went wrong in a way that must not be."""
        ...

    def seconds_until_due(self) -> float:
        """Return how long there is nothing to do."""
        ...

    def stop(self) -> None:
        """Ask it to stop in good order."""
        ...

    @property
    def is_done(self) -> bool:
        """Tell whether it has stopped."""
        ...

    def end(self, *, by_force: bool) -> None:
        """End it: in good order, or as the system does, which takes back all that it held."""
        ...


@dataclass(slots=True, eq=False)
class Process:
    """A process on a machine: alive while it has a program; ``make_program`` makes that for each of its lives.

    ``is_doomed`` tells that it dies as soon as it would do anything more. It is frozen until ``thaws_at`` and, being
    dead, starts at ``starts_at``: seconds of the simulation. ``ahead`` is what will happen to it at its transactions,
    ``saw`` the latest instant that its clock has shown in its present turn.
    """

    name: str
    machine: Machine
    make_program: Callable[[Actor], Program]
    is_agent: bool
    starts_at: float = 0.0
    thaws_at: float | None = None
    program: Program | None = None
    is_doomed: bool = False
    was_frozen: bool = False
    ahead: list[tuple[Incident, int]] = field(default_factory=list)
    saw: datetime | None = None
    actor: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.actor = Actor(self.name, self.is_agent)

    def look_at_clock(self) -> datetime:
        """Return the latest instant that its clock has shown in this turn: that may have been set back since."""
        now = self.machine.clock.now()
        self.saw = now if self.saw is None else max(self.saw, now)
        return self.saw

    def start(self) -> None:
        """Begin a new life."""
        self.actor = Actor(self.name, self.is_agent)
        self.program = self.make_program(self.actor)

    def bury(self, starts_at: float) -> None:
        """Be dead until ``starts_at``, and hold nothing meanwhile."""
        program, self.program = self.program, None
        self.is_doomed = True
        if program is not None:
            program.end(by_force=True)
        self.is_doomed = self.was_frozen = False
        self.starts_at = starts_at

    def retire(self, starts_at: float) -> None:
        """End in good order, and begin again at ``starts_at``."""
        if self.program is not None:
            self.program.end(by_force=False)
        self.program, self.starts_at = None, starts_at


class AgentProgram:
    """An agent with its hands."""

    def __init__(self, agent: Agent, executor: SimulatedExecutor) -> None:
        self._agent = agent
        self._executor = executor
        agent.start()

    def act(self) -> list[str]:
        self._agent.tick()
        return []

    def seconds_until_due(self) -> float:
        return min(self._agent.seconds_until_due(), self._executor.seconds_until_end)

    def stop(self) -> None:
        self._agent.stop()

    @property
    def is_done(self) -> bool:
        return self._agent.is_done

    def end(self, *, by_force: bool) -> None:
        if by_force:
            self._executor.leave()
        self._agent.close()


class EngineProgram:
    """An engine with its turns."""

    def __init__(self, engine: Engine, turns: Turns) -> None:
        self._engine = engine
        self._turns = turns
        self._is_done = False

    def act(self) -> list[str]:
        passed = self._turns.tick_if_due()
        return [] if passed is None else [f"{outcome.step}: {outcome.error}" for outcome in passed.errors]

    def seconds_until_due(self) -> float:
        return self._turns.seconds_until_due()

    def stop(self) -> None:
        self._turns.stop()
        self._is_done = True

    @property
    def is_done(self) -> bool:
        return self._is_done

    def end(self, *, by_force: bool) -> None:
        """Do nothing: an engine holds nothing but its lease, and that runs out."""
