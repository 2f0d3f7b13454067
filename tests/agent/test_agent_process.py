"""The agent as a process of its own: signals, kill -9, and a database that goes away."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.agent import box
from tests.agent.box import Box, agent_status, declare, is_alive, make_agent, read_numbers
from tests.agent.succession import make_steps

from ostinato.agent.driver import run_agent
from ostinato.clock import SystemClock
from ostinato.errors import StoreUnavailable
from ostinato.model.definitions import DeclaredStep
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.runs import Run
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.store import due_runs, plans, runs
from ostinato.store.database import Store
from ostinato.testing.factories import make_retry
from ostinato.testing.listening import PATIENCE_SECONDS, wait_until
from ostinato.testing.night import Night, open_night
from ostinato.testing.postgres import PostgresServer

Launch = Callable[..., Box]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Return one kind of database: what differs between the two does not show here."""
    return f"sqlite:///{tmp_path / 'ostinato.db'}"


@pytest.fixture
def launch(database_url: str, tmp_path: Path) -> Iterator[Launch]:
    """Give a way to start an agent named box as a process."""
    started: list[Box] = []

    def start(folder: Path = tmp_path, **settings: Any) -> Box:
        started.append(box.launch(database_url, folder, **settings))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()
    box.sweep(tmp_path)


def only_run(night: Night) -> Run:
    """Return the one run there is."""
    (run,) = night.runs()
    return run


def endings(night: Night) -> dict[str, tuple[RunStatus, str]]:
    """Return status and reason of the latest run of each definition."""
    return {run.work: (run.status, run.reason) for run in night.runs()}


def ended(night: Night) -> Run:
    """Wait until the one run there is has ended."""
    wait_until(lambda: only_run(night).finished_at is not None, "the run ends")
    return only_run(night)


def history(night: Night) -> list[tuple[RunStatus, str, int]]:
    """Return the statuses that the run came to, with who brought it there under which lease."""
    with night.store.read() as tx:
        changes = runs.list_transitions(tx, only_run(night).id)
    return [(change.to_status, change.actor, change.lease_token) for change in changes][1:]


# --- good order ------------------------------------------------------------------------------------------------------


def test_one_pass_ends_by_itself(night: Night, launch: Launch) -> None:
    """An agent for one pass waits for what it claimed, and ends."""
    declare(night, good="exit 0", bad="exit 7")

    output = launch(once=True).finish()

    assert endings(night) == {"good": (RunStatus.SUCCESS, "exit code 0"), "bad": (RunStatus.FAILED, "exit code 7")}
    assert "<RunStatus.SUCCESS: 'success'>: 1" in output


def test_sigterm_lets_work_end(night: Night, launch: Launch, tmp_path: Path) -> None:
    """An agent that is told to stop finishes what it has begun, takes nothing new, and says goodbye."""
    os.mkfifo(tmp_path / "gate")
    declare(night, begun="echo $$; read line < gate")
    agent = launch()
    read_numbers(tmp_path, only_run(night))
    agent.process.send_signal(signal.SIGTERM)
    wait_until(lambda: agent_status(night) is AgentStatus.STOPPING, "the agent is stopping")
    declare(night, begun="echo $$; read line < gate", new="exit 0")
    (tmp_path / "gate").write_text("go\n")

    agent.finish()

    assert endings(night) == {"begun": (RunStatus.SUCCESS, "exit code 0"), "new": (RunStatus.WAITING, "")}
    assert agent_status(night) is AgentStatus.STOPPED


