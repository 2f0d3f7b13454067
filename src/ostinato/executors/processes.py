"""Runs commands as processes of this machine, from one thread: starting, pumping output, ending, reaping.

Nothing here waits: the output and the exit of every command are registered with a selector, with what to do then, and
whoever waits on it looks after the commands when it comes back. Commands die with this process (see ``guard``).
"""

from __future__ import annotations

import math
import selectors
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

from ostinato.clock import Clock
from ostinato.executors.child import Child
from ostinato.executors.commands import Command, Key
from ostinato.executors.evidence import describe_failed_start, outcome_of
from ostinato.executors.executor import Ended
from ostinato.executors.guard import Guard
from ostinato.executors.logs import LogWriter
from ostinato.executors.memory import OutOfMemoryKills
from ostinato.executors.output import discard_output, read_output
from ostinato.model.runs import EndKind, Evidence
from ostinato.model.work import Succeeded

KILL_AFTER = timedelta(seconds=5)

log = structlog.get_logger()


class ProcessExecutor:
    """The commands that are under way. To be used by one thread."""

    def __init__(
        self,
        clock: Clock,
        selector: selectors.BaseSelector,
        *,
        log_size: int,
        kill_after: timedelta = KILL_AFTER,
        watch_exits: bool = True,
    ) -> None:
        self._clock = clock
        self._selector = selector
        self._log_size = log_size
        self._kill_after = kill_after
        self._watch_exits = watch_exits
        self._guard = Guard()
        self._memory = OutOfMemoryKills()
        self._children: dict[Key, Child] = {}
        self._ended: list[Ended] = []
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # inherited; it would throw exit codes away
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def __len__(self) -> int:
        return len(self._children) + len(self._ended)

    def start(self, command: Command) -> None:
        """Begin a command. One that cannot be started ends like any other, with evidence that says why."""
        if command.key in self._children:
            raise ValueError(f"step {command.key[1]} of run {command.key[0]} is being carried out already")
        try:
            writer = LogWriter(command.log, limit=self._log_size)
        except OSError as error:
            message = f"not started: its log {command.log} cannot be written: {error.strerror}"
            self._note_end(command, Evidence(EndKind.NOT_STARTED, message))
            return
        try:
            discard_output(command)
            self._guard.start()
            child = self._start_child(command, writer)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            evidence = describe_failed_start(command, error)
            _close_with_note(writer, evidence.message)
            self._note_end(command, evidence)
            return
        self._children[command.key] = child
        self._watch(child)

    def end(self, key: Key, kind: EndKind, why: str) -> None:
        """Ask a command to end, and make it after a while; one that has ended or was asked is left alone."""
        if key in self._children:
            self._children[key].end(kind, why, now=self._clock.monotonic())

    def kill(self, key: Key, kind: EndKind, why: str) -> None:
        """End a command at once."""
        if key in self._children:
            self._children[key].kill(kind, why)

    def look_after(self) -> list[Ended]:
        """Do what no descriptor tells of, say goodbye to the commands that are over, and return what became of them."""
        for child in list(self._children.values()):
            now = self._clock.monotonic()
            if child.has_exited_unnoticed():
                self._reap(child)
            child.look_after(now)
            if child.is_over(now):
                self._close_output(child)
                child.close_log()
                del self._children[child.command.key]
                self._note_end(child.command, child.describe_end())
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
                log.warning("command_not_gone", run=child.run_id, step=child.step)
            child.close_output()
            child.close_log()
            with suppress(ValueError):
                discard_output(child.command)
        self._children.clear()
        self._guard.close()

    def _start_child(self, command: Command, writer: LogWriter) -> Child:
        return Child(
            command,
            writer,
            now=self._clock.monotonic(),
            kill_after=self._kill_after,
            memory=self._memory,
            guard=self._guard,
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

    def _note_end(self, command: Command, evidence: Evidence) -> None:
        self._ended.append(_conclude(command, evidence))


def _conclude(command: Command, evidence: Evidence) -> Ended:
    """Return what became of a command, with its output where it succeeded. Output that is no use is a failure."""
    outcome = outcome_of(evidence, None)
    if not isinstance(outcome, Succeeded):
        with suppress(ValueError):  # whoever begins this step again removes it, or says why not
            discard_output(command)
        return Ended(command.key, outcome, evidence)
    try:
        return Ended(command.key, Succeeded(read_output(command)), evidence)
    except ValueError as error:
        evidence = replace(evidence, kind=EndKind.RAISED, message=str(error))
        return Ended(command.key, outcome_of(evidence, None), evidence)


def _close_with_note(writer: LogWriter, note: str) -> None:
    """Put the reason into the log too: that is where people look first."""
    with suppress(OSError):  # it is kept with the run in any case
        writer.write(f"ostinato: {note}\n".encode())
        writer.close()
