"""Labels: how the start of a period is written on the wall clock of its zone."""

from __future__ import annotations

from datetime import UTC, datetime
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
