"""Cron expressions as frequencies: periods lie between successive firings.

Owns every use of ``cronsim``, which says what an expression means on a wall clock that never jumps. What
happens where the clock does jump follows Debian's cron, by the same rule as for every other frequency.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile

from cronsim import CronSim, CronSimError

from ostinato.calendar.zones import Stretch

_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MIDNIGHT = time()
_SOME_DAY = date(2000, 1, 1)
_INSTANT_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cron:
    """A new period at every firing of a cron expression of five fields. Made by ``parse_cron`` alone.

    An expression at fixed times fires once for every time it names: at the end of the gap that hides it, and
    at the first of two. One whose minute or hour begins with ``*`` fires whenever the clock shows a time that
    it names: never in a gap (``*/15 1 * * *`` not at all where 01:00 to 02:00 is left out), and in a fold
    both times.
    """

    expression: str

    @property
    def key(self) -> str:
        return f"cron {self.expression}"

    def iterate_starts(self, stretch: Stretch) -> Iterator[datetime]:
        """Yield the instants of ``stretch`` at which the expression fires, in order."""
        minute, hour, *_ = self.expression.split()
        follows_clock = minute.startswith("*") or hour.startswith("*")
        since = stretch.shows_from if follows_clock else stretch.reached
        return stretch.iterate_instants(self._iterate_firings(since, stretch.shows_until))

    def _iterate_firings(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the local times in ``[since, until)`` that the expression names.

        Every firing is one of the expression's days joined with one of its times of day, and asking
        ``cronsim`` for the days alone takes a tenth of the time.
        """
        minute, hour, days = self.expression.split(maxsplit=2)
        times_of_day = _list_times_of_day(minute, hour)
        for midnight in _iterate_matches(f"0 0 {days}", since.date()):
            if midnight >= until:
                return
            for time_of_day in times_of_day:
                if since <= (firing := datetime.combine(midnight, time_of_day)) < until:
                    yield firing


def parse_cron(text: str) -> Cron:
    """Read a cron expression of five fields, or one of its nicknames such as ``@daily``.

    ``ValueError`` says what is wrong. Refused are seconds, ``@reboot`` and what never fires, as 30 February.
    """
    expected = (
        "expected minute, hour, day of month, month and day of week, such as '0 6 * * 1-5', "
        f"or one of {', '.join(_NICKNAMES)}"
    )
    fields = _NICKNAMES.get(text.strip().casefold(), text).upper().split()
    if len(fields) != 5:
        raise ValueError(f"{text!r} is not a cron expression: five fields, not {len(fields)}; {expected}")
    expression = " ".join(fields)
    try:
        first_firing = next(_iterate_matches(expression, _SOME_DAY), None)
    except CronSimError as error:
        raise ValueError(f"{text!r} is not a cron expression: {str(error).lower()}; {expected}") from None
    if first_firing is None:
        raise ValueError(f"{text!r} never fires: no day meets all its conditions; {expected}")
    return Cron(expression)


@lru_cache(maxsize=256)
def _list_times_of_day(minute: str, hour: str) -> tuple[time, ...]:
    matches = _iterate_matches(f"{minute} {hour} * * *", _SOME_DAY)
    return tuple(match.time() for match in takewhile(lambda match: match.date() == _SOME_DAY, matches))


def _iterate_matches(expression: str, first_day: date) -> Iterator[datetime]:
    """Return the times from ``first_day`` on that ``expression`` names; they end with a wait of 50 years."""
    return CronSim(expression, datetime.combine(first_day, _MIDNIGHT) - _INSTANT_BEFORE)
