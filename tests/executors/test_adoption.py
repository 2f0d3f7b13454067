"""What becomes of commands whose agent is killed or leaves, with real processes and a real kill -9."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from tests.executors.crew import KEY, Crew, is_alive

from ostinato.executors.logs import read_log
from ostinato.executors.records import CommandRecord, SupervisorFolder
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.work import Succeeded
from ostinato.testing.listening import PATIENCE_SECONDS, wait_until

GATE = "read line < gate"


@pytest.fixture
def gate(crew: Crew) -> Path:
    """Lend a pipe at which commands wait until somebody writes to it."""
    os.mkfifo(crew.folder / "gate")
    return crew.folder / "gate"


@pytest.mark.parametrize("way", ["kill", "leave"])
def test_a_command_goes_on_without_its_agent(crew: Crew, gate: Path, way: str) -> None:
    """A successor adopts it, and is told how it ended as if it had begun it; the log goes on."""
    agent = crew.hire()
    agent.do("start", f"echo $$; {GATE}; echo $$; exit 3", 7)
    (command,) = crew.read_numbers(1)
    if way == "leave":
        agent.do("leave")
    agent.kill()
    successor = crew.succeed()
    left = successor.list_left()
    is_adopted = successor.adopt(KEY)
    gate.write_text("go\n")

    assert left == {KEY: 1}
    assert is_adopted
    assert successor.list_left() == {}
    assert crew.take(successor).evidence == Evidence(EndKind.EXITED, "exit code 3", 3)
    assert crew.read_numbers(2) == [command, command]


def test_an_end_without_an_agent_counts(crew: Crew, gate: Path) -> None:
    """What ended while nobody was there is told to the successor: exit code, output, and a log in its final form."""
    agent = crew.hire()
    agent.do("start", f'echo $$; {GATE}; seq 1 5000; echo \'{{"rows": 3}}\' > "$OSTINATO_OUTPUT"', 7)
    (command,) = crew.read_numbers(1)
    supervisor = crew.find_supervisor()
    agent.kill()
    gate.write_text("go\n")
    wait_until(lambda: not is_alive(supervisor), "the supervisor has nothing left to do")
    successor = crew.succeed()

    assert not is_alive(command)
    assert successor.list_left() == {KEY: 1}
    assert successor.adopt(KEY)
    ended = crew.take(successor)
    assert (ended.outcome, ended.evidence) == (Succeeded({"rows": 3}), Evidence(EndKind.EXITED, "exit code 0", 0))
    assert b"".join(read_log(crew.log())).endswith(b"\n4999\n5000\n")
    assert not crew.log().with_suffix(".tail").exists()
    successor.forget(KEY)
    assert [*crew.list_supervisors(), *crew.folder.glob("*.json")] == []


@pytest.mark.parametrize("is_on_record", [False, True])
def test_an_end_is_kept_until_it_is_on_record(crew: Crew, is_on_record: bool) -> None:
    """An agent may be killed between being told of an end and recording it: then its successor is told again."""
    agent = crew.hire()
    agent.do("start", "exit 5", 7)
    assert agent.do("wait") == [7]
    if is_on_record:
        agent.do("forget", 7)
    agent.kill()
    successor = crew.succeed()

    assert successor.adopt(KEY) is not is_on_record
    if not is_on_record:
        assert crew.take(successor).evidence == Evidence(EndKind.EXITED, "exit code 5", 5)


def test_starting_a_step_again_says_that_its_end_is_on_record(crew: Crew) -> None:
    """A second try takes the place of the first, whose end is not told to a successor any more."""
    agent = crew.hire()
    for number, code in ((1, 5), (2, 6)):
        agent.do("start", f"exit {code}", 7, number)
        assert agent.do("wait") == [7]
    agent.kill()
    successor = crew.succeed()

    assert successor.list_left() == {KEY: 2}
    assert successor.adopt(KEY)
    assert crew.take(successor).evidence == Evidence(EndKind.EXITED, "exit code 6", 6)
    assert successor.list_left() == {}


@pytest.mark.parametrize("numbers", [(1, 2), (2, 1)])
def test_of_two_tries_the_later_is_left(crew: Crew, numbers: tuple[int, int]) -> None:
    """Should two supervisors have kept an end of one step, that of the former try is on record."""
    for name, number in zip("ab", numbers, strict=True):
        folder = SupervisorFolder(crew.home / name)
        (folder.path / "commands").mkdir(parents=True)
        end = Evidence(EndKind.EXITED, f"exit code {number}", number)
        folder.write(CommandRecord(KEY, number, crew.log(), end=end))
    successor = crew.succeed()

    assert successor.list_left() == {KEY: 2}
    assert successor.adopt(KEY)
    assert crew.take(successor).evidence == Evidence(EndKind.EXITED, "exit code 2", 2)
    successor.forget(KEY)
    assert crew.list_supervisors() == []


def test_a_start_that_nobody_heard_of_is_not_lost(crew: Crew) -> None:
    """An agent is killed before its supervisor has read what it asks for: the command is begun once, and is listed."""
    agent = crew.hire()
    agent.do("start", "exit 0", 1)
    assert agent.do("wait") == [1]
    supervisor = crew.find_supervisor()
    os.kill(supervisor, signal.SIGSTOP)
    agent.do("start", "echo 1 >> begun", 7)
    agent.kill()
    os.kill(supervisor, signal.SIGCONT)
    successor = crew.succeed()

    assert KEY in successor.list_left()
    assert successor.adopt(KEY)
    assert crew.take(successor).outcome == Succeeded({"exit_code": 0})
    assert (crew.folder / "begun").read_text() == "1\n"


def test_an_agent_that_is_killed_at_once_leaves_all_or_nothing(crew: Crew) -> None:
    """Whatever a killed agent has asked for either is listed and carried out once, or never happens."""
    for run in range(10):
        agent = crew.hire()
        agent.do("start", f"echo 1 >> begun.{run}", run)
        agent.kill()
    successor = crew.succeed()
    left = sorted(successor.list_left())
    for key in left:
        assert successor.adopt(key)
    while len(successor) > 0:
        assert successor.wait(PATIENCE_SECONDS)

    assert sorted(path.name for path in crew.folder.glob("begun.*")) == [f"begun.{run}" for run, _ in left]
    assert {path.read_text() for path in crew.folder.glob("begun.*")} <= {"1\n"}


def test_what_is_unwanted_is_killed(crew: Crew, gate: Path) -> None:
    """A successor kills what it has no use for and is told of that; an end it has no use for is just thrown away."""
    agent = crew.hire()
    agent.do("start", "exit 0", 8)
    assert agent.do("wait") == [8]
    agent.do("start", f"echo $$; {GATE}", 7)
    (command,) = crew.read_numbers(1)
    agent.kill()
    successor = crew.succeed()
    left = successor.list_left()
    for key in left:
        successor.kill(key, EndKind.LOST, "its run is not ours")
    ended = crew.take(successor)

    assert left == {KEY: 1, (8, 1): 1}
    assert (ended.key, ended.evidence and ended.evidence.kind) == (KEY, EndKind.LOST)
    assert not is_alive(command)
    assert successor.list_left() == {}
    wait_until(lambda: not crew.list_supervisors(), "the supervisor has ended itself")


def test_what_still_goes_on_is_not_begun_again(crew: Crew) -> None:
    """Starting what a predecessor left is a mistake of the caller."""
    agent = crew.hire()
    agent.do("start", "echo $$; exec sleep 600", 7)
    crew.read_numbers(1)
    agent.kill()
    successor = crew.succeed()

    with pytest.raises(ValueError, match="step 1 of run 7 is being carried out already"):
        crew.start(successor, "true")


def test_time_limits_hold_without_an_agent(crew: Crew) -> None:
    """A command is ended at its time limit though nobody is there to ask for it."""
    agent = crew.hire()
    agent.do("start", "true", 1)
    agent.kill()
    first = crew.succeed()
    crew.start(first, "echo $$; exec sleep 600", time_limit=timedelta(seconds=0.3))
    (command,) = crew.read_numbers(1)
    first.leave()
    wait_until(lambda: not is_alive(command), "the command is gone")
    successor = crew.succeed()

    assert successor.adopt(KEY)
    evidence = crew.take(successor).evidence
    assert evidence is not None
    assert evidence.kind is EndKind.TIME_LIMIT


def test_orphans_do_not_go_on_for_ever(crew: Crew) -> None:
    """Commands that no agent comes back for are ended, and their supervisor ends itself."""
    agent = crew.hire(orphan_seconds=0.2)
    agent.do("start", "echo $$; exec sleep 600", 7)
    (command,) = crew.read_numbers(1)
    supervisor = crew.find_supervisor()
    agent.kill()
    wait_until(lambda: not is_alive(supervisor), "the supervisor is gone")
    successor = crew.succeed()

    assert not is_alive(command)
    assert successor.adopt(KEY)
    message = "no agent came back for it within 0.2s; ended by SIGTERM"
    assert crew.take(successor).evidence == Evidence(EndKind.LOST, message, signal="SIGTERM")


def test_a_fork_of_the_agent_does_not_count_as_the_agent(crew: Crew) -> None:
    """An agent is dead though a process that it has forked lives on, and has all open that it had."""
    agent = crew.hire(orphan_seconds=0.2)
    agent.do("start", "echo $$; exec sleep 600", 7)
    (command,) = crew.read_numbers(1)
    fork = agent.do("fork")
    agent.kill()
    try:
        wait_until(lambda: not is_alive(command), "the command is gone")
        assert is_alive(fork)
    finally:
        os.kill(fork, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_signals_to_the_group_of_the_agent_are_not_for_commands(crew: Crew, number: signal.Signals) -> None:
    """Neither a terminal nor whoever ends a whole group reaches them."""
    agent = crew.hire()
    agent.do("start", "echo $$; exec sleep 600", 7)
    (command,) = crew.read_numbers(1)
    agent.signal_group(number)
    agent.kill()
    successor = crew.succeed()

    assert successor.list_left() == {KEY: 1}
    assert is_alive(command)


def test_closing_leaves_nothing(crew: Crew) -> None:
    """An executor that is closed kills all that is under way, whoever began it, and its supervisors are gone."""
    agent = crew.hire()
    agent.do("start", "echo $$; exec sleep 600", 7)
    agent.kill()
    successor = crew.succeed()
    crew.start(successor, "echo $$; exec sleep 600", run=8)
    commands = [*crew.read_numbers(1), *crew.read_numbers(1, run=8)]
    successor.close()

    assert not any(is_alive(command) for command in commands)
    assert crew.list_supervisors() == []


def test_a_supervisor_without_use_ends_itself(crew: Crew) -> None:
    """It has no agent any more, and nothing to do or to tell: nothing of it stays."""
    agent = crew.hire()
    agent.do("start", "true", 7)
    agent.do("wait")
    agent.do("forget", 7)
    supervisor = crew.find_supervisor()
    agent.do("leave")

    wait_until(lambda: not is_alive(supervisor), "the supervisor is gone")
    assert crew.list_supervisors() == []


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    """A project may lie deeper than the address of a socket may be long."""
    folder = tmp_path / ("deep" * 40)
    folder.mkdir()
    crew = Crew(folder)
    try:
        agent = crew.hire()
        agent.do("start", "echo $$; exec sleep 600", 7)
        crew.read_numbers(1)
        agent.kill()

        assert crew.succeed().list_left() == {KEY: 1}
    finally:
        crew.dismiss()
