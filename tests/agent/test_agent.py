from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from ostinato import __version__
from ostinato.agent.agent import Agent
from ostinato.agent.settings import AgentSettings
from ostinato.clock import SystemClock
from ostinato.errors import NotPossible
from ostinato.executors.local import LocalExecutor
from ostinato.model.agents import Agent as AgentRecord
from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.runs import Run
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.store import agents, claims, stopping
from ostinato.testing.factories import make_account, make_definition, make_retry
from ostinato.testing.night import Night

PATIENCE_SECONDS = 60.0
FOREVER = "echo $$; exec sleep 600"

Hire = Callable[..., Agent]


@pytest.fixture
def hire(night: Night, tmp_path: Path) -> Iterator[Hire]:
    """Give a way to have an agent at work, with these settings and the clock of the night."""
    hired: list[Agent] = []

    def start(*, once: bool = False, **settings: Any) -> Agent:
        executor = LocalExecutor(night.clock, log_size=10_000, folder=None)
        values = {"project": tmp_path, "logs": tmp_path / "logs", "name": "box", "leaves_commands": False, **settings}
        agent = Agent(night.store, night.clock, executor, AgentSettings(**values))
        agent.start(once=once)
        hired.append(agent)
        return agent

    yield start
    for agent in hired:
        agent.close()


def make_job(script: str = "exit 0", name: str = "sales", **values: Any) -> DeclaredDefinition:
    """Make a definition of which one slot is due, on the day before the night."""
    return make_definition(name, command=("sh", "-c", script), starts_on=date(2026, 1, 9), **values)


def declare(night: Night, *jobs: DeclaredDefinition) -> None:
    """Declare jobs, and have the engine make their runs."""
    night.declare(definitions=jobs)
    night.tick()


def work(agent: Agent, *, until: int) -> None:
    """Let an agent work until it has recorded the end of that many runs."""
    agent.tick()
    while agent.tally.total() < until:
        agent.wait(0 if agent._outbox else PATIENCE_SECONDS)
        assert agent._outbox, "no command ended"
        agent.tick()


def poll(night: Night, agent: Agent) -> None:
    """Let so much time pass that the agent asks the store again."""
    night.advance(seconds=1)
    agent.tick()


def only_run(night: Night) -> Run:
    """Return the one run there is."""
    (run,) = night.runs()
    return run


def record_of(night: Night, name: str = "box") -> AgentRecord:
    """Return what the store knows of an agent."""
    with night.store.read() as tx:
        return next(agent for agent in agents.list_agents(tx) if agent.name == name)


def pid_of(agent: Agent, tmp_path: Path, run: Run) -> int:
    """Return the process of a run that began by writing its id."""
    give_up = SystemClock().monotonic() + PATIENCE_SECONDS
    log = tmp_path / "logs" / f"{run.id}.log"
    while not log.exists() or not log.read_text().endswith("\n"):
        agent.wait(0.01)
        assert SystemClock().monotonic() < give_up, "the command did not begin"
    return int(log.read_text())


