"""When the engine makes its next pass: after its interval, soon where runs ended, later if the store is away."""

from __future__ import annotations

import math
from datetime import timedelta

import structlog

from ostinato.agent.notifying import Stage
from ostinato.clock import Clock
from ostinato.errors import StoreUnavailable
from ostinato.loop.engine import Engine, Tick
from ostinato.store.outages import Outage

REST = 2.0
"""A pass that is asked for early comes when this many times the duration of the last one has passed: where runs end
all the time, passes do not take all the time."""

log = structlog.get_logger()


class Turns:
    """The turns of one engine, and how many ``passes`` it made.

    It leads only while no other does; else it stands by and asks again.
    """

    def __init__(self, engine: Engine, clock: Clock, *, interval: timedelta) -> None:
        self._engine = engine
        self._clock = clock
        self._interval = interval.total_seconds()
        self._due_at = self._rested_at = self._retry_at = -math.inf
        self._outage = Outage(clock)
        self._led: bool | None = None
        self._took = 0.0
        self.passes = 0

    @property
    def stage(self) -> Stage:
        """Return whether the engine is ready: it has made a pass, or stands by."""
        return Stage.STARTING if self._led is None else Stage.READY

    @property
    def summary(self) -> str:
        """Return in one line how the engine stands."""
        leads = f"leads: {self.passes} {'pass' if self.passes == 1 else 'passes'}, the last took {self._took:.2f}s"
        does = "starting" if self._led is None else leads if self._led else "stands by"
        return does + ("; the database is away" if self._outage.is_on else "")

    def tick_if_due(self) -> Tick | None:
        """Make a pass if its time has come; ``None`` when it has not, or the store is away."""
        if self.seconds_until_due() > 0:
            return None
        began = self._clock.monotonic()
        try:
            tick = self._engine.tick(lead=True)
        except StoreUnavailable as error:
            self._retry_at = self._clock.monotonic() + self._outage.note(error, engine=self._engine.name)
            return None
        self._outage.end()
        self._retry_at = -math.inf
        self.passes += tick.led
        ended = self._clock.monotonic()
        self._took = ended - began
        self._rested_at = ended + REST * self._took
        self._due_at = ended + (0.0 if tick.more else self._interval)
        self._note_lead(tick)
        return tick

    def hasten(self) -> None:
        """Have the next pass made soon: something has changed. A store that is away is still given time."""
        self._due_at = min(self._due_at, self._rested_at)

    def seconds_until_due(self) -> float:
        """Return how long there is nothing to do."""
        return max(0.0, max(self._due_at, self._retry_at) - self._clock.monotonic())

    def stop(self) -> None:
        """Make no more passes: give the lead back."""
        if self._led:
            self._engine.stop()
        log.info("engine_stopped", engine=self._engine.name)

    def _note_lead(self, tick: Tick) -> None:
        if tick.led is not self._led:
            self._led = tick.led
            log.info("engine_leads" if tick.led else "engine_stands_by", engine=self._engine.name)