@pytest.mark.parametrize(("grace", "signals"), [(0.1, 1), (600, 2)])
def test_commands_that_outlast_an_agent_go_on_and_are_adopted(
    night: Night, launch: Launch, tmp_path: Path, *, grace: float, signals: int
) -> None:
    """Restarting an agent does not touch what it runs, whether its grace period ends or somebody is in a hurry."""
    os.mkfifo(tmp_path / "gate")
    declare(night, long="echo $$; read line < gate; exit 3")
    agent = launch(grace=grace)
    (command,) = read_numbers(tmp_path, only_run(night))
    agent.process.send_signal(signal.SIGTERM)
    for _ in range(signals - 1):
        wait_until(lambda: agent_status(night) is AgentStatus.STOPPING, "the agent is stopping")
        agent.process.send_signal(signal.SIGTERM)
    said = agent.finish()
    meanwhile = (agent_status(night), only_run(night).status, is_alive(command))
    successor = launch()
    successor.wait_for("command_adopted")
    (tmp_path / "gate").write_text("go\n")
    run = ended(night)

    assert "runs_left_running" in said
    assert "the next agent named box" in said
    assert meanwhile == (AgentStatus.STOPPED, RunStatus.RUNNING, True)
    assert (run.status, run.evidence) == (RunStatus.FAILED, Evidence(EndKind.EXITED, "exit code 3", 3))
    assert read_numbers(tmp_path, run) == [command]


def test_an_agent_that_is_set_to_ends_its_commands(night: Night, launch: Launch, tmp_path: Path) -> None:
    """What outlives the grace period is asked to end, then killed, each with its reason."""
    declare(night, heeds="echo $$; exec sleep 600", ignores="trap '' TERM; echo $$; while :; do sleep 60; done")
    agent = launch(grace=0.1, leaves_commands=False)
    commands = [read_numbers(tmp_path, run)[0] for run in night.runs()]
    agent.process.send_signal(signal.SIGTERM)

    agent.finish()

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
    agent = launch(grace=600, leaves_commands=False)
    read_numbers(tmp_path, only_run(night))
    agent.process.send_signal(signal.SIGINT)
    wait_until(lambda: agent_status(night) is AgentStatus.STOPPING, "the agent is stopping")
    agent.process.send_signal(signal.SIGINT)

    agent.finish()

    assert endings(night) == {"long": (RunStatus.TIMEOUT, "its agent was stopped; ended by SIGTERM")}


# --- no order at all -------------------------------------------------------------------------------------------------


def test_a_killed_agent_does_not_touch_what_it_ran(night: Night, launch: Launch, tmp_path: Path) -> None:
    """After a kill -9 the successor goes on with the same process, under the next lease, and records how it ends."""
    os.mkfifo(tmp_path / "gate")
    declare(night, long="echo $$; read line < gate; exit 0")
    killed = launch()
    (command,) = read_numbers(tmp_path, only_run(night))
    killed.kill()
    launch().wait_for("command_adopted")
    (tmp_path / "gate").write_text("go\n")
    run = ended(night)

    assert (run.status, run.attempt, run.agent) == (RunStatus.SUCCESS, 1, "box")
    assert run.evidence == Evidence(EndKind.EXITED, "exit code 0", 0)
    assert read_numbers(tmp_path, run) == [command]
    assert history(night) == [(RunStatus.RUNNING, "box", 1), (RunStatus.SUCCESS, "box", 2)]


def test_what_ended_while_no_agent_was_there_has_ended_so(night: Night, launch: Launch, tmp_path: Path) -> None:
    """Its exit code is what the successor records, and nothing runs twice."""
    os.mkfifo(tmp_path / "gate")
    declare(night, long="echo $$; read line < gate; exit 7")
    killed = launch()
    (command,) = read_numbers(tmp_path, only_run(night))
    killed.kill()
    (tmp_path / "gate").write_text("go\n")
    wait_until(lambda: not is_alive(command), "the command ends")
    launch()
    run = ended(night)

    assert (run.status, run.attempt) == (RunStatus.FAILED, 1)
    assert run.evidence == Evidence(EndKind.EXITED, "exit code 7", 7)
    assert read_numbers(tmp_path, run) == [command]


