from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ostinato.calendar import parse_frequency, parse_key


@pytest.mark.parametrize(
    ("declared", "key"),
    [
        ("hourly", "hourly"),
        ("daily", "daily"),
        ("weekly", "weekly"),
        ("monthly", "monthly"),
        ("yearly", "yearly"),
        ({"every": "15m"}, "every 15m"),
        ({"every": "900s"}, "every 15m"),
        ({"every": "90m"}, "every 1h30m"),
        ({"every": "1w"}, "every 7d"),
        ({"every": "60m"}, "hourly"),
        ({"every": "24h"}, "daily"),
        ({"cron": "0 6 * * 1-5"}, "cron 0 6 * * 1-5"),
        ({"cron": "  0  6 * * mon-fri "}, "cron 0 6 * * MON-FRI"),
        ({"cron": "@daily"}, "cron 0 0 * * *"),
        ({"cron": "@Weekly"}, "cron 0 0 * * 0"),
    ],
)
def test_a_frequency_has_one_canonical_key_that_reads_back(declared: Any, key: str) -> None:
    """However a frequency is declared, its key is the same text, and the key means the same frequency."""
    frequency = parse_frequency(declared)

    assert frequency.key == key
    assert parse_key(frequency.key) == frequency


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ("dayly", "did you mean 'daily'?"),
        ("WEEKLY", "did you mean 'weekly'?"),
        ("15m", r"expected hourly, daily, weekly, monthly, yearly, \{every: 15m\} or \{cron: "),
        ({"evry": "15m"}, "did you mean 'every'?"),
        ({}, "exactly one key, not 0"),
        ({"every": "1h", "cron": "0 * * * *"}, "exactly one key, not 2"),
        ({"every": 15}, "'every' takes a text, not 15"),
        ({"cron": None}, "'cron' takes a text, not None"),
        (["daily"], r"\['daily'\] is not a frequency"),
        (None, "None is not a frequency"),
    ],
)
def test_what_is_no_frequency_is_refused(declared: Any, complaint: str) -> None:
    """A refusal says what is wrong and what would be right."""
    with pytest.raises(ValueError, match=complaint):
        parse_frequency(declared)


@pytest.mark.parametrize(
    ("duration", "complaint"),
    [
        ("59s", "every 59s: expected 1m to 366d"),
        ("367d", "every 367d: expected 1m to 366d"),
        ("61.5s", "expected whole seconds"),
        ("fortnight", "is not a duration"),
    ],
)
def test_a_duration_out_of_bounds_is_refused(duration: str, complaint: str) -> None:
    """Periods last at least a minute, at most 366 days, and a whole number of seconds."""
    with pytest.raises(ValueError, match=complaint):
        parse_frequency({"every": duration})


@pytest.mark.parametrize("duration", [timedelta(minutes=1), timedelta(days=366)])
def test_the_bounds_of_a_duration_are_inside(duration: timedelta) -> None:
    """The shortest and the longest duration can be declared."""
    frequency = parse_frequency({"every": f"{duration.total_seconds():.0f}s"})

    assert parse_key(frequency.key) == frequency


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 31 4,6,9,11 *", "bad day-of-month"),
        ("0 0 */31 2 1#5", "never fires"),
        ("0 0 6 * * 1", "five fields, not 6"),
        ("@reboot", "five fields, not 1"),
        ("", "five fields, not 0"),
        ("61 * * * *", "bad minute"),
        ("0 24 * * *", "bad hour"),
        ("0 0 * * FRI-MON", "bad day-of-week"),
        ("every monday at 5 o", "bad minute"),
    ],
)
def test_a_cron_expression_that_cannot_be_used_is_refused(expression: str, complaint: str) -> None:
    """Seconds, unknown words and days that never come are found when the expression is read."""
    with pytest.raises(ValueError, match=complaint):
        parse_frequency({"cron": expression})


def test_a_cron_expression_may_be_rare() -> None:
    """A 29 February that is a Sunday comes every 28 years, and that is a frequency."""
    assert parse_frequency({"cron": "0 0 29 2 */7"}).key == "cron 0 0 29 2 */7"
