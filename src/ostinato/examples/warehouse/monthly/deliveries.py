"""Deliveries: one file for each airline and day, and what may be wrong with it.

Only reads. Whatever is wrong is a defect with its place, never an exception: a person is to see all of it at once.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from monthly import places

LATE_MINUTES = 15
"""From so many minutes after its planned arrival a flight counts as late, as in the official statistics."""

UNKNOWN = "NA"


@dataclass(frozen=True, slots=True)
class Flight:
    """A flight as it was delivered. It was cancelled without a departure, diverted without an arrival."""

    day: str
    number: int
    tail_number: str | None
    origin: str
    destination: str
    departure_delay: int | None
    arrival_delay: int | None
    minutes_in_air: int | None

    @property
    def outcome(self) -> str:
        """Say what became of it."""
        if self.departure_delay is None:
            return "cancelled"
        if self.arrival_delay is None:
            return "diverted"
        return "late" if self.arrival_delay >= LATE_MINUTES else "on_time"


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong, and where."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


@dataclass(slots=True)
class Delivery:
    """What was delivered of a day: flights that can be used, and defects instead of all others."""

    flights: list[Flight] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)


def list_days(month: date) -> list[date]:
    """Return the days of the month that begins on ``month``."""
    first = month.replace(day=1)
    days = (first + timedelta(days=count) for count in range(31))
    return [day for day in days if day.month == first.month]


def read_delivery(airline: str, day: date) -> Delivery:
    """Read what ``airline`` delivered of ``day``."""
    path = places.find_delivery(airline, day)
    shown = str(path.relative_to(places.HOME))
    delivery = Delivery()
    seen: set[tuple[int, str]] = set()
    try:
        for line, row in _read_rows(path):
            flight = _read_flight(row, airline, day)
            if isinstance(flight, Flight) and (flight.number, flight.origin) in seen:
                flight = f"flight {flight.number} from {flight.origin} is there twice"
            if isinstance(flight, Flight):
                seen.add((flight.number, flight.origin))
                delivery.flights.append(flight)
            else:
                delivery.defects.append(Defect(f"{shown}, line {line}", flight))
    except FileNotFoundError:
        delivery.defects.append(Defect(shown, "it is missing"))
    return delivery


Row = dict[str | None, str | None]


def _read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            yield reader.line_num, dict(row)


def _read_flight(row: Row, airline: str, day: date) -> Flight | str:
    """Return the flight of a line, or what is wrong with it."""
    if None in row or None in row.values():
        return "it has too few or too many fields; was it cut off?"
    text = {str(name): str(value) for name, value in row.items()}
    try:
        planned = date(int(text["year"]), int(text["month"]), int(text["day"]))
        flight = Flight(
            day=planned.isoformat(),
            number=int(text["flight"]),
            tail_number=None if text["tailnum"] == UNKNOWN else text["tailnum"],
            origin=text["origin"],
            destination=text["dest"],
            departure_delay=_read_minutes(text["dep_delay"]),
            arrival_delay=_read_minutes(text["arr_delay"]),
            minutes_in_air=_read_minutes(text["air_time"]),
        )
    except (KeyError, ValueError) as error:
        return f"it cannot be read ({error})"
    if (text["carrier"], planned) != (airline, day):
        return f"it is a flight of {text['carrier']} on {planned}"
    return flight


def _read_minutes(text: str) -> int | None:
    return None if text == UNKNOWN else int(text)
