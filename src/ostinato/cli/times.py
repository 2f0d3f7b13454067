"""Instants and durations as people read them: absolute with their zone, relative to now, never one without a clue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_STEPS = ((60, 1, "s"), (3_600, 60, "min"), (172_800, 3_600, "h"))
_DAY = 86_400


def show_instant(at: datetime, time_zone: str = "UTC") -> str:
    """Write an instant on the wall clock of ``time_zone``, with that zone: ``2026-01-31 06:00:00 Europe/London``."""
    if time_zone == "UTC":
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M:%S} {time_zone}"


def show_distance(at: datetime, now: datetime) -> str:
    """Write how far an instant is from ``now``: ``3 min ago``, ``in 2 h``."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < 1:
        return "now" if seconds > 0 else "just now"
    span = _largest_unit(abs(seconds))
    return f"in {span}" if seconds > 0 else f"{span} ago"


def show_both(at: datetime, now: datetime, time_zone: str = "UTC") -> str:
    """Write an instant absolutely and relatively."""
    return f"{show_instant(at, time_zone)} ({show_distance(at, now)})"


def show_span(span: timedelta) -> str:
    """Write how long something took, in the two largest units: ``0.4s``, ``12s``, ``3m20s``, ``2h05m``, ``3d4h``."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    minutes, hours, days = whole // 60, whole // 3_600, whole // _DAY
    if minutes == 0:
        return f"{whole}s"
    if hours == 0:
        return f"{minutes}m{whole % 60:02d}s"
    if days == 0:
        return f"{hours}h{minutes % 60:02d}m"
    return f"{days}d{hours % 24}h"


def _largest_unit(seconds: float) -> str:
    for limit, size, unit in _STEPS:
        if seconds < limit:
            return f"{int(seconds / size)} {unit}"
    return f"{int(seconds / _DAY)} d"
