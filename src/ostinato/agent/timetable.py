"""When an agent speaks with the store: to ask for work, to say that it lives, and again after it was away."""

from __future__ import annotations

import math
from datetime import datetime

from ostinato.agent.settings import AgentSettings
from ostinato.clock import Clock
from ostinato.errors import StoreUnavailable
from ostinato.store.outages import LONGEST_PAUSE, Outage

LONGEST_PAUSE_WHEN_STOPPING_SECONDS = 1.0


class Timetable:
    """The times of one agent, all by the clock that only runs forward. Before anything was said, all is due."""

    def __init__(self, clock: Clock, settings: AgentSettings) -> None:
        self._clock = clock
        self._poll = settings.poll.total_seconds()
        self._heartbeat = settings.heartbeat.total_seconds()
        self._outage = Outage(clock, longest=min(settings.heartbeat, LONGEST_PAUSE))
        self._poll_at = self._beat_at = self._retry_at = -math.inf
        self._asked_at = -math.inf

    def next_at(self, *, has_news: bool) -> float:
        """Return when to speak with the store next: at once with news, but a store that is away is given time."""
        return max(-math.inf if has_news else min(self._poll_at, self._beat_at), self._retry_at)

    @property
    def is_poll_due(self) -> bool:
        """Tell whether it is time to ask for work and for what is held."""
        return self._poll_at <= self._clock.monotonic()

    @property
    def is_beat_due(self) -> bool:
        """Tell whether it is time to say that the agent lives."""
        return self._beat_at <= self._clock.monotonic()

    @property
    def store_is_away(self) -> bool:
        """Tell whether the store could not be reached when it was last tried."""
        return self._outage.is_on

    def hasten_poll(self) -> None:
        """Ask the next time: there may be something."""
        self._poll_at = -math.inf

    def hasten(self) -> None:
        """Ask the next time, and say that the agent lives, to hear whether the store agrees."""
        self._poll_at = self._beat_at = -math.inf

    def lose_patience(self) -> None:
        """Give a store that is away no more time."""
        self._retry_at = -math.inf

    def note_request(self) -> None:
        """Take note that the store is asked now. How long it takes to answer, nobody knows."""
        self._asked_at = self._clock.monotonic()

    def note_answer(self) -> None:
        """Take note that the store is there."""
        self._outage.end()
        self._retry_at = -math.inf

    def note_poll(self, *, wake_at: datetime | None) -> None:
        """Take note that the store was asked, and of when a suspended run is to be woken.

        One that should have been by now waits for room, and for nothing that the store could say.
        """
        until_wake = math.inf if wake_at is None else (wake_at - self._clock.now()).total_seconds()
        self._poll_at = self._clock.monotonic() + min(self._poll, until_wake if until_wake > 0 else math.inf)

    def note_beat(self) -> None:
        """Take note that the store has heard that the agent lives: as of when it was asked, which may be long ago."""
        self._beat_at = self._asked_at + self._heartbeat

    def put_off(self, error: StoreUnavailable, *, agent: str, is_stopping: bool) -> None:
        """Give a store that is away some time, ever more of it."""
        pause = self._outage.note(error, agent=agent)
        if is_stopping:
            pause = min(pause, LONGEST_PAUSE_WHEN_STOPPING_SECONDS)
        self._retry_at = self._clock.monotonic() + pause
