"""The installation that a script describes: its machines, processes and sources, put together from the real parts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from ostinato.agent.agent import Agent
from ostinato.agent.settings import AgentSettings
from ostinato.config import Config
from ostinato.engine.context import EngineSettings
from ostinato.engine.ensure_retention import ensure_retention
from ostinato.engine.reading import SourceReader
from ostinato.engine.steps import STEPS
from ostinato.loop.engine import Engine
from ostinato.policies.alignment import RemovalLimit
from ostinato.processes.turns import Turns
from ostinato.simulation.chance import Chance
from ostinato.simulation.clocks import MachineClock, Time
from ostinato.simulation.executor import SimulatedExecutor, Surroundings
from ostinato.simulation.machines import Machine
from ostinato.simulation.processes import AgentProgram, EngineProgram, Process
from ostinato.simulation.scripts import Script
from ostinato.simulation.sources import Declarations, View
from ostinato.simulation.witness import Actor
from ostinato.store.database import Store
from ostinato.world import World

INTERVAL = timedelta(seconds=30)
POLL = timedelta(seconds=30)
HEARTBEAT = timedelta(seconds=30)
HEARTBEAT_TIMEOUT = timedelta(seconds=90)
GRACE_PERIOD = timedelta(seconds=15)
FULL_PASS_EVERY = timedelta(minutes=5)
CREATE_AHEAD = timedelta(minutes=30)
CONCURRENCY = 4
REMOVALS = RemovalLimit(share=0.5, more_than=1)


class Installation:
    """All that runs, and what it runs on."""

    def __init__(self, script: Script, store: Store, folder: Path, time: Time, around: Surroundings) -> None:
        self.time = time
        self.machines = {name: Machine(name, folder / name, MachineClock(time)) for name in script.machines}
        self.accounts = _halve("accounts", script.accounts)
        self.definitions = _halve("definitions", script.definitions)
        self.views: dict[str, dict[str, View]] = {}
        self._store = store
        self._chance = Chance(script.seed)
        self._around = around
        self.processes = {
            **{name: self._place(name, machine, self._make_agent, is_agent=True) for name, machine in script.agents},
            **{name: self._place(name, machine, self._make_engine, is_agent=False) for name, machine in script.engines},
        }
        first = self.machines[script.machines[0]]
        self.world = World(Config(first.folder, str(store.url)), store, first.clock)

    @property
    def declarations(self) -> tuple[Declarations, ...]:
        """Return what all sources declare."""
        return (*self.accounts, *self.definitions)

    def mend(self) -> None:
        """Have all machines and sources be as they should be, and everything be declared and active."""
        for machine in self.machines.values():
            machine.clock.error = timedelta(0)
        for declarations in self.declarations:
            declarations.mend()

    def _place(self, name: str, machine: str, make: Callable[[str, Machine, Actor], Any], *, is_agent: bool) -> Process:
        home = self.machines[machine]
        return Process(name, home, lambda actor: make(name, home, actor), is_agent)

    def _make_agent(self, name: str, machine: Machine, actor: Actor) -> AgentProgram:
        settings = AgentSettings(
            project=machine.folder,
            logs=machine.folder / "logs",
            concurrency=CONCURRENCY,
            grace_period=GRACE_PERIOD,
            poll=POLL,
            heartbeat=HEARTBEAT,
            name=name,
        )
        executor = SimulatedExecutor(machine, name, self.time, self._chance, self._around)
        return AgentProgram(Agent(self._store, machine.clock, executor, settings), executor)

    def _make_engine(self, name: str, machine: Machine, actor: Actor) -> EngineProgram:
        accounts, definitions = (tuple(map(View, kind)) for kind in (self.accounts, self.definitions))
        self.views[name] = {view.name: view for view in (*accounts, *definitions)}
        engine = Engine(
            self._store,
            machine.clock,
            SourceReader(accounts, definitions),
            name=name,
            settings=EngineSettings(create_ahead=CREATE_AHEAD, heartbeat_timeout=HEARTBEAT_TIMEOUT, removals=REMOVALS),
            interval=INTERVAL,
            full_pass_every=FULL_PASS_EVERY,
            steps=[step for step in STEPS if step is not ensure_retention],  # nothing here grows old
        )
        return EngineProgram(engine, Turns(engine, machine.clock, interval=INTERVAL))


def _halve(kind: str, rows: Any) -> tuple[Declarations, Declarations]:
    half = (len(rows) + 1) // 2
    return Declarations(f"{kind}-1", rows[:half]), Declarations(f"{kind}-2", rows[half:])
