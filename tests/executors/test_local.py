"""Commands and calls side by side, and how whoever waits for them is woken."""

from __future__ import annotations

import colorsys
import importlib
import logging
import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ostinato.clock import SystemClock
from ostinato.executors.alarm import Alarm
from ostinato.executors.commands import Command
from ostinato.executors.executor import CancelFlag, Ended
from ostinato.executors.local import LocalExecutor
from ostinato.model.evidence import EndKind
from ostinato.model.work import Cancelled, Outcome, Succeeded

PATIENCE_SECONDS = 60.0


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    """Lend an executor on real time."""
    executor = LocalExecutor(SystemClock(), log_size=10_000, folder=None)
    yield executor
    executor.close()


def make_command(folder: Path, *arguments: str, step: int = 1) -> Command:
    """Make the command of a step of run 1."""
    return Command((1, step), arguments, os.environ, folder, folder / "logs" / f"1.{step}.log")


def take(executor: LocalExecutor, count: int) -> dict[int, Ended]:
    """Wait until the work of ``count`` steps has ended, and return it by step."""
    ended: dict[int, Ended] = {}
    while len(ended) < count:
        came = executor.wait(PATIENCE_SECONDS)
        assert came, "nothing ends any more"
        ended |= {end.key[1]: end for end in came}
    return ended


@contextmanager
def churning(threads: int) -> Iterator[None]:
    """Keep threads busy with what takes locks: importing, opening files, asking for loggers, starting threads."""
    over = threading.Event()

    def churn() -> None:
        own = threading.local()
        while not over.is_set():
            own.rows = [str(number) * 10 for number in range(500)]
            importlib.reload(colorsys)
            logging.getLogger("churn").isEnabledFor(logging.DEBUG)
            Path(os.devnull).read_bytes()
            thread = threading.Thread(target=dict)
            thread.start()
            thread.join()

    workers = [threading.Thread(target=churn) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        over.set()
        for worker in workers:
            worker.join()


def test_commands_and_calls_are_waited_for_together(executor: LocalExecutor, tmp_path: Path) -> None:
    """A call that waits for a command, and a command that waits for a call, come to their ends."""
    os.mkfifo(tmp_path / "to-command")
    os.mkfifo(tmp_path / "to-call")

    def call(flag: CancelFlag) -> Outcome:
        (tmp_path / "to-command").write_text("go\n")
        return Succeeded((tmp_path / "to-call").read_text())

    executor.start_command(make_command(tmp_path, "sh", "-c", "read line < to-command; echo $line > to-call", step=1))
    executor.start_call((1, 2), call)
    under_way = len(executor)
    ended = take(executor, 2)

    assert (under_way, len(executor)) == (2, 0)
    assert {step: end.outcome for step, end in ended.items()} == {
        1: Succeeded({"exit_code": 0}),
        2: Succeeded("go\n"),
    }


def test_commands_and_calls_are_ended_in_the_same_way(executor: LocalExecutor, tmp_path: Path) -> None:
    """Whoever ends work need not know what it is; what is not known is left alone."""
    executor.start_command(make_command(tmp_path, "sleep", "600", step=1))
    executor.start_call((1, 2), lambda flag: Succeeded(flag.wait(PATIENCE_SECONDS)))
    executor.start_call((1, 3), lambda flag: Cancelled(str(flag.wait(PATIENCE_SECONDS))))
    for step in (1, 2, 3, 4):
        executor.end((1, step), EndKind.CANCELLED, "cancelled by ada")
    executor.kill((1, 5), EndKind.LOST, "its lease was lost")
    ended = take(executor, 3)

    assert ended[1].outcome == Cancelled("cancelled by ada; ended by SIGTERM", signal="SIGTERM")
    assert ended[2].outcome in (Succeeded(True), Cancelled("cancelled by ada"))  # it may not have begun
    assert ended[3].outcome == Cancelled("cancelled by ada")


def test_any_thread_may_wake(executor: LocalExecutor) -> None:
    """Waiting ends early, with nothing to tell."""
    waits = threading.Barrier(2)

    def wake() -> None:
        waits.wait(PATIENCE_SECONDS)
        executor.wake()

    thread = threading.Thread(target=wake)
    thread.start()
    waits.wait(PATIENCE_SECONDS)
    begun = SystemClock().monotonic()

    assert executor.wait(PATIENCE_SECONDS) == []
    assert SystemClock().monotonic() - begun < PATIENCE_SECONDS / 2
    thread.join()


def test_waking_is_remembered_once(executor: LocalExecutor) -> None:
    """Woken while it does not wait, it comes back at once the next time, and however often woken only that time."""
    for _ in range(100_000):
        executor.wake()
    begun = SystemClock().monotonic()
    first = executor.wait(PATIENCE_SECONDS)
    between = SystemClock().monotonic()
    second = executor.wait(0.05)

    assert first == second == []
    assert between - begun < PATIENCE_SECONDS / 2
    assert SystemClock().monotonic() - between >= 0.05


def test_waking_what_is_closed_does_nothing() -> None:
    """Nothing is written to a descriptor that the system has given to somebody else since."""
    executor = LocalExecutor(SystemClock(), log_size=1, folder=None)
    executor.close()
    pipes = [os.pipe() for _ in range(4)]
    executor.wake()

    assert select.select([reader for reader, _ in pipes], [], [], 0)[0] == []
    for pipe in pipes:
        os.close(pipe[0])
        os.close(pipe[1])


def test_closing_twice_is_harmless(executor: LocalExecutor) -> None:
    """The second time there is nothing to give back."""
    executor.close()
    executor.close()


def test_an_alarm_is_readable_until_it_is_cleared() -> None:
    """However often it is rung, it is cleared once; and it rings again after that."""
    alarm = Alarm()

    def is_readable() -> bool:
        return bool(select.select([alarm.descriptor], [], [], 0)[0])

    seen = [is_readable()]
    for act in (alarm.ring, alarm.ring, alarm.clear, alarm.clear, alarm.ring):
        act()
        seen.append(is_readable())
    alarm.close()

    assert seen == [False, True, True, False, False, True]


def test_commands_start_safely_while_threads_churn(executor: LocalExecutor, tmp_path: Path) -> None:
    """However busy other threads are, every command starts, and is told how it ended."""
    with churning(8):
        for step in range(200):
            executor.start_command(make_command(tmp_path, "sh", "-c", f"exit {step}", step=step))
        ended = take(executor, 200)

    codes = {step: end.evidence.exit_code for step, end in ended.items() if end.evidence is not None}
    assert codes == {step: step for step in range(200)}


def test_starting_a_command_leaves_what_threads_hold_alone(executor: LocalExecutor, tmp_path: Path) -> None:
    """A connection that a thread keeps for itself is not closed by a copy of this process."""
    closed = tmp_path / "closed"
    opened, over = threading.Event(), threading.Event()
    own = threading.local()

    class Connection:
        def __init__(self) -> None:
            self.process = os.getpid()

        def __del__(self) -> None:
            if os.getpid() != self.process:
                closed.touch()

    def hold(flag: CancelFlag) -> Outcome:
        own.connection = Connection()
        opened.set()
        over.wait(PATIENCE_SECONDS)
        return Succeeded()

    executor.start_call((1, 1), hold)
    assert opened.wait(PATIENCE_SECONDS)
    executor.start_command(make_command(tmp_path, "true", step=2))
    ended = take(executor, 1)
    over.set()

    assert ended.keys() == {2}
    assert not closed.exists()
