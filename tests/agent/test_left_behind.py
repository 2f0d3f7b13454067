"""Commands that nobody waits for any more, and what agents leave when they end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs
from tests.agent import flows
from tests.agent.box import agent_status, die, is_alive, read_numbers
from tests.agent.flows import GATES
from tests.agent.succession import (
    FOREVER,
    HOLDS,
    Hire,
    begin,
    finish,
    look,
    lose_leases,
    make_job,
    make_steps,
    only_run,
    open_gate,
    pid_of,
    steps_of,
    work,
)

from ostinato.errors import NotPossible
from ostinato.model.definitions import DeclaredStep
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.statuses import AgentStatus, RunStatus, StepStatus
from ostinato.testing.factories import make_retry
from ostinato.testing.listening import wait_until
from ostinato.testing.night import Night

# --- orphans ---------------------------------------------------------------------------------------------------------


def test_an_orphan_is_killed_before_anything_is_claimed(night: Night, hire: Hire, tmp_path: Path) -> None:
    """A run that was taken for lost is tried again; what is left of the first attempt never runs beside the second."""
    killed = hire()
    begin(night, killed, make_job("trap '' TERM; echo $$; sleep 600 & wait; wait", retry=make_retry(3)))
    command = pid_of(tmp_path, only_run(night))
    die(killed)
    lose_leases(night)
    lived: list[bool] = []
    with capture_logs() as said:
        successor = hire()
        work(successor, until=lambda: noted_claim(night, command, lived))

    lost, again = night.runs()
    assert (lost.status, again.status, again.attempt) == (RunStatus.TIMEOUT, RunStatus.RUNNING, 2)
    assert lived[-1] is False, "it lived when the second attempt was claimed"
    (orphan,) = [entry for entry in said if entry["event"] == "orphan_killed"]
    assert (orphan["run"], orphan["step"], orphan["agent"]) == (lost.id, 1, "box")
    assert "no run of agent box waits for it" in orphan["end"]


def noted_claim(night: Night, command: int, lived: list[bool]) -> bool:
    """Tell whether the second attempt was claimed, and note whether the process of the first lives."""
    lived.append(is_alive(command))
    return night.runs()[-1].status is RunStatus.RUNNING


def test_what_another_agent_has_now_is_left_to_it(night: Night, hire: Hire, tmp_path: Path) -> None:
    """While no agent of the name was there its run went on elsewhere: there it stays, and the old command is killed."""
    killed = hire()
    step = DeclaredStep("step", command=("sh", "-c", "echo $$ >> pids; sleep 600"), idempotent=True)
    begin(night, killed, make_steps(step))
    pids = tmp_path / "pids"
    wait_until(lambda: pids.exists() and pids.read_text().count("\n") == 1, "the command begins")
    die(killed)
    lose_leases(night)
    look(hire("other"))
    wait_until(lambda: pids.read_text().count("\n") == 2, "the command begins elsewhere")
    successor = hire()
    work(successor, until=lambda: len(successor._executor) == 0)

    assert [is_alive(int(pid)) for pid in pids.read_text().split()] == [False, True]
    assert (only_run(night).agent, only_run(night).status) == ("other", RunStatus.RUNNING)


def test_an_agent_that_is_told_to_stop_still_kills_its_orphans(night: Night, hire: Hire, tmp_path: Path) -> None:
    """It is not done before."""
    killed = hire()
    begin(night, killed, make_job(FOREVER))
    command = pid_of(tmp_path, only_run(night))
    die(killed)
    lose_leases(night)
    successor = hire()
    successor.tick()
    successor.stop()
    work(successor, until=lambda: successor.is_done)

    assert not is_alive(command)


# --- leaving ---------------------------------------------------------------------------------------------------------


def test_a_stopped_agent_leaves_commands_and_ends_calls(night: Night, hire: Hire, tmp_path: Path) -> None:
    """When the grace period is over: what cannot go on without it is ended, and what can does."""
    agent = hire(grace_period=timedelta(seconds=30))
    command = DeclaredStep("command", command=("sh", "-c", FOREVER))
    called = DeclaredStep("called", action=f"{flows.__name__}:hold", idempotent=True)
    begin(night, agent, make_steps(command, called))
    GATES.wait_for_calls(1)
    agent.stop()
    night.advance(seconds=29)
    look(agent)
    in_grace = (agent.is_done, steps_of(night, only_run(night))["called"].status)
    night.advance(seconds=1)
    look(agent)
    night.advance(seconds=5)  # a call that does not heed is abandoned
    work(agent, until=lambda: agent.is_done)
    agent.close()

    assert in_grace == (False, StepStatus.RUNNING)
    statuses = {name: step.status for name, step in steps_of(night, only_run(night)).items()}
    assert statuses == {"command": StepStatus.RUNNING, "called": StepStatus.PENDING}
    assert agent.left_running == (only_run(night).id,)
    assert agent_status(night) is AgentStatus.STOPPED


def test_what_has_no_command_under_way_is_handed_over(night: Night, hire: Hire, tmp_path: Path) -> None:
    """Another agent has it at once; only what goes on here waits for a successor."""
    agent, other = hire(grace_period=timedelta(seconds=30)), hire("other", poll=timedelta(seconds=1))
    first = DeclaredStep("first", action=f"{flows.__name__}:hold")
    second = DeclaredStep("second", action=f"{flows.__name__}:note", after=("first",))
    begin(night, agent, make_job(FOREVER), make_steps(first, second, name="flow"))
    GATES.wait_for_calls(1)
    other.tick()
    agent.stop()
    GATES.open()
    finish(agent)
    night.advance(seconds=1)
    other.tick()
    taken = {run.work: run.agent for run in night.runs() if run.status is RunStatus.RUNNING}
    night.advance(seconds=29)
    look(agent)

    assert taken == {"sales": "box", "flow": "other"}
    assert (agent.is_done, agent.tally) == (True, {RunStatus.WAITING: 1})


def test_an_agent_that_fails_leaves_its_commands(night: Night, hire: Hire, tmp_path: Path) -> None:
    """Whatever ends it, its successor finds the work untouched."""
    agent = hire()
    begin(night, agent, make_job(HOLDS))
    command = pid_of(tmp_path, only_run(night))
    agent.close()
    alive = is_alive(command)
    successor = hire()
    look(successor)
    open_gate(tmp_path)
    finish(successor)

    assert alive
    assert only_run(night).evidence == Evidence(EndKind.EXITED, "exit code 3", 3)


def test_an_agent_whose_name_was_taken_over_leaves_nothing(night: Night, hire: Hire, tmp_path: Path) -> None:
    """Its runs are those of another process now, which knows nothing of what it began."""
    older = hire()
    begin(night, older, make_job(FOREVER))
    command = pid_of(tmp_path, only_run(night))
    night.advance(seconds=10)
    hire(folder=tmp_path / "elsewhere").tick()

    with capture_logs() as said, pytest.raises(NotPossible, match="another process has registered as agent box"):
        older.tick()
    older.close()
    assert not is_alive(command)
    assert [entry["run"] for entry in said if entry["event"] == "lease_lost"] == [only_run(night).id]


def test_a_supervisor_that_was_killed_is_a_loss_and_not_a_failure(night: Night, hire: Hire, tmp_path: Path) -> None:
    """What lives of its commands is killed before that is said."""
    agent = hire()
    begin(night, agent, make_job("sleep 600 & echo $!; echo $$; wait"))
    processes = read_numbers(tmp_path, only_run(night), 2)
    psutil.Process(psutil.Process(processes[1]).ppid()).kill()
    finish(agent)

    assert not any(is_alive(process) for process in processes)
    run = only_run(night)
    assert (run.status, run.evidence) == (RunStatus.TIMEOUT, Evidence(EndKind.LOST, "its supervisor was killed"))
