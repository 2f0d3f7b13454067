"""Runs commands as processes of this machine, from one thread: starting, pumping output, ending, reaping.

Nothing here waits: the output and the exit of every command are registered with a selector, with what to do then, and
whoever waits on it looks after the commands when it comes back. That is a supervisor, which outlives its agent, or an
executor itself, for worlds that live on a clock of their own.
"""

from __future__ import annotations

import math
import selectors
import signal
import subprocess
from contextlib import suppress
from datetime import timedelta
from functools import partial

from ostinato.clock import Clock
from ostinato.executors.child import Child, Warn
from ostinato.executors.commands import Command, Key
from ostinato.executors.evidence import describe_failed_start
from ostinato.executors.logs import LogWriter, discard_output
from ostinato.executors.memory import OutOfMemoryKills
from ostinato.executors.strays import Strays
from ostinato.model.evidence import EndKind, Evidence

KILL_AFTER = timedelta(seconds=5)


class Processes:
    """The commands that are under way. To be used by one thread; ``warn`` is told of trouble on the way.

    ``log_size`` is how many bytes of a log are kept. What is asked to end is made to after ``kill_after``. ``strays``
    knows of processes that commands leave behind.
    """

    def __init__(
        self,
        clock: Clock,
        selector: selectors.BaseSelector,
        *,
        log_size: int,
        warn: Warn,
        kill_after: timedelta = KILL_AFTER,
        strays: Strays | None = None,
    ) -> None:
        self._clock = clock
        self._selector = selector
        self._log_size = log_size
        self._warn = warn
        self._kill_after = kill_after
        self._strays = strays or Strays()
        self._memory = OutOfMemoryKills()
        self._children: dict[Key, Child] = {}
        self._ended: list[tuple[Command, Evidence]] = []
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # inherited; it would throw exit codes away
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def __len__(self) -> int:
        return len(self._children) + len(self._ended)

    def start(self, command: Command) -> int | None:
        """Begin a command; return the id of its process. One that cannot be started ends like any other."""
        if command.key in self._children:
            raise ValueError(f"step {command.key[1]} of run {command.key[0]} is being carried out already")
        try:
            writer = LogWriter(command.log, limit=self._log_size)
        except OSError as error:
            message = f"not started: its log {command.log} cannot be written: {error.strerror}"
            self._ended.append((command, Evidence(EndKind.NOT_STARTED, message)))
            return None
        try:
            discard_output(command.output_file)
            child = self._start_child(command, writer)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            evidence = describe_failed_start(command, error)
            _close_with_note(writer, evidence.message)
            self._ended.append((command, evidence))
            return None
        self._children[command.key] = child
        self._watch(child)
        return child.pid

    def end(self, key: Key, kind: EndKind, why: str) -> None:
        """Ask a command to end, and make it after a while; one that has ended or was asked is left alone."""
        if key in self._children:
            self._children[key].end(kind, why, now=self._clock.monotonic())

    def kill(self, key: Key, kind: EndKind, why: str) -> None:
        """End a command at once."""
        if key in self._children:
            self._children[key].kill(kind, why)

    def end_all(self, kind: EndKind, why: str) -> None:
        """Ask all commands to end, and make them after a while."""
        for key in self._children:
            self.end(key, kind, why)

    def kill_all(self, kind: EndKind, why: str) -> None:
        """End all commands at once."""
        for key in self._children:
            self.kill(key, kind, why)

    def look_after(self) -> list[tuple[Command, Evidence]]:
        """Do what no descriptor tells of, say goodbye to the commands that are over, and return how they ended."""
        for child in list(self._children.values()):
            now = self._clock.monotonic()
            if child.has_exited_unnoticed():
                self._reap(child)
            child.look_after(now)
            if child.is_over(now):
                self._close_output(child)
                child.close_log()
                del self._children[child.command.key]
                self._ended.append((child.command, child.describe_end()))
        ended, self._ended = self._ended, []
        return ended

    def seconds_until_due(self) -> float:
        """Return how soon ``look_after`` has something to do though no descriptor says so."""
        if self._ended:
            return 0.0
        now = self._clock.monotonic()
        return min((child.seconds_until_due(now) for child in self._children.values()), default=math.inf)

    def close(self) -> None:
        """Kill what still runs, without a word about it."""
        for child in self._children.values():
            child.kill(EndKind.STOPPED, "its agent ended")
            try:
                child.reap(self._clock.monotonic())
            except subprocess.TimeoutExpired:
                self._warn("command_not_gone", run=child.run_id, step=child.step)
            child.close_output()
            child.close_log()
            with suppress(ValueError):
                discard_output(child.command.output_file)
        self._children.clear()

    def _start_child(self, command: Command, writer: LogWriter) -> Child:
        return Child(
            command,
            writer,
            now=self._clock.monotonic(),
            kill_after=self._kill_after,
            memory=self._memory,
            strays=self._strays,
            warn=self._warn,
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


def _close_with_note(writer: LogWriter, note: str) -> None:
    """Put the reason into the log too: that is where people look first."""
    with suppress(OSError):  # it is kept with the run in any case
        writer.write(f"ostinato: {note}\n".encode())
        writer.close()
