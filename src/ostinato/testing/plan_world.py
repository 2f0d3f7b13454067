"""A whole world in one process, on a clock that stands still until it is moved.

Store, engine, agents and executors are the real ones; only the time is not. So what takes a month in earnest takes a
moment here, and nothing depends on how fast the machine is. It decides nothing: it calls those who do, in turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Self

from sqlalchemy import bindparam, func, select

from ostinato.agent.agent import Agent
from ostinato.agent.settings import AgentSettings
from ostinato.clock import Clock, ManualClock, SystemClock
from ostinato.config import PROJECT_FILE, Config, load_config
from ostinato.durations import parse_duration
from ostinato.executors.commands import Command, Key
from ostinato.executors.executor import Call, Ended
from ostinato.executors.local import LocalExecutor
from ostinato.handles import Trigger
from ostinato.loop.engine import make_engine
from ostinato.model.statuses import LIVE_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import EventFate
from ostinato.store import schema as t
from ostinato.store.database import Store
from ostinato.store.versioning import open_schema
from ostinato.testing.factories import NOON
from ostinato.world import World

PATIENCE_SECONDS = 60.0
"""How long, by the machine's own clock, a call may take before the world is said to be stuck."""

MOST_ROUNDS = 10_000
"""After so many turns at one instant the world is said to go in circles."""


class WatchedExecutor(LocalExecutor):
    """The executor of this machine, which also tells what it has under way, and when something of that is due."""

    def __init__(self, clock: Clock, *, log_size: int) -> None:
        super().__init__(clock, log_size=log_size, folder=None)
        self.under_way: set[Key] = set()

    def start_command(self, command: Command) -> None:
        self.under_way.add(command.key)
        super().start_command(command)

    def start_call(
        self,
        key: Key,
        call: Call,
        *,
        timeout: timedelta | None = None,
        on_cancel: Callable[[], None] | None = None,
    ) -> None:
        self.under_way.add(key)
        super().start_call(key, call, timeout=timeout, on_cancel=on_cancel)

    def wait(self, seconds: float) -> list[Ended]:
        ended = super().wait(seconds)
        self.under_way.difference_update(one.key for one in ended)
        return ended

    @property
    def is_at_rest(self) -> bool:
        """Tell whether nothing comes of its work as long as no time passes: it has none."""
        return not self.under_way

    @property
    def seconds_until_due(self) -> float:
        """Return how soon a call takes too long or is abandoned, or a command is killed."""
        return min(self._commands.seconds_until_due(), self._threads.seconds_until_due())


@dataclass(frozen=True, slots=True)
class HiredAgent:
    """An agent that works in this world, and its hands."""

    agent: Agent
    executor: WatchedExecutor


