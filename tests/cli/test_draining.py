"""``ostinato drain``, and cancelling where the agent is gone: with processes, as people see it."""

from __future__ import annotations

import os
import signal

import pytest

from ostinato.testing.program import Program, wait_for, write_files

PROJECT = "definitions: [{yaml: definitions.yaml}]\nengine: {interval: 100ms}\nagent: {name: here, poll: 100ms}\n"
DEFINITION = "definitions:\n  a: {command: [sh, a.sh], starts_on: 2026-01-05, ends_on: 2026-01-05}\n"
WAITS = "echo begun > begun; read line < go\n"


@pytest.fixture
def project(program: Program) -> Program:
    """Give the program in a project with one run, whose command says that it has begun, and waits for a word."""
    write_files(program.folder, {"ostinato.yaml": PROJECT, "definitions.yaml": DEFINITION, "a.sh": WAITS})
    os.mkfifo(program.folder / "begun")
    os.mkfifo(program.folder / "go")
    assert program("engine").code == 0
    return program


def test_draining_waits_for_what_is_under_way(project: Program) -> None:
    """It says what there is still, comes back when there is nothing, and the agent stays."""
    with project.running("agent", "--forever") as agent:
        (project.folder / "begun").read_bytes()
        with project.running("drain", "here", "--wait", "--json", "--reason", "new kernel") as drain:
            told = wait_for(drain, "still has")
            wait_for(agent, "agent_drains")
            (project.folder / "go").write_text("go\n")
            out, _ = drain.communicate()
        status = project("status").out
        undone = project("drain", "here", "--undo")
        wait_for(agent, "agent_goes_on")
        still_there = agent.poll() is None
        agent.send_signal(signal.SIGTERM)
        agent.communicate()

    assert told == "Agent here still has 1 run.\n"
    assert '"drained": true' in out
    assert '"reason": "new kernel"' in out
    assert "◌ draining" in status
    assert "every agent drains" in status
    assert undone.out == "Agent here takes runs again.\n"
    assert still_there
    assert project("runs", "--json").json[0]["status"] == "success"


def test_an_agent_that_is_not_at_work_drains_for_later(project: Program) -> None:
    """Without waiting, for there is nothing to wait for."""
    project("agent", "--queue", "none")
    drained = project("drain", "here", "--wait")
    taken = project("agent")

    assert drained.out.startswith("Agent here has nothing left, until: ostinato drain here --undo. It is not at work")
    assert taken.out == "Agent here drains, and takes no runs, until: ostinato drain here --undo\n"
    assert project("runs", "--json").json[0]["status"] == "waiting"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["drain", "nobody"], 3, "there is no agent nobody"),
        (["drain", "here", "--undo", "--wait"], 4, "there is nothing to wait for"),
    ],
)
def test_what_makes_no_sense_is_refused(project: Program, arguments: list[str], code: int, said: str) -> None:
    """With the exit code for it."""
    answer = project(*arguments)

    assert (answer.code, said in answer.err) == (code, True)


def test_a_run_is_cancelled_although_its_agent_was_killed(project: Program) -> None:
    """The next agent of that name takes the command over, and ends it: the run is cancelled, and not lost."""
    with project.running("agent", "--forever") as agent:
        (project.folder / "begun").read_bytes()
        agent.kill()
        agent.wait()
    cancelled = project("cancel", "1", "--reason", "not needed")
    with project.running("agent", "--forever") as agent:
        line = wait_for(agent, "run_left")
        agent.send_signal(signal.SIGTERM)
        agent.communicate()
    (run,) = project("runs", "--json").json

    assert "was asked to end run 1" in cancelled.out
    assert '"status": "cancelled"' in line
    assert run["status"] == "cancelled"
    assert project("slots", "--json").json[0]["status"] == "cancelled"
