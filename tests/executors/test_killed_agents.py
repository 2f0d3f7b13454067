"""What becomes of commands whose agent is killed, with real processes and a real kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ostinato.clock import SystemClock
from ostinato.executors.leftovers import end_leftovers
from ostinato.executors.logs import read_log

PATIENCE_SECONDS = 60.0
SOURCES = Path(__file__).parents[2] / "src"

HOST = """
import os, signal, sys
from pathlib import Path
from ostinato.clock import SystemClock
from ostinato.executors.commands import Command
from ostinato.executors.local import LocalExecutor

folder, script = Path(sys.argv[1]), sys.argv[2]
executor = LocalExecutor(SystemClock(), log_size=10_000)
executor.start_command(Command((7, 1), ("sh", "-c", script), os.environ, folder, folder / "7.log"))
while True:
    for ended in executor.wait(60):
        print(ended.evidence.message, flush=True)
        sys.exit()
"""

Host = Callable[..., "subprocess.Popen[str]"]


def wait_until(true: Callable[[], object], claim: str) -> None:
    """Wait until something becomes true."""
    clock = SystemClock()
    give_up = clock.monotonic() + PATIENCE_SECONDS
    while not true():
        assert clock.monotonic() < give_up, claim
        os.sched_yield()


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def read_numbers(log: Path, count: int) -> list[int]:
    """Wait until ``count`` lines, each a number, are in a log."""
    wait_until(lambda: log.exists() and log.read_text().count("\n") >= count, f"{count} lines in the log")
    return [int(line) for line in log.read_text().split()]


def find_guard(agent: int) -> int:
    """Return the id of the process that looks after an agent's commands."""
    (guard,) = (child for child in psutil.Process(agent).children() if "guard_program" in " ".join(child.cmdline()))
    return guard.pid


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Give a way to have another process carry a script out as run 7, whose log is 7.log."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, *, program: str = HOST, **environment: str) -> subprocess.Popen[str]:
        host = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), script],
            env={**os.environ, "PYTHONPATH": str(SOURCES), **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(host)
        return host

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_command_dies_with_its_agent(host: Host, tmp_path: Path) -> None:
    """When an agent is killed by signal 9, so is its command."""
    agent = host("echo $$; exec sleep 600")
    (command,) = read_numbers(tmp_path / "7.log", 1)
    agent.kill()

    wait_until(lambda: not is_alive(command), "the command is gone")


def test_a_killed_agent_leaves_all_that_it_took_of_the_output(host: Host, tmp_path: Path) -> None:
    """Nothing that was read from a command is lost with the agent, however long the output."""
    agent = host("seq 1 5000; echo 0; exec sleep 600")
    log = tmp_path / "7.log"
    wait_until(lambda: b"".join(read_log(log)).endswith(b"\n5000\n0\n"), "all output is there")
    agent.kill()
    agent.wait()

    shown = b"".join(read_log(log))
    assert shown.startswith(b"1\n2\n3\n")
    assert b" bytes left out " in shown
    assert shown.endswith(b"\n4999\n5000\n0\n")


def test_an_inherited_disregard_for_children_costs_no_exit_code(host: Host) -> None:
    """An agent that was started with SIGCHLD ignored, as some supervisors do, still learns how commands end."""
    ignoring = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
    agent = host("exit 3", program=ignoring + HOST)

    assert agent.communicate(timeout=PATIENCE_SECONDS)[0] == "exit code 3\n"


def test_all_of_a_group_dies_with_its_agent(host: Host, tmp_path: Path) -> None:
    """What a command has started goes with it, and so does whoever saw to that."""
    agent = host("sleep 600 & echo $!; echo $$; wait")
    processes = read_numbers(tmp_path / "7.log", 2)
    guard = find_guard(agent.pid)
    agent.kill()

    wait_until(lambda: not any(is_alive(process) for process in (*processes, guard)), "all of them are gone")


def test_a_guard_that_was_killed_is_replaced(host: Host, tmp_path: Path) -> None:
    """The next command to start brings another, which looks after those that run already, too."""
    killing = """
guard = executor._processes._guard._process
guard.kill()
guard.wait()
executor.start_command(Command((7, 2), ("sh", "-c", script), os.environ, folder, folder / "7.2.log"))
"""
    agent = host("echo $$; exec sleep 600", program=HOST.replace("while True:", f"{killing}while True:"))
    commands = [*read_numbers(tmp_path / "7.log", 1), *read_numbers(tmp_path / "7.2.log", 1)]
    agent.kill()

    wait_until(lambda: not any(is_alive(command) for command in commands), "both commands are gone")


def test_a_fork_of_the_agent_does_not_keep_its_commands(host: Host, tmp_path: Path) -> None:
    """Commands die with the agent, though a process that it has forked lives on and has all open that it had."""
    forking = """
fork = os.fork()
if fork == 0:
    signal.pause()
(folder / "fork").write_text(f"{fork}\\n")
"""
    agent = host("echo $$; exec sleep 600", program=HOST.replace("while True:", f"{forking}while True:"))
    (command,), (fork,) = read_numbers(tmp_path / "7.log", 1), read_numbers(tmp_path / "fork", 1)
    agent.kill()
    try:
        wait_until(lambda: not is_alive(command), "the command is gone")
        assert is_alive(fork)
    finally:
        os.kill(fork, signal.SIGKILL)


def test_what_a_killed_command_leaves_behind_is_ended(host: Host, tmp_path: Path) -> None:
    """Processes of a lost run, in whatever group, are gone when its agent's successor goes on; others are not."""
    marks = {"OSTINATO_RUN": "7", "OSTINATO_AGENT": "a", "OSTINATO_PROJECT": str(tmp_path)}
    others = [{"OSTINATO_RUN": "8"}, {"OSTINATO_AGENT": "b"}, {"OSTINATO_PROJECT": "/elsewhere"}]
    bystanders = [subprocess.Popen(["sleep", "600"], env={**os.environ, **marks, **other}) for other in others]
    agent = host("sleep 600 & echo $!; setsid sleep 600 & echo $!; wait", **marks)
    member, stranger = read_numbers(tmp_path / "7.log", 2)
    wait_until(lambda: psutil.Process(stranger).name() == "sleep", "setsid has done its work")
    agent.kill()
    agent.wait()
    wait_until(lambda: not is_alive(member), "the group is gone")
    try:
        ended = end_leftovers([6, 7], agent="a", project=tmp_path, clock=SystemClock())

        assert stranger in ended
        assert not is_alive(stranger)
        assert all(bystander.poll() is None for bystander in bystanders)
        assert end_leftovers([6, 7], agent="a", project=tmp_path, clock=SystemClock()) == []
    finally:
        for bystander in bystanders:
            bystander.kill()
            bystander.wait()
