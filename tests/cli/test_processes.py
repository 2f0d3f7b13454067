"""Long-running commands: that they can be stopped, killed and started again, and what they do without a database."""

from __future__ import annotations

import json
import os
import signal

import pytest

from ostinato.testing.postgres import PostgresServer
from ostinato.testing.program import Program, wait_for, write_files

PROJECT = """\
definitions: [{yaml: definitions.yaml}]
engine: {interval: 100ms}
agent: {name: here, poll: 100ms, orphan_timeout: 30s}
"""
DEFINITION = "definitions:\n  a: {command: [python, a.py], starts_on: 2026-01-05, ends_on: 2026-01-05}\n"
WAITS = "print('begun')\nopen('go').close()  # waits for the test to open the other end\nprint('ended')\n"
HOLDS = """\
open('begun', 'w').close()  # waits for the test to open the other end
open('go').close()  # and once more
"""


@pytest.fixture
def project(program: Program) -> Program:
    """Give the program in a project whose only command is held until it may go on."""
    write_files(program.folder, {"ostinato.yaml": PROJECT, "definitions.yaml": DEFINITION, "a.py": HOLDS})
    for gate in ("begun", "go"):
        os.mkfifo(program.folder / gate)
    return program


def let_go_on(project: Program) -> None:
    """Let the command go on, and wait until nothing waits for that any more."""
    (project.folder / "go").write_text("")


def test_killed_and_started_again(project: Program) -> None:
    """After ``kill -9`` the command goes on; whoever is started again adopts it, and the night ends well."""
    with project.running("up") as up:
        (project.folder / "begun").read_bytes()
        up.kill()
    with project.running("up", "--until-idle") as up:
        wait_for(up, "command_adopted")
        let_go_on(project)
        out, err = up.communicate()
    runs = project("runs", "--json").json

    assert up.returncode == 0, err
    assert "1 of 1 slot done" in out
    assert "engine_stands_by" not in err
    assert [(run["attempt"], run["status"]) for run in runs] == [(1, "success")]


@pytest.mark.parametrize(
    ("arguments", "number", "code"),
    [
        (["up"], signal.SIGINT, 0),
        (["up", "--until-idle"], signal.SIGINT, 130),
        (["agent", "--forever"], signal.SIGTERM, 0),
    ],
)
def test_stopped_in_good_order(project: Program, arguments: list[str], number: signal.Signals, code: int) -> None:
    """The first signal waits for what runs, the second does not; then it says what goes on without it."""
    out, err, returned = stop_twice(project, arguments, number)
    status = project("runs", "--json").json[0]["status"]
    let_go_on(project)

    assert returned == code, err
    assert "Traceback" not in err
    assert "1 run goes on without it; the next agent named here adopts what it left running." in out
    assert status == "running"


def test_stopped_with_all_it_does(project: Program) -> None:
    """Set to end its commands, it leaves nothing, and says how things stand."""
    write_files(project.folder, {"ostinato.yaml": PROJECT.replace("poll:", "on_stop: end, poll:")})
    out, err, returned = stop_twice(project, ["up", "--until-idle", "--json"], signal.SIGTERM)
    finished = json.loads(out.splitlines()[-1])

    assert returned == 143, err
    assert (finished["stopped_by"], finished["left_running"]) == ("SIGTERM", [])
    assert project("runs", "--json").json[0]["status"] == "timeout"


def stop_twice(project: Program, arguments: list[str], number: signal.Signals) -> tuple[str, str, int]:
    """Stop the program by two signals while its command runs; return what it says then, and how it ends."""
    if arguments[0] == "agent":
        project("engine")
    with project.running(*arguments) as process:
        (project.folder / "begun").read_bytes()
        process.send_signal(number)
        wait_for(process, "agent_stopping")
        process.send_signal(number)
        out, err = process.communicate()
    return out, err, process.returncode


@pytest.mark.parametrize("command", ["engine", "agent"])
def test_engine_and_agent_for_ever(project: Program, command: str) -> None:
    """Each by itself goes on until it is told to stop, and that is no failure."""
    with project.running(command, "--forever", "--log-format", "text") as process:
        line = wait_for(process, {"engine": "engine_leads", "agent": "agent_started"}[command])
        process.send_signal(signal.SIGTERM)
        process.communicate()

    assert process.returncode == 0
    assert not line.startswith("{")


def test_a_second_engine_stands_by(project: Program) -> None:
    """It says so once, and leads when the first has stopped."""
    with project.running("engine", "--forever") as first:
        wait_for(first, "engine_leads")
        with project.running("engine", "--forever") as second:
            wait_for(second, "engine_stands_by")
            first.send_signal(signal.SIGTERM)
            wait_for(second, "engine_leads")
            second.send_signal(signal.SIGINT)
            assert second.wait() == 0


def test_the_database_goes_away_and_comes_back(program: Program, postgres_server: PostgresServer) -> None:
    """Both wait for it while the work in progress goes on; its end is recorded when the database is back."""
    write_files(
        program.folder,
        {
            "ostinato.yaml": f"database: {postgres_server.url()}\n{PROJECT}",
            "definitions.yaml": DEFINITION,
            "a.py": WAITS,
        },
    )
    os.mkfifo(program.folder / "go")
    with program.running("up", "--until-idle") as up:
        wait_for(up, "run_begun")
        postgres_server.stop()
        wait_for(up, "store_unavailable")
        (program.folder / "go").write_text("")
        wait_for(up, "command_ended")
        postgres_server.start()
        out, err = up.communicate()

    assert up.returncode == 0, err
    assert "1 of 1 slot done" in out
    assert [run["attempt"] for run in program("runs", "--json").json] == [1]


def test_logs_are_followed(project: Program) -> None:
    """Following prints what a run writes as it comes, and ends with the run."""
    write_files(project.folder, {"a.py": WAITS})
    with project.running("up", "--until-idle") as up:
        wait_for(up, "run_begun")
        with project.running("logs", "a/2026-01-05", "--follow") as logs:
            assert logs.stdout is not None
            assert logs.stdout.readline() == "begun\n"
            (project.folder / "go").write_text("")
            out, err = logs.communicate()
        up.communicate()

    assert (out, logs.returncode) == ("ended\n", 0)
    assert "Run 1 ended: success" in err
