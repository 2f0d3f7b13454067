"""The executor of this machine: commands as processes, calls as threads, and one selector to wait for all of them."""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from ostinato.clock import Clock
from ostinato.executors.alarm import Alarm
from ostinato.executors.commands import Command, Key
from ostinato.executors.executor import Call, Ended
from ostinato.executors.inside import InsideCommands
from ostinato.executors.links import SupervisorSettings
from ostinato.executors.processes import KILL_AFTER
from ostinato.executors.supervised import SupervisedCommands
from ostinato.executors.threads import ABANDON_AFTER, MOST_THREADS, ThreadExecutor
from ostinato.model.evidence import EndKind

ORPHAN_TIMEOUT = timedelta(hours=1)
"""How long commands go on that no agent has come back for, unless somebody says otherwise."""


class CommandRunner(Protocol):
    """What carries out the commands of an executor. The parts of its promise that are about commands are kept here."""

    def __len__(self) -> int: ...

    def open(self, agent: str) -> None: ...

    def list_left(self) -> dict[Key, int]: ...

    def adopt(self, key: Key) -> bool: ...

    def start(self, command: Command) -> None: ...

    def end(self, key: Key, kind: EndKind, why: str) -> None: ...

    def kill(self, key: Key, kind: EndKind, why: str) -> None: ...

    def forget(self, key: Key) -> None: ...

    def look_after(self) -> list[Ended]: ...

    def seconds_until_due(self) -> float: ...

    def leave(self) -> None: ...

    def close(self) -> None: ...


class LocalExecutor:
    """An ``Executor`` of processes and threads. To be used by one thread.

    ``log_size`` is how many bytes of a command's log are kept. What is asked to end is made to after ``kill_after``, or
    ``abandon_after``. Commands are in the hands of supervisors, which keep their sockets, locks and records below
    ``folder``, and end them when no agent has come back for ``orphan_timeout``. Without a folder they are carried out
    by this process itself, on its own clock.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        log_size: int,
        folder: Path | None,
        orphan_timeout: timedelta = ORPHAN_TIMEOUT,
        kill_after: timedelta = KILL_AFTER,
        abandon_after: timedelta = ABANDON_AFTER,
        most_threads: int = MOST_THREADS,
    ) -> None:
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._answered, self._wanted = Alarm(), Alarm()
        self._selector.register(self._answered.descriptor, selectors.EVENT_READ, self._answered.clear)
        self._selector.register(self._wanted.descriptor, selectors.EVENT_READ, self._heed_wake)
        self._woken = False
        self._commands: CommandRunner
        if folder is None:
            self._commands = InsideCommands(clock, self._selector, log_size=log_size, kill_after=kill_after)
        else:
            settings = SupervisorSettings(log_size, kill_after, orphan_timeout)
            self._commands = SupervisedCommands(self._selector, folder=folder, settings=settings)
        self._threads = ThreadExecutor(
            clock, self._answered.ring, most_threads=most_threads, abandon_after=abandon_after
        )

    def __len__(self) -> int:
        return len(self._commands) + len(self._threads)

    @property
    def abandoned(self) -> int:
        return self._threads.abandoned

    def open(self, agent: str) -> None:
        self._commands.open(agent)

    def list_left(self) -> dict[Key, int]:
        return self._commands.list_left()

    def adopt(self, key: Key) -> bool:
        return self._commands.adopt(key)

    def forget(self, key: Key) -> None:
        self._commands.forget(key)

    def start_command(self, command: Command) -> None:
        self._commands.start(command)

    def start_call(
        self,
        key: Key,
        call: Call,
        *,
        timeout: timedelta | None = None,
        on_cancel: Callable[[], None] | None = None,
    ) -> None:
        self._threads.start(key, call, timeout=timeout, on_cancel=on_cancel)

    def end(self, key: Key, kind: EndKind, why: str) -> None:
        self._commands.end(key, kind, why)
        self._threads.end(key, kind, why)

    def kill(self, key: Key, kind: EndKind, why: str) -> None:
        self._commands.kill(key, kind, why)
        self._threads.kill(key, kind, why)

    def wake_on(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._selector.register(descriptor, selectors.EVENT_READ, partial(self._empty, descriptor))

    def wake(self) -> None:
        self._wanted.ring()

    def wait(self, seconds: float) -> list[Ended]:
        until = self._clock.monotonic() + seconds
        while True:
            left = max(0.0, until - self._clock.monotonic())
            pause = min(left, self._commands.seconds_until_due(), self._threads.seconds_until_due())
            ready = self._selector.select(pause)
            for key, _ in ready:
                key.data()
            ended = self._commands.look_after() + self._threads.look_after()
            out_of_time = pause == left and not ready
            if ended or self._woken or out_of_time or self._clock.monotonic() >= until:
                self._woken = False
                return ended

    def leave(self) -> None:
        self._commands.leave()
        self.close()

    def close(self) -> None:
        self._commands.close()
        self._threads.close()
        self._selector.close()
        self._answered.close()
        self._wanted.close()

    def _empty(self, descriptor: int) -> None:
        os.read(descriptor, 4096)
        self._woken = True

    def _heed_wake(self) -> None:
        self._wanted.clear()
        self._woken = True
