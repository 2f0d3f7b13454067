"""The jobs of the flights example, as commands, against figures computed here from the data set alone."""

from __future__ import annotations

import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from ostinato.examples.flights.demo import prepare

Rows = Sequence[Mapping[str, str]]
Weather = Mapping[tuple[str, str], Mapping[str, str]]

AIRLINES = (
    "AA",
    "EV",
    "HA",
    "OO",
)  # a large one, a late one, a small one, and one that did not fly that week
WEEK = ("2013-01-07", "2013-01-14")
DATES = tuple(str(date(2013, 1, 7) + timedelta(days=count)) for count in range(7))


def job(name: str, **values: str) -> list[str]:
    """Return the command line of a job; ``WEEK`` is its start and end."""
    return [sys.executable, "-W", "error", "-m", f"jobs.{name}"] + [
        word for key, value in values.items() for word in (f"--{key}", value)
    ]


def run(project: Path, name: str, **values: str) -> subprocess.CompletedProcess[str]:
    """Run a job in ``project`` to its end."""
    return subprocess.run(job(name, **values), cwd=project, capture_output=True, text=True, timeout=60, check=False)


def run_week(project: Path, dates: Sequence[str] = DATES) -> None:
    """Run all jobs of ``dates``, then those of the week."""
    start, end = WEEK
    steps = [("load_flights", {"airline": airline, "date": day}) for day in dates for airline in AIRLINES]
    steps += [("load_weather", {"date": day}) for day in dates]
    steps += [("delays", {"airline": airline, "date": day}) for day in dates for airline in AIRLINES]
    steps += [("network_day", {"date": day}) for day in dates]
    steps += [("scorecard", {"airline": airline, "start": start, "end": end}) for airline in AIRLINES]
    steps += [("report", {"start": start, "end": end})]
    for name, values in steps:
        result = run(project, name, **values)
        assert result.returncode == 0, (name, values, result.stderr)


def query(project: Path, sql: str) -> list[sqlite3.Row]:
    """Ask the warehouse of ``project``."""
    with closing(sqlite3.connect(project / "warehouse.db")) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(sql).fetchall()


def contents(project: Path) -> tuple[list[str], bytes]:
    """Return all that the jobs left: the warehouse, statement by statement, and the page."""
    with closing(sqlite3.connect(project / "warehouse.db")) as connection:
        return list(connection.iterdump()), (project / "report/index.html").read_bytes()


def day_of(row: Mapping[str, str]) -> str:
    """Return the planned date of a flight."""
    return f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"


def became(row: Mapping[str, str]) -> str:
    """Say what became of a flight."""
    if row["dep_delay"] == "NA":
        return "cancelled"
    if row["arr_delay"] == "NA":
        return "diverted"
    return "late" if int(row["arr_delay"]) >= 15 else "on_time"


def is_bad(hour: Mapping[str, str] | None) -> bool:
    """Tell whether the weather of ``hour`` was bad; what was not observed was not."""
    if hour is None:
        return False
    gusty = hour["wind_gust"] != "NA" and float(hour["wind_gust"]) >= 35
    return float(hour["precip"]) > 0 or float(hour["visib"]) < 3 or gusty


def board(page: str) -> list[str]:
    """Return the figures at the top of a page."""
    return re.findall(r'<dd aria-label="(.*?)">', page)


def board_of(flights: Rows) -> list[str]:
    """Return the figures that the top of the page of ``flights`` has to show."""
    ends = [became(row) for row in flights]
    median = statistics.median(int(row["arr_delay"]) for row in flights if row["arr_delay"] != "NA")
    share = f"{100 * ends.count('on_time') / len(ends):.0f}%"
    return [str(len(ends)), share, str(ends.count("cancelled")), f"{median:+.0f}".replace("-", "−")]


def p90(values: Sequence[int]) -> float:
    """Return the 90th percentile."""
    return statistics.quantiles(values, n=10, method="inclusive")[8] if len(values) > 1 else values[0]


@pytest.fixture(scope="module")
def landed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its deliveries of eight days, in which nothing has run."""
    assert data.is_dir()
    folder = tmp_path_factory.mktemp("flights") / "landed"
    prepare(folder, days=8)
    return folder


@pytest.fixture(scope="module")
def project(landed: Path) -> Path:
    """A project whose week has run for ``AIRLINES``; tests only look at it."""
    folder = landed.with_name("project")
    shutil.copytree(landed, folder)
    run_week(folder)
    return folder


@pytest.fixture
def fresh(landed: Path, tmp_path: Path) -> Path:
    """A project of one's own, in which nothing has run."""
    return Path(shutil.copytree(landed, tmp_path / "fresh"))


