"""Durations as people write them: ``30s``, ``15m``, ``1h30m``, ``10d``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|w|d|h|m|s))")


def parse_duration(text: str) -> timedelta:
    """Read ``text`` as a duration of zero or more; ``ValueError`` says what was expected."""
    expected = "expected a duration such as 30s, 15m, 1h30m or 10d"
    stripped = text.strip()
    if stripped.startswith("-"):
        raise ValueError(f"a duration cannot be negative ({text!r}); {expected}")
    parts = _DURATION.findall(stripped)
    if not parts or "".join(number + unit for number, unit in parts) != stripped:
        raise ValueError(f"{text!r} is not a duration; {expected}")
    try:
        return timedelta(
            seconds=sum(float(number) * (0.001 if unit == "ms" else _UNITS[unit]) for number, unit in parts)
        )
    except OverflowError:
        raise ValueError(f"{text!r} is too long; {expected}") from None


def format_duration(duration: timedelta) -> str:
    """Write ``duration`` in the form that ``parse_duration`` reads, largest unit first."""
    seconds = duration.total_seconds()
    if seconds < 0:
        return "-" + format_duration(-duration)
    if seconds != int(seconds) and seconds < 60:
        return f"{seconds:g}s"
    rest, parts = int(seconds), []
    for unit, size in _UNITS.items():
        if unit != "w" and rest >= size:
            parts.append(f"{rest // size}{unit}")
            rest %= size
    return "".join(parts) or "0s"
