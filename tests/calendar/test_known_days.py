"""Days on which clocks did something odd, written down by hand."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from ostinato.calendar import (
    Period,
    check_time_zone,
    get_period,
    list_periods,
    local_midnight,
    parse_key,
)


def utc(text: str) -> datetime:
    """Read an instant, written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def list_starts(key: str, zone: str, since: str, until: str) -> list[str]:
    """Return the beginnings of periods in the window, as UTC texts without the ``T``."""
    periods = list_periods(parse_key(key), zone, since=utc(since), until=utc(until))
    return [f"{period.starts_at:%Y-%m-%d %H:%M}" for period in periods]


def get_day(zone: str, day: str) -> Period:
    """Return the daily period that begins on ``day``."""
    period = get_period(parse_key("daily"), zone, local_midnight(date.fromisoformat(day), zone))
    assert period is not None
    assert period.local_date == date.fromisoformat(day)
    return period


@pytest.mark.parametrize(
    ("zone", "day", "starts_at", "hours"),
    [
        ("UTC", "2024-03-31", "2024-03-31 00:00", 24),
        ("Europe/London", "2024-03-30", "2024-03-30 00:00", 24),
        ("Europe/London", "2024-03-31", "2024-03-31 00:00", 23),
        ("Europe/London", "2024-10-27", "2024-10-26 23:00", 25),
        ("America/New_York", "2024-03-10", "2024-03-10 05:00", 23),
        ("America/New_York", "2024-11-03", "2024-11-03 04:00", 25),
        ("Australia/Lord_Howe", "2024-10-06", "2024-10-05 13:30", 23.5),
        ("Australia/Lord_Howe", "2024-04-07", "2024-04-06 13:00", 24.5),
        ("Asia/Kolkata", "2024-03-31", "2024-03-30 18:30", 24),
        ("Asia/Kathmandu", "2024-03-31", "2024-03-30 18:15", 24),
        # midnight left out: the day begins at 01:00
        ("America/Sao_Paulo", "2017-10-15", "2017-10-15 03:00", 23),
        ("America/Havana", "2024-03-10", "2024-03-10 05:00", 23),
        ("Asia/Beirut", "2022-03-27", "2022-03-26 22:00", 23),
        # midnight shown twice (Havana), or 23:00 shown twice before it (the others)
        ("America/Havana", "2024-11-03", "2024-11-03 04:00", 25),
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17 02:00", 25),
        ("Asia/Beirut", "2022-10-29", "2022-10-28 21:00", 25),
        # the clock went back from 00:01 to 23:01, after the new day had begun
        ("America/St_Johns", "2010-11-06", "2010-11-06 02:30", 24),
        ("America/St_Johns", "2010-11-07", "2010-11-07 02:30", 25),
        # the days before those that were left out
        ("Pacific/Apia", "2011-12-29", "2011-12-29 10:00", 24),
        ("Pacific/Apia", "2011-12-31", "2011-12-30 10:00", 24),
        ("Pacific/Kwajalein", "1993-08-20", "1993-08-20 12:00", 24),
        # a clock that followed the sun, until noon came twice: 3 min 58 s more
        ("America/New_York", "1883-11-18", "1883-11-18 04:56:02", 24 + (3 * 60 + 58) / 3600),
    ],
)
def test_a_day_begins_and_lasts(zone: str, day: str, starts_at: str, hours: float) -> None:
    """A day lasts from the first instant that its clock calls so to the first of the next."""
    period = get_day(zone, day)

    assert period.starts_at == local_midnight(date.fromisoformat(day), zone) == utc(starts_at)
    assert (period.ends_at - period.starts_at) / timedelta(hours=1) == pytest.approx(hours, abs=1e-9)


