"""The agent as a process of its own: signals, kill -9, and a database that goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from ostinato.agent.agent import Agent
from ostinato.agent.driver import run_agent
from ostinato.agent.settings import AgentSettings
from ostinato.clock import SystemClock
from ostinato.errors import StoreUnavailable
from ostinato.executors.local import LocalExecutor
from ostinato.model.runs import EndKind, Evidence
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.store import agents
from ostinato.store.database import Store
from ostinato.testing.factories import make_definition
from ostinato.testing.night import Night, open_night
from ostinato.testing.postgres import PostgresServer

PATIENCE_SECONDS = 60.0
SOURCES = Path(__file__).parents[2] / "src"
PROGRAM = """
import sys
from datetime import timedelta
from pathlib import Path
from ostinato.agent.agent import Agent
from ostinato.agent.driver import run_agent
from ostinato.agent.settings import AgentSettings
from ostinato.clock import SystemClock
from ostinato.executors.local import LocalExecutor
from ostinato.store.database import Store

url, folder, grace, mode = sys.argv[1:]
clock = SystemClock()
settings = AgentSettings(
    project=Path(folder),
    logs=Path(folder) / "logs",
    name="box",
    poll=timedelta(milliseconds=20),
    grace_period=timedelta(seconds=float(grace)),
)
executor = LocalExecutor(clock, log_size=10_000, kill_after=timedelta(seconds=0.2))
print(dict(run_agent(Agent(Store(url), clock, executor, settings), forever=mode == "forever")))
"""

Launch = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def launch(database_url: str, tmp_path: Path) -> Iterator[Launch]:
    """Give a way to start an agent named box as a process."""
    started: list[subprocess.Popen[str]] = []

    def start(*, grace: float = 600.0, mode: str = "forever") -> subprocess.Popen[str]:
        url = database_url
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, url, str(tmp_path), str(grace), mode],
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def make_agent(store: Store, folder: Path, **settings: Any) -> Agent:
    """Make an agent named box in this process, on real time."""
    clock = SystemClock()
    executor = LocalExecutor(clock, log_size=10_000)
    settings = {"project": folder, "logs": folder / "logs", "name": "box", **settings}
    return Agent(store, clock, executor, AgentSettings(**settings))


def declare(night: Night, **scripts: str) -> None:
    """Declare shell scripts by name, each with one slot that is due, and have the engine make their runs."""
    night.declare(
        definitions=[
            make_definition(name, command=("sh", "-c", script), starts_on=date(2026, 1, 9))
            for name, script in scripts.items()
        ]
    )
    night.tick()


def wait_until(true: Callable[[], object], claim: str) -> None:
    """Wait until something becomes true."""
    clock = SystemClock()
    give_up = clock.monotonic() + PATIENCE_SECONDS
    while not true():
        assert clock.monotonic() < give_up, claim
        os.sched_yield()


def read_numbers(folder: Path, night: Night, name: str, count: int = 1) -> list[int]:
    """Wait until the run of a definition has written ``count`` lines, each a number."""
    log = folder / "logs" / f"{night.run(f'{name}/2026-01-09').id}.log"
    wait_until(lambda: log.exists() and log.read_text().count("\n") >= count, f"{count} lines in {log}")
    return [int(line) for line in log.read_text().split()]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def endings(night: Night) -> dict[str, tuple[RunStatus, str]]:
    """Return status and reason of the latest run of each definition."""
    return {run.work: (run.status, run.reason) for run in night.runs()}


def test_one_pass_ends_by_itself(night: Night, launch: Launch) -> None:
    """An agent for one pass waits for what it claimed, and ends."""
    declare(night, good="exit 0", bad="exit 7")
    agent = launch(mode="once")
    output, _ = agent.communicate(timeout=PATIENCE_SECONDS)

    assert agent.returncode == 0, output
    assert endings(night) == {"good": (RunStatus.SUCCESS, "exit code 0"), "bad": (RunStatus.FAILED, "exit code 7")}
    assert "<RunStatus.SUCCESS: 'success'>: 1" in output


def test_sigterm_lets_work_end(night: Night, launch: Launch, tmp_path: Path) -> None:
    """An agent that is told to stop finishes what it has begun, takes nothing new, and says goodbye."""
    os.mkfifo(tmp_path / "gate")
    declare(night, begun="echo $$; read line < gate")
    agent = launch()
    read_numbers(tmp_path, night, "begun")
    agent.send_signal(signal.SIGTERM)
    wait_until(lambda: agent_status(night) is AgentStatus.STOPPING, "the agent is stopping")
    declare(night, begun="echo $$; read line < gate", new="exit 0")
    (tmp_path / "gate").write_text("go\n")

    assert agent.wait(PATIENCE_SECONDS) == 0
    assert endings(night) == {"begun": (RunStatus.SUCCESS, "exit code 0"), "new": (RunStatus.WAITING, "")}
    assert agent_status(night) is AgentStatus.STOPPED


def test_the_grace_period_ends_work_in_good_order(night: Night, launch: Launch, tmp_path: Path) -> None:
    """What outlives the grace period is asked to end, then killed, each with its reason."""
    declare(night, heeds="echo $$; exec sleep 600", ignores="trap '' TERM; echo $$; while :; do sleep 60; done")
    agent = launch(grace=0.1)
    commands = read_numbers(tmp_path, night, "heeds") + read_numbers(tmp_path, night, "ignores")
    agent.send_signal(signal.SIGTERM)

    assert agent.wait(PATIENCE_SECONDS) == 0
    assert not any(is_alive(command) for command in commands)
    assert endings(night) == {
        "heeds": (RunStatus.TIMEOUT, "its agent was stopped; ended by SIGTERM"),
        "ignores": (
            RunStatus.TIMEOUT,
            "its agent was stopped; it did not end within 0.2s of SIGTERM; ended by SIGKILL",
        ),
    }


def test_a_second_signal_ends_the_grace(night: Night, launch: Launch, tmp_path: Path) -> None:
    """Who presses Ctrl-C twice does not wait for ten minutes."""
    declare(night, long="echo $$; exec sleep 600")
    agent = launch(grace=600)
    read_numbers(tmp_path, night, "long")
    agent.send_signal(signal.SIGINT)
    wait_until(lambda: agent_status(night) is AgentStatus.STOPPING, "the agent is stopping")
    agent.send_signal(signal.SIGINT)

    assert agent.wait(PATIENCE_SECONDS) == 0
    assert endings(night) == {"long": (RunStatus.TIMEOUT, "its agent was stopped; ended by SIGTERM")}


def test_what_a_killed_agent_ran_is_lost_as_soon_as_it_is_back(night: Night, launch: Launch, tmp_path: Path) -> None:
    """After a kill -9 the successor ends what is left of its runs, reports them lost at once, and goes on."""
    declare(night, long="sleep 600 & echo $!; setsid sleep 600 & echo $!; echo $$; wait")
    killed = launch()
    processes = read_numbers(tmp_path, night, "long", 3)
    wait_until(lambda: psutil.Process(processes[1]).name() == "sleep", "setsid has done its work")
    killed.kill()
    killed.wait()
    alive: list[list[bool]] = []
    night.store.fault_point = lambda point: alive.append([is_alive(process) for process in processes])
    successor = make_agent(night.store, tmp_path)
    with closing(successor):
        successor.start()
        successor.tick()

    entering, _, telling, *_ = alive
    assert entering[1], "what has left its group lives until it is found"
    assert telling == [False] * 3
    run = night.run("long/2026-01-09")
    assert (run.status, run.evidence) == (
        RunStatus.TIMEOUT,
        Evidence(EndKind.LOST, "agent box was killed while it ran"),
    )


def test_outcomes_survive_a_database_that_is_away(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """Work goes on while the database is away; how it ended is recorded when it is back."""
    os.mkfifo(tmp_path / "gate")
    with open_night(postgres_server.url()) as night:
        declare(night, begun="read line < gate; exit 5")
        agent = make_agent(night.store, tmp_path, poll=timedelta(0))
        with closing(agent):
            agent.start()
            agent.tick()
            postgres_server.kill()
            agent.tick()
            (tmp_path / "gate").write_text("go\n")
            agent.wait(PATIENCE_SECONDS)
            agent.tick()
            postgres_server.start()
            while not agent.tally:
                agent.wait(agent.seconds_until_due())
                agent.tick()

        assert endings(night) == {"begun": (RunStatus.FAILED, "exit code 5")}


def test_an_agent_that_cannot_claim_even_once_says_so(tmp_path: Path) -> None:
    """One pass without a database is an error and not a long wait; so is no other."""
    store = Store(f"sqlite:///{tmp_path / 'missing' / 'ostinato.db'}")

    with pytest.raises(StoreUnavailable):
        run_agent(make_agent(store, tmp_path), forever=False)


def agent_status(night: Night) -> AgentStatus:
    """Return the status of the agent as the store has it."""
    with night.store.read() as tx:
        (agent,) = agents.list_agents(tx)
    return agent.status
