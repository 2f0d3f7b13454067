"""What was before: one lane, one account's night, one definition for all accounts day by day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from ostinato.errors import NotFound
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations.history import find_days, find_history, find_timeline
from ostinato.operations.night import Nights
from ostinato.testing.factories import make_account, make_chain, make_definition, make_retry, utc
from ostinato.testing.night import Night
from ostinato.world import World


def test_a_lane_shows_its_last_slots_with_their_times(night: Night, world: World) -> None:
    """The newest last; of an attempt that has not ended it is not known how long it takes."""
    night.declare(definitions=[make_definition(retry=make_retry())])
    night.tick()
    night.claim()
    night.advance(minutes=5)
    night.finish("sales/-/2026-01-08")

    history = find_history(world, "sales", None)

    assert [(str(one.name), one.face) for one in history] == [
        ("sales/-/2026-01-08", SlotFace.SUCCESS),
        ("sales/-/2026-01-09", SlotFace.RUNNING),
    ]
    assert [one.slot.run_finished_at for one in history] == [night.now, None]
    assert [str(one.name) for one in find_history(world, "sales", None, limit=1)] == ["sales/-/2026-01-09"]
    earlier = find_history(world, "sales", None, until=utc("2026-01-09T12:00"))
    assert [str(one.name) for one in earlier] == ["sales/-/2026-01-08"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda world: find_history(world, "lod", "acme"),
        lambda world: find_history(world, "load", "acm"),
        lambda world: find_timeline(Nights(world), "acm"),
        lambda world: find_days(Nights(world), "lod"),
    ],
    ids=["definition of a lane", "account of a lane", "account", "definition"],
)
def test_unknown_names_are_told(night: Night, world: World, ask: Callable[[World], object]) -> None:
    """With the nearest right one."""
    night.declare(accounts=[make_account("acme")], definitions=make_chain("load", "agg", matrix="account"))
    night.tick()

    with pytest.raises(NotFound, match="there is no") as refusal:
        ask(world)

    assert "did you mean" in refusal.value.hint


def test_a_timeline_has_what_was_due_in_a_day_and_all_attempts(night: Night, world: World) -> None:
    """Of one account, in the order of due times and of the lineage; hourly slots each by itself."""
    night.declare(
        accounts=[make_account("acme", time_zone="Europe/London"), make_account("bolt")],
        definitions=[
            *make_chain("load", "agg", matrix="account", retry=make_retry(wait=timedelta(0))),
            make_definition("often", matrix="account", frequency="every 6h", starts_on=date(2026, 1, 9)),
            make_definition("total"),
        ],
    )
    night.tick()
    night.finish("load/acme/2026-01-09", RunStatus.FAILED)
    night.tick()

    timeline = find_timeline(Nights(world), "acme")

    assert (timeline.account, timeline.time_zone) == ("acme", "Europe/London")
    assert (timeline.since, timeline.until) == (night.now - timedelta(days=1), night.now)
    names = [str(bar.name) for bar in timeline.bars]
    assert [name for name in names if "often" not in name] == ["load/acme/2026-01-09", "agg/acme/2026-01-09"]
    assert [name for name in names if "often" in name] == [
        "often/acme/2026-01-09T12:00",
        "often/acme/2026-01-09T18:00",
        "often/acme/2026-01-10",
        "often/acme/2026-01-10T06:00",
    ]
    (load,) = (bar for bar in timeline.bars if bar.name.definition == "load")
    assert [(attempt.attempt, attempt.status) for attempt in load.attempts] == [(1, "failed"), (2, "waiting")]


def test_a_timeline_keeps_what_was_due_earlier_and_nothing_later(night: Night, world: World) -> None:
    """The slot that was due last belongs to the night, however long ago that was; None has a night of its own."""
    night.declare(
        definitions=[
            make_definition("total"),
            make_definition("month", frequency="monthly", starts_on=date(2026, 1, 1)),
        ]
    )
    night.tick()
    night.advance(days=40)
    night.tick()
    at = utc("2026-02-10T12:00")

    names = [str(bar.name) for bar in find_timeline(Nights(world), None, at).bars]

    assert names == ["month/-/2026-01-01", "total/-/2026-02-09"]


def test_a_definition_is_shown_day_by_day(night: Night, world: World) -> None:
    """For all accounts; of several slots of a day the worst; a day without slot is empty."""
    night.declare(
        accounts=[make_account("acme"), make_account("bolt")],
        definitions=[make_definition("often", matrix="account", frequency="every 6h", starts_on=date(2026, 1, 9))],
    )
    night.tick()
    for name in ("2026-01-09", "2026-01-09T06:00", "2026-01-09T12:00"):
        night.finish(f"often/acme/{name}")
    night.finish("often/acme/2026-01-09T18:00", RunStatus.FAILED)
    night.tick()
    night.finish("often/acme/2026-01-10")
    night.finish("often/acme/2026-01-10T06:00")

    found = find_days(Nights(world), "often", days=3)

    assert found.days == (date(2026, 1, 8), date(2026, 1, 9), date(2026, 1, 10))
    assert found.rows == (
        ("acme", (None, SlotFace.FAILED, SlotFace.SUCCESS)),
        ("bolt", (None, SlotFace.RUNNING, SlotFace.RUNNING)),
    )