def test_a_machine_that_died_has_left_nothing_to_adopt(night: Night, launch: Launch, tmp_path: Path) -> None:
    """When agent, supervisor and commands are gone, runs are let go of as soon as an agent is back."""
    declare(night, long="setsid sleep 600 & echo $!; echo $$; wait")
    killed = launch()
    processes = read_numbers(tmp_path, only_run(night), 2)
    supervisor = psutil.Process(processes[1]).ppid()
    killed.kill()
    for pid in (supervisor, *processes):
        os.kill(pid, signal.SIGKILL)
    launch()
    run = ended(night)

    assert (run.status, run.evidence) == (RunStatus.TIMEOUT, Evidence(EndKind.LOST, "agent box ended while it ran"))


@pytest.mark.parametrize(
    ("idempotent", "status", "failed", "carried_out"),
    [(True, RunStatus.SUCCESS, [EndKind.EXITED], 2), (False, RunStatus.TIMEOUT, [EndKind.EXITED, EndKind.LOST], 1)],
)
def test_the_end_of_a_try_is_not_taken_for_that_of_the_next(
    night: Night,
    launch: Launch,
    tmp_path: Path,
    *,
    idempotent: bool,
    status: RunStatus,
    failed: list[EndKind],
    carried_out: int,
) -> None:
    """An agent is killed with the next try on record as begun, and the end of the one before not thrown away yet.

    The next try counts as lost, like any other that an agent takes along.
    """
    script = "echo >> tries; [ $(wc -l < tries) -gt 1 ]"
    retry = make_retry(2, wait=timedelta(0))
    step = DeclaredStep("load", command=("sh", "-c", script), retry=retry, idempotent=idempotent)
    night.declare(definitions=[make_steps(step)])
    night.tick()
    launch(dies_in_try=2).wait_until_killed()
    launch()
    run = ended(night)

    assert run.status is status
    with night.store.read() as tx:
        assert [one.error.kind for one in plans.list_tries(tx, run.id)] == failed
    assert (tmp_path / "tries").read_text().count("\n") == carried_out


def test_an_agent_that_slept_too_long_kills_what_is_not_its_own(night: Night, launch: Launch, tmp_path: Path) -> None:
    """One that was stopped for longer than its lease notices when it goes on, ends the command, and says so."""
    declare(night, long="echo $$; exec sleep 600")
    sleeper = launch()
    (command,) = read_numbers(tmp_path, only_run(night))
    sleeper.fall_asleep()
    with night.store.write() as tx:
        now = SystemClock().now()
        due_runs.time_out_silent_runs(tx, silent_since=now, actor="engine", now=now, limit=1)
    lost = only_run(night)
    sleeper.process.send_signal(signal.SIGCONT)
    sleeper.wait_for("lease_lost")
    sleeper.wait_for("command_ended")

    assert not is_alive(command)
    assert only_run(night) == lost
    assert lost.status is RunStatus.TIMEOUT


def test_of_two_agents_of_one_name_the_older_gives_way(night: Night, launch: Launch, tmp_path: Path) -> None:
    """On two machines, which share no lock: it notices, kills what it ran, says so, and ends with an error."""
    declare(night, long="echo $$; exec sleep 600")
    older = launch()
    (command,) = read_numbers(tmp_path, only_run(night))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    newer = launch(folder=elsewhere)
    newer.wait_for("runs_found")
    older.wait_for("lease_lost")
    said, _ = older.process.communicate(timeout=PATIENCE_SECONDS)

    assert "another process has registered as agent box" in said
    assert older.process.returncode != 0
    assert not is_alive(command)
    assert ended(night).status is RunStatus.TIMEOUT
    assert newer.process.poll() is None


# --- a database that goes away ---------------------------------------------------------------------------------------


def test_outcomes_survive_a_database_that_is_away(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """Work goes on while the database is away; how it ended is recorded when it is back."""
    os.mkfifo(tmp_path / "gate")
    with open_night(postgres_server.url()) as night:
        declare(night, begun="read line < gate; exit 5")
        agent = make_agent(night.store, SystemClock(), tmp_path, poll=timedelta(0))
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
        run_agent(make_agent(store, SystemClock(), tmp_path), forever=False)
