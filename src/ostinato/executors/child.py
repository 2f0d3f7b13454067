"""One command that runs: its process group, its output on the way to its log, and what was decided on it."""

from __future__ import annotations

import math
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

from ostinato.durations import format_duration
from ostinato.executors.commands import COMMAND_VARIABLE, Command
from ostinato.executors.evidence import describe_exit, describe_forced_end
from ostinato.executors.kernel import has_exited, open_exit_watch
from ostinato.executors.logs import CHUNK_BYTES, LogWriter
from ostinato.executors.memory import OutOfMemoryKills
from ostinato.executors.strays import Strays
from ostinato.model.evidence import EndKind, Evidence

ASK_SECONDS = 0.1
"""How often exits are asked for where no descriptor tells of them."""
REAP_SECONDS = 10.0
"""How long killed processes may take to be gone. One that the disk or the network holds may take longer."""
DRAIN_SECONDS = 1.0
"""How long output is still taken from processes that outlive their command and are not found."""

Warn: TypeAlias = Callable[..., None]
"""Takes an event and its details, by name."""


class Child:
    """A command from its start to its last byte. Instants are seconds on the executor's monotonic clock.

    ``output`` and ``exit_watch`` are descriptors to wait for, as long as they are there: output to be pumped,
    and an exit to be reaped. Making one starts the command; ``OSError``, ``ValueError`` or
    ``SubprocessError`` where it cannot be started.
    """

    def __init__(
        self,
        command: Command,
        writer: LogWriter,
        *,
        now: float,
        kill_after: timedelta,
        memory: OutOfMemoryKills,
        strays: Strays,
        warn: Warn,
    ) -> None:
        self._memory = memory
        self._kills_before = memory.count()
        self._process, self.output = _start(command)
        self._strays = strays
        strays.note(self._process.pid, command.environment.get(COMMAND_VARIABLE))
        self._warn = warn
        self.command = command
        self.run_id, self.step = command.key
        self.exit_watch = open_exit_watch(self._process.pid)
        self._writer: LogWriter | None = writer
        self._limit = command.time_limit
        self._limit_at = None if self._limit is None else now + self._limit.total_seconds()
        self._kill_after = kill_after
        self._kill_at: float | None = None
        self._clear_until: float | None = None
        self._drain_until: float | None = None
        self._remaining: list[int] = []
        self._ending: tuple[EndKind, str] | None = None

    @property
    def pid(self) -> int:
        """Return the id of its process, which is that of its group and session as well."""
        return self._process.pid

    def pump(self) -> bool:
        """Move some output to the log; ``False`` when there is no more to come."""
        try:
            output = os.read(self.output, CHUNK_BYTES) if self.output is not None else b""
        except BlockingIOError:
            return True
        self._keep(output)
        return bool(output)

    def end(self, kind: EndKind, why: str, *, now: float) -> None:
        """Ask the whole group to end, unless that was done before; it will be killed if it does not."""
        if self._ending is None and not has_exited(self._process):
            self._ending = (kind, why)
            self._kill_at = now + self._kill_after.total_seconds()
            self._signal(signal.SIGTERM)

    def kill(self, kind: EndKind, why: str) -> None:
        """End the whole group at once. What was decided about it before stays its evidence."""
        if not has_exited(self._process):
            self._ending = self._ending or (kind, why)
            self._kill_at = None
            self._signal(signal.SIGKILL)

    def look_after(self, now: float) -> None:
        """Do what has become due: the time limit, and killing what was asked to end and did not."""
        if self._ending is not None and self._kill_at is not None and now >= self._kill_at:
            kind, why = self._ending
            patience = format_duration(self._kill_after)
            self._ending = (kind, f"{why}; it did not end within {patience} of SIGTERM")
            self.kill(*self._ending)
        if self._limit is not None and self._limit_at is not None and now >= self._limit_at:
            self._limit_at = None
            limit = format_duration(self._limit)
            self.end(EndKind.TIME_LIMIT, f"it ran longer than its time limit of {limit}", now=now)
        if self._clear_until is not None:
            self._clear(now)

    def has_exited_unnoticed(self) -> bool:
        """Tell whether the command waits to be reaped though no descriptor says so."""
        return self._must_be_asked and has_exited(self._process)

    def reap(self, now: float) -> None:
        """Take leave of the command, which has exited: learn how it ended, kill what it left."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # the zombie still keeps the id
        self._process.wait(REAP_SECONDS)
        self._limit_at = self._kill_at = None
        if self.exit_watch is not None:
            os.close(self.exit_watch)
            self.exit_watch = None
        self._clear_until = now + REAP_SECONDS
        self._clear(now)

    def is_over(self, now: float) -> bool:
        """Tell whether nothing of the command lives, and its output is complete or takes too long to be."""
        return self._drain_until is not None and (self.output is None or now >= self._drain_until)

    def seconds_until_due(self, now: float) -> float:
        """Return how soon something is to be done though no descriptor says so."""
        ahead = [at - now for at in (self._limit_at, self._kill_at, self._drain_until) if at is not None]
        if self._must_be_asked or self._clear_until is not None:
            ahead.append(ASK_SECONDS)
        return max(0.0, min(ahead, default=math.inf))

    def describe_end(self) -> Evidence:
        """Return the evidence of a command that is over."""
        if self._ending is not None:
            evidence = describe_forced_end(*self._ending, self._process.returncode)
        else:
            out_of_memory = self._memory.count() > self._kills_before
            evidence = describe_exit(self._process.returncode, out_of_memory=out_of_memory)
        if not self._remaining:
            return evidence
        processes = ", ".join(map(str, self._remaining))
        return replace(evidence, message=f"{evidence.message}; these processes of it cannot be ended: {processes}")

    def close_output(self) -> None:
        """Take no more output; who still writes some is told so by the system."""
        if self.output is not None:
            os.close(self.output)
            self.output = None

    def close_log(self) -> None:
        """Bring the log into its final form."""
        if self._writer is not None:
            with self._log_trouble(self._writer):
                self._writer.close()

    @property
    def _must_be_asked(self) -> bool:
        return self.exit_watch is None and self._process.returncode is None

    def _clear(self, now: float) -> None:
        """Kill what the command left behind, until nothing is there any more or it takes too long."""
        self._remaining = self._strays.end(self._process.pid)
        if not self._remaining or (self._clear_until is not None and now >= self._clear_until):
            self._strays.drop(self._process.pid)
            self._clear_until = None
            self._drain_until = now + DRAIN_SECONDS

    def _keep(self, output: bytes) -> None:
        if self._writer is not None:
            with self._log_trouble(self._writer):
                self._writer.write(output)

    @contextmanager
    def _log_trouble(self, writer: LogWriter) -> Iterator[None]:
        """Let a disk that is full cost the rest of the log, not the work."""
        try:
            yield
        except OSError as error:
            self._writer = None
            writer.abandon()
            self._warn("log_not_written", run=self.run_id, step=self.step, error=str(error))

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass
        except PermissionError:  # a command that became another user
            self._warn("signal_not_permitted", run=self.run_id, step=self.step, signal=number.name)


def _start(command: Command) -> tuple[subprocess.Popen[bytes], int | None]:
    """Start a command as leader of a session and group of its own; return it with its output, for reading."""
    output, inlet = os.pipe()
    try:
        process = subprocess.Popen(
            command.arguments,
            env=command.environment,
            cwd=command.working_directory,
            stdin=subprocess.DEVNULL,
            stdout=inlet,
            stderr=inlet,
            start_new_session=True,
        )
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(inlet)
    os.set_blocking(output, False)
    return process, output