@pytest.mark.parametrize(("zone", "missing"), [("Pacific/Apia", "2011-12-30"), ("Pacific/Kwajalein", "1993-08-21")])
def test_a_day_that_was_left_out_does_not_exist(zone: str, missing: str) -> None:
    """No period bears the date of a day that the zone never had; its midnight is that of the next day."""
    day, one = date.fromisoformat(missing), timedelta(days=1)
    around = {"since": local_midnight(day - one, zone), "until": local_midnight(day + 2 * one, zone)}
    days = [period.local_date for period in list_periods(parse_key("daily"), zone, **around)]

    assert days == [day - one, day + one]
    assert local_midnight(day, zone) == local_midnight(day + one, zone)


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [
        ("Europe/London", "2024-03-31", 23),
        ("Europe/London", "2024-10-27", 25),
        ("America/New_York", "2024-07-04", 24),
        ("America/Havana", "2024-11-03", 25),
        ("Asia/Kathmandu", "2024-03-31", 24),
        ("Australia/Lord_Howe", "2024-10-06", 24),
        ("Australia/Lord_Howe", "2024-04-07", 24),
    ],
)
def test_a_day_has_as_many_hours_as_its_clock_shows(zone: str, day: str, count: int) -> None:
    """Hourly periods number 23 or 25 where the clock changes by an hour."""
    period = get_day(zone, day)
    hours = list_periods(parse_key("hourly"), zone, since=period.starts_at, until=period.ends_at)

    assert len(hours) == count
    assert hours[-1].ends_at == period.ends_at


def test_an_hour_that_is_shown_twice_is_two_periods() -> None:
    """In London the hour from 01:00 comes once in summer time and once more in winter time."""
    starts = list_starts("hourly", "Europe/London", "2024-10-26 23:00", "2024-10-27 03:00")

    assert starts == ["2024-10-26 23:00", "2024-10-27 00:00", "2024-10-27 01:00", "2024-10-27 02:00"]


def test_a_half_hour_gap_cuts_an_hour_short_and_a_half_hour_fold_makes_one_longer() -> None:
    """On Lord Howe the hour from 02:00 has 30 minutes in spring, and the one from 01:00 has 90 in autumn."""

    def list_minutes(since: str, until: str) -> list[float]:
        periods = list_periods(parse_key("hourly"), "Australia/Lord_Howe", since=utc(since), until=utc(until))
        return [(period.ends_at - period.starts_at) / timedelta(minutes=1) for period in periods]

    assert list_minutes("2024-10-05 14:30", "2024-10-05 17:00") == [60, 30, 60]
    assert list_minutes("2024-04-06 13:00", "2024-04-06 17:00") == [60, 90, 60, 60]


def test_hours_begin_at_full_hours_of_the_zone() -> None:
    """Kathmandu is 5:45 ahead of UTC, so its hours begin at a quarter past the hour in UTC."""
    starts = list_starts("hourly", "Asia/Kathmandu", "2024-01-01 00:00", "2024-01-01 02:00")

    assert starts == ["2024-01-01 00:15", "2024-01-01 01:15"]


