"""How a store that is away is waited for, and what is said of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import structlog

from ostinato.clock import ManualClock
from ostinato.errors import StoreUnavailable
from ostinato.store.outages import Outage
from ostinato.testing.factories import NOON


@pytest.fixture
def clock() -> ManualClock:
    """Lend a clock that stands at noon."""
    return ManualClock(NOON)


def test_pauses_grow_until_the_store_is_back(clock: ManualClock) -> None:
    """Up to the longest; the next outage begins anew."""
    outage = Outage(clock, longest=timedelta(seconds=3))
    error = StoreUnavailable("refused")

    pauses = [outage.note(error) for _ in range(5)]
    was_on = outage.is_on
    outage.end()

    assert pauses == [0.5, 1, 2, 3, 3]
    assert (was_on, outage.is_on) == (True, False)
    assert outage.note(error) == 0.5


def test_it_is_said_once_and_when_it_is_over(clock: ManualClock) -> None:
    """Each cause once, however often it is tried, and for how long the store was away."""
    outage = Outage(clock)
    with structlog.testing.capture_logs() as said:
        for cause in ("refused", "refused", "starting up", "refused"):
            outage.note(StoreUnavailable(cause), agent="box")
            clock.advance(timedelta(seconds=20.04))
        outage.end()
        outage.end()
        outage.note(StoreUnavailable("refused"), agent="box")

    assert [(line["event"], line.get("error", line.get("after")), line["agent"]) for line in said] == [
        ("store_unavailable", "refused", "box"),
        ("store_unavailable", "starting up", "box"),
        ("store_is_back", "1m20s", "box"),
        ("store_unavailable", "refused", "box"),
    ]
