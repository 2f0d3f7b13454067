"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("30s", 30),
        ("15m", 900),
        ("1h30m", 5400),
        ("10d", 864_000),
        ("2w", 1_209_600),
        ("1.5h", 5400),
        ("250ms", 0.25),
        (" 5m ", 300),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """Units add up."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5x", "1h-5m", "-5m", "ten minutes", "9" * 30 + "d"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    """The message shows how to write one."""
    with pytest.raises(ValueError, match="expected a duration such as 30s, 15m"):
        parse_duration(text)


@given(st.integers(0, 10**9))
def test_what_is_written_reads_back(seconds: int) -> None:
    """format_duration and parse_duration are inverse for whole seconds."""
    duration = timedelta(seconds=seconds)

    assert parse_duration(format_duration(duration)) == duration