@pytest.mark.parametrize(
    ("key", "zone", "since", "until", "starts"),
    [
        # 00:00, then 03:00 and 06:00 in summer time
        (
            "every 3h",
            "Europe/London",
            "2024-03-31 00:00",
            "2024-03-31 06:00",
            ["2024-03-31 00:00", "2024-03-31 02:00", "2024-03-31 05:00"],
        ),
        # 02:00 and 02:15 are both left out, and mean 03:00
        (
            "every 15m",
            "America/New_York",
            "2024-03-10 06:30",
            "2024-03-10 07:30",
            ["2024-03-10 06:30", "2024-03-10 06:45", "2024-03-10 07:00", "2024-03-10 07:15"],
        ),
        # at 03:00 the clock goes back to 01:00: 02:00 comes twice, and its first period lasts four hours
        (
            "every 2h",
            "Antarctica/Troll",
            "2024-10-26 22:00",
            "2024-10-27 06:00",
            ["2024-10-26 22:00", "2024-10-27 00:00", "2024-10-27 04:00"],
        ),
        (
            "weekly",
            "America/Havana",
            "2024-03-01 00:00",
            "2024-03-20 00:00",
            ["2024-03-04 05:00", "2024-03-11 04:00", "2024-03-18 04:00"],
        ),
        (
            "monthly",
            "Asia/Kathmandu",
            "2023-12-31 00:00",
            "2024-03-01 00:00",
            ["2023-12-31 18:15", "2024-01-31 18:15", "2024-02-29 18:15"],
        ),
        (
            "yearly",
            "Pacific/Apia",
            "2010-01-01 00:00",
            "2013-01-01 00:00",
            ["2010-01-01 11:00", "2011-01-01 10:00", "2011-12-31 10:00", "2012-12-31 10:00"],
        ),
        # on the eve of the gap at midnight, and at its end
        (
            "cron 0 0 * * *",
            "America/Sao_Paulo",
            "2017-10-14 00:00",
            "2017-10-17 00:00",
            ["2017-10-14 03:00", "2017-10-15 03:00", "2017-10-16 02:00"],
        ),
        # 01:30 is left out, and means 02:00
        (
            "cron 30 1 * * *",
            "Europe/London",
            "2024-03-30 12:00",
            "2024-04-01 12:00",
            ["2024-03-31 01:00", "2024-04-01 00:30"],
        ),
        # 01:30 comes twice, and only the first time counts
        (
            "cron 30 1 * * *",
            "Europe/London",
            "2024-10-26 12:00",
            "2024-10-28 12:00",
            ["2024-10-27 00:30", "2024-10-28 01:30"],
        ),
        # an expression that follows the clock keeps silent where its hour is left out …
        (
            "cron */30 1 * * *",
            "Europe/London",
            "2024-03-30 00:00",
            "2024-04-01 12:00",
            ["2024-03-30 01:00", "2024-03-30 01:30", "2024-04-01 00:00", "2024-04-01 00:30"],
        ),
        # … and fires twice as often where its hour comes twice
        (
            "cron */30 1 * * *",
            "Europe/London",
            "2024-10-27 00:00",
            "2024-10-28 00:00",
            ["2024-10-27 00:00", "2024-10-27 00:30", "2024-10-27 01:00", "2024-10-27 01:30"],
        ),
    ],
)
def test_periods_begin_at(key: str, zone: str, since: str, until: str, starts: list[str]) -> None:
    """Periods begin where the rule for their frequency says, on these odd days."""
    assert list_starts(key, zone, since, until) == starts


def test_elapsed_time_knows_no_wall_clock() -> None:
    """Seven hours do not divide a day: they are counted from 1970 in UTC, and only the date is the zone's."""
    periods = {
        zone: list_periods(parse_key("every 7h"), zone, since=utc("2024-03-10 00:00"), until=utc("2024-03-11 06:00"))
        for zone in ("UTC", "America/New_York")
    }

    starts = [[period.starts_at for period in of_zone] for of_zone in periods.values()]
    assert starts[0] == starts[1]
    assert {(start - utc("1970-01-01")) % timedelta(hours=7) for start in starts[0]} == {timedelta()}
    assert [period.local_date.day for period in periods["UTC"]] == [10, 10, 10, 11]
    assert [period.local_date.day for period in periods["America/New_York"]] == [10, 10, 10, 10]


@pytest.mark.parametrize("key", ["hourly", "daily", "every 7h", "cron 0 6 * * *"])
def test_a_window_is_half_open(key: str) -> None:
    """A period that starts at ``since`` is in the window, one that starts at ``until`` is not."""
    period = get_period(parse_key(key), "Europe/London", utc("2024-03-30 12:00"))
    assert period is not None
    whole = {"since": period.starts_at, "until": period.ends_at}

    assert list_periods(parse_key(key), "Europe/London", **whole) == [period]
    assert list_periods(parse_key(key), "Europe/London", since=whole["until"], until=whole["since"]) == []


def test_a_rare_firing_ends_a_long_period() -> None:
    """A 29 February that is a Sunday: the period between two of them lasts 28 years, or 40 across 2100."""
    sunday = parse_key("cron 0 0 29 2 */7")

    assert get_period(sunday, "UTC", utc("2024-07-01")) == Period(
        utc("2004-02-29"), utc("2032-02-29"), date(2004, 2, 29)
    )
    assert get_period(sunday, "UTC", utc("2100-07-01")) == Period(
        utc("2088-02-29"), utc("2128-02-29"), date(2088, 2, 29)
    )


