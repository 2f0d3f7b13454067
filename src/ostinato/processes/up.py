"""Drives an engine and an agent in one thread, turn by turn.

The engine makes a pass when its interval is over or a run has ended, the agent looks for work when it has room or the
engine has made some. A store that is away delays both; commands that run go on.
"""

from __future__ import annotations

from collections.abc import Callable

from ostinato.agent.agent import Agent
from ostinato.agent.notifying import Notifier, Stage, notifying
from ostinato.agent.stopping import StopSignals
from ostinato.errors import StoreUnavailable
from ostinato.loop.engine import Tick
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.processes.turns import Turns
from ostinato.store import runs
from ostinato.store.slot_lists import count_slots
from ostinato.world import World


class Up:
    """Engine and agent together, in the main thread.

    ``watch`` is called after every turn, is told whether a signal came, and returns for how many seconds it need not
    be called again. Afterwards ``stopped_by`` is the first signal that came, ``idle`` tells that nothing was due any
    more, ``step_errors`` has what the engine's steps that still fail said last, and ``agent`` knows what it left.
    """

    def __init__(self, world: World, agent: Agent, turns: Turns, *, watch: Callable[[bool], float]) -> None:
        self.stopped_by: str | None = None
        self.idle = False
        self.step_errors: dict[str, str] = {}
        self.agent = agent
        self._world = world
        self._turns = turns
        self._watch = watch
        self._runs_ended = 0
        self._ended_at = world.clock.monotonic()
        self._settled = False

    def run(self, *, until_idle: bool) -> None:
        """Take turns until SIGTERM or SIGINT, the second of which is firm; or, ``until_idle``, until nothing is due."""
        with StopSignals() as signals, notifying() as notifier:
            try:
                self.agent.start()
                self.agent.wake_on(signals.descriptor)
                self.agent.tick()  # what its predecessor left is its own again before the engine misses anybody
                while not self.agent.is_done:
                    self._heed(signals)
                    self._take_turns(until_idle=until_idle)
                    pause = min(self._watch(self.stopped_by is not None), self._tell(notifier))
                    self.agent.wait(min(pause, self._seconds_until_due()))
            finally:
                self.agent.close()

    def _tell(self, notifier: Notifier) -> float:
        """Say that the turns go on, and how both stand; ready when each of them is."""
        standing = self.agent.standing
        engine_waits = standing.stage is Stage.READY and self._turns.stage is Stage.STARTING
        stage = Stage.STARTING if engine_waits else standing.stage
        return notifier.tell(stage, f"engine {self._turns.summary}; agent {standing}")

    def _heed(self, signals: StopSignals) -> None:
        while name := signals.take():
            self.stopped_by = self.stopped_by or name
            self.agent.stop()

    def _take_turns(self, *, until_idle: bool) -> None:
        tick = None if self._is_stopping else self._turns.tick_if_due()
        if tick is not None:
            self._follow(tick)
        self.agent.tick()
        if self.agent.tally.total() != self._runs_ended:
            self._runs_ended, self._ended_at = self.agent.tally.total(), self._world.clock.monotonic()
            self._settled = False
            self._turns.hasten()
        elif until_idle and self._settled and not self._is_stopping:
            self._settled = False  # until the next pass says so again: this look costs more than a turn should
            self._stop_if_idle()

    def _follow(self, tick: Tick) -> None:
        """Have the agent look for work where there may be some, and at the end once more."""
        self.step_errors = {
            **{step: error for step, error in self.step_errors.items() if step not in _names(tick)},
            **{outcome.step: outcome.error for outcome in tick.errors},
        }
        self._settled = self._has_settled(tick)
        if self._settled or any(outcome.changed for outcome in tick.outcomes):
            self.agent.look_for_work()

    def _has_settled(self, tick: Tick) -> bool:
        """Tell whether the engine has nothing to do; one elsewhere is given the time to make its passes."""
        if tick.led:
            return not any(outcome.changed or outcome.more for outcome in tick.outcomes)
        interval = self._world.config.engine.interval
        return self._world.clock.monotonic() - self._ended_at >= 3 * interval.total_seconds()

    def _stop_if_idle(self) -> None:
        if self._nothing_is_left():
            self.idle = True
            self.agent.stop()

    def _nothing_is_left(self) -> bool:
        """Tell whether nothing runs, will be retried, or could start. Runs that the agent may not take do not count."""
        try:
            with self._world.store.read() as tx:
                now = self._world.clock.now()
                attempts = runs.count_runs(tx, since=now)
                faces = count_slots(tx, now=now, since=now, until=now)
        except StoreUnavailable:
            return False
        unfinished = (RunStatus.SCHEDULED, RunStatus.RUNNING)
        undecided = (SlotFace.READY, SlotFace.RETRYING)
        return not any(attempts.get(status) for status in unfinished) and not any(faces.get(face) for face in undecided)

    @property
    def _is_stopping(self) -> bool:
        return self.idle or self.stopped_by is not None

    def _seconds_until_due(self) -> float:
        engine = float("inf") if self._is_stopping else self._turns.seconds_until_due()
        return min(engine, self.agent.seconds_until_due())


def _names(tick: Tick) -> set[str]:
    return {outcome.step for outcome in tick.outcomes}
