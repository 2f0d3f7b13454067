"""The executor of this machine: commands as processes, calls as threads, and one selector to wait for all of them."""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from ostinato.clock import Clock
from ostinato.executors.alarm import Alarm
from ostinato.executors.commands import Command, Key
from ostinato.executors.executor import Call, Ended
from ostinato.executors.processes import KILL_AFTER, ProcessExecutor
from ostinato.executors.threads import ABANDON_AFTER, MOST_THREADS, ThreadExecutor
from ostinato.model.runs import EndKind


class LocalExecutor:
    """An ``Executor`` of processes and threads. To be used by one thread.

    ``log_size`` is how many bytes of a command's log are kept. What is asked to end is made to after ``kill_after``, or
    ``abandon_after``. ``watch_exits`` is to be told of exits by the kernel where it can tell.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        log_size: int,
        kill_after: timedelta = KILL_AFTER,
        abandon_after: timedelta = ABANDON_AFTER,
        most_threads: int = MOST_THREADS,
        watch_exits: bool = True,
    ) -> None:
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._answered, self._wanted = Alarm(), Alarm()
        self._selector.register(self._answered.descriptor, selectors.EVENT_READ, self._answered.clear)
        self._selector.register(self._wanted.descriptor, selectors.EVENT_READ, self._heed_wake)
        self._woken = False
        self._processes = ProcessExecutor(
            clock, self._selector, log_size=log_size, kill_after=kill_after, watch_exits=watch_exits
        )
        self._threads = ThreadExecutor(
            clock, self._answered.ring, most_threads=most_threads, abandon_after=abandon_after
        )

    def __len__(self) -> int:
        return len(self._processes) + len(self._threads)

    @property
    def abandoned(self) -> int:
        return self._threads.abandoned

    def start_command(self, command: Command) -> None:
        self._processes.start(command)

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
        self._processes.end(key, kind, why)
        self._threads.end(key, kind, why)

    def kill(self, key: Key, kind: EndKind, why: str) -> None:
        self._processes.kill(key, kind, why)
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
            pause = min(left, self._processes.seconds_until_due(), self._threads.seconds_until_due())
            ready = self._selector.select(pause)
            for key, _ in ready:
                key.data()
            ended = self._processes.look_after() + self._threads.look_after()
            out_of_time = pause == left and not ready
            if ended or self._woken or out_of_time or self._clock.monotonic() >= until:
                self._woken = False
                return ended

    def close(self) -> None:
        self._processes.close()
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
