"""The warehouse example on real data, by the program itself: published, asked for, mended, cancelled and killed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from ostinato.examples.flights.demo import prepare as prepare_flights
from ostinato.examples.projects import DayRange
from ostinato.examples.warehouse.demo import EXAMPLE, prepare, range_of
from ostinato.testing.program import Program
from ostinato.testing.walkthrough import follow

Rows = Sequence[Mapping[str, str]]

JANUARY = "2013-01-01"
ODD = "publish_month/YV/2013-01-01"  # of 46 flights 7 were cancelled: somebody has to be asked
PLAIN = "publish_month/HA/2013-01-01"
DAY = "landing/2013-01-16/flights-HA.csv"


@pytest.fixture(scope="module")
def landed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the deliveries of January, in which nothing has run."""
    assert data.is_dir()
    folder = tmp_path_factory.mktemp("warehouse") / "landed"
    prepare(folder, months=1, progress=lambda what, done, total: None)
    return folder


@pytest.fixture
def program(landed: Path, tmp_path: Path) -> Program:
    """Give the program in a project of one's own, with two small airlines."""
    folder = Path(shutil.copytree(landed, tmp_path / "project"))
    choose_airlines(folder, "HA", "YV")
    file = folder / "ostinato.yaml"
    text = file.read_text(encoding="utf-8").replace("interval: 1s", "interval: 100ms")
    file.write_text(text.replace("concurrency: 8", "concurrency: 8, poll: 100ms, name: here"), encoding="utf-8")
    return Program(folder)


def choose_airlines(folder: Path, *airlines: str) -> None:
    """Have no other accounts than these."""
    file = folder / "accounts.yaml"
    accounts = yaml.safe_load(file.read_text(encoding="utf-8"))["accounts"]
    text = yaml.safe_dump({"accounts": {airline: accounts[airline] for airline in airlines}})
    file.write_text(text, encoding="utf-8")


def statuses(program: Program) -> dict[str, str]:
    """Return how the slots stand."""
    return {slot["slot"]: slot["status"] for slot in program("slots", "--json").json}


def steps(program: Program, slot: str) -> dict[str, str]:
    """Return how the steps of a slot's latest run stand."""
    return {step["name"]: step["status"] for step in program("show", slot, "--json").json["plan"]["steps"]}


def ask(program: Program, query: str) -> list[tuple[Any, ...]]:
    """Ask what is published."""
    with closing(sqlite3.connect(program.folder / "warehouse" / "published.db")) as connection:
        return connection.execute(query).fetchall()


def published(program: Program) -> bytes:
    """Return what is published, to the byte."""
    return (program.folder / "warehouse" / "published.db").read_bytes()


def spoil(program: Program) -> bytes:
    """Have a line of a delivery there twice, and another cut off; return what it was before."""
    file = program.folder / DAY
    before = file.read_bytes()
    header, flight = before.splitlines(keepends=True)
    file.write_bytes(header + flight + flight + flight[:40] + b"\n")
    return before


@contextmanager
def delivered_slowly(program: Program) -> Iterator[Path]:
    """Have a delivery be a pipe: whoever opens it to read waits until somebody writes. Put it right at the end."""
    file = program.folder / DAY
    whole = file.rename(file.with_suffix(".whole"))
    os.mkfifo(file)
    try:
        yield file
    finally:
        whole.rename(file)


def let_inspection_pass(program: Program, pipe: Path, up: subprocess.Popen[str]) -> None:
    """Give the inspection what it reads from the pipe, and wait until the extraction is about to read it."""
    pipe.write_bytes(pipe.with_suffix(".whole").read_bytes())
    while steps(program, PLAIN).get("extract_month") != "running":
        assert up.poll() is None


