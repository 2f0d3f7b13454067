"""Slots follow declarations that change: what has not begun is laid out anew, what has begun stays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.policies.alignment import RemovalLimit
from ostinato.testing.factories import make_account, make_definition, utc
from ostinato.testing.night import Night, changes

DONE, LIVE = "sales/-/2026-01-08", "sales/-/2026-01-09"
OPEN = [f"sales/-/2026-01-{day}" for day in range(10, 21)]


@pytest.fixture
def begun(night: Night) -> Night:
    """Lend a night with one slot that has ended, one that runs, and eleven to come."""
    night.declare(definitions=[make_definition()])
    night.tick()
    night.finish(DONE)
    assert [*night.slots()] == [DONE, LIVE, *OPEN]
    return night


def test_slots_reach_as_far_ahead_as_they_should(night: Night) -> None:
    """Every period is there that begins before the horizon; as time goes on, the next one comes."""
    night.set(create_ahead=timedelta(days=2))
    night.declare(definitions=[make_definition()])
    night.tick()
    assert [*night.slots()][-1] == "sales/-/2026-01-12"

    night.clock.set(utc("2026-01-11"))
    before = changes(night.tick())
    night.advance(seconds=1)
    night.tick()

    assert "ensure_slots_exist" not in before
    assert [*night.slots()][-1] == "sales/-/2026-01-13"


def test_past_periods_are_a_backfill(night: Night) -> None:
    """A start in the past has everything since then run."""
    night.declare(accounts=[make_account("a")], definitions=[make_definition(matrix="account", frequency="hourly")])

    assert len(night.work()) == 60


def test_without_a_start_the_present_period_is_the_first(night: Night) -> None:
    """Nothing is made up for that was over before the declaration came."""
    night.declare(
        definitions=[make_definition(starts_on=None), make_definition("w", starts_on=None, frequency="weekly")]
    )
    night.tick()

    assert next(iter(night.slots("sales"))) == OPEN[0]
    assert next(iter(night.slots("w"))) == "w/-/2026-01-05"


def test_a_new_frequency_lays_the_open_slots_out_anew(begun: Night) -> None:
    """Around those that have begun: no hour of theirs is run again."""
    begun.declare(definitions=[make_definition(frequency="every 12h")])

    begun.tick()

    assert [*begun.slots()][:5] == [DONE, LIVE, OPEN[0], f"{OPEN[0]}T12:00", OPEN[1]]
    assert begun.face(DONE) is SlotFace.SUCCESS
    assert begun.face(LIVE) is SlotFace.RUNNING
    assert begun.face(OPEN[0]) is SlotFace.WAITING


def test_a_longer_frequency_leaves_out_what_has_begun(begun: Night) -> None:
    """A week of which two days have run begins with the next."""
    begun.declare(definitions=[make_definition(frequency="weekly", starts_on=date(2025, 12, 29))])

    begun.tick()

    assert [*begun.slots()] == ["sales/-/2025-12-29", DONE, LIVE, "sales/-/2026-01-12", "sales/-/2026-01-19"]


def test_a_new_matrix_leaves_what_has_begun(begun: Night) -> None:
    """The line without account retires; the accounts' lines begin at their start."""
    begun.declare(accounts=[make_account("a")], definitions=[make_definition(matrix="account")])

    begun.tick()

    days = [name.rpartition("/")[2] for name in (DONE, LIVE, *OPEN)]
    assert [name for name in begun.slots() if "/-/" in name] == [DONE, LIVE]
    assert [*begun.slots(account="a")] == [f"sales/a/{day}" for day in days]
    assert begun.finish(LIVE)


def test_a_failure_in_a_line_that_has_retired_ends_by_its_rule(begun: Night) -> None:
    """What has begun there is seen to, as everywhere."""
    begun.declare(accounts=[make_account("a")], definitions=[make_definition(matrix="account")])
    begun.tick()

    begun.finish(LIVE, RunStatus.FAILED)
    begun.tick()

    assert begun.face(LIVE) is SlotFace.FAILED


def test_an_earlier_start_adds_what_was_before(begun: Night) -> None:
    """And leaves the rest as it is."""
    begun.declare(definitions=[make_definition(starts_on=date(2026, 1, 6))])

    begun.tick()

    assert [*begun.slots()] == ["sales/-/2026-01-06", "sales/-/2026-01-07", DONE, LIVE, *OPEN]


