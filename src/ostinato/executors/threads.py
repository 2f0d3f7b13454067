"""Runs calls in threads of this process: handing them out, ending them, abandoning those that do not end.

A thread cannot be killed. One whose call does not end when it has to is abandoned: another takes its place, and what
its call answers one day is thrown away. All threads are daemons, and nobody waits for them: a call that hangs keeps
neither the agent nor the end of the process.

Threads share with the executor where a call stands, which calls have something due, and the answers: these change under
one lock. All else belongs to the thread that uses the executor.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from queue import SimpleQueue

import structlog

from ostinato.clock import Clock
from ostinato.durations import format_duration
from ostinato.executors.calls import Answer, CallInHand, Stage, carry_out, forced_outcome, judge
from ostinato.executors.commands import Key
from ostinato.executors.executor import Call, Ended
from ostinato.model.evidence import EndKind

MOST_THREADS = 32
ABANDON_AFTER = timedelta(seconds=5)
LACK_SECONDS = 1.0
"""How long to wait before the system is asked again for a thread that it did not have."""

log = structlog.get_logger()


class ThreadExecutor:
    """The calls that are under way. To be used by one thread; ``ring`` is how the others wake it.

    At most ``most_threads`` calls are carried out at once, those of abandoned threads not counted; more of them wait.
    A call that is asked to end is abandoned ``abandon_after`` later.
    """

    def __init__(
        self,
        clock: Clock,
        ring: Callable[[], None],
        *,
        most_threads: int = MOST_THREADS,
        abandon_after: timedelta = ABANDON_AFTER,
    ) -> None:
        self.abandoned = 0
        self._clock = clock
        self._ring = ring
        self._most_threads = most_threads
        self._abandon_after = abandon_after
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[CallInHand | None] = SimpleQueue()
        self._answers: deque[tuple[CallInHand, Answer]] = deque()
        self._timed: set[CallInHand] = set()
        self._threads = 0
        self._calls: dict[Key, CallInHand] = {}
        self._ended: list[Ended] = []

    def __len__(self) -> int:
        return len(self._calls) + len(self._ended)

    def start(
        self,
        key: Key,
        call: Call,
        *,
        timeout: timedelta | None = None,
        on_cancel: Callable[[], None] | None = None,
    ) -> None:
        """Have ``call`` carried out as soon as a thread is free."""
        if key in self._calls:
            raise ValueError(f"step {key[1]} of run {key[0]} is being carried out already")
        taken = self._calls[key] = CallInHand(key, call, timeout, on_cancel)
        self._waiting.put(taken)
        self._ensure_threads()

    def end(self, key: Key, kind: EndKind, why: str) -> None:
        """Ask a call to end, and abandon it after a while; one that has ended or was asked is left alone."""
        call = self._calls.get(key)
        if call is not None and call.ending is None:
            self._ask_to_end(call, kind, why)

    def kill(self, key: Key, kind: EndKind, why: str) -> None:
        """Abandon a call at once. What was decided about it before stays what became of it."""
        call = self._calls.get(key)
        if call is not None:
            if call.ending is None:
                self._ask_to_end(call, kind, why)
            self._abandon(call)

    def look_after(self) -> list[Ended]:
        """Take in what has been answered, end what takes too long, and return what became of the calls."""
        for _ in range(len(self._answers)):
            self._take_in(*self._answers.popleft())
        for call in self._list_due():
            if call.ending is not None:
                self._abandon(call)
            elif call.timeout is not None:
                limit = format_duration(call.timeout)
                self._ask_to_end(call, EndKind.TIME_LIMIT, f"it took longer than its timeout of {limit}")
        self._ensure_threads()
        ended, self._ended = self._ended, []
        return ended

    def seconds_until_due(self) -> float:
        """Return how soon ``look_after`` has something to do though nobody rings."""
        if self._ended:
            return 0.0
        with self._lock:
            due_at = min((call.due_at for call in self._timed), default=math.inf)
        return min(max(0.0, due_at - self._clock.monotonic()), LACK_SECONDS if self._lacks_threads() else math.inf)

    def close(self) -> None:
        """Abandon what is still under way, without a word about it, and let the threads go."""
        for key in list(self._calls):
            self.kill(key, EndKind.STOPPED, "its agent ended")
        for _ in range(self._threads):
            self._waiting.put(None)
        self._threads = 0
        self._ended.clear()

    # --- the executor's side -----------------------------------------------------------------------------------------

    def _take_in(self, call: CallInHand, answer: Answer) -> None:
        if call.stage is Stage.ABANDONED:
            self.abandoned -= 1
            log.info("late_outcome_dropped", run=call.key[0], step=call.key[1], outcome=type(answer).__name__)
            return
        self._forget(call)
        self._ended.append(judge(call, answer))

    def _ask_to_end(self, call: CallInHand, kind: EndKind, why: str) -> None:
        """Tell a call that it is to end, and for how long it may take. One that has not begun never will."""
        with self._lock:
            former = call.stage
            if former is Stage.WAITING:
                call.stage = Stage.OVER
            elif former is Stage.UNDER_WAY:
                call.ending = (kind, why)
                call.due_at = self._clock.monotonic() + self._abandon_after.total_seconds()
                self._timed.add(call)
        if former is Stage.WAITING:
            self._forget(call)
            self._ended.append(Ended(call.key, forced_outcome(kind, why)))
        elif former is Stage.UNDER_WAY:
            call.flag.set()
            if call.on_cancel is not None:
                _start_thread(partial(_tell, call.key, call.on_cancel))

    def _abandon(self, call: CallInHand) -> None:
        """Wait no longer for a call that was asked to end, unless it has just done so."""
        with self._lock:
            if call.stage is not Stage.UNDER_WAY or call.ending is None:
                return
            call.stage = Stage.ABANDONED
        self._threads -= 1
        self.abandoned += 1
        kind, why = call.ending
        self._forget(call)
        self._ended.append(Ended(call.key, forced_outcome(kind, f"{why}; its thread was abandoned")))
        log.warning("call_abandoned", run=call.key[0], step=call.key[1], why=why)

    def _forget(self, call: CallInHand) -> None:
        del self._calls[call.key]
        with self._lock:
            self._timed.discard(call)

    def _list_due(self) -> list[CallInHand]:
        now = self._clock.monotonic()
        with self._lock:
            return [call for call in self._timed if call.due_at <= now]

    def _ensure_threads(self) -> None:
        """Have a thread for every call, as far as there may be so many, and as the system has them to give."""
        while self._lacks_threads() and _start_thread(self._serve):
            self._threads += 1

    def _lacks_threads(self) -> bool:
        return self._threads < min(len(self._calls), self._most_threads)

    # --- the threads' side -------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while self._serve_next():
            pass

    def _serve_next(self) -> bool:
        """Carry out the call that has waited longest; tell whether this thread is wanted any longer."""
        call = self._waiting.get()
        if call is None:
            return False
        if not self._begin(call):
            return True
        answer = carry_out(call)
        with self._lock:
            is_abandoned = call.stage is Stage.ABANDONED
            if not is_abandoned:
                call.stage = Stage.OVER
            self._answers.append((call, answer))
        self._ring()
        return not is_abandoned

    def _begin(self, call: CallInHand) -> bool:
        with self._lock:
            if call.stage is not Stage.WAITING:
                return False
            call.stage = Stage.UNDER_WAY
            if call.timeout is None:
                return True
            call.due_at = self._clock.monotonic() + call.timeout.total_seconds()
            self._timed.add(call)
        self._ring()  # whoever waits does not know yet for how long at most
        return True


def _start_thread(target: Callable[[], None]) -> bool:
    try:
        threading.Thread(target=target, name="ostinato-call", daemon=True).start()
    except RuntimeError as error:
        log.warning("thread_not_started", error=str(error))
        return False
    return True


def _tell(key: Key, on_cancel: Callable[[], None]) -> None:
    """Let a call know that it is to end, in the way it asked for."""
    try:
        on_cancel()
    except BaseException as error:  # noqa: BLE001  it is anybody's code, and nobody is waiting for it
        log.warning("on_cancel_failed", run=key[0], step=key[1], error=repr(error))
