"""The landing zone: the files as the airlines and the weather service deliver them.

    landing/airlines.csv                    the airlines' codes and names
    landing/2013-01-07/flights-AA.csv       the flights that American Airlines planned for that day
    landing/2013-01-07/weather.csv          the weather at the three airports, hour by hour

Only reads. Says which file, which line and what to do when something is not as agreed.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from jobs.command import JobError, UsageError

Row = TypeVar("Row")

LANDING = Path("landing")
AIRLINES = LANDING / "airlines.csv"


def read_flights(airline: str, date: str, convert: Callable[[dict[str, str]], Row]) -> list[Row]:
    """Return the flights ``airline`` planned for ``date``; an airline that did not fly delivers no lines."""
    names = airline_names()
    if airline not in names:
        raise UsageError(f"unknown airline {airline!r}; {AIRLINES} knows {', '.join(names)}")
    return _read(LANDING / date / f"flights-{airline}.csv", convert)


def read_weather(date: str, convert: Callable[[dict[str, str]], Row]) -> list[Row]:
    """Return the weather observed on ``date``."""
    return _read(LANDING / date / "weather.csv", convert)


def airline_names() -> dict[str, str]:
    """Return the airlines' names by code."""
    return dict(_read(AIRLINES, lambda row: (row["carrier"], row["name"])))


def number(text: str) -> float | None:
    """Read a figure of a delivery; what was not measured is delivered as ``NA``."""
    return None if text == "NA" else float(text)


def _read(path: Path, convert: Callable[[dict[str, str]], Row]) -> list[Row]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_convert(row, convert, f"{path}, line {line}") for line, row in enumerate(csv.DictReader(file), 2)]
    except FileNotFoundError:
        raise JobError(
            f"the delivery {path} is missing; put it there and try again"
            " (`ostinato demo --days N` lays out more days), and run the job in the project folder"
        ) from None


def _convert(row: dict[str, str], convert: Callable[[dict[str, str]], Row], place: str) -> Row:
    try:
        return convert(row)
    except (KeyError, ValueError, TypeError) as error:
        raise JobError(f"{place}: cannot be read ({error!r}); ask for a new delivery") from error