@pytest.fixture
def flights(january: Rows) -> Rows:
    """The flights of the week, by the plainest reading of the data set."""
    return [row for row in january if row["carrier"] in AIRLINES and day_of(row) in DATES]


def test_every_flight_of_the_data_set_is_loaded_once(project: Path, flights: Rows) -> None:
    """The table of flights holds the data set's flights of the week, each with its delays and its end."""
    loaded = {tuple(row) for row in query(project, "SELECT * FROM flights")}
    expected = {
        (
            *(day_of(row), row["carrier"], int(row["flight"]), row["origin"], row["dest"]),
            *(int(row["hour"]), row["time_hour"]),
            *(None if row[name] == "NA" else int(row[name]) for name in ("dep_delay", "arr_delay")),
            became(row),
        )
        for row in flights
    }

    assert loaded == expected
    assert len(expected) == len(flights) > 1500


def test_delays_are_those_of_the_data_set(project: Path, flights: Rows, weather: Weather) -> None:
    """Each airline's day has the counts, delays and weather that the data set gives it."""
    days = query(project, "SELECT * FROM delays")

    assert len(days) == len(AIRLINES) * len(DATES)
    for day in days:
        rows = [row for row in flights if (day_of(row), row["carrier"]) == (day["date"], day["airline"])]
        bad = [row for row in rows if is_bad(weather.get((row["origin"], row["time_hour"])))]
        ends = [became(row) for row in rows]
        assert day["flights"] == len(rows)
        for end in ("on_time", "late", "diverted", "cancelled"):
            assert day[end] == ends.count(end), (day["date"], day["airline"], end)
        for kind, column in (("departure", "dep_delay"), ("arrival", "arr_delay")):
            delays = [int(row[column]) for row in rows if row[column] != "NA"]
            figures = (statistics.fmean, statistics.median, p90) if delays else ()
            found = [day[f"{kind}_{name}"] for name in ("mean", "median", "p90")]
            assert found == [pytest.approx(figure(delays)) for figure in figures] or not delays
        assert day["bad_weather_flights"] == len(bad)
        assert day["late_share"] == (pytest.approx(ends.count("late") / len(rows)) if rows else None)
        late = [became(row) for row in bad].count("late")
        assert day["bad_weather_late_share"] == (pytest.approx(late / len(bad)) if bad else None)
    assert sum(day["bad_weather_flights"] for day in days) > 100


def test_network_days_sum_up_all_airlines(project: Path, flights: Rows) -> None:
    """Each day of the network has the counts, the mean delay and the extremes of the data set."""
    for day in query(project, "SELECT * FROM network_days"):
        rows = [row for row in flights if day_of(row) == day["date"]]
        arrivals = [int(row["arr_delay"]) for row in rows if row["arr_delay"] != "NA"]
        shares = {
            airline: statistics.fmean(became(row) == "on_time" for row in rows if row["carrier"] == airline)
            for airline in ("AA", "EV")  # the others have fewer than ten flights
        }
        assert (day["airlines"], day["flights"]) == (len(AIRLINES), len(rows))
        assert day["on_time"] == sum(became(row) == "on_time" for row in rows)
        assert day["cancelled"] == sum(became(row) == "cancelled" for row in rows)
        assert day["arrival_mean"] == pytest.approx(statistics.fmean(arrivals))
        assert day["most_punctual"] == max(shares, key=lambda airline: shares[airline])
        assert day["least_punctual"] == min(shares, key=lambda airline: shares[airline])


def test_scorecards_sum_up_the_week(project: Path, flights: Rows) -> None:
    """Each airline's week is that of the data set; one that did not fly has zeros and blanks."""
    cards = {card["airline"]: card for card in query(project, "SELECT * FROM scorecards")}

    for airline in ("AA", "EV", "HA"):
        card, rows = cards[airline], [row for row in flights if row["carrier"] == airline]
        arrivals = [int(row["arr_delay"]) for row in rows if row["arr_delay"] != "NA"]
        assert (card["days"], card["flights"]) == (7, len(rows))
        assert card["on_time_share"] == pytest.approx(sum(became(row) == "on_time" for row in rows) / len(rows))
        assert card["arrival_median"] == statistics.median(arrivals)
        assert card["arrival_p90"] == pytest.approx(p90(arrivals))
    assert tuple(cards["OO"])[2:8] == (7, 0, 0, 0, 0, 0)
    assert (cards["OO"]["on_time_share"], cards["OO"]["best_day"]) == (None, None)


