"""The package against an oracle that looks at a wall clock once a minute.

The oracle is built on ``zoneinfo`` and knows nothing of offsets or stretches: it finds every clock change of
its zones from 1990 to 2037 by looking, and sees what the clock shows in the minutes around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from ostinato.calendar import get_period, list_periods, local_midnight, parse_key

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2037, 12, 31, tzinfo=UTC)

ZONES = [
    "UTC",
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Caracas",
    "America/Havana",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kwajalein",
]

# --- the oracle ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Minute:
    """What the clock shows at an instant, what it showed a minute before, and the latest it showed before."""

    at: datetime
    clock: datetime
    before: datetime
    latest: datetime


def look_at_clock(at: datetime, zone: str) -> datetime:
    """Return what a wall clock in ``zone`` shows, without zone."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@cache
def list_clock_changes(zone: str) -> list[datetime]:
    """Return the instants from 1990 to 2037 at which the clock of ``zone`` jumps."""
    days = [FIRST + DAY * n for n in range((LAST - FIRST) // DAY + 1)]
    return [find_jump(zone, *span) for span in pairwise(days) if jumps(zone, *span)]


def jumps(zone: str, since: datetime, until: datetime) -> bool:
    """Tell whether the clock moved on by something else than the time that passed."""
    return look_at_clock(until, zone) - look_at_clock(since, zone) != until - since


def find_jump(zone: str, since: datetime, until: datetime) -> datetime:
    """Return the first minute after the jump that lies between ``since`` and ``until``."""
    middle = since + (until - since) // MINUTE // 2 * MINUTE
    if middle == since:
        return until
    return find_jump(zone, since, middle) if jumps(zone, since, middle) else find_jump(zone, middle, until)


@cache
def list_windows(zone: str) -> list[list[Minute]]:
    """Return, for every clock change, the minutes around it."""
    return [list(walk(zone, change)) for change in list_clock_changes(zone)]


def walk(zone: str, change: datetime) -> Iterator[Minute]:
    """Yield the minutes around ``change``, as many as its jump repeats or leaves out, and an hour more."""
    jump = abs(look_at_clock(change, zone) - look_at_clock(change - MINUTE, zone) - MINUTE)
    at = change - jump - HOUR
    before = latest = look_at_clock(at - MINUTE, zone)
    while at < change + jump + HOUR:
        clock = look_at_clock(at, zone)
        yield Minute(at, clock, before, latest)
        at, before, latest = at + MINUTE, clock, max(latest, clock)


def floor_to(step: timedelta) -> Callable[[datetime], datetime]:
    """Return what rounds a time down to whole steps since a Monday's midnight."""
    monday = datetime.combine(date(1900, 1, 1), time())
    return lambda clock: clock - (clock - monday) % step


FLOORS: dict[str, Callable[[datetime], datetime]] = {
    "every 5m": floor_to(5 * MINUTE),
    "every 15m": floor_to(15 * MINUTE),
    "every 45m": floor_to(45 * MINUTE),
    "hourly": floor_to(HOUR),
    "every 1h30m": floor_to(90 * MINUTE),
    "every 2h": floor_to(2 * HOUR),
    "every 6h": floor_to(6 * HOUR),
    "daily": floor_to(DAY),
    "weekly": floor_to(7 * DAY),
    "monthly": lambda clock: floor_to(DAY)(clock).replace(day=1),
    "yearly": lambda clock: floor_to(DAY)(clock).replace(day=1, month=1),
}
AT_MOST_AN_HOUR = {"every 5m", "every 15m", "every 45m", "hourly"}

CRON_MATCHES: dict[str, Callable[[datetime], bool]] = {
    "cron * * * * *": lambda _: True,
    "cron */15 * * * *": lambda clock: clock.minute % 15 == 0,
    "cron 7 * * * *": lambda clock: clock.minute == 7,
    "cron * 1,2,23,0 * * *": lambda clock: clock.hour in (1, 2, 23, 0),
    "cron 30 */2 * * *": lambda clock: clock.minute == 30 and clock.hour % 2 == 0,
    "cron 0 0 * * *": lambda clock: clock.hour == clock.minute == 0,
    "cron 30 2 * * *": lambda clock: clock.hour == 2 and clock.minute == 30,
    "cron 0,20,40 0-3 * * *": lambda clock: clock.hour in range(4) and clock.minute % 20 == 0,
    "cron 45 1,23 * * SUN": lambda clock: clock.isoweekday() == 7 and clock.hour in (1, 23) and clock.minute == 45,
    "cron 0 0 31 * *": lambda clock: clock.day == 31 and clock.hour == clock.minute == 0,
}
FOLLOW_CLOCK = {key for key in CRON_MATCHES if "*" in (key.split()[1][0], key.split()[2][0])}


def begins(key: str, minute: Minute) -> bool:
    """Tell whether a period of the frequency ``key`` begins at ``minute``, by what the clock shows."""
    if key in FLOORS:
        floor = FLOORS[key]
        if key in AT_MOST_AN_HOUR:
            return floor(minute.clock) == minute.clock or floor(minute.clock) > floor(minute.before)
        return floor(minute.clock) > floor(minute.latest)
    matches = CRON_MATCHES[key]
    if key in FOLLOW_CLOCK:
        return matches(minute.clock)
    passed = (minute.clock - minute.latest) // MINUTE
    return any(matches(minute.clock - n * MINUTE) for n in range(passed))


# --- the claims ---------------------------------------------------------------------------------------------

with_every_zone = pytest.mark.parametrize("zone", ZONES)
KEYS = [*FLOORS, *CRON_MATCHES]


def test_the_oracle_finds_the_clock_changes() -> None:
    """The claims below are about something: zones that change have changes, down to the minute."""
    assert list_clock_changes("UTC") == list_clock_changes("Asia/Kathmandu") == []
    assert len(list_clock_changes("Europe/London")) == 2 * 48
    assert datetime(2011, 12, 30, 10, tzinfo=UTC) in list_clock_changes("Pacific/Apia")
    assert datetime(2010, 3, 14, 3, 31, tzinfo=UTC) in list_clock_changes("America/St_Johns")


@with_every_zone
def test_periods_begin_when_the_wall_clock_says_so(zone: str) -> None:
    """Around every clock change, periods begin at the minutes that the oracle sees.

    The frequencies take turns, to save time: every third of them at each change. Three is odd, and gaps and
    folds alternate, so that each frequency sees both.
    """
    for number, minutes in enumerate(list_windows(zone)):
        window = {"since": minutes[0].at, "until": minutes[-1].at + MINUTE}
        for key in KEYS[number % 3 :: 3]:
            starts = [period.starts_at for period in list_periods(parse_key(key), zone, **window)]
            assert starts == [minute.at for minute in minutes if begins(key, minute)], key


@with_every_zone
def test_periods_tile_time_across_clock_changes(zone: str) -> None:
    """Each period is longer than nothing, ends where the next one begins, and bears the date of its zone."""
    for key in ("every 15m", "hourly", "every 6h", "daily", "every 7h", "cron 30 1 * * *"):
        for change in list_clock_changes(zone)[::5]:
            window = {"since": change - 2 * DAY, "until": change + 2 * DAY}
            periods = list_periods(parse_key(key), zone, **window)

            assert all(period.starts_at < period.ends_at for period in periods)
            assert all(one.ends_at == next_one.starts_at for one, next_one in pairwise(periods))
            assert all(p.local_date == look_at_clock(p.starts_at, zone).date() for p in periods)


@with_every_zone
def test_no_short_period_is_longer_than_declared(zone: str) -> None:
    """Up to an hour, a fold makes no period longer, as long as it is made of whole durations."""
    for minutes in list_windows(zone):
        window = {"since": minutes[0].at, "until": minutes[-1].at}
        periods = list_periods(parse_key("every 15m"), zone, **window)

        assert max(period.ends_at - period.starts_at for period in periods) == 15 * MINUTE


@pytest.mark.parametrize(
    "zone", ["America/Havana", "America/New_York", "Asia/Beirut", "Europe/London", "Antarctica/Troll"]
)
def test_a_day_has_as_many_hourly_periods_as_hours(zone: str) -> None:
    """Where clocks jump by whole hours on the hour, each day is made of periods of exactly one hour."""
    for change in list_clock_changes(zone):
        for day in list_periods(parse_key("daily"), zone, since=change - 2 * DAY, until=change + DAY):
            hours = list_periods(parse_key("hourly"), zone, since=day.starts_at, until=day.ends_at)

            assert len(hours) == (day.ends_at - day.starts_at) / HOUR
            assert {hour.ends_at - hour.starts_at for hour in hours} == {HOUR}


@with_every_zone
def test_a_day_begins_at_its_local_midnight(zone: str) -> None:
    """``local_midnight`` and the daily periods agree on every day near a clock change."""
    for change in list_clock_changes(zone):
        for day in list_periods(parse_key("daily"), zone, since=change - 2 * DAY, until=change + 2 * DAY):
            assert local_midnight(day.local_date, zone) == day.starts_at


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/London", "Europe/Berlin"])
@pytest.mark.parametrize(
    "expression",
    [
        "*/30 * * * *",
        "0 1-3 * * *",
        "30 1 * * *",
        "30 2 * * *",
        "0 6 * * 1-5",
        "0 */2 * * *",
        "15 2 L * *",
        "0 9 LW * *",
        "30 1 * * 0L",
        "0 0 1,15 * MON",
        "0 2 * 3,10 SUN#2",
        "*/20 0-2 * 3,10,11 */7",
    ],
)
def test_cron_agrees_with_debian(expression: str, zone: str) -> None:
    """Where clocks change by an hour at night, firings are those of Debian's cron: ``cronsim`` has them."""
    since, until = datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
    firings = []
    for firing in CronSim(expression, (since - MINUTE).astimezone(ZoneInfo(zone))):
        if firing.astimezone(UTC) >= until:
            break
        firings.append(firing.astimezone(UTC))

    periods = list_periods(parse_key(f"cron {expression}"), zone, since=since, until=until)
    assert [period.starts_at for period in periods] == firings


# --- the claims about any window ----------------------------------------------------------------------------

zones = st.sampled_from(ZONES)
keys = st.sampled_from([*KEYS, "every 7m", "every 7h", "every 10d", "cron 0 6 * * 1-5", "cron 0 0 29 2 *"])
any_times = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC))
seconds_nearby = st.integers(-100_000, 100_000).map(lambda n: timedelta(seconds=n))


