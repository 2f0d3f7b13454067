"""Plays a scenario in a world, on from where its rows say it is, until it is over; with a fault on the way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.faults import ledger
from tests.faults.scenarios import Scenario

from ostinato.agent.agent import Agent
from ostinato.agent.settings import AgentSettings
from ostinato.clock import ManualClock
from ostinato.config import PROJECT_FILE, Config, load_config
from ostinato.errors import StoreUnavailable
from ostinato.executors.local import LocalExecutor
from ostinato.loop.engine import Engine, make_engine
from ostinato.store.database import Store, Tx
from ostinato.store.due_runs import find_next_start
from ostinato.store.versioning import open_schema
from ostinato.testing.factories import NOON
from ostinato.world import World

PATIENCE_SECONDS = 60.0
MOST_TURNS = 300
AFTER_DEATH = timedelta(hours=1)
A_WHILE = timedelta(seconds=5)


class _Transaction(threading.local):
    """The transaction that a thread has open: what it can be asked for, and what is known of it."""

    raw: Any = None
    changes_before = 0
    is_note = False
    counts = False


class Faults:
    """Counts the points before and after commits that have changed something, and lets one of them go wrong.

    What an engine notes about its own passes does not count where that can be told: nobody decides by it.
    """

    def __init__(self, store: Store, at: int, happen: Callable[[str], None]) -> None:
        self._at = at
        self._happen = happen
        self._count = 0
        self._lock = threading.Lock()
        self._open = _Transaction()
        self._is_sqlite = store.dialect == "sqlite"
        self._write = store.write
        store.write = self._watch  # type: ignore[method-assign]
        store.fault_point = self._pass

    @property
    def has_happened(self) -> bool:
        """Tell whether the point was reached."""
        return self._count >= self._at

    @contextmanager
    def _watch(self) -> Iterator[Tx]:
        """Open a transaction as ``Store.write`` does, and look at what it does."""
        with self._write() as tx:
            self._open.raw = tx.connection.driver_connection
            self._open.is_note = False
            if self._is_sqlite:
                self._open.changes_before = self._open.raw.total_changes
                self._open.raw.set_trace_callback(self._note_statement)
            yield tx

    def _note_statement(self, statement: str) -> None:
        self._open.is_note = self._open.is_note or "passes" in statement

    def _pass(self, point: str) -> None:
        if point == "before commit":
            self._open.counts = self._has_changes()
        if not self._open.counts:
            return
        with self._lock:
            self._count += 1
            is_it = self._count == self._at
        if is_it:
            self._happen(point)

    def _has_changes(self) -> bool:
        raw = self._open.raw
        if self._is_sqlite:
            return not self._open.is_note and raw.total_changes > self._open.changes_before
        return bool(raw.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL").fetchone()[0])


def die(point: str) -> None:
    """End this process as nobody can prevent."""
    os.kill(os.getpid(), signal.SIGKILL)


def lose(point: str) -> None:
    """Have the database be away just now."""
    raise StoreUnavailable(f"the database went away {point}")


FAULTS: Mapping[str, Callable[[str], None]] = {"die": die, "lose": lose}


def play(
    folder: Path,
    url: str,
    scenario: Scenario,
    *,
    agent: str,
    generation: int = 0,
    fault: tuple[int, Callable[[str], None]] | None = None,
) -> bool:
    """Play until the scenario is over; tell whether the fault, given as its number and itself, has happened or is none.

    All take turns in one thread, on a clock that stands still until nobody has anything to do: first the agent, then
    the person, then the engine.
    """
    prepare(folder, url)
    for name, text in scenario.files.items():
        (folder / name).write_text(text)
    clock = ManualClock(NOON + generation * AFTER_DEATH)
    config = load_config(folder / PROJECT_FILE) if scenario.files else Config(folder, url)
    with World(config, Store(url), clock) as world:
        open_schema(world.store)
        faults = Faults(world.store, *(fault or (0, lose)))
        second_way = World(config, ledger.open_store(), clock)
        executor = LocalExecutor(clock, log_size=10_000, folder=None)
        settings = AgentSettings(project=folder, logs=folder / "logs", name=agent)
        with closing(Agent(world.store, clock, executor, settings)) as worker:
            worker.start()
            engine = make_engine(world, name="engine")
            for _ in range(MOST_TURNS):
                with suppress(StoreUnavailable):
                    _work(worker, executor)
                    if scenario.is_over(second_way):
                        return faults.has_happened
                    if not scenario.play(second_way) and not _make_pass(engine):
                        _let_time_pass(second_way, clock)
    raise TimeoutError(f"it does not come to an end: {scenario.tell(second_way)}")


def _work(agent: Agent, executor: LocalExecutor) -> None:
    """Have the agent do all that it can."""
    agent.look_for_work()
    agent.tick()
    while agent.seconds_until_due() == 0 or len(executor) > 0:
        agent.wait(PATIENCE_SECONDS if agent.seconds_until_due() > 0 else 0)
        agent.tick()


def _make_pass(engine: Engine) -> bool:
    """Have the engine do all that it can; tell whether there was anything."""
    passed = engine.tick()
    assert not passed.errors, passed.errors
    return any(outcome.changed for outcome in passed.outcomes)


def _let_time_pass(world: World, clock: ManualClock) -> None:
    """Move the clock to when something is due, or for a while."""
    with world.store.read() as tx:
        due_at = find_next_start(tx)
    clock.set(max(due_at or clock.now() + A_WHILE, clock.now() + timedelta.resolution))


def prepare(folder: Path, url: str) -> None:
    """Let user code know where the ledger is, and the database."""
    os.environ[ledger.PATH] = str(folder / "ledger")
    os.environ[ledger.DATABASE] = url
