"""Labels: how the start of a period is written on the wall clock of its zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ostinato.calendar.zones import local_midnight


def format_label(starts_at: datetime, zone: str) -> str:
    """Write an instant as its wall clock shows it, so that no two instants of a zone share a label.

    The date alone where the instant is the first of its day, else date and time to the minute (to the second where
    there are seconds); the offset follows where the clock shows that time for the second time.
    """
    local = starts_at.astimezone(ZoneInfo(zone))
    if starts_at == local_midnight(local.date(), zone):
        return local.strftime("%Y-%m-%d")
    shown = local.strftime("%Y-%m-%dT%H:%M:%S" if local.second else "%Y-%m-%dT%H:%M")
    return shown + (local.strftime("%z") if local.fold else "")


def parse_bound(text: str) -> date | datetime:
    """Read a date, or an instant with its offset or Z; ``ValueError`` says how they are written."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("write a date like 2026-01-31, or an instant like 2026-01-31T06:00Z") from None
    if instant.tzinfo is None:
        raise ValueError(f"say in which zone: {text}Z is UTC, {text}+01:00 an hour before it")
    return instant


def parse_label(label: str, zone: str) -> datetime:
    """Return the instant, in UTC, that ``label`` means in ``zone``: a date, a local time, or a time with offset or Z.

    A local time that occurs twice means the first time. ``ValueError`` when ``label`` is none of these.
    """
    try:
        at = datetime.fromisoformat(label)
    except ValueError:
        raise ValueError(f"{label!r} is no start; write 2026-01-31, 2026-01-31T06:00 or 2026-01-31T06:00Z") from None
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    if len(label) == len("2026-01-31"):
        return local_midnight(at.date(), zone)
    return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