@st.composite
def zones_and_times(draw: st.DrawFn) -> tuple[str, datetime]:
    """Draw a zone and an instant: exactly at a clock change, near one, or anywhere."""
    zone = draw(zones)
    changes = st.sampled_from(list_clock_changes(zone) or [FIRST])
    near = st.builds(datetime.__add__, changes, seconds_nearby)
    return zone, draw(st.one_of(changes, near, any_times))


@settings(derandomize=True, max_examples=500, deadline=None)
@given(keys, zones_and_times())
def test_every_instant_lies_in_exactly_one_period(key: str, where: tuple[str, datetime]) -> None:
    """The period of an instant contains it, is the period of its own ends, and neighbours the next one."""
    (zone, at), frequency = where, parse_key(key)
    period = get_period(frequency, zone, at)

    assert period is not None
    assert period.starts_at <= at < period.ends_at
    assert get_period(frequency, zone, period.starts_at) == period
    assert get_period(frequency, zone, period.ends_at - timedelta.resolution) == period
    following = get_period(frequency, zone, period.ends_at)
    assert following is not None
    assert following.starts_at == period.ends_at


@settings(derandomize=True, max_examples=300, deadline=None)
@given(keys, zones_and_times(), st.lists(seconds_nearby, min_size=3, max_size=3))
def test_a_window_may_be_asked_for_in_parts(key: str, where: tuple[str, datetime], offsets: list[timedelta]) -> None:
    """However a window is split, its parts together have the periods that the whole has."""
    (zone, at), frequency = where, parse_key(key)
    since, middle, until = sorted(at + offset for offset in offsets)
    whole = list_periods(frequency, zone, since=since, until=until)

    parts = [(since, middle), (middle, until)]
    assert whole == [period for low, high in parts for period in list_periods(frequency, zone, since=low, until=high)]
    assert all(get_period(frequency, zone, period.starts_at) == period for period in whole[:: len(whole) // 5 + 1])
