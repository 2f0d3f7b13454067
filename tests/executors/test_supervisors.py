"""Supervisors that are killed, told to end, or hang; and what commands leave behind, with real processes."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from tests.executors.agent_program import make_command
from tests.executors.crew import KEY, ROOT, Crew, is_alive

from ostinato.executors import links
from ostinato.executors.links import Link, SupervisorSettings
from ostinato.executors.records import make_supervisor_folder
from ostinato.executors.strays import read_process
from ostinato.executors.wire import Message, describe_command
from ostinato.model.evidence import EndKind, Evidence
from ostinato.testing.listening import PATIENCE_SECONDS, wait_until

DAEMONS = """
setsid sleep 600 & echo $!
env -i setsid sleep 600 & echo $!
sleep 600 & echo $!
"""
"""Three processes that outlive their parent: in a session of their own, there without marks, and in its group."""
LOST = Evidence(EndKind.LOST, "its supervisor was killed")


def test_all_dies_with_a_supervisor_that_is_killed(crew: Crew) -> None:
    """Its commands are told as lost when nothing lives of them any more; the next finds a new supervisor."""
    executor = crew.succeed()
    crew.start(executor, f"echo $$; {DAEMONS} wait")
    processes = crew.read_numbers(4)
    crew.kill_supervisor()
    ended = crew.take(executor)

    assert ended.evidence == LOST
    assert not any(is_alive(process) for process in processes)
    crew.start(executor, "exit 4", run=8)
    assert crew.take(executor).evidence == Evidence(EndKind.EXITED, "exit code 4", 4)


def test_an_end_that_was_written_down_is_not_lost_with_the_supervisor(crew: Crew) -> None:
    """A supervisor that is killed when a command has ended has not failed that command."""
    executor = crew.succeed()
    crew.start(executor, "exit 4")
    (folder,) = crew.list_supervisors()
    wait_until(lambda: any(record.end for record in folder.list_records()), "the end is written down")
    crew.kill_supervisor()

    assert crew.take(executor).evidence == Evidence(EndKind.EXITED, "exit code 4", 4)


def test_the_end_of_a_former_try_is_not_that_of_a_lost_one(crew: Crew) -> None:
    """Should the disk have kept the one, it says nothing about the other."""
    executor = crew.succeed()
    crew.start(executor, "exit 4")
    crew.take(executor)
    (folder,) = crew.list_supervisors()
    (former,) = folder.list_records()
    crew.start(executor, "exec sleep 600", try_number=2)
    wait_until(lambda: [record.try_number for record in folder.list_records()] == [2], "the second try is under way")
    folder.write(former)
    crew.kill_supervisor()

    assert crew.take(executor).evidence == LOST


def test_what_died_without_an_agent_is_not_left(crew: Crew) -> None:
    """A successor finds nothing to adopt of a supervisor that was killed, and nothing that lives."""
    agent = crew.hire()
    agent.do("start", f"echo $$; {DAEMONS} wait", 7)
    processes = crew.read_numbers(4)
    agent.kill()
    crew.kill_supervisor()
    successor = crew.succeed()

    assert successor.list_left() == {}
    assert not successor.adopt(KEY)
    assert not any(is_alive(process) for process in processes)
    assert crew.list_supervisors() == []


def test_the_id_of_a_process_is_no_proof(crew: Crew) -> None:
    """Who bears the id that a dead supervisor has written down is left alone, and so is who bears that of a command."""
    agent = crew.hire()
    agent.do("start", "echo $$; exec sleep 600", 7)
    crew.read_numbers(1)
    agent.kill()
    crew.kill_supervisor()
    (folder,) = crew.list_supervisors()
    (record,) = folder.path.glob("commands/*.json")
    with _start_later(json.loads(record.read_text())["started"]) as bystander:
        record.write_text(record.read_text().replace(f'"pid": {_read_pid(record)}', f'"pid": {bystander.pid}'))
        (folder.path / "lock").write_text(f"{bystander.pid} 1\n")
        crew.succeed()

        assert bystander.poll() is None
        bystander.kill()


def _start_later(started: int) -> subprocess.Popen[bytes]:
    """Start a process that the kernel tells from one that ``started`` before: its clock has ticked in between."""
    while True:
        process = subprocess.Popen(["sleep", "600"])
        known = read_process(process.pid)
        if known is not None and known.started > started:
            return process
        process.kill()
        process.wait()


def _read_pid(record: Path) -> str:
    return record.read_text().partition('"pid": ')[2].partition(",")[0]


@pytest.mark.parametrize("way", ["end", "cancel"])
def test_nothing_of_a_command_lives_when_its_end_is_told(crew: Crew, way: str) -> None:
    """What it leaves behind is found and killed, in whatever group, though it shows no mark of its command."""
    executor = crew.succeed()
    crew.start(executor, f"{DAEMONS} echo 0; {'true' if way == 'end' else 'exec sleep 600'}")
    daemons = crew.read_numbers(4)[:3]
    if way == "cancel":
        executor.end(KEY, EndKind.CANCELLED, "cancelled by ada")
    ended = crew.take(executor)

    assert not any(psutil.pid_exists(daemon) for daemon in daemons)
    assert ended.evidence is not None
    assert ended.evidence.message == ("exit code 0" if way == "end" else "cancelled by ada; ended by SIGTERM")


def test_what_another_command_has_started_is_left_alone(crew: Crew) -> None:
    """The end of one command takes its own daemons away, and no others; these go when the others end."""
    executor = crew.succeed()
    crew.start(executor, f"{DAEMONS} echo $$; exec sleep 600", run=7)
    of_this = crew.read_numbers(4, run=7)
    crew.start(executor, f"{DAEMONS} echo $$; exec sleep 600", run=8)
    of_that = crew.read_numbers(4, run=8)
    executor.end(KEY, EndKind.CANCELLED, "cancelled by ada")
    first = crew.take(executor)
    lives = [is_alive(process) for process in of_that]
    executor.end((8, 1), EndKind.CANCELLED, "cancelled by ada")
    second = crew.take(executor)

    assert (first.key, second.key) == (KEY, (8, 1))
    assert lives == [True] * 4
    assert not any(psutil.pid_exists(process) for process in (*of_this, *of_that))


def test_a_supervisor_that_is_told_to_end_tells_how_its_commands_ended(crew: Crew) -> None:
    """It asks them to end, in good order; the next command finds a new supervisor."""
    executor = crew.succeed()
    crew.start(executor, "trap 'echo tidy; exit 0' TERM; echo ready; while :; do sleep 0.01; done")
    wait_until(lambda: crew.log().exists() and "ready" in crew.log().read_text(), "the command is ready")
    supervisor = crew.find_supervisor()
    os.kill(supervisor, signal.SIGTERM)
    ended = crew.take(executor)
    wait_until(lambda: not is_alive(supervisor), "the supervisor is gone")

    assert ended.evidence == Evidence(EndKind.STOPPED, "its supervisor was told to end; exit code 0", 0)
    assert "tidy" in crew.log().read_text()
    executor.wait(0)
    crew.start(executor, "exit 4", run=8)
    assert crew.take(executor).evidence == Evidence(EndKind.EXITED, "exit code 4", 4)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_supervisor_passes_over_other_signals(crew: Crew, number: signal.Signals) -> None:
    """They do not end it, and what it starts does not pass over them for that."""
    executor = crew.succeed()
    crew.start(executor, "true", run=8)
    crew.take(executor)
    os.kill(crew.find_supervisor(), number)
    crew.start(executor, f"kill -{number} $$; sleep 600")

    assert crew.take(executor).evidence == Evidence(EndKind.SIGNALLED, f"ended by {number.name}", signal=number.name)


def test_a_supervisor_that_hangs_is_killed_by_the_successor(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not answer is of no use; its commands are killed with it."""
    monkeypatch.setattr(links, "ANSWER_SECONDS", 0.2)
    agent = crew.hire()
    agent.do("start", "echo $$; exec sleep 600", 7)
    (command,) = crew.read_numbers(1)
    supervisor = crew.find_supervisor()
    agent.kill()
    os.kill(supervisor, signal.SIGSTOP)
    successor = crew.succeed()

    assert successor.list_left() == {}
    assert not is_alive(supervisor)
    assert not is_alive(command)


