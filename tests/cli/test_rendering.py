"""How instants, durations, tables and long lines are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console
from rich.text import Text

from ostinato.cli.tables import Column, make_table
from ostinato.cli.times import show_both, show_distance, show_instant, show_span
from ostinato.cli.wrapping import wrap
from ostinato.model.slots import SlotFace
from ostinato.processes.progress import Pace, Progress

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "just now"),
        (0.4, "now"),
        (-0.9, "just now"),
        (-59, "59 s ago"),
        (-60, "1 min ago"),
        (7_199, "in 1 h"),
        (-172_799, "47 h ago"),
        (172_800, "in 2 d"),
    ],
)
def test_distances(seconds: float, shown: str) -> None:
    """A distance is told in its largest unit, and never as more than it is."""
    assert show_distance(NOON + timedelta(seconds=seconds), NOON) == shown


def test_instants_have_a_zone() -> None:
    """An instant is in UTC with a Z, or on the clock of the zone that is named with it."""
    assert show_instant(NOON) == "2026-01-31 12:00:00Z"
    assert show_both(NOON, NOON, "Asia/Tokyo") == "2026-01-31 21:00:00 Asia/Tokyo (just now)"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.0s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (3_599, "59m59s"),
        (7_500, "2h05m"),
        (266_400, "3d2h"),
    ],
)
def test_spans(seconds: float, shown: str) -> None:
    """A span is told in its two largest units."""
    assert show_span(timedelta(seconds=seconds)) == shown


COLUMNS = [
    Column("slot"),
    Column("tries", right=True, drop=1),
    Column("reason", elastic=True),
    Column("period", drop=2),
]
ROWS = [("sales/acme/2026-01-31", "2", "all of it went wrong\nfor a long, long reason", "a day"), ("x", "10", "", "")]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (
            None,
            [
                "slot                   tries  reason                                        period",
                "sales/acme/2026-01-31      2  all of it went wrong for a long, long reason  a day",
                "x                         10",
            ],
        ),
        (
            60,
            [
                "slot                   tries  reason                  period",
                "sales/acme/2026-01-31      2  all of it went wrong …  a day",
                "x                         10",
            ],
        ),
        (
            47,
            [
                "slot                   tries  reason",
                "sales/acme/2026-01-31      2  all of it went w…",
                "x                         10",
            ],
        ),
        (
            40,
            ["slot                   reason", "sales/acme/2026-01-31  all of it went w…", "x"],
        ),
        (10, ["slot                   reason", "sales/acme/2026-01-31  all of it went …", "x"]),
    ],
)
def test_tables_give_way(width: int | None, lines: list[str]) -> None:
    """Long texts are cut first, then columns leave; what names a row stays, whatever the width."""
    assert [line.plain for line in make_table(COLUMNS, ROWS, width=width)] == lines


def test_empty_optional_columns_are_left_out() -> None:
    """A column that has nothing in it costs no room."""
    assert [line.plain for line in make_table(COLUMNS, [("x", "", "why", "")], width=None)] == [
        "slot  reason",
        "x     why",
    ]


def test_long_lines_are_broken_between_words() -> None:
    """What is continued stands below what it belongs to, in the same style; what must not be broken is not."""
    console = Console(width=34)
    labelled = wrap(Text("  why       it is the only way that is left to us"), console)
    sentence = wrap(Text("  ✗ it waits for something that never comes", style="red"), console)

    assert [line.plain.rstrip() for line in labelled] == [
        "  why       it is the only way",
        "            that is left to us",
    ]
    assert [line.plain.rstrip() for line in sentence] == ["  ✗ it waits for something that", "    never comes"]
    assert wrap(Text("x" * 99, no_wrap=True), console)[0].plain == "x" * 99


def test_the_pace_is_that_of_the_last_minute() -> None:
    """It says nothing before it has seen enough, and forgets what is more than a minute ago."""
    pace = Pace()
    for second, done in ((0, 0), (1, 50)):
        pace.see(_progress(second, done))
    early = pace.per_second
    for second, done in ((10, 100), (70, 400)):
        pace.see(_progress(second, done))

    assert early is None
    assert pace.per_second == 5.0
    assert pace.time_left(_progress(70, 400)) == timedelta(seconds=120)


def _progress(second: float, done: int) -> Progress:
    slots = {SlotFace.SUCCESS: done, SlotFace.BLOCKED: 1_000 - done, SlotFace.FUTURE: 77}
    return Progress(at=NOON + timedelta(seconds=second), slots=slots, runs={})
