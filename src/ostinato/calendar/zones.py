"""The time zone database, seen as stretches of time in which a zone's clock runs evenly.

Owns every use of ``whenever``, whose interface may still change, and the meaning of local times that do not
exist or exist twice. In this package an aware datetime is an instant in UTC, and a naive one is what a wall
clock shows. It must not know about frequencies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache

import whenever

_WIDEST_OFFSET = timedelta(hours=16)
_LONGEST_FOLD = timedelta(days=2)
"""Longer than any clock was ever put back: a day, by zones that crossed the date line."""

_YEARS = range(1000, 9001)
"""Far inside of what a datetime can hold, so that no computation with neighbouring periods leaves it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time ``[starts_at, ends_at)`` in which a clock runs evenly, ``offset`` ahead of UTC.

    ``reached`` is the latest time that the clock had come to before: earlier than ``shows_from`` when the
    clock was put forward (what lies between is the gap), later when it was put back (what lies between is
    shown again).
    """

    starts_at: datetime
    ends_at: datetime
    offset: timedelta
    reached: datetime

    @property
    def shows_from(self) -> datetime:
        """Return the first time that the clock shows in this stretch."""
        return self.to_local(self.starts_at)

    @property
    def shows_until(self) -> datetime:
        """Return the time that the clock comes to, and does not show, at the end of this stretch."""
        return self.to_local(self.ends_at)

    def to_local(self, at: datetime) -> datetime:
        """Return what the clock shows at the instant ``at`` of this stretch."""
        return at.replace(tzinfo=None) + self.offset

    def iterate_instants(self, local_times: Iterable[datetime]) -> Iterator[datetime]:
        """Yield, for each local time, the first instant of this stretch at which the clock has come to it.

        ``local_times`` ascend and lie before ``shows_until``. Those in the gap before this stretch all mean
        its beginning, which is yielded once.
        """
        latest = None
        for local_time in local_times:
            at = max(self.starts_at, (local_time - self.offset).replace(tzinfo=UTC))
            if at != latest:
                yield at
            latest = at


def check_time_zone(name: str) -> None:
    """Refuse what is not the name of a time zone of the IANA database, in its exact spelling.

    ``ValueError`` names the nearest right spelling; a city alone (``London``) is recognized, too.
    """
    if name in _zone_names():
        return
    spellings = _spellings()
    nearest = get_close_matches(name.strip().replace(" ", "_").casefold(), spellings, n=1)
    hint = f"did you mean {spellings[nearest[0]]!r}?" if nearest else "expected one such as 'Europe/London'"
    raise ValueError(f"{name!r} is not a time zone; {hint}")


def local_midnight(day: date, zone: str) -> datetime:
    """Return the first instant of ``day`` in ``zone``, in UTC.

    The clock first shows 00:00 of that day then, or has passed over it: where midnight is left out, the day
    begins at the end of the gap. A day that was left out altogether begins, and ends, when the next begins.
    """
    midnight = datetime.combine(day, time())
    around = to_utc(midnight.replace(tzinfo=UTC))
    stretches = iterate_stretches(zone, around - _WIDEST_OFFSET, around + _WIDEST_OFFSET)
    stretch = next(stretch for stretch in stretches if stretch.shows_until > midnight)
    return next(stretch.iterate_instants([midnight]))


def to_utc(instant: datetime) -> datetime:
    """Return ``instant`` in UTC; ``ValueError`` if it is naive or outside of the years 1000 to 9000."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} names no instant: a datetime with a time zone is needed")
    if instant.year not in _YEARS:
        raise ValueError(f"{instant.isoformat()} is outside of the years {_YEARS[0]} to {_YEARS[-1]}")
    return instant.astimezone(UTC)


def iterate_stretches(zone: str, since: datetime, until: datetime) -> Iterator[Stretch]:
    """Yield the stretches of ``zone``, in order, that together make up ``[since, until)``.

    The first and the last are cut to fit, which changes nothing in what they say about clock changes: a
    change at ``since`` itself is seen.
    """
    check_time_zone(zone)
    reached = max(
        _to_naive(ends_at) + offset for _, ends_at, offset in _iterate_offsets(zone, since - _LONGEST_FOLD, since)
    )
    for starts_at, ends_at, offset in _iterate_offsets(zone, since, until):
        yield Stretch(starts_at, ends_at, offset, reached)
        reached = max(reached, _to_naive(ends_at) + offset)


def _iterate_offsets(zone: str, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Yield ``(starts_at, ends_at, offset)`` of each part of ``[since, until)`` between two clock changes."""
    starts_at, clock = since, whenever.Instant(since).to_tz(zone)
    while starts_at < until:
        change = clock.next_transition()
        ends_at = until if change is None else min(until, change.to_instant().to_stdlib())
        yield starts_at, ends_at, clock.offset.to_stdlib()
        if change is None:
            return
        starts_at, clock = ends_at, change


def _to_naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(whenever.available_timezones())


@cache
def _spellings() -> dict[str, str]:
    """Map what people may write, in lower case, to names of time zones; a whole name wins over a city."""
    names = sorted(_zone_names())
    cities = {name.rpartition("/")[2].casefold(): name for name in names}
    return cities | {name.casefold(): name for name in names}