def test_months_of_many_airlines_are_published_at_once(
    landed: Path, tmp_path: Path, january: Rows, program: Program
) -> None:
    """Every flight of every airline is in the warehouse once, and the one odd month waits for a word."""
    shutil.copy(landed / "accounts.yaml", program.folder)
    answer = program("up", "--until-idle", "--json")

    assert answer.code == 0, answer.err
    assert answer.json_lines[-1]["slots"] == {"success": 15, "suspended": 1}
    counts = dict(ask(program, "SELECT airline, count(*) FROM flights WHERE month = '2013-01' GROUP BY airline"))
    carriers = [row["carrier"] for row in january if row["carrier"] != "YV"]
    assert counts == {carrier: carriers.count(carrier) for carrier in set(carriers)}
    cancelled = sum(row["dep_delay"] == "NA" for row in january if row["carrier"] != "YV")
    assert ask(program, "SELECT sum(flights), sum(cancelled) FROM delays") == [(len(carriers), cancelled)]
    assert ask(program, "SELECT sum(flights), sum(cancelled) FROM routes") == [(len(carriers), cancelled)]
    routes = {(row["carrier"], row["origin"], row["dest"]) for row in january if row["carrier"] != "YV"}
    assert set(ask(program, "SELECT airline, origin, destination FROM routes")) == routes
    aircraft = {(row["carrier"], row["tailnum"]) for row in january if row["dep_delay"] != "NA"}
    assert set(ask(program, "SELECT airline, tail_number FROM aircraft")) == {
        (carrier, tail) for carrier, tail in aircraft if carrier != "YV" and tail != "NA"
    }


def test_an_odd_month_is_published_when_a_person_says_yes(program: Program) -> None:
    """It waits with a question, holds no agent, and is published under the name of who answered."""
    program("up", "--until-idle")
    assert "Publish YV 2013-01? 7 of 46 flights cancelled (15.2 %)" in program("show", ODD).out
    assert ask(program, "SELECT airline FROM publications") == [("HA",)]

    answer = program("answer", ODD, "yes")
    assert answer.code == 0, answer.err
    program("up", "--until-idle")

    assert statuses(program)[ODD] == "success"
    ((by,),) = ask(program, "SELECT released_by FROM publications WHERE airline = 'YV'")
    assert by != "nobody had to be asked"
    assert ask(program, "SELECT count(*) FROM flights WHERE airline = 'YV'") == [(46,)]


def test_no_is_heeded(program: Program) -> None:
    """A month that is refused fails with the reason, and what is published is byte for byte what it was."""
    program("up", "--until-idle")
    before = published(program)

    program("answer", ODD, "no")
    assert program("up", "--until-idle").code == 1

    (run,) = [run for run in program("runs", "--json").json if run["slot"] == ODD]
    assert run["status"] == "failed"
    assert "says no: Publish YV 2013-01?" in run["reason"]
    assert published(program) == before
    assert program("answer", ODD, "yes").code == 4


def test_a_defect_waits_for_a_person_who_mends_it(program: Program) -> None:
    """The run is paused with the place of each defect; mended and resumed, it goes on to its end."""
    sound = spoil(program)
    program("up", "--until-idle")
    assert statuses(program)[PLAIN] == "paused"
    assert program("logs", PLAIN, "inspect_delivery").out.splitlines() == [
        f"{DAY}, line 3: flight 51 from JFK is there twice",
        f"{DAY}, line 4: it has too few or too many fields; was it cut off?",
    ]

    (program.folder / DAY).write_bytes(sound)
    assert program("resume", PLAIN).code == 0
    program("up", "--until-idle")

    assert statuses(program)[PLAIN] == "success"
    assert ask(program, "SELECT flights, left_out FROM publications") == [(31, 0)]


def test_a_defect_may_be_skipped(program: Program) -> None:
    """Without the inspection the rest goes on, leaves out what cannot be used, and ends with a warning."""
    spoil(program)
    program("up", "--until-idle")

    assert program("skip", PLAIN, "inspect_delivery").code == 0
    assert program("resume", PLAIN).code == 0
    program("up", "--until-idle")

    assert statuses(program)[PLAIN] == "warning"
    assert steps(program, PLAIN)["inspect_delivery"] == "skipped"
    assert ask(program, "SELECT flights, left_out FROM publications") == [(31, 2)]


