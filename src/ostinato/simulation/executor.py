"""The hands of an agent in a simulation: work takes as long as chance says, and nobody waits for it.

The code of a call is carried out here and now, in the thread that drives everything: when it begins or when it ends, as
chance has it.
"""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from ostinato.executors.calls import Answer, CallInHand, carry_out, judge
from ostinato.executors.commands import Command, Key
from ostinato.executors.executor import Call, CancelFlag, Ended
from ostinato.model.evidence import EndKind
from ostinato.model.work import Outcome
from ostinato.simulation.chance import Chance
from ostinato.simulation.clocks import Time
from ostinato.simulation.ledger import Deed, keep_ledger
from ostinato.simulation.machines import Job, Machine

DURATIONS = (0, 0, 0, 10, 10, 20, 20, 40, 150)
"""How many seconds work may take. They are few, so that much ends at the same time."""
LONGEST_DEATH_SECONDS = 6
"""How long work takes at most that is asked to end."""


class Surroundings(Protocol):
    """What an executor is told by, and tells, who drives the simulation."""

    def see_begin(self, key: Key) -> int:
        """Take note that work begins; return which try of its step this is."""
        ...

    def see_deed(self, deed: Deed) -> None:
        """Take note of what the code of users does."""
        ...

    def check_alive(self) -> None:
        """Raise what ends the process, if it has died while the code of a call was carried out."""
        ...

    def make_flag(self) -> CancelFlag:
        """Make what tells a call to end; waiting for it takes simulated time."""
        ...


@dataclass(slots=True)
class _Task:
    """A call under way. ``answer`` is there once its code was carried out."""

    call: CallInHand
    ends_at: float
    answer: Answer | None = None


class PatientFlag(threading.Event):
    """What tells a call to end. Who waits for it makes ``pass_time`` let the time pass, in seconds."""

    def __init__(self, pass_time: Callable[[float], None]) -> None:
        super().__init__()
        self._pass_time = pass_time

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set():
            self._pass_time(timeout or 1.0)
        return self.is_set()


class SimulatedExecutor:
    """Keeps the promise of ``Executor`` for one agent on its machine."""

    def __init__(self, machine: Machine, agent: str, time: Time, chance: Chance, around: Surroundings) -> None:
        self._machine = machine
        self._agent = agent
        self._time = time
        self._chance = chance
        self._around = around
        self._jobs: dict[Key, Job] = {}
        self._told: set[Key] = set()
        self._tasks: dict[Key, _Task] = {}
        self._is_gone = False

    def __len__(self) -> int:
        return len(self._jobs) + len(self._tasks)

    @property
    def abandoned(self) -> int:
        return 0

    @property
    def seconds_until_end(self) -> float:
        """Return how soon some work ends."""
        ends = [job.ends_at for job in self._jobs.values()] + [task.ends_at for task in self._tasks.values()]
        return max(0.0, min(ends, default=math.inf) - self._time.passed)

    def open(self, agent: str) -> None:
        if agent != self._agent:
            raise ValueError(f"the executor of {self._agent} is opened for {agent}")

    def list_left(self) -> dict[Key, int]:
        known, jobs = self._jobs.keys() | self._told, self._machine.jobs.items()
        return {key: job.command.try_number for (agent, key), job in jobs if agent == self._agent and key not in known}

    def adopt(self, key: Key) -> bool:
        if key not in self.list_left():
            return False
        self._jobs[key] = self._machine.jobs[self._agent, key]
        return True

    def forget(self, key: Key) -> None:
        if key in self._told:
            self._told.discard(key)
            self._machine.jobs.pop((self._agent, key), None)

    def start_command(self, command: Command) -> None:
        if self._is_gone:
            return
        former = self._machine.jobs.get((self._agent, command.key))
        if former is not None and former.ends_at > self._time.passed:
            raise ValueError(f"step {command.key[1]} of run {command.key[0]} is being carried out already")
        number = self._around.see_begin(command.key)
        self._around.see_deed(Deed("command", *command.key, number))
        takes = self._chance.choose(DURATIONS, "command", *command.key, number)
        fails = int(command.environment["OSTINATO_ATTEMPT"]) + number - 1 <= int(command.arguments[1])
        job = Job(command, self._time.passed + takes, int(fails))
        self._told.discard(command.key)
        self._machine.jobs[self._agent, command.key] = self._jobs[command.key] = job

    def start_call(
        self,
        key: Key,
        call: Call,
        *,
        timeout: timedelta | None = None,
        on_cancel: Callable[[], None] | None = None,
    ) -> None:
        if self._is_gone:
            return
        if key in self._tasks:
            raise ValueError(f"step {key[1]} of run {key[0]} is being carried out already")
        number = self._around.see_begin(key)
        takes = self._chance.choose(DURATIONS, "call", *key, number)
        task = _Task(CallInHand(key, call, timeout, on_cancel, self._around.make_flag()), self._time.passed + takes)
        self._tasks[key] = task
        if self._chance.happens(0.5, "early", *key, number):
            task.answer = self._carry_out(task)

    def end(self, key: Key, kind: EndKind, why: str) -> None:
        soon = self._time.passed + self._chance.between(0, LONGEST_DEATH_SECONDS, "end", *key)
        self._end(key, kind, why, soon)

    def kill(self, key: Key, kind: EndKind, why: str) -> None:
        self.adopt(key)
        self._end(key, kind, why, self._time.passed)

    def wake_on(self, descriptor: int) -> None:
        """Do nothing: nobody waits here."""

    def wake(self) -> None:
        """Do nothing: nobody waits here."""

    def wait(self, seconds: float) -> list[Ended]:
        now = self._time.passed
        ended = [self._tell_job(key) for key, job in list(self._jobs.items()) if job.ends_at <= now]
        return ended + [self._tell_task(key) for key, task in list(self._tasks.items()) if task.ends_at <= now]

    def leave(self) -> None:
        self._jobs.clear()
        self._tasks.clear()
        self._is_gone = True

    def close(self) -> None:
        for key in self._jobs:
            del self._machine.jobs[self._agent, key]
        self.leave()

    def _end(self, key: Key, kind: EndKind, why: str, at: float) -> None:
        one = self._jobs.get(key)
        if one is not None and one.ends_at > self._time.passed:
            one.ending = one.ending or (kind, why)
            one.returncode = -signal.SIGTERM
            one.ends_at = min(one.ends_at, at)
        task = self._tasks.get(key)
        if task is not None and task.ends_at > self._time.passed:
            task.call.ending = task.call.ending or (kind, why)
            task.call.flag.set()
            task.ends_at = min(task.ends_at, at)

    def _tell_job(self, key: Key) -> Ended:
        self._told.add(key)
        return self._jobs.pop(key).tell_end()

    def _tell_task(self, key: Key) -> Ended:
        task = self._tasks[key]
        answer = task.answer or self._carry_out(task)
        self._tasks.pop(key, None)
        return judge(task.call, answer)

    def _carry_out(self, task: _Task) -> Answer:
        """Carry out the code of a call, and let it enter its deeds in the ledger."""
        call = task.call.call

        def keep_books(flag: CancelFlag) -> Outcome:
            with keep_ledger(self._around.see_deed):
                return call(flag)

        answer = carry_out(CallInHand(task.call.key, keep_books, None, None, task.call.flag))
        self._around.check_alive()
        return answer
