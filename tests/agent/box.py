"""An agent named box, here or in a process of its own, with commands in the hands of supervisors as in earnest.

``python -m tests.agent.box DATABASE FOLDER SETTINGS`` runs one. SETTINGS are JSON: what differs from a common agent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select
from tests.faults.agent_process import FALL_ASLEEP, fall_asleep_when_asked

from ostinato.agent.agent import Agent
from ostinato.agent.driver import run_agent
from ostinato.agent.settings import AgentSettings
from ostinato.clock import Clock, SystemClock
from ostinato.executors.commands import Key
from ostinato.executors.local import LocalExecutor
from ostinato.model.runs import Run
from ostinato.model.statuses import AgentStatus
from ostinato.store import agents
from ostinato.store import schema as t
from ostinato.store.database import Store
from ostinato.testing.factories import make_definition
from ostinato.testing.listening import PATIENCE_SECONDS, listen_for, wait_until
from ostinato.testing.night import Night

ROOT = Path(__file__).parents[2]
KILL_AFTER = timedelta(seconds=0.2)


def make_executor(clock: Clock, folder: Path) -> LocalExecutor:
    """Make an executor whose commands outlive it."""
    return LocalExecutor(clock, log_size=10_000, folder=folder / ".ostinato" / "supervisors", kill_after=KILL_AFTER)


def make_agent(store: Store, clock: Clock, folder: Path, **settings: Any) -> Agent:
    """Make an agent named box in this process."""
    values = {"project": folder, "logs": folder / "logs", "name": "box", **settings}
    return Agent(store, clock, make_executor(clock, folder), AgentSettings(**values))


def die(agent: Agent) -> None:
    """End an agent as a kill would: it says no word to the store, and nothing to its commands."""
    agent._executor.leave()
    if agent._identity is not None:
        agent._identity.release()
        agent._identity = None


def sweep(folder: Path, name: str = "box") -> None:
    """Kill all that agents of that name have left."""
    executor = make_executor(SystemClock(), folder)
    executor.open(name)
    executor.close()


@dataclass(frozen=True, slots=True)
class Box:
    """An agent in a process of its own."""

    process: subprocess.Popen[str]

    def wait_for(self, word: str) -> str:
        """Read what it says up to the line with this word in it."""
        return listen_for(word, self.process.stdout)

    def fall_asleep(self) -> None:
        """Have it stop as a whole, in the middle of its work, but not of a transaction."""
        self.process.send_signal(FALL_ASLEEP)
        process = psutil.Process(self.process.pid)
        wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "it falls asleep")

    def kill(self) -> None:
        """Have it be gone, as by ``kill -9``."""
        self.process.kill()
        self.process.wait()

    def wait_until_killed(self) -> None:
        """Wait until something has killed it."""
        assert self.process.wait(PATIENCE_SECONDS) == -signal.SIGKILL

    def finish(self) -> str:
        """Wait until it ends in good order; return the rest of what it says."""
        said, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        assert self.process.returncode == 0, said
        return said


def launch(database: str, folder: Path, **settings: Any) -> Box:
    """Start an agent as a process. ``once`` has it claim one time only; ``grace`` is in seconds."""
    arguments = [database, str(folder), json.dumps(settings)]
    return Box(
        subprocess.Popen(
            [sys.executable, "-m", "tests.agent.box", *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    )


def die_when_begun(store: Store, number: int) -> Callable[[str], None]:
    """Return what is to be called around transactions: it kills the process when a try of that number is on record.

    Nothing that follows from that commit is done.
    """

    def die(point: str) -> None:
        if point == "after commit":
            with store.read() as tx:
                if tx.execute(select(t.steps.c.run_id).where(t.steps.c.tries == number).limit(1)).first():
                    os.kill(os.getpid(), signal.SIGKILL)

    return die


def main(
    database: str,
    folder: Path,
    *,
    grace: float = 600.0,
    once: bool = False,
    leaves_commands: bool = True,
    dies_in_try: int | None = None,
) -> None:
    """Be the agent, until a signal comes."""
    store = Store(database)
    store.fault_point = fall_asleep_when_asked() if dies_in_try is None else die_when_begun(store, dies_in_try)
    agent = make_agent(
        store,
        SystemClock(),
        folder,
        poll=timedelta(milliseconds=20),
        heartbeat=timedelta(milliseconds=100),
        grace_period=timedelta(seconds=grace),
        leaves_commands=leaves_commands,
    )
    sys.stdout.write(str(dict(run_agent(agent, forever=not once))))


def list_left(folder: Path) -> dict[Key, int]:
    """List the commands that agents named box have left, and kill them."""
    executor = make_executor(SystemClock(), folder)
    executor.open("box")
    left = executor.list_left()
    executor.close()
    return left


# --- the work it has -------------------------------------------------------------------------------------------------


def declare(night: Night, **scripts: str) -> None:
    """Declare shell scripts by name, each with one slot that is due, and have the engine make their runs."""
    night.declare(
        definitions=[
            make_definition(name, command=("sh", "-c", script), starts_on=date(2026, 1, 9))
            for name, script in scripts.items()
        ]
    )
    night.tick()


def read_numbers(folder: Path, run: Run, count: int = 1) -> list[int]:
    """Wait until a run has written ``count`` lines, each a number."""
    log = folder / "logs" / f"{run.id}.log"
    wait_until(lambda: log.exists() and log.read_text().count("\n") >= count, f"{count} lines in {log}")
    return [int(line) for line in log.read_text().split()]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def agent_status(night: Night, name: str = "box") -> AgentStatus:
    """Return the status of an agent as the store has it."""
    with night.store.read() as tx:
        return next(agent.status for agent in agents.list_agents(tx) if agent.name == name)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), **json.loads(sys.argv[3]))
