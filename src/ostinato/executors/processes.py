"""Runs commands as processes of this machine, from one thread: starting, pumping output, ending, reaping.

Nothing here waits but ``wait``, on one selector for all: the output and the exit of every command, and
whatever else is to wake the thread. Commands die with this process, as far as the system can do that (see
``kernel``).
"""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
from contextlib import suppress
from datetime import timedelta
from functools import partial

import structlog

from ostinato.clock import Clock
from ostinato.executors.child import Child
from ostinato.executors.commands import Command
from ostinato.executors.evidence import describe_failed_start
from ostinato.executors.executor import Ended
from ostinato.executors.kernel import die_with_parent
from ostinato.executors.logs import LogWriter
from ostinato.executors.memory import OutOfMemoryKills
from ostinato.model.runs import EndKind, Evidence

KILL_AFTER = timedelta(seconds=5)

log = structlog.get_logger()


class ProcessExecutor:
    """An ``Executor`` of processes. To be used by one thread, which lives as long as the process."""

    def __init__(
        self, clock: Clock, *, log_size: int, kill_after: timedelta = KILL_AFTER, watch_exits: bool = True
    ) -> None:
        self._clock = clock
        self._log_size = log_size
        self._kill_after = kill_after
        self._watch_exits = watch_exits
        self._tether = die_with_parent()
        self._memory = OutOfMemoryKills()
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, Child] = {}
        self._ended: list[Ended] = []
        self._woken = False
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # inherited; it would throw exit codes away
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def __len__(self) -> int:
        return len(self._children) + len(self._ended)

    def start(self, command: Command) -> None:
        if command.run_id in self._children:
            raise ValueError(f"run {command.run_id} is being carried out already")
        try:
            writer = LogWriter(command.log, limit=self._log_size)
        except OSError as error:
            message = f"not started: its log {command.log} cannot be written: {error.strerror}"
            self._ended.append(Ended(command.run_id, Evidence(EndKind.NOT_STARTED, message)))
            return
        try:
            child = self._start_child(command, writer)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            evidence = describe_failed_start(command, error)
            _close_with_note(writer, evidence.message)
            self._ended.append(Ended(command.run_id, evidence))
            return
        self._children[command.run_id] = child
        self._watch(child)

    def end(self, run_id: int, kind: EndKind, why: str) -> None:
        if run_id in self._children:
            self._children[run_id].end(kind, why, now=self._clock.monotonic())

    def kill(self, run_id: int, kind: EndKind, why: str) -> None:
        if run_id in self._children:
            self._children[run_id].kill(kind, why)

    def wake_on(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._selector.register(descriptor, selectors.EVENT_READ, partial(self._wake, descriptor))

    def wait(self, seconds: float) -> list[Ended]:
        until = self._clock.monotonic() + seconds
        while True:
            left = max(0.0, until - self._clock.monotonic())
            pause = 0.0 if self._ended else min(left, self._seconds_until_due())
            ready = self._selector.select(pause)
            for key, _ in ready:
                key.data()
            self._look_after()
            out_of_time = pause == left and not ready
            if self._ended or self._woken or out_of_time or self._clock.monotonic() >= until:
                break
        self._woken = False
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        for child in self._children.values():
            child.kill(EndKind.STOPPED, "its agent ended")
            try:
                child.reap(self._clock.monotonic())
            except subprocess.TimeoutExpired:
                log.warning("command_not_gone", run=child.run_id)
            child.close_output()
            child.close_log()
        self._children.clear()
        self._selector.close()

    def _start_child(self, command: Command, writer: LogWriter) -> Child:
        return Child(
            command,
            writer,
            now=self._clock.monotonic(),
            kill_after=self._kill_after,
            memory=self._memory,
            tether=self._tether,
            watched=self._watch_exits,
        )

    def _watch(self, child: Child) -> None:
        if child.output is not None:
            self._selector.register(child.output, selectors.EVENT_READ, partial(self._pump, child))
        if child.exit_watch is not None:
            self._selector.register(child.exit_watch, selectors.EVENT_READ, partial(self._reap, child))

    def _pump(self, child: Child) -> None:
        if not child.pump():
            self._close_output(child)

    def _reap(self, child: Child) -> None:
        if child.exit_watch is not None:
            self._selector.unregister(child.exit_watch)
        child.reap(self._clock.monotonic())

    def _close_output(self, child: Child) -> None:
        if child.output is not None:
            self._selector.unregister(child.output)
            child.close_output()

    def _wake(self, descriptor: int) -> None:
        os.read(descriptor, 4096)
        self._woken = True

    def _look_after(self) -> None:
        """Do what no descriptor tells of, and say goodbye to the commands that are over."""
        for child in list(self._children.values()):
            now = self._clock.monotonic()
            if child.has_exited_unnoticed():
                self._reap(child)
            child.look_after(now)
            if child.is_over(now):
                self._close_output(child)
                child.close_log()
                del self._children[child.run_id]
                self._ended.append(Ended(child.run_id, child.describe_end()))

    def _seconds_until_due(self) -> float:
        now = self._clock.monotonic()
        return min((child.seconds_until_due(now) for child in self._children.values()), default=math.inf)


def _close_with_note(writer: LogWriter, note: str) -> None:
    """Put the reason into the log too: that is where people look first."""
    with suppress(OSError):  # it is kept with the run in any case
        writer.write(f"ostinato: {note}\n".encode())
        writer.close()
