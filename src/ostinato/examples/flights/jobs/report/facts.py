"""What a report says, as figures: everything the page needs, read from the warehouse in one snapshot.

Owns the questions and the little arithmetic between answer and figure; knows nothing of how they look.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from jobs.command import JobError
from jobs.figures import median

Key = TypeVar("Key")

AIRPORTS = {"EWR": "Newark", "JFK": "Kennedy", "LGA": "LaGuardia"}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many flights came to which end."""

    on_time: int = 0
    late: int = 0
    diverted: int = 0
    cancelled: int = 0

    @property
    def flights(self) -> int:
        return self.on_time + self.late + self.diverted + self.cancelled

    @property
    def on_time_share(self) -> float:
        """Return the share of flights that were on time; 0 where there were no flights."""
        return self.on_time / self.flights if self.flights else 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.on_time + other.on_time,
            self.late + other.late,
            self.diverted + other.diverted,
            self.cancelled + other.cancelled,
        )


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One airline's week; the delays are in minutes, ``None`` where nothing arrived."""

    airline: str
    name: str
    tally: Tally
    arrival_mean: float | None
    arrival_median: float | None
    arrival_p90: float | None
    best_day: date
    worst_day: date


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a report says: of the week from ``start`` until before ``end``, and of all since ``first``.

    Of the week are ``scorecards`` (the most punctual first), ``airports`` and ``median_arrival_delay``; since
    ``first`` are ``days``, ``airlines``, ``hours`` (by weekday, Monday is 0, and planned hour of departure),
    ``weather`` (by kind) and ``airline_weather`` (by airline, and whether it was bad, ``None`` where not
    observed).
    """

    start: date
    end: date
    days: Mapping[date, Tally]
    scorecards: tuple[Scorecard, ...]
    airlines: Mapping[str, Tally]
    airports: Mapping[str, Tally]
    hours: Mapping[tuple[int, int], Tally]
    weather: Mapping[str, Tally]
    airline_weather: Mapping[tuple[str, bool | None], Tally]
    median_arrival_delay: float | None
    names: Mapping[str, str]

    @property
    def first(self) -> date:
        return min(self.days)

    @property
    def last(self) -> date:
        return max(self.days)

    @property
    def week_days(self) -> Mapping[date, Tally]:
        """Return those of ``days`` that lie in the week."""
        return {day: tally for day, tally in self.days.items() if day >= self.start}

    @property
    def week(self) -> Tally:
        return total(self.week_days.values())

    @property
    def covers_more_than_the_week(self) -> bool:
        return self.first < self.start


def total(tallies: Iterable[Tally]) -> Tally:
    """Add up ``tallies``."""
    return sum(tallies, Tally())


KINDS: Mapping[str, Callable[[sqlite3.Row], bool]] = {
    "fair": lambda row: row["bad"] == 0,
    "wet": lambda row: row["wet"] == 1,
    "murky": lambda row: row["murky"] == 1,
    "gusty": lambda row: row["gusty"] == 1,
    "unknown": lambda row: row["bad"] is None,
}
"""The kinds of weather; an hour may be of several bad ones."""

DAYS = "SELECT * FROM network_days WHERE date < :end ORDER BY date"
SCORECARDS = "SELECT * FROM scorecards WHERE week <= :start ORDER BY week, airline"
AIRPORTS_FLIGHTS = """
    SELECT origin, outcome, count(*) AS flights FROM flights
    WHERE date >= :start AND date < :end GROUP BY origin, outcome
"""
HOURS_FLIGHTS = """
    SELECT date, hour, outcome, count(*) AS flights FROM flights
    WHERE date < :end GROUP BY date, hour, outcome
"""
WEATHER_FLIGHTS = """
    SELECT airline, bad, wet, murky, gusty, outcome, count(*) AS flights
    FROM flights LEFT JOIN weather USING (date, origin, hour_at)
    WHERE flights.date < :end GROUP BY airline, bad, wet, murky, gusty, outcome
"""
ARRIVALS = """
    SELECT arrival_delay FROM flights WHERE date >= :start AND date < :end AND arrival_delay IS NOT NULL
"""


def gather_facts(warehouse: sqlite3.Connection, start: date, end: date, names: Mapping[str, str]) -> Facts:
    """Read the facts of the week from ``start`` until before ``end``; ``names`` are the airlines' by code."""
    bounds = {"start": start.isoformat(), "end": end.isoformat()}
    days = {date.fromisoformat(row["date"]): _tally(row) for row in warehouse.execute(DAYS, bounds)}
    if not any(tally.flights for day, tally in days.items() if day >= start):
        raise JobError(
            f"no flights from {start} until {end} in the warehouse;"
            " run the job `network_day` for at least one of these days first"
        )
    cards = warehouse.execute(SCORECARDS, bounds).fetchall()
    weather = warehouse.execute(WEATHER_FLIGHTS, bounds).fetchall()
    return Facts(
        start=start,
        end=end,
        days=days,
        scorecards=_scorecards([card for card in cards if card["week"] == bounds["start"]], names),
        airlines=_sum_by(lambda card: str(card["airline"]), ((card, _tally(card)) for card in cards)),
        airports=_sum_by(lambda row: str(row["origin"]), _counted(warehouse.execute(AIRPORTS_FLIGHTS, bounds))),
        hours=_sum_by(_weekday_and_hour, _counted(warehouse.execute(HOURS_FLIGHTS, bounds))),
        weather={
            kind: total(tally for row, tally in _counted(weather) if is_kind(row)) for kind, is_kind in KINDS.items()
        },
        airline_weather=_sum_by(_airline_and_bad, _counted(weather)),
        median_arrival_delay=median([row["arrival_delay"] for row in warehouse.execute(ARRIVALS, bounds)]),
        names=names,
    )


def _counted(rows: Iterable[sqlite3.Row]) -> Iterator[tuple[sqlite3.Row, Tally]]:
    """Give each row, of flights that came to the same end, its tally."""
    return ((row, Tally(**{row["outcome"]: row["flights"]})) for row in rows)


def _sum_by(key: Callable[[sqlite3.Row], Key], tallies: Iterable[tuple[sqlite3.Row, Tally]]) -> dict[Key, Tally]:
    sums: dict[Key, Tally] = {}
    for row, tally in tallies:
        sums[key(row)] = sums.get(key(row), Tally()) + tally
    return sums


def _tally(row: sqlite3.Row) -> Tally:
    return Tally(row["on_time"], row["late"], row["diverted"], row["cancelled"])


def _weekday_and_hour(row: sqlite3.Row) -> tuple[int, int]:
    return date.fromisoformat(row["date"]).weekday(), row["hour"]


def _airline_and_bad(row: sqlite3.Row) -> tuple[str, bool | None]:
    return row["airline"], None if row["bad"] is None else bool(row["bad"])


def _scorecards(rows: Iterable[sqlite3.Row], names: Mapping[str, str]) -> tuple[Scorecard, ...]:
    """Return the scorecards of those that flew, the most punctual first."""
    cards = [
        Scorecard(
            airline=row["airline"],
            name=names.get(row["airline"], row["airline"]),
            tally=_tally(row),
            arrival_mean=row["arrival_mean"],
            arrival_median=row["arrival_median"],
            arrival_p90=row["arrival_p90"],
            best_day=date.fromisoformat(row["best_day"]),
            worst_day=date.fromisoformat(row["worst_day"]),
        )
        for row in rows
        if row["flights"]
    ]
    return tuple(sorted(cards, key=lambda card: (-card.tally.on_time_share, card.airline)))
