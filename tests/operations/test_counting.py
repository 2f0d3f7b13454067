"""What of a night goes on by itself, and how long that will take at the usual durations."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

import pytest
from sqlalchemy import event

from ostinato.model.statuses import RunStatus
from ostinato.operations.counting import Outlook
from ostinato.operations.night import Nights
from ostinato.testing.factories import make_account, make_chain, make_definition, utc
from ostinato.testing.night import Night
from ostinato.world import World


@pytest.fixture
def nights(world: World) -> Nights:
    """Lend the nights of the world, each counted anew whenever it is asked for."""
    return Nights(world, kept_seconds=0)


def declare(night: Night) -> None:
    """Declare three accounts and a chain of three definitions, one that belongs to no account and one by hand."""
    night.declare(
        accounts=[make_account(token) for token in ("acme", "bolt", "cord")],
        definitions=[
            *make_chain("load", "agg", "report", matrix="account"),
            make_definition("total", reads_from=("report",)),
            make_definition("by_hand", start="manual"),
        ],
    )
    night.tick()


def work_for_days(night: Night, **minutes: int) -> None:
    """Have slots of two days done, each by a run of so many minutes by its definition; then a day comes anew."""
    while claimed := night.claim(limit=1):
        night.advance(minutes=minutes[str(claimed[0].work)])
        night.finish(claimed[0])
    night.clock.set(utc("2026-01-11"))
    night.beat()
    night.tick()


def test_what_waits_for_a_person_does_not_go_on_by_itself(night: Night, nights: Nights) -> None:
    """Nor what stands below what has failed."""
    declare(night)
    nobody = nights.find_summary()
    night.beat()
    before = nights.find_summary()
    night.finish("load/acme/2026-01-09")
    night.finish("load/bolt/2026-01-09", RunStatus.FAILED)
    night.tick()

    summary = nights.find_summary()

    assert nobody.list_going_on() == []  # there is no agent yet
    assert len(before.list_going_on()) == 10  # not what is done by hand
    assert len(summary.list_going_on()) == 5  # of acme agg and report, of cord all three; the total needs bolt's


def test_a_night_takes_as_long_as_its_slots_usually_do(night: Night, nights: Nights) -> None:
    """Each its median, over so many at once as run now; what runs is done in part; and no less than the longest."""
    accounts = [make_account(token) for token in ("acme", "bolt", "cord")]
    definitions = [make_definition(name, matrix="account") for name in ("quick", "slow")]
    night.declare(accounts=accounts, definitions=definitions)
    night.tick()
    work_for_days(night, quick=10, slow=60)

    nothing_runs = nights.find_summary().look_ahead()
    night.claim(limit=2)
    two_run = nights.find_summary().look_ahead()
    night.advance(minutes=4)
    night.beat()
    later = nights.find_summary().look_ahead()
    night.claim()
    all_run = nights.find_summary().look_ahead()

    assert (nothing_runs.going_on, nothing_runs.untold, nothing_runs.left) == (6, 0, None)
    assert two_run == Outlook(6, 0, timedelta(minutes=(3 * 10 + 3 * 60) / 2))
    assert later == Outlook(6, 0, timedelta(minutes=(3 * 10 + 3 * 60 - 2 * 4) / 2))
    assert all_run.left == timedelta(minutes=60)


def test_what_nothing_is_known_of_is_not_in_an_estimate(night: Night, nights: Nights) -> None:
    """What has no history, and what has run for longer than usual; where all is like that, there is none."""
    night.declare(definitions=[make_definition("known")])
    night.tick()
    work_for_days(night, known=10)
    night.declare(definitions=[make_definition("known"), make_definition("new", starts_on=date(2026, 1, 10))])
    night.tick()
    night.claim()

    some = nights.find_summary().look_ahead()
    night.advance(minutes=11)
    night.beat()
    none = nights.find_summary().look_ahead()

    assert some == Outlook(going_on=2, untold=1, left=timedelta(minutes=10))
    assert none == Outlook(going_on=2, untold=2, left=None)


def test_usual_durations_are_measured_now_and_then(night: Night, world: World) -> None:
    """The longer that takes, the more seldom: they change slowly. Here it takes a second."""
    declare(night)
    measured: list[str] = []

    def note(*about: object) -> None:
        measured.extend(["measured"] if "took" in str(about[2]) else [])

    event.listen(night.store.engine, "before_cursor_execute", note)
    ticks = count()
    nights = Nights(world, kept_seconds=0, monotonic=lambda: float(next(ticks)))

    nights.find_summary()
    nights.find_summary()

    assert measured == ["measured"]
