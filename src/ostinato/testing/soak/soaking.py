"""One soak, from an empty project to its verdict."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from ostinato.clock import SystemClock
from ostinato.config import load_config
from ostinato.errors import StoreUnavailable
from ostinato.processes.progress import Progress, read_progress
from ostinato.testing.soak.fleet import ALL_FAULTS, RESTARTS, Fleet, Havoc
from ostinato.testing.soak.project import write_project
from ostinato.testing.soak.verdict import Verdict, judge
from ostinato.world import World, open_world

LOOK_SECONDS = 0.1
TELL_SECONDS = 10.0
PATIENCE_SECONDS = 120.0
"""For how long no slot may end, once the faults have stopped, while any is due."""

_GOOD_ORDER = (0, -signal.SIGTERM)
"""Exit codes of who was told to stop: of one that had only just been started, too."""


@dataclass(frozen=True, slots=True)
class Soaking:
    """How to soak: where, on what, and how hard.

    ``heartbeat_timeout`` is how long an agent may be silent: whoever is for longer loses what it runs; the longest
    commands take ``longest_seconds``. Where there are ``only_restarts`` of agents, which are back in time, no command
    may be cut off.
    """

    folder: Path
    database: str
    seed: int
    seconds: float
    every_seconds: float
    accounts: int
    hours: int
    engines: int
    agents: int
    heartbeat_timeout: timedelta = timedelta(seconds=6)
    longest_seconds: int = 12
    only_restarts: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done to the fleet, and what had become of the work."""

    faults: Counter[str]
    verdict: Verdict


def soak(soaking: Soaking, *, say: Callable[[str], None]) -> Outcome:
    """Make the project, work under faults until their time or the work is over, let it end in peace, and judge it.

    ``say`` is told every now and then how far it is. What happened is kept in the folder.
    """
    write_project(
        soaking.folder,
        soaking.database,
        accounts=soaking.accounts,
        hours=soaking.hours,
        heartbeat_timeout=soaking.heartbeat_timeout,
        longest_seconds=soaking.longest_seconds,
        now=SystemClock().now(),
    )
    config = load_config(soaking.folder / "ostinato.yaml")
    with open_world(config.folder / "ostinato.yaml") as world:
        with Fleet(config.folder, engines=soaking.engines, agents=soaking.agents) as fleet:
            course = _Course(world, fleet, soaking, say)
            course.suffer()
            course.recover()
            codes = {member.name: member.stop() for member in fleet.members}
            left = [f"process {process.pid} was left behind" for process in fleet.list_commands()]
        odd = [f"{name} ended with exit code {code}" for name, code in codes.items() if code not in _GOOD_ORDER]
        verdict = judge(world)
        if soaking.only_restarts and verdict.cut_off:
            odd.append(f"{verdict.cut_off} commands were cut off, though agents were only restarted")
        return Outcome(course.faults, replace(verdict, breaches=(*verdict.breaches, *left, *odd)))


class _Course:
    """The course of a soak: first faults, then peace."""

    def __init__(self, world: World, fleet: Fleet, soaking: Soaking, say: Callable[[str], None]) -> None:
        self._world = world
        self._fleet = fleet
        self._soaking = soaking
        self._say = say
        self._clock = SystemClock()
        self._chance = random.Random(soaking.seed)
        faults = RESTARTS if soaking.only_restarts else ALL_FAULTS
        lease_seconds = soaking.heartbeat_timeout.total_seconds()
        self._havoc = Havoc(fleet, faults, self._chance, self._clock, lease_seconds)
        self._tell_at = self._moved_at = 0.0
        self._done = 0

    @property
    def faults(self) -> Counter[str]:
        """Return what was done to the fleet."""
        return self._havoc.counts

    def suffer(self) -> None:
        """Let faults come for as long as they are to, or until all that is due is done."""
        until = self._clock.monotonic() + self._soaking.seconds
        strike_at = self._next_strike()
        while self._clock.monotonic() < until and not self._is_done():
            self._havoc.relieve()
            if self._clock.monotonic() >= strike_at:
                self._havoc.strike()
                strike_at = self._next_strike()
            self._clock.sleep(LOOK_SECONDS)

    def recover(self) -> None:
        """Bring everybody back, and wait until all that is due is done; give up when it does not come any nearer."""
        self._say("no more faults")
        self._moved_at = self._clock.monotonic()
        while not self._is_done() and self._clock.monotonic() < self._moved_at + PATIENCE_SECONDS:
            self._havoc.relieve(everybody=True)
            self._clock.sleep(LOOK_SECONDS)

    def _next_strike(self) -> float:
        return self._clock.monotonic() + self._chance.expovariate(1 / self._soaking.every_seconds)

    def _is_done(self) -> bool:
        try:
            progress = read_progress(self._world.store, self._world.clock.now())
        except StoreUnavailable:
            return False
        self._tell(progress)
        if progress.done != self._done:
            self._done, self._moved_at = progress.done, self._clock.monotonic()
        return 0 < progress.due == progress.done and not progress.running

    def _tell(self, progress: Progress) -> None:
        if self._clock.monotonic() >= self._tell_at:
            self._tell_at = self._clock.monotonic() + TELL_SECONDS
            faults = sum(self._havoc.counts.values())
            self._say(f"{progress.done} of {progress.due} slots done, {faults} faults")