def test_a_last_firing_begins_no_period() -> None:
    """Since 1981 Berlin leaves out 02:00 to 03:00 on that Sunday: the firing of 1980 was the last of all."""
    expression, zone = parse_key("cron * 2 * 3 7L"), "Europe/Berlin"
    last = list_periods(expression, zone, since=utc("1980-01-01"), until=utc("1981-01-01"))[-1]

    assert last == Period(utc("1980-03-30 01:58"), utc("1980-03-30 01:59"), date(1980, 3, 30))
    assert get_period(expression, zone, utc("1980-03-30 01:58:30")) == last
    assert get_period(expression, zone, last.ends_at) is None
    assert get_period(expression, zone, utc("2060-07-01")) is None
    assert list_periods(expression, zone, since=utc("2060-01-01"), until=utc("2070-01-01")) == []


def test_an_instant_may_be_written_in_any_zone() -> None:
    """What counts is the instant: periods are in UTC, whatever the zone of the question."""
    at = datetime.fromisoformat("2024-07-02T09:30+10:00")

    period = get_period(parse_key("hourly"), "Europe/London", at)
    assert period == Period(utc("2024-07-01 23:00"), utc("2024-07-02 00:00"), date(2024, 7, 2))
    assert period.starts_at.tzinfo is period.ends_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("at", "complaint"),
    [
        ("2024-07-01", "a datetime with a time zone is needed"),
        ("0999-12-31+00:00", "outside of the years 1000 to 9000"),
        ("9001-01-01+00:00", "outside of the years 1000 to 9000"),
    ],
)
def test_what_names_no_instant_in_reach_is_refused(at: str, complaint: str) -> None:
    """A naive datetime names no instant, and at the ends of the calendar periods cannot be computed."""
    day, _, offset = at.partition("+")
    instant = datetime.fromisoformat(f"{day}T00:00" + (f"+{offset}" if offset else ""))

    with pytest.raises(ValueError, match=complaint):
        get_period(parse_key("daily"), "UTC", instant)
    with pytest.raises(ValueError, match=complaint):
        list_periods(parse_key("daily"), "UTC", since=instant, until=instant)


@pytest.mark.parametrize("year", [1000, 9000])
def test_the_first_and_the_last_year_are_in_reach(year: int) -> None:
    """Even the longest period has its neighbours there."""
    at = datetime(year, 7, 1, tzinfo=UTC)

    for key in ("hourly", "yearly", "every 366d", "cron 0 0 29 2 */7"):
        period = get_period(parse_key(key), "America/New_York", at)
        assert period is not None
        assert period.starts_at <= at < period.ends_at


def test_names_of_time_zones_are_accepted() -> None:
    """Canonical names and the old ones that the database still knows are time zones."""
    for name in ("UTC", "Europe/London", "America/Argentina/Buenos_Aires", "US/Pacific", "Etc/GMT+5"):
        check_time_zone(name)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Europe/Lundon", "did you mean 'Europe/London'?"),
        ("europe/london", "did you mean 'Europe/London'?"),
        ("London", "did you mean 'Europe/London'?"),
        ("New York", "did you mean 'America/New_York'?"),
        ("", "expected one such as"),
        ("../UTC", "is not a time zone"),
        ("localtime", "is not a time zone"),
    ],
)
def test_what_is_no_time_zone_is_refused_everywhere(name: str, complaint: str) -> None:
    """A wrong name is refused with the nearest right one, whoever is asked first."""
    at = utc("2024-07-01")

    with pytest.raises(ValueError, match=complaint):
        check_time_zone(name)
    with pytest.raises(ValueError, match=complaint):
        list_periods(parse_key("daily"), name, since=at, until=at + timedelta(days=1))
    with pytest.raises(ValueError, match=complaint):
        local_midnight(at.date(), name)


def test_periods_without_clock_changes_are_even() -> None:
    """In UTC a leap year has its days, hours and quarters of an hour, all equally long."""
    year = {"since": utc("2024-01-01"), "until": utc("2025-01-01")}
    for key, count in (("daily", 366), ("hourly", 366 * 24), ("every 15m", 366 * 96)):
        periods = list_periods(parse_key(key), "UTC", **year)
        lengths = Counter(period.ends_at - period.starts_at for period in periods)

        assert list(lengths.values()) == [count]