def test_the_page_says_what_the_data_set_says(project: Path, flights: Rows, weather: Weather) -> None:
    """The page shows the week's totals, each airline's, each airport's and each hour's, from the data set."""
    page = (project / "report/week-2013-01-07.html").read_text(encoding="utf-8")
    rows = {
        re.sub(r"<.*?>", "", name).strip(): (figure, remark)
        for name, figure, remark in re.findall(
            r'<li><span class="name">(.*?)</span><svg.*?<span class="figure">(.*?)</span>'
            r'<span class="remark">(.*?)</span>',
            page,
        )
    }

    def shown(some: Rows) -> tuple[str, str]:
        share = sum(became(row) == "on_time" for row in some) / len(some)
        return f"{100 * share:.0f}%", f"{len(some):,} flights"

    assert board(page) == board_of(flights)
    for label, airline in (("American AA", "AA"), ("ExpressJet EV", "EV"), ("Hawaiian HA", "HA")):
        assert rows[label] == shown([row for row in flights if row["carrier"] == airline])
    for label, airport in (("Newark EWR", "EWR"), ("Kennedy JFK", "JFK"), ("LaGuardia LGA", "LGA")):
        assert rows[label] == shown([row for row in flights if row["origin"] == airport])
    hours = {(row["origin"], row["time_hour"]) for row in flights}
    murky = {hour for hour in hours if hour in weather and float(weather[hour]["visib"]) < 3}
    in_fog = [row for row in flights if (row["origin"], row["time_hour"]) in murky]
    assert rows["Sight below 3 miles"] == shown(in_fog)
    sunday_evening = [row for row in flights if day_of(row) == "2013-01-13" and row["hour"] == "19"]
    assert f"Sun 19:00 to 19:59: {len(sunday_evening)} flights," in page
    assert "No flights this week:" in page
    assert "SkyWest" in page


def test_a_later_page_tells_the_week_from_the_time_before(project: Path, tmp_path: Path, flights: Rows) -> None:
    """A page with days before its week has that week's figures on top, and every day in its calendar."""
    later = Path(shutil.copytree(project, tmp_path / "later"))
    sunday, monday = DATES[-1], WEEK[1]
    for airline in AIRLINES:
        assert run(later, "scorecard", airline=airline, start=sunday, end=monday).returncode == 0
    assert run(later, "report", start=sunday, end=monday).returncode == 0

    page = (later / "report/index.html").read_text(encoding="utf-8")
    on_sunday = [row for row in flights if day_of(row) == sunday]
    assert board(page) == board_of(on_sunday) != board_of(flights)
    assert f"Since Mon 7 January it was {board_of(flights)[1]} of {len(flights):,}." in page
    for day in DATES:
        planned = [row for row in flights if day_of(row) == day]
        share = board_of(planned)[1]
        label = f"{date.fromisoformat(day):%a} {date.fromisoformat(day).day} January"
        assert f"<title>{label}: {share} on time; {len(planned)} flights," in page


def test_the_page_needs_nothing_but_itself(project: Path) -> None:
    """The page names no address, loads nothing and runs no script."""
    page = (project / "report/index.html").read_text(encoding="utf-8")

    assert not re.findall(r"https?:|//\w|<script|<link|<img|src=|url\(|@import", page)


def test_running_everything_again_changes_nothing(project: Path, tmp_path: Path) -> None:
    """A second run of every job leaves the warehouse and the page as they were, to the last byte."""
    again = Path(shutil.copytree(project, tmp_path / "again"))
    before = contents(again)

    run_week(again)

    assert contents(again) == before


def test_a_week_does_not_depend_on_what_came_later(project: Path, tmp_path: Path) -> None:
    """A scorecard and a page that are made again after later days were loaded are the same."""
    later = Path(shutil.copytree(project, tmp_path / "later"))
    before = query(later, "SELECT * FROM scorecards"), contents(later)[1]
    monday = "2013-01-14"
    run(later, "load_weather", date=monday)
    for name in ("load_flights", "delays"):
        assert run(later, name, airline="AA", date=monday).returncode == 0
    assert run(later, "network_day", date=monday).returncode == 0

    assert run(later, "scorecard", airline="AA", start=WEEK[0], end=WEEK[1]).returncode == 0
    assert run(later, "report", start=WEEK[0], end=WEEK[1]).returncode == 0

    assert (query(later, "SELECT * FROM scorecards"), contents(later)[1]) == before


