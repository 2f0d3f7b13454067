"""Commands that go on when their agent has ended: the next agent of its name adopts them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.agent import box, flows
from tests.agent.box import die, is_alive
from tests.agent.flows import GATES, Away
from tests.agent.succession import (
    FOREVER,
    HOLDS,
    Hire,
    begin,
    cancel,
    finish,
    look,
    make_job,
    make_steps,
    only_run,
    open_gate,
    pid_of,
    steps_of,
    work,
)

from ostinato.model.definitions import DeclaredStep, Rescue
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.store import runs
from ostinato.testing.factories import make_retry
from ostinato.testing.listening import PATIENCE_SECONDS, wait_until
from ostinato.testing.night import Night


def test_a_command_goes_on_under_the_next_lease(night: Night, hire: Hire, tmp_path: Path) -> None:
    """The process stays, nothing of its step is recorded anew, and its end is recorded by who has it now."""
    killed = hire()
    begin(night, killed, make_job(HOLDS))
    before = only_run(night)
    command = pid_of(tmp_path, before)
    die(killed)
    successor = hire()
    look(successor)
    adopted, (step,) = only_run(night), steps_of(night, before).values()
    open_gate(tmp_path)
    finish(successor)

    assert (adopted.status, adopted.lease_token) == (RunStatus.RUNNING, before.lease_token + 1)
    assert (step.status, step.tries) == (StepStatus.RUNNING, 1)
    assert only_run(night).evidence == Evidence(EndKind.EXITED, "exit code 3", 3)
    assert pid_of(tmp_path, before) == command
    with night.store.read() as tx:
        changes = [(change.to_status, change.lease_token) for change in runs.list_transitions(tx, before.id)]
    assert changes[1:] == [(RunStatus.RUNNING, before.lease_token), (RunStatus.FAILED, before.lease_token + 1)]


def test_agent_after_agent_may_die(night: Night, hire: Hire, tmp_path: Path) -> None:
    """The work does not notice."""
    agent = hire()
    begin(night, agent, make_job(HOLDS))
    for _ in range(3):
        die(agent)
        agent = hire()
        look(agent)
    open_gate(tmp_path)
    finish(agent)

    assert (only_run(night).status, only_run(night).attempt, only_run(night).lease_token) == (RunStatus.FAILED, 1, 4)


def test_an_end_that_was_not_recorded_is_not_lost(night: Night, hire: Hire, tmp_path: Path) -> None:
    """An agent heard of it and died before the database was back: what is not on record is told again."""
    killed = hire()
    begin(night, killed, make_job(HOLDS))
    pid_of(tmp_path, only_run(night))
    night.store.fault_point = Away(1)
    open_gate(tmp_path)
    killed.wait(PATIENCE_SECONDS)
    killed.tick()
    before = only_run(night).status
    die(killed)
    night.store.fault_point = Away()
    finish(hire())

    assert before is RunStatus.RUNNING
    assert only_run(night).evidence == Evidence(EndKind.EXITED, "exit code 3", 3)


def test_an_end_that_is_on_record_is_told_to_nobody(night: Night, hire: Hire, tmp_path: Path) -> None:
    """A successor that finds what its predecessor had no time to throw away does so, and says nothing of it."""
    killed = hire()
    begin(night, killed, make_job("exit 3", retry=make_retry(3)))
    killed._executor.forget = lambda key: None  # type: ignore[method-assign]  # it dies just before it would
    finish(killed)
    die(killed)
    successor = hire()
    with capture_logs() as said:
        work(successor, until=lambda: len(successor._executor) == 0)
    die(successor)

    assert only_run(night).status is RunStatus.FAILED
    assert "orphan_killed" not in {entry["event"] for entry in said}
    assert box.list_left(tmp_path) == {}


def test_a_command_of_a_former_try_never_runs_beside_a_later_one(night: Night, hire: Hire, tmp_path: Path) -> None:
    """While it went on the next try was begun by an agent of the name elsewhere; then an agent is here again."""
    killed = hire()
    step = DeclaredStep("step", command=("sh", "-c", "echo $$ >> pids; exec sleep 600"), idempotent=True)
    begin(night, killed, make_steps(step))
    pids = tmp_path / "pids"
    wait_until(lambda: pids.exists() and pids.read_text().count("\n") == 1, "the first try begins")
    die(killed)
    elsewhere = hire(folder=tmp_path / "elsewhere")
    look(elsewhere)
    second = steps_of(night, only_run(night))["step"].tries
    die(elsewhere)
    successor = hire()
    work(successor, until=lambda: only_run(night).lease_token == 3)

    assert not is_alive(int(pids.read_text().split()[0]))
    assert (second, steps_of(night, only_run(night))["step"].tries) == (2, 3)


def test_an_adoption_whose_answer_is_lost_is_made_again(night: Night, hire: Hire, tmp_path: Path) -> None:
    """The agent holds the run under a lease that it does not know; what goes on is neither killed nor begun again."""
    killed = hire()
    begin(night, killed, make_job(HOLDS))
    command = pid_of(tmp_path, only_run(night))
    die(killed)
    successor = hire()
    night.store.fault_point = Away(4)  # the commit by which it takes the run up
    successor.tick()
    unheard = only_run(night).lease_token
    night.advance(seconds=2)
    look(successor)
    night.advance(seconds=2)
    look(successor)
    alive = is_alive(command)
    open_gate(tmp_path)
    finish(successor)

    assert (unheard, alive) == (2, True)
    assert only_run(night).evidence == Evidence(EndKind.EXITED, "exit code 3", 3)
    assert [step.tries for step in steps_of(night, only_run(night)).values()] == [1]


def test_adopted_commands_take_up_room(night: Night, hire: Hire, tmp_path: Path) -> None:
    """No more is claimed beside them than the agent may carry out."""
    killed = hire(concurrency=2)
    begin(night, killed, *(make_job(FOREVER, f"job{number}") for number in range(3)))
    die(killed)
    look(hire(concurrency=2))

    assert sorted(run.status for run in night.runs()) == [RunStatus.RUNNING, RunStatus.RUNNING, RunStatus.WAITING]


def test_an_agent_for_one_pass_adopts_and_claims_once(night: Night, hire: Hire, tmp_path: Path) -> None:
    """It ends when both have ended."""
    killed = hire()
    begin(night, killed, make_job(HOLDS))
    pid_of(tmp_path, only_run(night))
    die(killed)
    night.declare(definitions=[make_job(HOLDS), make_job("exit 0", "other")])
    night.tick()
    agent = hire(once=True)
    look(agent)
    open_gate(tmp_path)
    work(agent, until=lambda: agent.is_done)

    assert agent.tally == {RunStatus.SUCCESS: 1, RunStatus.FAILED: 1}


@pytest.mark.parametrize(
    ("action", "again", "status"),
    [("hold", 2, RunStatus.SUCCESS), ("Ask", 1, RunStatus.PAUSED)],
)
def test_an_interrupted_action_beside_an_adopted_command_has_its_own_fate(
    night: Night, hire: Hire, tmp_path: Path, *, action: str, again: int, status: RunStatus
) -> None:
    """It is called again if it is idempotent; if not it has failed, and its rescue waits for the end of the command."""
    killed = hire()
    command = DeclaredStep("command", command=("sh", "-c", "echo $$ > pid; read line < gate"))
    called = DeclaredStep("called", action=f"{flows.__name__}:{action}", rescue=Rescue.PAUSE, idempotent=again == 2)
    begin(night, killed, make_steps(command, called))
    GATES.wait_for_calls(1)
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), "the command begins")
    pid = int((tmp_path / "pid").read_text())
    die(killed)
    successor = hire()
    look(successor)
    GATES.wait_for_calls(again)
    steps = steps_of(night, only_run(night))
    GATES.open()
    open_gate(tmp_path)
    finish(successor)

    assert steps["command"].status is StepStatus.RUNNING
    assert steps["called"].status is (StepStatus.RUNNING if again == 2 else StepStatus.ERROR)
    assert int((tmp_path / "pid").read_text()) == pid
    assert (only_run(night).status, GATES.calls) == (status, again)


def test_a_deadline_that_passed_without_an_agent_ends_what_is_adopted(night: Night, hire: Hire, tmp_path: Path) -> None:
    """It is kept as soon as somebody is there to keep it, and the end of the command is seen."""
    killed = hire()
    begin(night, killed, make_job(FOREVER, time_limit=timedelta(seconds=30)))
    command = pid_of(tmp_path, only_run(night))
    die(killed)
    night.advance(seconds=31)
    finish(hire())

    assert not is_alive(command)
    assert only_run(night).reason == "it ran longer than its time limit of 30s; ended by SIGTERM"


def test_cancelling_reaches_what_was_adopted(night: Night, hire: Hire, tmp_path: Path) -> None:
    """Whether somebody asked while no agent was there, or asks the successor."""
    killed = hire()
    begin(night, killed, make_job(FOREVER, "before"), make_job(FOREVER, "after"))
    commands = [pid_of(tmp_path, run) for run in night.runs()]
    die(killed)
    before, after = night.runs()
    cancel(night, before)
    successor = hire()
    finish(successor)
    alive = [is_alive(command) for command in commands]
    cancel(night, after)
    finish(successor, 2)

    assert alive == [False, True]
    assert not any(is_alive(command) for command in commands)
    assert {run.reason for run in night.runs()} == {"cancelled by ada; ended by SIGTERM"}