def is_alive(pid: int) -> bool:
    """Tell whether one of our own children, or theirs, is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_run_is_claimed_carried_out_and_recorded(night: Night, hire: Hire, tmp_path: Path) -> None:
    """A run that waits is run with its placeholders filled in, and its slot succeeds."""
    night.declare(accounts=[make_account("acme", labels={"tier": "gold"})])
    declare(night, make_job("echo {account} {start_date} $OSTINATO_SLOT {labels.tier}", matrix="account"))
    work(hire(), until=1)

    run = night.run("sales/acme/2026-01-09")
    assert (run.status, run.agent, run.evidence) == (
        RunStatus.SUCCESS,
        "box",
        Evidence(EndKind.EXITED, "exit code 0", 0),
    )
    assert night.face("sales/acme/2026-01-09") == "success"
    assert (tmp_path / "logs" / f"{run.id}.log").read_text() == "acme 2026-01-09 sales/acme/2026-01-09 gold\n"


@pytest.mark.parametrize(
    ("command", "kind", "message", "exit_code"),
    [
        (("sh", "-c", "exit 3"), EndKind.EXITED, "exit code 3", 3),
        (("sh", "-c", "kill -SEGV $$"), EndKind.SIGNALLED, "ended by SIGSEGV", None),
        (("nonesuch",), EndKind.NOT_STARTED, "not started: there is no program 'nonesuch' on the PATH", None),
        (("echo", "{account}"), EndKind.NOT_STARTED, "not started: there is no value for {account}", None),
    ],
)
def test_a_failure_is_recorded_with_its_evidence(
    night: Night, hire: Hire, *, command: tuple[str, ...], kind: EndKind, message: str, exit_code: int | None
) -> None:
    """Whatever is not exit code 0 is a failed run that says why."""
    declare(night, make_definition(command=command, starts_on=date(2026, 1, 9)))
    work(hire(), until=1)

    run = only_run(night)
    assert run.evidence is not None
    assert (run.status, run.evidence.kind, run.evidence.exit_code) == (RunStatus.FAILED, kind, exit_code)
    assert run.reason.startswith(message)


def test_no_more_runs_at_once_than_allowed(night: Night, hire: Hire) -> None:
    """An agent fills its places, keeps them filled, and never has more."""
    declare(night, *(make_job("exit 0", f"job{number}") for number in range(7)))
    agent = hire(concurrency=3)
    agent.tick()
    seen = [record_of(night).running]
    while agent.tally.total() < 7:
        agent.wait(PATIENCE_SECONDS)
        agent.tick()
        seen.append(record_of(night).running)

    assert seen[0] == max(seen) == 3
    assert agent.tally == {RunStatus.SUCCESS: 7}


def test_only_its_queues(night: Night, hire: Hire) -> None:
    """An agent leaves runs of other queues alone."""
    declare(night, *(make_job(name=queue, queue=queue) for queue in ("io", "gpu", "default")))
    work(hire(queues=("io", "gpu")), until=2)

    assert {run.queue: run.status for run in night.runs()} == {
        "io": RunStatus.SUCCESS,
        "gpu": RunStatus.SUCCESS,
        "default": RunStatus.WAITING,
    }


def test_once_means_one_claim(night: Night, hire: Hire) -> None:
    """An agent for one pass carries out what it claims first, and then is done, whatever waits."""
    declare(night, *(make_job(name=f"job{number}") for number in range(3)))
    agent = hire(once=True, concurrency=2)
    work(agent, until=2)

    assert agent.is_done
    assert sorted(run.status for run in night.runs()) == [RunStatus.SUCCESS, RunStatus.SUCCESS, RunStatus.WAITING]


def test_an_agent_without_work_is_done_after_one_look(night: Night, hire: Hire) -> None:
    """An agent for one pass that finds nothing is done at once, and said hello and goodbye."""
    agent = hire(once=True)
    agent.tick()
    alive = record_of(night)
    agent.close()

    assert agent.is_done
    assert (alive.status, alive.pid, alive.version) == (AgentStatus.ALIVE, os.getpid(), __version__)
    assert record_of(night).status is AgentStatus.STOPPED


def test_one_heartbeat_keeps_all_leases(night: Night, hire: Hire) -> None:
    """However many runs it has, an agent's heartbeat is one statement, and none of them times out."""
    declare(night, *(make_job(FOREVER, f"job{number}") for number in range(5)))
    agent = hire()
    agent.tick()
    statements: list[str] = []
    event.listen(night.store.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for _ in range(12):
        night.advance(seconds=10)
        agent.tick()
        beats = [statement for statement in statements if statement.startswith("UPDATE")]
        assert [beat.split()[1] for beat in beats] == ["agents"]
        night.tick()
        statements.clear()

    assert {run.status for run in night.runs()} == {RunStatus.RUNNING}


def test_nothing_is_asked_before_it_is_due(night: Night, hire: Hire) -> None:
    """Between two polls an agent does not touch the store, and says how long that will be."""
    declare(night, make_job(FOREVER))
    agent = hire(poll=timedelta(seconds=4))
    agent.tick()
    night.advance(seconds=1)
    statements: list[str] = []
    event.listen(night.store.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    agent.tick()

    assert statements == []
    assert agent.seconds_until_due() == 3.0
    agent.look_for_work()
    assert agent.seconds_until_due() == 0.0


def test_cancelling_ends_the_command(night: Night, hire: Hire, tmp_path: Path) -> None:
    """A run that somebody cancels is cancelled once its command is gone."""
    declare(night, make_job(FOREVER))
    agent = hire()
    agent.tick()
    run = only_run(night)
    command = pid_of(agent, tmp_path, run)
    with night.store.write() as tx:
        stopping.cancel_run(tx, run_id=run.id, actor="ada", reason="wrong data", cause="wrong data", now=night.now)
    poll(night, agent)
    while_ending = only_run(night).status
    work(agent, until=1)

    assert while_ending is RunStatus.RUNNING
    assert not is_alive(command)
    assert only_run(night).status is RunStatus.CANCELLED
    assert only_run(night).evidence == Evidence(
        EndKind.CANCELLED, "cancelled by ada; ended by SIGTERM", signal="SIGTERM"
    )


def test_a_lost_lease_ends_the_command_and_drops_its_outcome(night: Night, hire: Hire, tmp_path: Path) -> None:
    """An agent that was silent for too long kills what it no longer holds, and leaves the record alone."""
    declare(night, make_job(FOREVER, retry=make_retry(3)))
    agent = hire()
    agent.tick()
    command = pid_of(agent, tmp_path, only_run(night))
    night.advance(seconds=120)  # the agent hangs meanwhile
    night.tick()
    agent.tick()
    agent.wait(PATIENCE_SECONDS)

    assert not is_alive(command)
    lost, successor = night.runs()
    assert lost.evidence is not None
    assert (lost.status, lost.evidence.kind) == (RunStatus.TIMEOUT, EndKind.LOST)
    assert (successor.status, successor.attempt) == (RunStatus.RUNNING, 2)
    assert agent.tally == {}


def test_a_time_limit_is_kept(night: Night, hire: Hire, tmp_path: Path) -> None:
    """A run that takes too long is ended by its agent, which says so."""
    declare(night, make_job(FOREVER, time_limit=timedelta(minutes=5)))
    agent = hire()
    agent.tick()
    pid_of(agent, tmp_path, only_run(night))
    night.advance(minutes=5)
    work(agent, until=1)

    run = only_run(night)
    assert run.evidence is not None
    assert (run.status, run.evidence.kind) == (RunStatus.TIMEOUT, EndKind.TIME_LIMIT)
    assert run.reason == "it ran longer than its time limit of 5m; ended by SIGTERM"


def test_stopping_waits_and_then_ends_the_rest(night: Night, hire: Hire, tmp_path: Path) -> None:
    """Told to stop, an agent claims no more, gives what runs its grace period, and ends the rest with its reason."""
    declare(
        night, make_job(FOREVER, "long", priority=2), make_job("exit 0", "short", priority=1), make_job(name="late")
    )
    agent = hire(concurrency=2, grace_period=timedelta(seconds=30))
    agent.tick()
    agent.stop()
    work(agent, until=1)
    night.advance(seconds=29)
    agent.tick()
    in_grace = (agent.is_done, record_of(night).status, night.run("long/2026-01-09").status)
    night.advance(seconds=1)
    work(agent, until=2)
    agent.close()

    assert in_grace == (False, AgentStatus.STOPPING, RunStatus.RUNNING)
    assert agent.is_done
    assert record_of(night).status is AgentStatus.STOPPED
    ended = {run.definition: (run.status, run.reason) for run in night.runs()}
    assert ended == {
        "short": (RunStatus.SUCCESS, "exit code 0"),
        "long": (RunStatus.TIMEOUT, "its agent was stopped; ended by SIGTERM"),
        "late": (RunStatus.WAITING, ""),
    }
    assert night.run("long/2026-01-09").evidence == Evidence(
        EndKind.STOPPED, "its agent was stopped; ended by SIGTERM", signal="SIGTERM"
    )


def test_asking_twice_to_stop_ends_the_grace(night: Night, hire: Hire) -> None:
    """Who asks again does not want to wait."""
    declare(night, make_job(FOREVER))
    agent = hire()
    agent.tick()
    agent.stop()
    agent.stop()
    work(agent, until=1)

    assert agent.is_done
    assert only_run(night).status is RunStatus.TIMEOUT


def test_a_claim_whose_answer_was_lost_is_taken_up(night: Night, hire: Hire) -> None:
    """A run that an agent holds without knowing does not hang: it has not begun, so it begins now."""
    agent = hire()
    agent.tick()
    declare(night, make_job(retry=make_retry(3)))
    with night.store.write() as tx:
        claims.claim_runs(tx, agent_id=record_of(night).id, actor="box", queues=["default"], limit=1, now=night.now)
    poll(night, agent)
    agent.tick()
    work(agent, until=1)

    run = only_run(night)
    assert (run.status, run.attempt) == (RunStatus.SUCCESS, 1)
    assert night.face("sales/2026-01-09") == "success"


def test_a_newer_process_of_the_same_name_wins(night: Night, hire: Hire, tmp_path: Path) -> None:
    """An agent whose name another process has taken, elsewhere, ends instead of fighting over the runs."""
    declare(night, make_job(FOREVER))
    agent = hire()
    agent.tick()
    command = pid_of(agent, tmp_path, only_run(night))
    night.advance(seconds=10)
    usurper = hire(project=tmp_path / "elsewhere", logs=tmp_path / "elsewhere")
    usurper.tick()

    with pytest.raises(NotPossible, match="another process has registered as agent box"):
        agent.tick()
    agent.close()
    assert not is_alive(command)
    assert record_of(night).status is AgentStatus.ALIVE


def test_an_agent_whose_row_is_gone_registers_again(night: Night, hire: Hire, tmp_path: Path) -> None:
    """Losing its row costs an agent its leases, and so what it ran, but not its life."""
    declare(night, make_job(FOREVER))
    agent = hire()
    agent.tick()
    command = pid_of(agent, tmp_path, only_run(night))
    with night.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM agents")
    night.advance(seconds=10)
    agent.tick()
    agent.tick()
    agent.wait(PATIENCE_SECONDS)

    assert record_of(night).heartbeat_at == night.now
    assert not is_alive(command)


def test_a_killed_command_is_a_failure_and_not_a_loss(night: Night, hire: Hire, tmp_path: Path) -> None:
    """A signal from elsewhere counts against the job; its agent lives and can tell."""
    declare(night, make_job(FOREVER))
    agent = hire()
    agent.tick()
    os.kill(pid_of(agent, tmp_path, only_run(night)), signal.SIGKILL)
    work(agent, until=1)

    run = only_run(night)
    assert run.evidence is not None
    assert (run.status, run.evidence.kind, run.evidence.signal) == (RunStatus.FAILED, EndKind.SIGNALLED, "SIGKILL")