def test_a_defect_may_be_allowed(program: Program) -> None:
    """Given another input, the inspection passes."""
    spoil(program)
    program("up", "--until-idle")

    given = '{"airline": "HA", "month": "2013-01-01", "allowed": 2}'
    assert program("edit-input", PLAIN, "inspect_delivery", given).code == 0
    assert program("resume", PLAIN).code == 0
    program("up", "--until-idle")

    assert statuses(program)[PLAIN] == "success"
    assert ask(program, "SELECT flights, left_out FROM publications") == [(31, 2)]


def test_changed_rows_are_a_question_too(program: Program) -> None:
    """A month that was published is published again without a word only if little of it has changed."""
    program("up", "--until-idle")
    for day in range(1, 32):
        file = program.folder / f"landing/2013-01-{day:02}/flights-HA.csv"
        file.write_text(file.read_text(encoding="utf-8").replace("HNL", "LAX"), encoding="utf-8")
    given = '{"airline": "HA", "month": "2013-01-01", "limits": {"changed_rows": 30}}'

    started = program("trigger", "monthly.flow:publish_month", "--input", given, "--json").json
    program("up", "--until-idle")

    shown = program("show", str(started["run"]), "--json").json
    assert shown["status"] == "suspended"
    assert "Publish HA 2013-01? 32 rows changed since it was last published" in str(shown)
    assert ask(program, "SELECT DISTINCT destination FROM flights") == [("HNL",)]


def test_cancelled_while_it_waits(program: Program) -> None:
    """A month that waits for a word is cancelled at once; what is published stays as it was, to the byte."""
    program("up", "--until-idle")
    before = published(program)

    assert program("cancel", ODD).code == 0
    program("up", "--until-idle")

    assert statuses(program)[ODD] == "cancelled"
    assert set(steps(program, ODD).values()) <= {"success", "cancelled"}
    assert published(program) == before


def test_cancelled_while_it_works(program: Program) -> None:
    """A month that is being extracted ends when asked to; what is published stays as it was, to the byte."""
    program("up", "--until-idle")
    before = published(program)
    program("rerun", PLAIN)

    with delivered_slowly(program) as pipe, program.running("up", "--until-idle") as up:
        let_inspection_pass(program, pipe, up)
        with pipe.open("w"):  # it is being extracted now
            assert program("cancel", PLAIN).code == 0
            up.communicate()

    assert statuses(program)[PLAIN] == "cancelled"
    assert steps(program, PLAIN)["stage-flights"] == "cancelled"
    assert published(program) == before


def test_killed_while_it_works(program: Program) -> None:
    """Whoever comes after the agent that was killed goes on, and does no finished step again."""
    with delivered_slowly(program) as pipe, program.running("up") as up:
        let_inspection_pass(program, pipe, up)
        with pipe.open("w"):  # it is being extracted now
            up.send_signal(signal.SIGKILL)
            up.wait()
    assert steps(program, PLAIN)["extract_month"] == "running"

    assert program("up", "--until-idle").code == 0

    assert statuses(program)[PLAIN] == "success"
    shown = {step["name"]: step for step in program("show", PLAIN, "--json").json["plan"]["steps"]}
    assert (shown["inspect_delivery"]["tries"], shown["extract_month"]["tries"]) == (1, 2)
    assert ask(program, "SELECT count(*) FROM flights") == [(31,)]
    assert program("doctor").code == 0


