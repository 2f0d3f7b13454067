"""The stage: what scripted code does when it is called, what it was called for, and where it waits to go on.

Calls come from many threads; whoever plays a scenario does so in one. What they share changes under one lock.
"""

from __future__ import annotations

import math
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from ostinato.clock import Clock
from ostinato.executors.commands import Command, Key
from ostinato.executors.executor import Call, CancelFlag
from ostinato.executors.processes import KILL_AFTER
from ostinato.model.evidence import EndKind
from ostinato.model.work import Outcome
from ostinato.testing.plan_world import PATIENCE_SECONDS, WatchedExecutor

MODULE = "tests.conformance.actions_under_test"


@dataclass(frozen=True, slots=True)
class Entry:
    """One call of scripted code, as the journal has it. ``run_id`` is not known while a caller plans."""

    run_id: int | None
    text: str
    step: str = ""
    given: Any = None


@dataclass(slots=True, eq=False)
class Rest:
    """A call that rests: until it is released or, where it heeds that, until it is told to end."""

    key: Key
    step: str
    executor: StageExecutor
    done: threading.Event
    told: threading.Event | None = None
    go: threading.Event = field(default_factory=threading.Event)

    @property
    def is_resting(self) -> bool:
        """Tell whether nothing comes of the call as things stand."""
        return not (self.go.is_set() or (self.told is not None and self.told.is_set()))


@dataclass(frozen=True, slots=True)
class AtHand:
    """What a thread carries out: for which executor, which work, how it is told to end, and that it is over."""

    executor: StageExecutor
    key: Key
    told: CancelFlag
    done: threading.Event


class StageExecutor(WatchedExecutor):
    """An executor that knows which of its work goes on for ever.

    ``lacks`` are the steps whose code is not here. ``is_heard`` tells whether anybody waits for what comes of its work.
    """

    def __init__(self, stage: Stage, clock: Clock, *, log_size: int) -> None:
        super().__init__(clock, log_size=log_size)
        self._stage = stage
        self.lacks: frozenset[str] = frozenset()
        self.is_heard = True
        self._lasting: dict[Key, str] = {}
        self._ends_at: dict[Key, float] = {}

    def start_command(self, command: Command) -> None:
        self._lasting[command.key] = command.environment.get("LASTS", "")
        limit = math.inf if command.time_limit is None else command.time_limit.total_seconds()
        self._ends_at[command.key] = self._clock.monotonic() + limit
        super().start_command(command)

    def start_call(
        self,
        key: Key,
        call: Call,
        *,
        timeout: timedelta | None = None,
        on_cancel: Callable[[], None] | None = None,
    ) -> None:
        def carry_out(told: CancelFlag) -> Outcome:
            hand = _THREADS.hand = AtHand(self, key, told, threading.Event())
            try:
                return call(told)
            finally:
                hand.done.set()

        super().start_call(key, carry_out, timeout=timeout, on_cancel=on_cancel)

    def end(self, key: Key, kind: EndKind, why: str) -> None:
        self._ends_at[key] = min(self._ends_at.get(key, math.inf), self._clock.monotonic())
        super().end(key, kind, why)

    @property
    def is_at_rest(self) -> bool:
        resting = self._stage.list_resting(self)
        return all(key in resting or self._lasts(key) for key in self.under_way)

    def vanish(self) -> None:
        """Be gone with the process, and all that it had under way."""
        self.is_heard = False
        self.close()

    def _lasts(self, key: Key) -> bool:
        """Tell whether a command goes on, as things stand, for ever."""
        now, told_at = self._clock.monotonic(), self._ends_at.get(key, math.inf)
        match self._lasting.get(key):
            case "until_told":
                return now < told_at
            case "until_killed":
                return now < told_at + KILL_AFTER.total_seconds()
        return False


class _Threads(threading.local):
    hand: AtHand | None = None


_THREADS = _Threads()


