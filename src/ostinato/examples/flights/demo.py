"""A demo project: a copy of this example, with a range of days and the deliveries of these days.

Owns what is in the folder before Ostinato first looks at it. Whatever is there already stays as it is, the
files a person has edited and the database above all; only the range of days is widened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ostinato.errors import ConfigurationError, NotPossible
from ostinato.examples.flights.deliveries import Progress, find_data, lay_out, replace_file

EXAMPLE = Path(__file__).parent
FIRST_MONDAY, FIRST_DAY, LAST_DAY = date(2013, 1, 7), date(2013, 1, 1), date(2013, 12, 31)
YEAR_DAYS = (LAST_DAY - FIRST_DAY).days + 1
TITLE = b"# The flights example\n"  # of the file that is copied first: by it a folder is known as ours
COPIED = ("README.md", "ostinato.yaml", "accounts.yaml", "jobs")
DAILY, WEEKLY = "definitions/daily.yaml", "definitions/weekly.yaml"


@dataclass(frozen=True, slots=True)
class DayRange:
    """The dates from ``first`` to ``last``, both included."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=count) for count in range((self.last - self.first).days + 1))

    def union(self, other: DayRange) -> DayRange:
        """Return the least range that holds both."""
        return DayRange(min(self.first, other.first), max(self.last, other.last))


def prepare(folder: Path, *, days: int, progress: Progress | None = None) -> DayRange:
    """Make ``folder`` a project that is to run ``days`` days of 2013; return the range that it now has.

    The range begins on Monday 7 January, so that every seven days complete a week; only when it would reach
    beyond the year's end does it begin on 1 January, and 365 days are the whole year. Doing it again changes
    nothing, an interrupted attempt is taken up where it stopped, and with more days the project grows. It
    never shrinks: with fewer days it stays as it is. Raises ``NotPossible`` and ``ConfigurationError``,
    before anything is written.
    """
    data = find_data()
    _check_folder(folder)
    days_range = range_of(days)
    if (folder / DAILY).exists():
        days_range = days_range.union(_read_range(folder / DAILY))
    _copy_project(folder)
    lay_out(data, folder / "landing", days_range, progress or _silent)
    _write_range(folder / DAILY, days_range)
    if weeks := weeks_of(days_range):
        _write_range(folder / WEEKLY, weeks)
    return days_range


def range_of(days: int) -> DayRange:
    """Return the range of ``days`` days that ``prepare`` lays out."""
    if not 1 <= days <= YEAR_DAYS:
        raise NotPossible(f"the flights example cannot run {days} days", hint=f"ask for 1 to {YEAR_DAYS} days")
    first = FIRST_MONDAY if FIRST_MONDAY + timedelta(days=days - 1) <= LAST_DAY else FIRST_DAY
    return DayRange(first, first + timedelta(days=days - 1))


def weeks_of(days: DayRange) -> DayRange | None:
    """Return the range of the weekly work, Monday to Sunday; ``None`` when no week is complete.

    A week that has only begun is left for later, when the range is longer, since a slot that succeeded does
    not run again. The weeks that the year's first and last day cut off count as complete: nothing will be
    added to them.
    """
    first = days.first - timedelta(days=days.first.weekday())
    whole_weeks = ((days.last - first).days + 1) // 7
    last = first + timedelta(days=7 * whole_weeks - 1)
    if days.last == LAST_DAY:
        last = LAST_DAY + timedelta(days=6 - LAST_DAY.weekday())
    return DayRange(first, last) if last > first else None


def _check_folder(folder: Path) -> None:
    if not folder.exists():
        return
    readme = folder / "README.md"
    ours = readme.is_file() and readme.read_bytes().startswith(TITLE)
    if not folder.is_dir() or (not ours and any(not entry.name.startswith(".") for entry in folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is there already, and it is no copy of the flights example",
            hint="name a folder that does not exist yet",
        )


def _copy_project(folder: Path) -> None:
    for name in COPIED:
        source = EXAMPLE / name
        files = sorted(source.rglob("*")) if source.is_dir() else [source]
        for file in files:
            copy = folder / file.relative_to(EXAMPLE)
            if file.is_file() and "__pycache__" not in file.parts and not copy.exists():
                replace_file(copy, file.read_text(encoding="utf-8"))


def _read_range(file: Path) -> DayRange:
    text = file.read_text(encoding="utf-8")
    return DayRange(*(date.fromisoformat(_find_date(key, text, file)[2]) for key in ("starts_on", "ends_on")))


def _write_range(file: Path, days: DayRange) -> None:
    source = file if file.exists() else EXAMPLE / file.relative_to(file.parents[1])
    old = text = source.read_text(encoding="utf-8")
    for key, day in (("starts_on", days.first), ("ends_on", days.last)):
        place = _find_date(key, text, file)
        text = text[: place.start(2)] + day.isoformat() + text[place.end(2) :]
    if text != old or source != file:
        replace_file(file, text)


def _find_date(key: str, text: str, file: Path) -> re.Match[str]:
    found = re.search(rf"(?m)^( *{key}: *)(\d{{4}}-\d\d-\d\d)\b", text)
    if found is None:
        raise ConfigurationError(
            f"{file} has no line such as `{key}: {FIRST_MONDAY}`, which the demo moves",
            hint=f"write it under `defaults:`, or delete {file} to get it anew",
        )
    return found


def _silent(_what: str, _done: int, _total: int) -> None:
    pass
