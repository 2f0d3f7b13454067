"""Since when the engine listens: as long as the store answers again and again, and the clock goes as time does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ostinato.clock import ManualClock
from ostinato.loop.listening import Listening
from ostinato.testing.factories import NOON

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> ManualClock:
    """Lend a clock that stands at noon."""
    return ManualClock(NOON)


@pytest.fixture
def listening(clock: ManualClock) -> Listening:
    """Lend one that may miss half a minute, and hears the store for ten minutes."""
    listening = Listening(clock, longest_gap=30 * SECOND)
    for _ in range(20):
        listening.hear()
        clock.advance(30 * SECOND)
    return listening


def test_it_goes_on_while_the_store_answers(listening: Listening) -> None:
    """Gaps that are no longer than they may be count as listening."""
    assert listening.hear() == NOON


def test_a_gap_is_a_break(listening: Listening, clock: ManualClock) -> None:
    """Who stood still for longer has heard nobody meanwhile."""
    clock.advance(SECOND)

    assert listening.hear() == clock.now()


def test_an_outage_is_a_break(listening: Listening, clock: ManualClock) -> None:
    """However short."""
    listening.break_off()

    assert listening.hear() == clock.now()


@pytest.mark.parametrize("jump", [timedelta(hours=8), timedelta(hours=-1), timedelta(seconds=-6)])
def test_a_clock_that_jumps_is_a_break(listening: Listening, clock: ManualClock, jump: timedelta) -> None:
    """It was set, the machine slept, or another database answers: nothing can be told from how old a heartbeat is."""
    listening.hear()
    set_clock(clock, jump)

    assert listening.hear() == clock.now()


def set_clock(clock: ManualClock, by: timedelta) -> None:
    """Put a clock forward or back, while hardly any time passes."""
    clock._now += by


def test_a_clock_that_is_a_little_off_is_none(listening: Listening, clock: ManualClock) -> None:
    """As one is that is slowly put right."""
    set_clock(clock, timedelta(seconds=4))

    assert listening.hear() == NOON
