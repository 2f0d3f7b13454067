"""Labels name instants: every start of a period has its own, and reads back as the same instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.calendar import list_periods, parse_frequency
from ostinato.calendar.labels import format_label, parse_label

ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu", "UTC")


@pytest.mark.parametrize(
    ("at", "zone", "label"),
    [
        ("2013-01-05T00:00Z", "Europe/London", "2013-01-05"),
        ("2013-01-05T05:00Z", "America/New_York", "2013-01-05"),
        ("2013-01-05T18:00Z", "America/New_York", "2013-01-05T13:00"),
        ("2013-11-03T05:00Z", "America/New_York", "2013-11-03T01:00"),
        ("2013-11-03T06:00Z", "America/New_York", "2013-11-03T01:00-0500"),
        ("2013-03-10T05:00Z", "America/Havana", "2013-03-10"),
    ],
)
def test_a_label_is_the_wall_clock_of_its_zone(at: str, zone: str, label: str) -> None:
    """The date alone at the start of a day, else the time, with the offset when the time is shown again."""
    assert format_label(datetime.fromisoformat(at), zone) == label


@given(st.integers(0, 13_500), st.sampled_from(ZONES), st.sampled_from([15, 60]))
def test_labels_read_back_as_the_instants_they_name(day: int, zone: str, minutes: int) -> None:
    """Within any two days of periods no label stands for two instants, and each reads back as its own."""
    since = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=day)
    every = parse_frequency({"every": f"{minutes}m"})
    periods = list_periods(every, zone, since=since, until=since + timedelta(days=2))

    labels = [format_label(period.starts_at, zone) for period in periods]

    assert len(set(labels)) == len(labels)
    assert [parse_label(label, zone) for label in labels] == [period.starts_at for period in periods]


@pytest.mark.parametrize("label", ["2013-01-05T13:00Z", "2013-01-05T08:00-05:00", "2013-01-05T08:00"])
def test_a_start_may_be_given_in_any_zone(label: str) -> None:
    """A time with Z or an offset means that instant, one without is on the wall clock."""
    assert parse_label(label, "America/New_York") == datetime(2013, 1, 5, 13, tzinfo=UTC)


def test_what_is_no_time_is_refused_with_what_is_expected() -> None:
    """The error shows the forms that are understood."""
    with pytest.raises(ValueError, match="write 2026-01-31"):
        parse_label("yesterday", "UTC")