def test_a_later_start_takes_away_what_has_not_begun(begun: Night) -> None:
    """What has begun before it stays."""
    begun.declare(definitions=[make_definition(starts_on=date(2026, 1, 12))])

    begun.tick()

    assert [*begun.slots()] == [DONE, LIVE, *OPEN[2:]]


def test_an_end_and_its_removal(begun: Night) -> None:
    """The last period begins on the day of the end; without end, slots come again."""
    begun.declare(definitions=[make_definition(ends_on=date(2026, 1, 11))])
    begun.tick()
    ended = [*begun.slots()]
    begun.advance(days=30)
    begun.tick()
    still = [*begun.slots()]
    begun.declare(definitions=[make_definition()])
    begun.tick()

    assert ended == still == [DONE, LIVE, *OPEN[:2]]
    assert len(begun.slots()) == 2 + 11 + 30


def test_a_new_zone_moves_the_open_slots(begun: Night) -> None:
    """Days of the other zone, but for those that overlap what has begun."""
    begun.declare(definitions=[make_definition(time_zone="Asia/Tokyo")])

    begun.tick()

    assert begun.slot("sales/-/2026-01-11").starts_at == utc("2026-01-10T15:00")
    assert [*begun.slots()][:3] == [DONE, LIVE, "sales/-/2026-01-11"]


def test_a_new_policy_moves_the_time_at_which_open_slots_are_due(begun: Night) -> None:
    """By hand alone, from now on; and back."""
    begun.declare(definitions=[make_definition(start="manual")])
    begun.tick()
    by_hand = {begun.slot(name).due_at for name in OPEN}
    begun.declare(definitions=[make_definition(start="at_start", delay=timedelta(hours=1))])
    begun.tick()

    assert by_hand == {None}
    assert [begun.slot(name).due_at for name in OPEN[:2]] == [utc("2026-01-10T01:00"), utc("2026-01-11T01:00")]
    assert begun.face(OPEN[0]) is SlotFace.WAITING


def test_a_new_account_gets_its_slots(night: Night) -> None:
    """From its start, or the definition's if that is later; one that goes takes its own along."""
    night.set(removals=RemovalLimit(confirmed=True))
    night.declare(accounts=[make_account("a")], definitions=[make_definition(matrix="account")])
    night.work()

    night.declare(accounts=[make_account("b", starts_on=date(2026, 1, 9))])
    ran = night.work()

    assert ran == ["sales/b/2026-01-09"]
    assert {name.split("/")[1] for name in night.slots()} == {"b"}


def test_an_account_that_moves_keeps_what_has_begun(night: Night) -> None:
    """Its open slots follow its new zone."""
    night.declare(accounts=[make_account("a")], definitions=[make_definition(matrix="account")])
    night.work()

    night.declare(accounts=[make_account("a", time_zone="America/New_York")])
    night.tick()

    zones = {slot.time_zone for slot in (night.slot(name) for name in night.slots())}
    assert zones == {"UTC", "America/New_York"}
    assert night.slot("sales/a/2026-01-10").starts_at == utc("2026-01-10T05:00")


def test_days_with_a_change_of_the_clock_are_shorter_and_longer(night: Night) -> None:
    """A day has 23 or 25 hours, and no hour of either is left out or run twice."""
    night.clock.set(utc("2026-03-28"))
    night.declare(
        accounts=[make_account("uk", time_zone="Europe/London")],
        definitions=[
            make_definition("day", matrix="account", starts_on=date(2026, 3, 28)),
            make_definition("hour", matrix="account", frequency="hourly", starts_on=date(2026, 3, 29)),
        ],
    )
    night.set(create_ahead=timedelta(days=2))
    night.tick()

    day = night.slot("day/uk/2026-03-29")
    hours = [slot for slot in (night.slot(name) for name in night.slots("hour")) if slot.starts_at < day.ends_at]

    assert day.ends_at - day.starts_at == timedelta(hours=23)
    assert (len(hours), hours[0].starts_at, hours[-1].ends_at) == (23, day.starts_at, day.ends_at)