def test_an_incomplete_week_says_what_it_covers(fresh: Path) -> None:
    """A week of two loaded days has scorecards and a page, which say that five are missing."""
    run_week(fresh, DATES[:2])

    page = (fresh / "report/index.html").read_text(encoding="utf-8")
    assert {card["days"] for card in query(fresh, "SELECT days FROM scorecards")} == {2}
    assert "5 of its 7 days are not in the warehouse" in page
    assert "This page covers 7 – 8 January 2013: 2 days" in page


def test_jobs_that_start_at_once_share_one_warehouse(fresh: Path) -> None:
    """Jobs that write, and jobs that read and write, all succeed at the same moment; nothing of any is lost."""
    for name in ("load_flights", "delays", "delays"):
        jobs = [subprocess.Popen(job(name, airline="AA", date=day), cwd=fresh, stderr=subprocess.PIPE) for day in DATES]
        complaints = [each.communicate(timeout=60)[1] for each in jobs]
        assert [each.returncode for each in jobs] == [0] * len(DATES), complaints

    assert len(query(fresh, "SELECT DISTINCT date FROM flights")) == len(DATES)
    assert len(query(fresh, "SELECT * FROM delays WHERE flights > 0")) == len(DATES)
    assert [path.name for path in fresh.glob("warehouse.db.new*")] == []


def test_a_job_killed_at_any_moment_does_no_harm(fresh: Path) -> None:
    """After kills at many moments of its life a job that runs again leaves what an undisturbed one leaves."""
    for milliseconds in range(1, 60, 3):
        try:
            subprocess.run(
                job("load_flights", airline="EV", date=DATES[0]),
                cwd=fresh,
                capture_output=True,
                timeout=milliseconds / 1000,  # then it is killed
                check=True,
            )
        except subprocess.TimeoutExpired:
            continue
    assert run(fresh, "load_flights", airline="EV", date=DATES[0]).returncode == 0

    with (fresh / "landing" / DATES[0] / "flights-EV.csv").open(encoding="utf-8") as delivery:
        delivered = len(delivery.readlines()) - 1
    assert query(fresh, "SELECT count(*) AS flights FROM flights")[0]["flights"] == delivered


def test_a_missing_delivery_is_named(fresh: Path) -> None:
    """Without its file a job fails, names the file and says what to do."""
    (fresh / "landing/2013-01-07/flights-AA.csv").unlink()

    result = run(fresh, "load_flights", airline="AA", date="2013-01-07")

    assert result.returncode == 1
    assert "landing/2013-01-07/flights-AA.csv is missing; put it there and try again" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"airline": "ZZ", "date": "2013-01-07"}, "unknown airline 'ZZ'; landing/airlines.csv knows 9E, AA,"),
        ({"airline": "AA", "date": "7 January"}, "'7 January' is not a date; write it as in 2013-01-07"),
        ({"airline": "AA"}, "expected --airline VALUE --date VALUE"),
        ({"airline": "AA", "day": "2013-01-07"}, "expected --airline VALUE --date VALUE"),
    ],
)
def test_a_wrong_call_is_explained(landed: Path, values: dict[str, str], message: str) -> None:
    """What can never work ends with exit code 2 and says what is expected."""
    result = run(landed, "load_flights", **values)

    assert result.returncode == 2
    assert message in result.stderr
    assert not (landed / "warehouse.db").exists()


def test_a_delivery_that_cannot_be_read_is_refused_whole(fresh: Path) -> None:
    """A flight of another day in a delivery is named with its line, and what was loaded before stays."""
    day, next_day = (fresh / "landing" / each / "flights-AA.csv" for each in DATES[:2])
    assert run(fresh, "load_flights", airline="AA", date=DATES[0]).returncode == 0
    before = query(fresh, "SELECT * FROM flights")
    day.write_text(day.read_text() + next_day.read_text().splitlines()[1] + "\n")

    result = run(fresh, "load_flights", airline="AA", date=DATES[0])

    assert result.returncode == 1
    assert f"flights-AA.csv, line {len(before) + 2}" in result.stderr
    assert "a flight of AA on 2013-01-08" in result.stderr
    assert query(fresh, "SELECT * FROM flights") == before


@pytest.mark.parametrize(
    ("name", "values", "first"),
    [
        ("network_day", {"date": "2013-01-07"}, "delays"),
        ("scorecard", {"airline": "AA", "start": WEEK[0], "end": WEEK[1]}, "delays"),
        ("report", {"start": WEEK[0], "end": WEEK[1]}, "network_day"),
    ],
)
def test_what_has_to_run_first_is_named(fresh: Path, name: str, values: dict[str, str], first: str) -> None:
    """A job that finds nothing to sum up fails and names the job that brings it."""
    result = run(fresh, name, **values)

    assert result.returncode == 1
    assert f"run the job `{first}`" in result.stderr
