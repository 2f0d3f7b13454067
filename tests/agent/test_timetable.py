"""When an agent speaks with the store: how an answer that takes long, and a store that is away, change that."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ostinato.agent.settings import AgentSettings
from ostinato.agent.timetable import Timetable
from ostinato.clock import ManualClock
from ostinato.errors import StoreUnavailable
from ostinato.testing.factories import NOON


@pytest.fixture
def clock() -> ManualClock:
    """Lend a clock that stands at noon."""
    return ManualClock(NOON)


def make_timetable(clock: ManualClock, *, heartbeat: float) -> Timetable:
    """Make the timetable of an agent that beats every so many seconds."""
    here = Path("/")
    return Timetable(clock, AgentSettings(project=here, logs=here, heartbeat=timedelta(seconds=heartbeat)))


def test_a_heartbeat_dates_from_when_it_was_sent(clock: ManualClock) -> None:
    """Whoever had to wait long for the store sends the next one at once: the last one is old already."""
    times = make_timetable(clock, heartbeat=10)
    times.note_request()
    clock.advance(timedelta(seconds=9))
    times.note_beat()
    due = [times.is_beat_due]
    clock.advance(timedelta(seconds=1))
    due.append(times.is_beat_due)

    assert due == [False, True]


def test_who_may_not_be_silent_for_long_asks_soon_again(clock: ManualClock) -> None:
    """The pauses grow to the time between two heartbeats, so that nobody is lost who can speak again."""
    times = make_timetable(clock, heartbeat=2.5)
    pauses = []
    for _ in range(5):
        times.put_off(StoreUnavailable("refused"), agent="box", is_stopping=False)
        pauses.append(times.next_at(has_news=True) - clock.monotonic())

    assert pauses == [0.5, 1, 2, 2.5, 2.5]
    assert times.store_is_away


def test_who_is_stopping_asks_sooner(clock: ManualClock) -> None:
    """It has not much time left to say how things have ended."""
    times = make_timetable(clock, heartbeat=10)
    for _ in range(5):
        times.put_off(StoreUnavailable("refused"), agent="box", is_stopping=True)

    assert times.next_at(has_news=True) - clock.monotonic() == 1
