"""A copy of this example, with the deliveries of some months.

Owns what is in the folder before Ostinato first looks at it. Doing it again changes nothing but what is missing.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from ostinato.errors import NotPossible
from ostinato.examples.flights.deliveries import Progress, find_data, lay_out
from ostinato.examples.projects import DayRange, check_folder, copy_files, read_range, write_range

EXAMPLE = Path(__file__).parent
COPIED = ("README.md", "ostinato.yaml", "accounts.yaml", "monthly", "tests")
MONTHLY = "definitions/monthly.yaml"


def prepare(folder: Path, *, months: int, progress: Progress) -> DayRange:
    """Make ``folder`` a project that is to publish the first ``months`` of 2013; return the days that it has.

    With more months it grows; it never shrinks. Raises ``NotPossible`` and ``ConfigurationError``, before anything is
    written.
    """
    data = find_data()
    check_folder(folder, EXAMPLE)
    days = range_of(months)
    if (folder / MONTHLY).exists():
        days = days.union(read_range(folder / MONTHLY))
    copy_files(EXAMPLE, folder, COPIED)
    lay_out(data, folder / "landing", days, progress)
    write_range(folder / MONTHLY, days, original=EXAMPLE / MONTHLY)
    return days


def range_of(months: int) -> DayRange:
    """Return the days of the first ``months`` of 2013."""
    if not 1 <= months <= 12:
        raise NotPossible(f"there are no {months} months in 2013", hint="ask for 1 to 12 months")
    end = date(2013 + months // 12, months % 12 + 1, 1)
    return DayRange(date(2013, 1, 1), end - timedelta(days=1))