def test_an_end_that_finds_no_room_is_told_and_written_later(crew: Crew) -> None:
    """A disk that does not take an end costs nothing but time: it is told, kept, and written when there is room."""
    executor = crew.succeed()
    crew.start(executor, "echo $$; exec sleep 600")
    crew.read_numbers(1)
    (folder,) = crew.list_supervisors()
    commands, away = folder.path / "commands", folder.path / "away"
    commands.rename(away)
    executor.end(KEY, EndKind.CANCELLED, "cancelled by ada")
    ended = crew.take(executor)
    away.rename(commands)
    wait_until(lambda: any(record.end for record in folder.list_records()), "the end is written down")

    (record,) = folder.list_records()
    assert record.end == ended.evidence


def test_asked_twice_a_supervisor_begins_once(crew: Crew) -> None:
    """To send the same request again is harmless, while the command runs and when it has ended."""
    said: list[Message] = []
    with selectors.DefaultSelector() as selector:
        link = Link(make_supervisor_folder(crew.home), selector, lambda _, message: said.append(message))
        link.start(SupervisorSettings(10_000, timedelta(seconds=1), timedelta(hours=1)))
        for script, run in (("echo 1 >> begun", 7), ("echo 1 >> begun", 7), ("exit 0", 8), ("echo 1 >> begun", 7)):
            command = describe_command(make_command(crew.folder, script, run=run))
            link.send(do="start", command=command)
            while run == 8 and len(said) < 2:
                for key, _ in selector.select(PATIENCE_SECONDS):
                    key.data()
        assert link.finish()

    assert sorted(message["command"]["key"] for message in said) == [[7, 1], [8, 1]]
    assert (crew.folder / "begun").read_text() == "1\n"


def test_a_supervisor_that_cannot_be_started_fails_the_command(crew: Crew) -> None:
    """The run says why; nothing else is the worse for it."""
    executor = crew.succeed()
    crew.home.parent.mkdir(exist_ok=True)
    crew.home.write_text("in the way")
    crew.start(executor, "true")
    evidence = crew.take(executor).evidence
    crew.home.unlink()

    assert evidence is not None
    assert evidence.kind is EndKind.NOT_STARTED
    assert evidence.message.startswith("not started: the supervisor of commands cannot be started: ")
    crew.start(executor, "exit 4", run=8)
    assert crew.take(executor).evidence == Evidence(EndKind.EXITED, "exit code 4", 4)


def test_a_supervisor_imports_little() -> None:
    """It has nothing of the store, the settings or the logs of an agent in its memory."""
    code = (
        "import sys; before = set(sys.modules); import ostinato.executors.supervisor;"
        " print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names));"
        " print(*sorted(name for name in sys.modules if name.startswith('ostinato.') and name.count('.') == 1))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True
    )

    assert said.stdout.splitlines() == [
        "ostinato",
        "ostinato.clock ostinato.durations ostinato.executors ostinato.model",
    ]