def test_killed_while_it_publishes(program: Program) -> None:
    """All tables are as they were before, and all are as they should be after: nothing is between."""
    program("up", "--until-idle")
    before = published(program)
    program("answer", ODD, "yes")

    with closing(sqlite3.connect(program.folder / "warehouse" / "published.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # whoever wants to publish now has to wait
        with program.running("up") as up:
            while "running" not in [status for name, status in steps(program, ODD).items() if "finalize" in name]:
                assert up.poll() is None
            up.send_signal(signal.SIGKILL)
            up.wait()
        other.execute("ROLLBACK")
    assert published(program) == before

    assert program("up", "--until-idle").code == 0
    assert statuses(program)[ODD] == "success"
    for table in ("flights", "delays", "routes", "aircraft", "publications"):
        assert ("YV",) in ask(program, f"SELECT airline FROM {table}")  # noqa: S608 - the names stand here


def test_many_months_are_triggered_by_one(program: Program) -> None:
    """A plan of plans waits for all of them, the one that asks a person too, and succeeds."""
    (program.folder / "definitions" / "monthly.yaml").unlink()
    given = '{"airlines": ["HA", "AS", "YV", "OO", "F9"], "months": ["2013-01-01"]}'
    started = program("trigger", "monthly.flow:PublishMonths", "--input", given, "--json").json
    program("up", "--until-idle")
    plans = {plan["run"]: plan for plan in program("plans", "--json").json}
    assert plans[started["run"]]["status"] == "suspended"
    (odd,) = [run for run, plan in plans.items() if plan["status"] == "suspended" and run != started["run"]]

    program("answer", str(odd), "yes")
    program("up", "--until-idle")

    assert {plan["status"] for plan in program("plans", "--json").json} == {"success"}
    assert {airline for (airline,) in ask(program, "SELECT airline FROM publications")} == {
        "HA",
        "AS",
        "YV",
        "OO",
        "F9",
    }


def test_the_nights_of_the_flights_may_have_it_too(data: Path, tmp_path: Path) -> None:
    """The flights example has it beside its definitions; moved there, a month waits for its days and is published."""
    assert data.is_dir()
    prepare_flights(tmp_path, days=53)
    choose_airlines(tmp_path, "HA")
    daily = tmp_path / "definitions" / "daily.yaml"
    daily.write_text(daily.read_text(encoding="utf-8").replace("2013-01-07", "2013-02-26"), encoding="utf-8")
    (tmp_path / "definitions" / "weekly.yaml").unlink()
    program, month = Program(tmp_path), "publish_month/HA/2013-02-01"
    program("apply")
    assert month not in statuses(program)

    (tmp_path / "optional" / "monthly.yaml").rename(tmp_path / "definitions" / "monthly.yaml")
    program("apply")
    assert "3 of 3 slots of load_flights not succeeded" in program("explain", month).out
    assert program("up", "--until-idle").code == 0

    assert statuses(program)[month] == "success"
    assert ask(program, "SELECT flights FROM publications") == [(28,)]


def test_the_readme_works_to_the_letter(data: Path, tmp_path: Path) -> None:
    """Whoever does what the page says sees what the page shows."""
    assert data.is_dir()
    assert follow(EXAMPLE / "README.md", tmp_path) > 30


def test_a_project_grows(landed: Path, tmp_path: Path) -> None:
    """Doing it again writes nothing; more months add deliveries and move the end; a person's edits stay."""
    folder = Path(shutil.copytree(landed, tmp_path / "project"))
    (folder / "accounts.yaml").write_text("what a person wrote", encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    quietly: dict[str, Any] = {"progress": lambda what, done, total: None}

    prepare(folder, months=1, **quietly)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before

    days = prepare(folder, months=2, **quietly)
    declared = yaml.safe_load((folder / "definitions/monthly.yaml").read_text(encoding="utf-8"))["definitions"]
    assert declared["publish_month"]["ends_on"] == days.last == date(2013, 2, 28)
    assert len(list(folder.glob("landing/2013-02-*/flights-AA.csv"))) == 28
    assert prepare(folder, months=1, **quietly) == days
    assert (folder / "accounts.yaml").read_text(encoding="utf-8") == "what a person wrote"


@pytest.mark.parametrize(("months", "last"), [(1, "2013-01-31"), (11, "2013-11-30"), (12, "2013-12-31")])
def test_months_are_whole(months: int, last: str) -> None:
    """They begin with the year, and end with the last day of a month."""
    assert range_of(months) == DayRange(date(2013, 1, 1), date.fromisoformat(last))


def test_what_cannot_be_prepared_is_refused(data: Path, tmp_path: Path) -> None:
    """Months that a year does not have, or a folder of something else, end it with a hint and nothing written."""
    assert data.is_dir()
    (tmp_path / "notes.txt").touch()
    for arguments in ([".", "--months", "13"], ["."]):
        done = subprocess.run(
            [sys.executable, "-m", "ostinato.examples.warehouse", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(EXAMPLE.parents[2])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "error: " in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_its_own_tests_pass(program: Program) -> None:
    """The tests that come with the project pass in it."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=program.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