class PlanWorld:
    """A world of its own in ``folder``, with one agent; ``database`` is a file in there unless one is given.

    Is there a project file in the folder, the world is as that says. ``trigger`` triggers plans in it. Have the world
    run before you ask a handle for a result: waiting for one makes nothing happen.
    """

    def __init__(
        self,
        folder: Path,
        database: str | None = None,
        *,
        now: datetime = NOON,
        agents: Sequence[str] = ("agent",),
        make_executor: Callable[..., WatchedExecutor] = WatchedExecutor,
    ) -> None:
        self.clock = ManualClock(now)
        config = _read_config(folder, database or f"sqlite:///{folder / 'ostinato.db'}")
        self.world = World(config, Store(config.database), self.clock)
        open_schema(self.world.store)
        self.trigger = Trigger(world=self.world)
        self.agents: dict[str, HiredAgent] = {}
        self._engine = make_engine(self.world, name="engine")
        self._make_executor = make_executor
        for name in agents:
            self.hire(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def hire(self, name: str = "agent", *, queues: Sequence[str] = ("default",), concurrency: int = 100) -> HiredAgent:
        """Have another agent work here, or one again that was let go."""
        config = self.world.config
        settings = AgentSettings(
            project=config.folder,
            logs=config.logs_folder,
            queues=tuple(queues),
            concurrency=concurrency,
            leaves_commands=False,
            name=name,
        )
        executor = self._make_executor(self.clock, log_size=config.agent.log_size)
        hired = HiredAgent(Agent(self.world.store, self.clock, executor, settings), executor)
        hired.agent.start()
        self.agents[name] = hired
        return hired

    def dismiss(self, hired: HiredAgent) -> None:
        """Let an agent go that has stopped, or end one at once."""
        del self.agents[hired.agent.name]
        hired.agent.close()

    def run_until_idle(self) -> None:
        """Have everything happen that can happen without time passing.

        Raises ``TimeoutError`` when a call does not return, ``RuntimeError`` when a step of the engine fails or the
        world goes in circles.
        """
        turns: list[Callable[[], bool]] = [partial(self._work, hired) for hired in self.agents.values()]
        turns.append(self._make_passes)
        idle, stock = 0, self._take_stock()
        for turn in islice(cycle(turns), MOST_ROUNDS):
            has_changed = turn()
            before, stock = stock, self._take_stock()
            idle = 0 if has_changed or stock != before else idle + 1
            if idle == len(turns):
                return
        raise RuntimeError(f"the world goes in circles: after {MOST_ROUNDS} turns it still changes")

    def advance(self, span: timedelta | str) -> None:
        """Let time pass, and everything happen that comes due on the way."""
        until = self.clock.now() + (parse_duration(span) if isinstance(span, str) else span)
        self.run_until_idle()
        while (due_at := self.find_next_timer()) is not None and due_at < until:
            self._move_to(due_at)
        self._move_to(until)

    def jump(self) -> bool:
        """Move the clock to the next timer and have happen what is due then; ``False`` when there is none."""
        self.run_until_idle()
        due_at = self.find_next_timer()
        if due_at is not None:
            self._move_to(due_at)
        return due_at is not None

    def find_next_timer(self) -> datetime | None:
        """Return the first instant still to come at which something that is stored or under way comes due."""
        now = self.clock.now()
        with self.world.store.read() as tx:
            stored = tx.execute(_NEXT_TIMERS, {"now": now}).one()
        seconds = (hired.executor.seconds_until_due for hired in self.agents.values())
        under_way = [now + timedelta(seconds=left) for left in seconds if 0 < left < math.inf]
        return min((at for at in (*stored, *under_way) if at is not None), default=None)

    def close(self) -> None:
        """End the world, and whatever is under way in it."""
        for hired in self.agents.values():
            hired.agent.close()
        self.world.close()

    def _move_to(self, at: datetime) -> None:
        self.clock.set(at)
        self.run_until_idle()

    def _work(self, hired: HiredAgent) -> bool:
        """Have an agent do all that it can, and wait for what it has under way. What it has changed is stored."""
        real_time = SystemClock()
        give_up_at = real_time.monotonic() + PATIENCE_SECONDS
        hired.agent.look_for_work()
        while True:
            _tick(hired.agent)
            if hired.executor.is_at_rest:
                return False
            if real_time.monotonic() > give_up_at:
                raise TimeoutError(f"these do not come to an end: {sorted(hired.executor.under_way)}, as (run, step)")
            hired.agent.wait(PATIENCE_SECONDS)

    def _make_passes(self) -> bool:
        """Have the engine do all that it can; tell whether there was anything."""
        has_changed = False
        more = True
        while more:
            passed = self._engine.tick()
            for outcome in passed.errors:
                raise RuntimeError(f"{outcome.step}: {outcome.error}")
            has_changed = has_changed or any(outcome.changed for outcome in passed.outcomes)
            more = passed.more
        return has_changed

    def _take_stock(self) -> tuple[int, ...]:
        """Return figures that differ whenever anything has happened."""
        with self.world.store.read() as tx:
            return tuple(figure or 0 for figure in tx.execute(_STOCK).one())


def _tick(agent: Agent) -> None:
    """Have an agent tick until it has nothing to do that is due."""
    agent.tick()
    for _ in range(MOST_ROUNDS):
        if agent.seconds_until_due() > 0:
            return
        agent.tick()
    raise RuntimeError(f"agent {agent.name} goes in circles: after {MOST_ROUNDS} ticks it is still not done")


def _read_config(folder: Path, database: str) -> Config:
    file = folder / PROJECT_FILE
    if not file.is_file():
        return Config(folder.absolute(), database)
    declared = load_config(file)
    return Config(declared.folder, database, declared.accounts, declared.definitions, declared.engine, declared.agent)


_LIVE = t.runs.c.status.in_(sorted(LIVE_RUN_STATUSES))
_BEFORE_START = t.runs.c.status.in_([RunStatus.SCHEDULED, RunStatus.WAITING])

_TIMERS = (
    (t.runs.c.start_at, t.runs.c.status == RunStatus.SCHEDULED),
    (t.runs.c.start_before, _BEFORE_START),
    (t.runs.c.deadline_at, _LIVE),
    (t.runs.c.wake_at, t.runs.c.status == RunStatus.SUSPENDED),
    (t.steps.c.wake_at, t.steps.c.status == StepStatus.SUSPENDED),
    (t.steps.c.deadline_at, t.steps.c.status == StepStatus.SUSPENDED),
    (t.events.c.due_at, t.events.c.fate == EventFate.WAITING),
    (t.slots.c.examine_at,),
)
"""What is stored that comes due, each with when it counts."""

_NOW = bindparam("now", type_=t.slots.c.examine_at.type)
_NEXT_TIMERS = select(*(select(func.min(at)).where(at > _NOW, *where).scalar_subquery() for at, *where in _TIMERS))

_STOCK = select(
    select(func.max(t.transitions.c.id)).scalar_subquery(),
    select(func.sum(t.runs.c.decision)).scalar_subquery(),
    select(func.count(t.events.c.settled_at)).scalar_subquery(),
    select(func.count(t.hook_calls.c.called_at)).scalar_subquery(),
)
"""Figures that differ whenever anything has happened."""
