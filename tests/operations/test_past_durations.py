"""How long a definition took, day by day: which attempts count, of which day, and what is told of them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.errors import NotFound
from ostinato.model.statuses import RunStatus
from ostinato.operations.past_durations import DayDurations, Quantiles, find_past_durations, find_quantiles
from ostinato.testing.factories import make_account, make_definition, make_retry, utc
from ostinato.testing.night import Night
from ostinato.world import World

MINUTE = timedelta(minutes=1)


def work(night: Night, minutes: dict[str, list[int]], ending: RunStatus = RunStatus.SUCCESS) -> None:
    """Carry out all that waits, one after another; each lane's runs take the minutes that are named, in turn."""
    left = {lane: list(taken) for lane, taken in minutes.items()}
    night.beat()
    night.tick()
    while claimed := night.claim(limit=1):
        lane = str(claimed[0].slot).rpartition("/")[0]
        night.advance(minutes=left[lane].pop(0))
        night.finish(claimed[0], ending)


def test_each_day_tells_what_its_slots_took(night: Night, world: World) -> None:
    """Of all accounts together, or of one; the days are those on which slots start, whenever they were carried out."""
    accounts = [make_account(token) for token in ("acme", "bolt", "cord")]
    night.declare(accounts=accounts, definitions=[make_definition("load", matrix="account")])
    work(night, {"load/acme": [2, 3], "load/bolt": [5, 4], "load/cord": [20, 6]})

    together = find_past_durations(world, "load")
    alone = find_past_durations(world, "load", account="bolt")

    first, second = date(2026, 1, 8), date(2026, 1, 9)
    assert together.days == (
        DayDurations(first, 3, 0, Quantiles(2 * MINUTE, 5 * MINUTE, 20 * MINUTE, 20 * MINUTE)),
        DayDurations(second, 3, 0, Quantiles(3 * MINUTE, 4 * MINUTE, 6 * MINUTE, 6 * MINUTE)),
    )
    assert [(day.finished, day.took) for day in alone.days] == [
        (1, Quantiles(5 * MINUTE, 5 * MINUTE, 5 * MINUTE, 5 * MINUTE)),
        (1, Quantiles(4 * MINUTE, 4 * MINUTE, 4 * MINUTE, 4 * MINUTE)),
    ]


def test_failed_attempts_are_counted_and_not_measured(night: Night, world: World) -> None:
    """Each of them, those before a success too; where none has succeeded there is nothing to measure."""
    night.declare(definitions=[make_definition("load", retry=make_retry(2, wait=timedelta(0)))])
    work(night, {"load/-": [7, 7]}, RunStatus.FAILED)
    before = find_past_durations(world, "load").days
    work(night, {"load/-": [2, 3]})

    after = find_past_durations(world, "load").days

    assert [(day.finished, day.failed, day.took) for day in before] == [(1, 1, None), (1, 1, None)]
    assert [(day.finished, day.failed, day.took and day.took.longest) for day in after] == [
        (2, 1, 2 * MINUTE),
        (2, 1, 3 * MINUTE),
    ]


def test_what_is_under_way_or_was_cancelled_is_no_failure(night: Night, world: World) -> None:
    """What goes on is not told of at all."""
    night.declare(definitions=[make_definition("load")])
    night.beat()
    night.tick()
    first, _ = night.claim(limit=2)
    night.finish(first, RunStatus.CANCELLED)

    (day,) = find_past_durations(world, "load").days

    assert (day.finished, day.failed, day.took) == (1, 0, None)


def test_a_day_is_that_of_the_wall_clock(night: Night, world: World) -> None:
    """In the zone of the slot, on both sides of Greenwich, at the first day and at the last."""
    zones = {"west": "Pacific/Honolulu", "east": "Pacific/Auckland"}
    night.declare(
        accounts=[make_account(token, time_zone=zone) for token, zone in zones.items()],
        definitions=[make_definition("load", matrix="account", starts_on=date(2026, 1, 6))],
    )
    night.clock.set(utc("2026-01-10T10:20"))
    work(night, {"load/west": [1] * 9, "load/east": [1] * 9})

    whole = find_past_durations(world, "load")
    part = find_past_durations(world, "load", days=2, at=utc("2026-01-08T01:00"))

    assert {day.day.day: day.finished for day in whole.days} == {6: 2, 7: 2, 8: 2, 9: 2}
    assert (part.first_day, part.last_day) == (date(2026, 1, 7), date(2026, 1, 8))
    assert [(day.day.day, day.finished) for day in part.days] == [(7, 2), (8, 2)]


@pytest.mark.parametrize(("definition", "account"), [("lod", None), ("load", "acne")])
def test_an_unknown_name_is_not_found(night: Night, world: World, definition: str, account: str | None) -> None:
    """Neither a definition nor an account is taken for one without history."""
    night.declare(accounts=[make_account("acme")], definitions=[make_definition("load", matrix="account")])
    night.tick()

    with pytest.raises(NotFound, match=r"no (definition|account)"):
        find_past_durations(world, definition, account=account)


def test_nothing_has_no_quantiles() -> None:
    """None is told of, rather than zero."""
    assert find_quantiles([]) is None


@given(st.lists(st.integers(0, 10**12), min_size=1))
def test_quantiles_are_durations_that_there_were(durations: list[int]) -> None:
    """So many of a hundred took so long or less, and no shorter one of them would do."""
    found = find_quantiles(durations)

    assert found is not None
    assert (found.lowest, found.longest) == (
        timedelta(microseconds=min(durations)),
        timedelta(microseconds=max(durations)),
    )
    for percent, quantile in ((50, found.median), (95, found.percentile_95)):
        microseconds = quantile // timedelta(microseconds=1)
        assert microseconds in durations
        assert 100 * sum(one <= microseconds for one in durations) >= percent * len(durations)
        assert 100 * sum(one < microseconds for one in durations) < percent * len(durations)
