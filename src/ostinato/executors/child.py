"""One command that runs: its process group, its output on the way to its log, and what was decided on it."""

from __future__ import annotations

import math
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import structlog

from ostinato.durations import format_duration
from ostinato.executors.commands import Command
from ostinato.executors.evidence import describe_exit, describe_forced_end
from ostinato.executors.guard import Guard
from ostinato.executors.kernel import has_exited, open_exit_watch
from ostinato.executors.logs import CHUNK_BYTES, LogWriter
from ostinato.executors.memory import OutOfMemoryKills
from ostinato.model.runs import EndKind, Evidence

ASK_SECONDS = 0.1
"""How often exits are asked for where no descriptor tells of them."""
REAP_SECONDS = 10.0
"""How long a killed process may take to be gone. One that the disk or the network holds may take longer."""
DRAIN_SECONDS = 1.0
"""How long output is still taken from processes that outlive their command because they left its group."""

log = structlog.get_logger()


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
        guard: Guard,
        watched: bool,
    ) -> None:
        self._memory = memory
        self._kills_before = memory.count()
        self._process, self.output = _start(command)
        self._guard = guard
        guard.watch(self._process.pid)
        self.command = command
        self.run_id, self.step = command.key
        self.exit_watch = open_exit_watch(self._process.pid) if watched else None
        self._writer: LogWriter | None = writer
        self._limit = command.time_limit
        self._limit_at = None if self._limit is None else now + self._limit.total_seconds()
        self._kill_after = kill_after
        self._kill_at: float | None = None
        self._drain_until: float | None = None
        self._ending: tuple[EndKind, str] | None = None

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

    def has_exited_unnoticed(self) -> bool:
        """Tell whether the command waits to be reaped though no descriptor says so."""
        return self._must_be_asked and has_exited(self._process)

    def reap(self, now: float) -> None:
        """Take leave of the command, which has exited: kill what it left in its group, learn how it ended."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # the zombie still keeps the id
        self._guard.release(self._process.pid)
        self._process.wait(REAP_SECONDS)
        self._limit_at = self._kill_at = None
        self._drain_until = now + DRAIN_SECONDS
        if self.exit_watch is not None:
            os.close(self.exit_watch)
            self.exit_watch = None

    def is_over(self, now: float) -> bool:
        """Tell whether the command has been reaped, and its output is complete or takes too long to be."""
        return self._drain_until is not None and (self.output is None or now >= self._drain_until)

    def seconds_until_due(self, now: float) -> float:
        """Return how soon something is to be done though no descriptor says so."""
        ahead = [at - now for at in (self._limit_at, self._kill_at, self._drain_until) if at is not None]
        if self._must_be_asked:
            ahead.append(ASK_SECONDS)
        return max(0.0, min(ahead, default=math.inf))

    def describe_end(self) -> Evidence:
        """Return the evidence of a command that has been reaped."""
        if self._ending is not None:
            return describe_forced_end(*self._ending, self._process.returncode)
        out_of_memory = self._memory.count() > self._kills_before
        return describe_exit(self._process.returncode, out_of_memory=out_of_memory)

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
        return self.exit_watch is None and self._drain_until is None

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
            log.warning("log_not_written", run=self.run_id, step=self.step, error=str(error))

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass
        except PermissionError:  # a command that became another user
            log.warning("signal_not_permitted", run=self.run_id, step=self.step, signal=number.name)


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
