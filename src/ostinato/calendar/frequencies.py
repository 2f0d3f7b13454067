"""Frequencies: how often a definition is due, as people declare it and as the store keeps it.

Owns the closed set of frequencies and their text. Each one knows at which instants of a stretch of even time
a period begins; it must not know which stretches there are, nor what time it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from typing import Literal, TypeAlias

from ostinato.calendar.cron import Cron, parse_cron
from ostinato.calendar.zones import Stretch
from ostinato.durations import format_duration, parse_duration

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=366)
_MIDNIGHT = time()
_EPOCH = datetime.combine(date(1970, 1, 1), _MIDNIGHT)
_A_MONDAY = datetime.combine(date(1970, 1, 5), _MIDNIGHT)


@dataclass(frozen=True, slots=True)
class Every:
    """A new period at 00:00 on the wall clock and every ``duration`` after it: ``hourly`` and ``daily``, too.

    A boundary that the clock leaves out is at the end of the gap. Of one that it shows twice both count where
    ``duration`` is at most an hour, else only the first. A ``duration`` that does not divide 24 hours knows no
    wall clock: it is elapsed time, counted from 1970-01-01T00:00Z.
    """

    duration: timedelta

    def __post_init__(self) -> None:
        if not _SHORTEST <= self.duration <= _LONGEST:
            shortest, longest = format_duration(_SHORTEST), format_duration(_LONGEST)
            raise ValueError(f"every {format_duration(self.duration)}: expected {shortest} to {longest}")
        if self.duration.microseconds:
            raise ValueError(f"every {self.duration}: expected whole seconds")

    @property
    def key(self) -> str:
        names = {_HOUR: "hourly", _DAY: "daily"}
        return names.get(self.duration) or f"every {format_duration(self.duration)}"

    def iterate_starts(self, stretch: Stretch) -> Iterator[datetime]:
        """Yield the instants of ``stretch`` at which a period begins, in order."""
        if _DAY % self.duration:
            since, until = stretch.starts_at.replace(tzinfo=None), stretch.ends_at.replace(tzinfo=None)
            steps = _iterate_steps(_EPOCH, self.duration, since, until)
            return (step.replace(tzinfo=UTC) for step in steps)
        repeats = self.duration <= _HOUR
        since = min(stretch.reached, stretch.shows_from) if repeats else stretch.reached
        return stretch.iterate_instants(_iterate_steps(_EPOCH, self.duration, since, stretch.shows_until))


@dataclass(frozen=True, slots=True)
class Weekly:
    """A new period when the wall clock first comes to Monday, 00:00."""

    @property
    def key(self) -> str:
        return "weekly"

    def iterate_starts(self, stretch: Stretch) -> Iterator[datetime]:
        """Yield the instants of ``stretch`` at which a period begins, in order."""
        return stretch.iterate_instants(_iterate_steps(_A_MONDAY, _WEEK, stretch.reached, stretch.shows_until))


@dataclass(frozen=True, slots=True)
class Months:
    """A new period when the wall clock first comes to the 1st, 00:00, of every month or of every January."""

    count: Literal[1, 12]

    @property
    def key(self) -> str:
        return "monthly" if self.count == 1 else "yearly"

    def iterate_starts(self, stretch: Stretch) -> Iterator[datetime]:
        """Yield the instants of ``stretch`` at which a period begins, in order."""
        return stretch.iterate_instants(_iterate_months(self.count, stretch.reached, stretch.shows_until))


Frequency: TypeAlias = Every | Weekly | Months | Cron

_NAMED: dict[str, Frequency] = {
    "hourly": Every(_HOUR),
    "daily": Every(_DAY),
    "weekly": Weekly(),
    "monthly": Months(1),
    "yearly": Months(12),
}
_FORMS = f"{', '.join(_NAMED)}, {{every: 15m}} or {{cron: '0 6 * * 1-5'}}"


def parse_frequency(declared: str | Mapping[str, object]) -> Frequency:
    """Read a declared frequency: a name such as ``daily``, ``{every: 15m}`` or ``{cron: "0 6 * * 1-5"}``.

    ``ValueError`` says what is wrong and what is allowed, with the nearest right spelling.
    """
    if isinstance(declared, Mapping):
        return _parse_form(declared)
    names = list(_NAMED)
    if declared not in names:  # asked of a list: what a file declares may be unhashable
        raise ValueError(_explain_unknown(declared, names))
    return _NAMED[declared]


def parse_key(key: str) -> Frequency:
    """Read back the ``key`` of a frequency."""
    form, _, rest = key.partition(" ")
    return parse_frequency({form: rest} if rest else key)


def _parse_form(declared: Mapping[str, object]) -> Frequency:
    match list(declared.items()):
        case [("every", str(duration))]:
            return Every(parse_duration(duration))
        case [("cron", str(expression))]:
            return parse_cron(expression)
        case [("every" | "cron" as form, value)]:
            raise ValueError(f"{form!r} takes a text, not {value!r}; expected {_FORMS}")
        case [(form, _)]:
            raise ValueError(_explain_unknown(form, ["every", "cron"]))
        case forms:
            raise ValueError(f"a frequency has exactly one key, not {len(forms)}; expected {_FORMS}")


def _explain_unknown(word: object, known: list[str]) -> str:
    nearest = get_close_matches(str(word).strip().casefold(), known, n=1)
    hint = f"did you mean {nearest[0]!r}? Expected" if nearest else "expected"
    return f"{word!r} is not a frequency; {hint} {_FORMS}"


def _iterate_steps(anchor: datetime, step: timedelta, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the times in ``[since, until)`` that are a whole number of steps away from ``anchor``."""
    at = anchor - (anchor - since) // step * step
    while at < until:
        yield at
        at += step


def _iterate_months(count: int, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the first midnight of every ``count``-th month, counted from January, in ``[since, until)``."""
    month = (since.year * 12 + since.month - 1) // count * count
    while (at := datetime.combine(date(month // 12, month % 12 + 1, 1), _MIDNIGHT)) < until:
        if at >= since:
            yield at
        month += count
