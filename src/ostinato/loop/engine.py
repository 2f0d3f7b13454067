"""The engine: one pass over all steps, each in its own transaction, with its failures kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from ostinato.clock import Clock
from ostinato.engine.context import Context, Desired, EngineSettings
from ostinato.engine.everything import look_at_everything
from ostinato.engine.reading import SourceReader
from ostinato.engine.steps import STEPS, Step
from ostinato.errors import StoreUnavailable
from ostinato.loop.listening import Listening
from ostinato.model.engine import LEADERSHIP, StepOutcome
from ostinato.sources import open_account_sources, open_definition_sources
from ostinato.store import journal
from ostinato.store.database import Store
from ostinato.world import World

log = structlog.get_logger()

LONGEST_BACK_OFF = timedelta(minutes=5)
INTERVALS_MISSED = 3
"""So many intervals without a word from the store are a break in listening."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A step that keeps failing: how often in a row, and when it is tried again."""

    times: int
    again_at: datetime


@dataclass(frozen=True, slots=True)
class Tick:
    """What one pass did. ``led`` is false when another engine leads and nothing was done."""

    outcomes: tuple[StepOutcome, ...] = ()
    led: bool = True

    @property
    def more(self) -> bool:
        """Tell whether a step has more to do at once."""
        return any(outcome.more for outcome in self.outcomes)

    @property
    def errors(self) -> tuple[StepOutcome, ...]:
        """Return the outcomes of the steps that raised."""
        return tuple(outcome for outcome in self.outcomes if outcome.error)


class Engine:
    """Keeps the rows true to what is declared. Advances by ``tick`` alone; who calls it owns the waiting."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        reader: SourceReader,
        *,
        name: str,
        settings: EngineSettings,
        interval: timedelta,
        full_pass_every: timedelta,
        steps: Sequence[Step] = STEPS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._reader = reader
        self._settings = settings
        self._interval = interval
        self._full_pass_every = full_pass_every
        self._steps = tuple(steps)
        longest_gap = max(settings.heartbeat_timeout / 2, INTERVALS_MISSED * interval)
        self._listening = Listening(clock, longest_gap=longest_gap)
        self._failing: dict[str, Failing] = {}
        self._full_pass_at: datetime | None = None
        self.name = name

    def tick(self, *, lead: bool = False) -> Tick:
        """Run one pass. With ``lead``, do so only while no other engine leads.

        A step that raises is reported in its outcome and left out until its back-off has passed. Raises
        ``StoreUnavailable`` when the database is away: nothing can be done then, and nothing is. An engine that leads
        pass after pass judges agents only by a silence through which it has listened itself; a pass by itself takes
        every heartbeat at its word.
        """
        try:
            return self._make_pass(lead=lead)
        except StoreUnavailable:
            self._listening.break_off()
            raise

    def _make_pass(self, *, lead: bool) -> Tick:
        began = self._clock.monotonic()
        if lead and not self._take_lead(self._clock.now()):
            self._listening.hear()
            return Tick(led=False)
        listening_since = self._listening.hear() if lead else None
        now = self._clock.now()  # not before the store has answered: that may have taken long, or be another one now
        context = Context(now, self.name, self._settings, listening_since)
        self._look_at_everything_now_and_then(context)
        desired = self._reader.read()
        outcomes = tuple(self._run(step, desired, context) for step in self._steps if self._may_run(step, now))
        with self._store.write() as tx:
            seconds = self._clock.monotonic() - began
            journal.keep_pass(tx, engine=self.name, started_at=now, seconds=seconds, outcomes=outcomes)
        self._listening.hear()
        return Tick(outcomes)

    def stop(self) -> None:
        """Give the lead back, so that another engine need not wait for the lease to end."""
        try:
            with self._store.write() as tx:
                journal.release_lease(tx, LEADERSHIP, holder=self.name)
        except StoreUnavailable as error:
            log.warning("lead_not_released", engine=self.name, error=error.message)

    def _take_lead(self, now: datetime) -> bool:
        duration = max(self._interval * 3, timedelta(seconds=30))
        with self._store.write() as tx:
            return journal.take_lease(tx, LEADERSHIP, holder=self.name, now=now, duration=duration)

    def _look_at_everything_now_and_then(self, context: Context) -> None:
        if self._full_pass_at is None or context.now >= self._full_pass_at:
            with self._store.write() as tx:
                look_at_everything(tx, context)
            self._full_pass_at = context.now + self._full_pass_every

    def _may_run(self, step: Step, now: datetime) -> bool:
        failing = self._failing.get(_name(step))
        return failing is None or now >= failing.again_at

    def _run(self, step: Step, desired: Desired, context: Context) -> StepOutcome:
        name, began = _name(step), self._clock.monotonic()
        try:
            with self._store.write() as tx:
                outcome = step(tx, desired, context)
        except StoreUnavailable:
            raise
        except Exception as error:  # the loop never dies of one step
            log.exception("step_failed", step=name, engine=self.name)
            self._back_off(name, context.now)
            outcome = StepOutcome(name, failed=1, error=f"{type(error).__name__}: {error}")
        else:
            self._failing.pop(name, None)
            self._listening.hear()
        outcome = replace(outcome, seconds=round(self._clock.monotonic() - began, 6))
        if outcome.changed or outcome.failed:
            log.info("step", engine=self.name, **_shown(outcome))
        return outcome

    def _back_off(self, name: str, now: datetime) -> None:
        times = self._failing[name].times + 1 if name in self._failing else 1
        wait = min(self._interval * 2 ** min(times, 16), LONGEST_BACK_OFF)
        self._failing[name] = Failing(times, now + wait)


def make_engine(world: World, *, name: str) -> Engine:
    """Make the engine of a project as its file says. Raises ``DeclarationError`` for sources that cannot be made."""
    config = world.config
    return Engine(
        world.store,
        world.clock,
        SourceReader(open_account_sources(config), open_definition_sources(config)),
        name=name,
        settings=world.engine_settings,
        interval=config.engine.interval,
        full_pass_every=config.engine.full_pass_every,
    )


def _name(step: Step) -> str:
    return step.__name__


def _shown(outcome: StepOutcome) -> dict[str, object]:
    numbers = ("step", "examined", "changed", "blocked", "failed", "seconds")
    return {name: getattr(outcome, name) for name in numbers} | ({"error": outcome.error} if outcome.error else {})
