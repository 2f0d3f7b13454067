"""Periods: the half-open spans of time that a frequency cuts a zone's time into.

Owns how beginnings become periods. It must not know what a frequency or a time zone is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, islice, pairwise

from ostinato.calendar.frequencies import Frequency
from ostinato.calendar.zones import iterate_stretches, to_utc

_HORIZON = timedelta(days=50 * 366)
"""How far to look for a firing: every cron expression that fires again at all does so within 40 years."""

_LOOK_BACK = (timedelta(hours=2), timedelta(days=2), timedelta(days=60), timedelta(days=400), _HORIZON)
"""How far to look for the beginning of a period: a little first, for those that are short and many."""


@dataclass(frozen=True, slots=True)
class Period:
    """The time ``[starts_at, ends_at)``, in UTC. ``local_date`` is the date in its zone when it starts."""

    starts_at: datetime
    ends_at: datetime
    local_date: date


def list_periods(frequency: Frequency, zone: str, *, since: datetime, until: datetime) -> list[Period]:
    """Return all periods with ``since <= starts_at < until``, in order, each ending where the next starts.

    The answers for two adjoining windows, put together, are the answer for both. ``ValueError`` for an
    unknown time zone, a naive datetime or a year outside of 1000 to 9000.
    """
    return _cut(frequency, zone, to_utc(since), to_utc(until))


def get_period(frequency: Frequency, zone: str, at: datetime) -> Period | None:
    """Return the period that contains the instant ``at``.

    ``None`` only for a cron expression that fires not once in the 50 years before, or in the 50 years after.
    Errors as for ``list_periods``.
    """
    at = to_utc(at)
    for look_back in _LOOK_BACK:
        periods = _cut(frequency, zone, at - look_back, at + timedelta.resolution)
        if periods and at < periods[-1].ends_at:
            return periods[-1]
    return None


def _cut(frequency: Frequency, zone: str, since: datetime, until: datetime) -> list[Period]:
    """Return the periods that start in ``[since, until)``, but a last one without end within the horizon."""
    starts = _iterate_starts(frequency, zone, since, until)
    closing = islice(_iterate_starts(frequency, zone, until, until + _HORIZON), 1)
    return [
        Period(starts_at, ends_at, local_date)
        for (starts_at, local_date), (ends_at, _) in pairwise(chain(starts, closing))
    ]


def _iterate_starts(
    frequency: Frequency, zone: str, since: datetime, until: datetime
) -> Iterator[tuple[datetime, date]]:
    """Yield each instant in ``[since, until)`` at which a period begins, and its date in the zone."""
    for stretch in iterate_stretches(zone, since, until):
        for starts_at in frequency.iterate_starts(stretch):
            yield starts_at, stretch.to_local(starts_at).date()
