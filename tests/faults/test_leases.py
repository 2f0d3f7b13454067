"""Agents whose leases are gone: stopped for too long, pushed aside by another of their name, or told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import select
from tests.faults import flows, ledger
from tests.faults.agent_process import FALL_ASLEEP
from tests.faults.playing import prepare

from ostinato.clock import ManualClock, SystemClock
from ostinato.config import Config
from ostinato.handles import Handle, Trigger
from ostinato.loop.engine import make_engine
from ostinato.model.statuses import RunStatus
from ostinato.store import agents
from ostinato.store import schema as t
from ostinato.store.database import Store
from ostinato.store.versioning import open_schema
from ostinato.testing.listening import PATIENCE_SECONDS, listen_for, wait_until
from ostinato.world import World

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Hired:
    """An agent in a process of its own; ``gate`` is what its ``hold`` waits for."""

    process: subprocess.Popen[str]
    gate: Path

    def wait_for(self, words: str) -> None:
        """Read what it says up to the line with these words in it."""
        listen_for(words, self.process.stdout)

    def fall_asleep(self) -> None:
        """Have it stop as a whole, in the middle of its work, but not of a transaction."""
        self.process.send_signal(FALL_ASLEEP)
        process = psutil.Process(self.process.pid)
        wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "it falls asleep")

    def wake_up(self) -> None:
        """Have it go on."""
        self.process.send_signal(signal.SIGCONT)

    def die(self) -> None:
        """Have it be gone."""
        self.process.kill()
        self.process.wait()

    def open_gate(self) -> None:
        """Let its ``hold`` go on."""
        self.gate.write_text("held")


Hire = Callable[..., Hired]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Lend a world without agents."""
    prepare(tmp_path, database_url)
    with World(Config(tmp_path, database_url), Store(database_url), SystemClock()) as world:
        open_schema(world.store)
        yield world


@pytest.fixture
def hire(world: World, database_url: str, tmp_path: Path) -> Iterator[Hire]:
    """Give a way to start an agent; ``called`` is what it is known by here, if that is not its name."""
    hired: list[Hired] = []

    def start(name: str, *, called: str = "", folder: Path = tmp_path, look_every: float = 0.05) -> Hired:
        gate = tmp_path / f"gate-{called or name}"
        os.mkfifo(gate)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.agent_process", database_url, str(folder), name, str(look_every)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
            | {flows.AGENT: called or name},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        hired.append(Hired(process, gate))
        return hired[-1]

    yield start
    for one in hired:
        one.process.kill()
        one.process.communicate()


def trigger(world: World, plan: str) -> Handle:
    """Trigger a plan of ours."""
    return Trigger(world=world)(f"{flows.__name__}:{plan}")


def declare_lost(world: World, *, before: str) -> None:
    """Have the engine think that all agents which said nothing since that one came are lost."""
    with world.store.read() as tx:
        came = next(agent.started_at for agent in agents.list_agents(tx) if agent.name == before)
    late = came - timedelta(microseconds=1) + world.config.engine.heartbeat_timeout
    make_engine(World(world.config, world.store, ManualClock(late)), name="engine").tick()


def read_rows(world: World, run_id: int) -> dict[str, list[Any]]:
    """Return all that is stored about a run."""
    tables = (t.steps, t.tries, t.events, t.chunks, t.transitions)
    with world.store.read() as tx:
        rows = {
            table.name: [tuple(row) for row in tx.execute(select(table).filter_by(run_id=run_id))] for table in tables
        }
        return rows | {"runs": [tuple(tx.execute(select(t.runs).filter_by(id=run_id)).one())]}


def count_calls(run: Handle) -> Counter[str]:
    """Return how often each step of a run was called."""
    return Counter(entry["name"] for entry in ledger.read() if entry["what"] == "call" and entry["run"] == run.id)


def test_who_was_stopped_for_too_long_changes_nothing(world: World, hire: Hire) -> None:
    """An agent that wakes up after its run went on elsewhere writes nothing about it, and is of use again."""
    run = trigger(world, "relay")
    sleeper = hire("sleeper")
    sleeper.wait_for("sleeper holds")
    sleeper.fall_asleep()
    other = hire("other")
    trigger(world, "single").wait(PATIENCE_SECONDS)
    declare_lost(world, before="other")
    other.wait_for("other holds")
    other.open_gate()
    ended = run.wait(PATIENCE_SECONDS)
    rows = read_rows(world, run.id)
    sleeper.wake_up()
    sleeper.wait_for("lease_lost")
    sleeper.open_gate()
    sleeper.wait_for("late_outcome_dropped")
    other.die()
    after = trigger(world, "single").wait(PATIENCE_SECONDS)

    assert (ended, after) == (RunStatus.SUCCESS, RunStatus.SUCCESS)
    assert read_rows(world, run.id) == rows
    assert count_calls(run) == {"extract": 1, "hold": 2, "combine": 1}


def test_who_is_pushed_aside_changes_nothing(world: World, hire: Hire, tmp_path: Path) -> None:
    """Of two agents of one name, on machines that do not know of each other, only the newer one's decisions count."""
    run = trigger(world, "relay")
    older = hire("box", called="older", look_every=600)
    older.wait_for("older holds")
    newer = hire("box", called="newer", folder=tmp_path / "elsewhere")
    newer.wait_for("newer holds")
    older.open_gate()
    older.wait_for("outcome_refused")
    status = run.status
    newer.open_gate()
    ended = run.wait(PATIENCE_SECONDS)

    assert (status, ended) == (RunStatus.RUNNING, RunStatus.SUCCESS)
    assert count_calls(run) == {"extract": 1, "hold": 2, "combine": 1}


def test_what_is_handed_over_goes_on_elsewhere(world: World, hire: Hire) -> None:
    """An agent that is told to stop ends what it has begun; another does the rest, and nothing again."""
    run = trigger(world, "relay")
    leaver = hire("leaver")
    leaver.wait_for("leaver holds")
    leaver.process.send_signal(signal.SIGTERM)
    leaver.wait_for("agent_stopping")
    hire("other")
    leaver.open_gate()
    ended = run.wait(PATIENCE_SECONDS)

    assert ended is RunStatus.SUCCESS
    assert leaver.process.wait(PATIENCE_SECONDS) == 0
    assert count_calls(run) == {"extract": 1, "hold": 1, "combine": 1}
    assert list_agents_of(world, run) == ["leaver", "other"]


def list_agents_of(world: World, run: Handle) -> list[str]:
    """List those who have claimed a run, in turn."""
    change = t.transitions.c
    claimed = select(change.actor).where(change.run_id == run.id, change.to_status == RunStatus.RUNNING)
    with world.store.read() as tx:
        return list(tx.execute(claimed.order_by(change.id)).scalars())