class Stage:
    """What is played: the journal of calls, the scripts that they follow, and the calls that rest."""

    def __init__(self, folder: Path, name_run: Callable[[int], str]) -> None:
        self.journal: list[Entry] = []
        self.hooks: list[tuple[int, str, str]] = []
        self.things: dict[str, Any] = {}
        self.failing_hooks: frozenset[str] = frozenset()
        self.see_status: Callable[[int], str] = lambda run_id: ""
        self._name_run = name_run
        self._database = folder / "application.db"
        self._lock = threading.RLock()
        self._rests: list[Rest] = []
        self._played: Counter[tuple[str, ...]] = Counter()
        with self._connect() as connection:
            connection.execute("CREATE TABLE written (value)")

    # --- what actions ask --------------------------------------------------------------------------------------------

    def note(self, text: str, *, step: str = "", given: Any = None) -> None:
        """Write a call down."""
        with self._lock:
            hand = _THREADS.hand
            self.journal.append(Entry(None if hand is None else hand.key[0], text, step, given))

    def next_acts(self, plan: str, step: str, kind: str, scripts: Mapping[str, Sequence[Any]]) -> list[Any]:
        """Return what the next call of a step is to do. ``scripts`` are by run, or for all runs alike."""
        hand, run, script = _THREADS.hand, "", scripts.get("", ())
        if hand is not None and scripts.keys() != {""}:
            run = self._name_run(hand.key[0])
            script = scripts.get(run, ())
        with self._lock:
            number = self._played[plan, step, kind, run]
            self._played[plan, step, kind, run] += 1
        acts = script[number] if number < len(script) else []
        return acts if isinstance(acts, list) else [acts]

    def rest(self, step: str, *, heeds: bool) -> None:
        """Stay in this call until it is released or, if it ``heeds`` that, until it is told to end."""
        hand = _THREADS.hand
        if hand is None:
            raise RuntimeError(f"{step} cannot rest in the caller's own thread")
        rest = Rest(hand.key, step, hand.executor, hand.done, told=hand.told if heeds else None)
        with self._lock:
            self._rests.append(rest)
        if hand.executor.is_heard:
            hand.executor.wake()
        waits_for = rest.told or rest.go
        if not waits_for.wait(10 * PATIENCE_SECONDS):
            raise TimeoutError(f"{step} was forgotten on stage")
        with self._lock:
            self._rests.remove(rest)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction in the application's own database."""
        with self._connect() as connection, connection:
            yield connection

    def call_hook(self, name: str, run_id: int, status: str) -> None:
        """Take note of a hook, and of what it sees."""
        with self._lock:
            self.hooks.append((run_id, f"{name} {status}", self.see_status(run_id)))
        if name in self.failing_hooks:
            raise RuntimeError(f"{name} is a hook that fails")

    # --- what whoever plays asks -------------------------------------------------------------------------------------

    def list_resting(self, executor: StageExecutor) -> set[Key]:
        """List the work of an executor of which nothing comes as things stand."""
        with self._lock:
            return {rest.key for rest in self._rests if rest.executor is executor and rest.is_resting}

    def release(self, step: str, run_id: int | None) -> None:
        """Let the call of a step go on that has rested longest; wait for its end where nobody else does."""
        with self._lock:
            rests = [rest for rest in self._rests if rest.step == step and rest.told is None and rest.is_resting]
            rests = [rest for rest in rests if run_id in (None, rest.key[0])]
        if not rests:
            raise LookupError(f"no call of {step} is held")
        rests[0].go.set()
        if not rests[0].executor.is_heard or rests[0].key not in rests[0].executor.under_way:
            rests[0].done.wait(PATIENCE_SECONDS)

    def release_all(self) -> None:
        """Let everything go on that still rests: the play is over."""
        with self._lock:
            for rest in self._rests:
                rest.go.set()
                if rest.told is not None:
                    rest.told.set()

    def adopt_journal(self, run_id: int) -> None:
        """Put what the caller's own planning called down to the run that came of it."""
        with self._lock:
            self.journal = [
                Entry(run_id, entry.text, entry.step, entry.given) if entry.run_id is None else entry
                for entry in self.journal
            ]

    def list_written(self) -> list[Any]:
        """List what stands in the application's database."""
        with self._connect() as connection:
            return [row[0] for row in connection.execute("SELECT value FROM written ORDER BY rowid")]

    def count_calls(self, step: str) -> int:
        """Count the calls of a step in all runs."""
        return sum(entry.step == step for entry in self.journal)

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._database, timeout=1.0)
        try:
            yield connection
        finally:
            connection.close()


_ON_STAGE: dict[str, Stage] = {}


@contextmanager
def on_stage(stage: Stage) -> Iterator[None]:
    """Have agents find what ``stage`` declares, within this block."""
    _ON_STAGE["now"] = stage
    try:
        yield
    finally:
        stage.release_all()
        del _ON_STAGE["now"]


def find_on_stage(name: str) -> Any:
    """Return what is declared on stage under ``name``, unless this thread's agent lacks it."""
    stage = _ON_STAGE.get("now")
    hand = _THREADS.hand
    is_lacking = hand is not None and name.partition("__")[2] in hand.executor.lacks
    if stage is None or name not in stage.things or is_lacking:
        raise AttributeError(f"module {MODULE!r} has no attribute {name!r}")
    return stage.things[name]
