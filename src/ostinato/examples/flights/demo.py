"""A demo project: a copy of this example, with a range of days and the deliveries of these days.

Owns what is in the folder before Ostinato first looks at it. Whatever is there already stays as it is, the
files a person has edited and the database above all; only the range of days is widened.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from ostinato.errors import NotPossible
from ostinato.examples.flights.deliveries import Progress, find_data, lay_out
from ostinato.examples.projects import DayRange, check_folder, copy_files, read_range, write_range

EXAMPLE = Path(__file__).parent
WAREHOUSE = EXAMPLE.parent / "warehouse"
FIRST_MONDAY, FIRST_DAY, LAST_DAY = date(2013, 1, 7), date(2013, 1, 1), date(2013, 12, 31)
YEAR_DAYS = (LAST_DAY - FIRST_DAY).days + 1
COPIED = ("README.md", "ostinato.yaml", "accounts.yaml", "jobs")
DAILY, WEEKLY = "definitions/daily.yaml", "definitions/weekly.yaml"
MONTHLY, MONTHLY_ON = "optional/monthly.yaml", "definitions/monthly.yaml"


def prepare(folder: Path, *, days: int, progress: Progress | None = None) -> DayRange:
    """Make ``folder`` a project that is to run ``days`` days of 2013; return the range that it now has.

    The range begins on Monday 7 January, so that every seven days complete a week; only when it would reach
    beyond the year's end does it begin on 1 January, and 365 days are the whole year. Doing it again changes
    nothing, an interrupted attempt is taken up where it stopped, and with more days the project grows. It
    never shrinks: with fewer days it stays as it is. Raises ``NotPossible`` and ``ConfigurationError``,
    before anything is written.
    """
    data = find_data()
    check_folder(folder, EXAMPLE)
    days_range = range_of(days)
    if (folder / DAILY).exists():
        days_range = days_range.union(read_range(folder / DAILY))
    copy_files(EXAMPLE, folder, COPIED)
    copy_files(WAREHOUSE, folder, ["monthly"])
    lay_out(data, folder / "landing", days_range, progress or _silent)
    _declare(folder, DAILY, days_range)
    _declare(folder, WEEKLY, weeks_of(days_range))
    _declare(folder, MONTHLY, months_of(days_range), moved_to=MONTHLY_ON)
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


def months_of(days: DayRange) -> DayRange | None:
    """Return the range of the monthly work: the months of which all days are there; ``None`` when none is complete."""
    first_days = [day for day in days if day.day == 1]
    last_days = [day for day in days if (day + timedelta(days=1)).day == 1]
    if not first_days or last_days[-1:] <= first_days[:1]:
        return None
    return DayRange(first_days[0], last_days[-1])


def _declare(folder: Path, name: str, days: DayRange | None, *, moved_to: str = "") -> None:
    """Have a file of definitions declare these days, wherever a person has moved it."""
    file = folder / (moved_to if moved_to and (folder / moved_to).exists() else name)
    if days is not None:
        write_range(file, days, original=EXAMPLE / name)


def _silent(_what: str, _done: int, _total: int) -> None:
    pass
