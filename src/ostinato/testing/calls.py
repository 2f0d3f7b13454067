"""Calls that a test holds and lets go, and an executor that carries them out while its clock stands still."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from ostinato.clock import ManualClock
from ostinato.executors.executor import Call, CancelFlag, Ended
from ostinato.executors.local import LocalExecutor
from ostinato.model.work import Outcome, Succeeded

PATIENCE_SECONDS = 60.0
"""How long is waited for what must happen; whoever waits longer has found a fault."""
KEY = (1, 2)
"""Under which a call is carried out, unless the test says otherwise."""
DONE = Succeeded({"rows": 7})


class Held:
    """A call that has begun when ``begun`` says so, and answers when it is let go; ``flag`` is what it was given."""

    def __init__(self, answer: Outcome = DONE) -> None:
        self.answer = answer
        self.begun, self.release = threading.Event(), threading.Event()
        self.flag: CancelFlag | None = None

    def __call__(self, flag: CancelFlag) -> Outcome:
        """Wait to be let go, then answer."""
        self.flag = flag
        self.begun.set()
        if not self.release.wait(PATIENCE_SECONDS):
            raise AssertionError("nobody let the call go")
        return self.answer

    @property
    def is_told_to_end(self) -> bool:
        """Tell whether it has begun and was asked to end since."""
        return self.flag is not None and self.flag.is_set()


class CallBench:
    """An executor of calls, with a clock that stands still until it is moved. Calls are steps of run 1."""

    def __init__(self, most_threads: int) -> None:
        self.clock = ManualClock(datetime(2026, 1, 10, tzinfo=UTC))
        self.executor = LocalExecutor(self.clock, log_size=1, folder=None, most_threads=most_threads)
        self._held: list[Held] = []

    def start(
        self,
        call: Call,
        *,
        step: int = KEY[1],
        timeout: timedelta | None = None,
        on_cancel: Callable[[], None] | None = None,
    ) -> None:
        """Have a call carried out."""
        self.executor.start_call((KEY[0], step), call, timeout=timeout, on_cancel=on_cancel)

    def queue(
        self,
        *,
        step: int = KEY[1],
        answer: Outcome = DONE,
        timeout: timedelta | None = None,
        on_cancel: Callable[[], None] | None = None,
    ) -> Held:
        """Have a call carried out that waits to be let go, once there is a thread for it."""
        held = Held(answer)
        self._held.append(held)
        self.start(held, step=step, timeout=timeout, on_cancel=on_cancel)
        return held

    def hold(
        self,
        *,
        step: int = KEY[1],
        answer: Outcome = DONE,
        timeout: timedelta | None = None,
        on_cancel: Callable[[], None] | None = None,
    ) -> Held:
        """Have a call carried out that has begun and waits to be let go."""
        held = self.queue(step=step, answer=answer, timeout=timeout, on_cancel=on_cancel)
        if not held.begun.wait(PATIENCE_SECONDS):
            raise AssertionError("the call did not begin")
        return held

    def advance(self, **span: float) -> None:
        """Move the clock on."""
        self.clock.advance(timedelta(**span))

    def finish(self) -> Ended:
        """Wait until a call has ended."""
        (ended,) = self.take(1)
        return ended

    def take(self, count: int) -> list[Ended]:
        """Wait until ``count`` calls have ended."""
        ended: list[Ended] = []
        while len(ended) < count:
            came = self.executor.wait(PATIENCE_SECONDS)
            if not came:
                raise AssertionError("nothing ends any more")
            ended += came
        return ended

    def take_late_outcome(self) -> None:
        """Wait until a thread that was abandoned has answered."""
        before = self.executor.abandoned
        while self.executor.abandoned == before:
            if self.executor.wait(0):
                raise AssertionError("a call ended that nobody waited for")
            os.sched_yield()

    def close(self) -> None:
        """Let all go that is still held, and close the executor."""
        for held in self._held:
            held.release.set()
        self.executor.close()


@contextmanager
def open_bench(most_threads: int = 32) -> Iterator[CallBench]:
    """Lend a bench."""
    bench = CallBench(most_threads)
    try:
        yield bench
    finally:
        bench.close()


def make_raising(error: BaseException) -> Call:
    """Make a call that raises."""

    def call(flag: CancelFlag) -> Outcome:
        raise error

    return call
