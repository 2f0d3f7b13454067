"""The monthly publication, action by action, without an agent and without a database: `python -m pytest tests`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from monthly import places, warehouse
from monthly.deliveries import list_days
from monthly.flow import (
    PublishMonths,
    Release,
    StageTable,
    count_changes,
    extract_month,
    inspect_delivery,
    publish_month,
)
from monthly.tables import TABLES

from ostinato.errors import PlanningError
from ostinato.model.work import Cancelled, Failed, Succeeded, Suspended
from ostinato.testing.actions import plan_of, run_action

JANUARY = date(2013, 1, 1)
MONTH = {"airline": "HA", "first": JANUARY, "flights": 31, "cancelled": 1, "left_out": 0}
HEADER = "year,month,day,dep_delay,arr_delay,carrier,flight,tailnum,origin,dest,air_time\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project folder of one's own, in which Hawaiian flew once a day in January, and was cancelled once."""
    monkeypatch.setattr(places, "HOME", tmp_path)
    for day in list_days(JANUARY):
        deliver(day, f"2013,1,{day.day},-3,{day.day - 5},HA,51,N380HA,JFK,HNL,659\n")
    deliver(JANUARY, "2013,1,1,NA,NA,HA,51,N380HA,JFK,HNL,NA\n")
    return tmp_path


def deliver(day: date, lines: str) -> None:
    """Deliver the flights of a day."""
    path = places.find_delivery("HA", day)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + lines, encoding="utf-8")


def ask(query: str) -> list[tuple[object, ...]]:
    """Ask what is published."""
    with closing(sqlite3.connect(places.find_published())) as connection:
        return connection.execute(query).fetchall()


def stage_all() -> None:
    """Extract January, and stage all tables of it."""
    run_action(extract_month, "HA", JANUARY)
    for table in TABLES:
        run_action(StageTable, MONTH, table)


def test_tables_are_staged_side_by_side_once_the_month_is_extracted() -> None:
    """Only the flights that were extracted are waited for; changes are counted when all tables are there."""
    plan = plan_of(publish_month, "HA", JANUARY)

    stages = [f"stage-{table}" for table in TABLES]
    assert [step.name for step in plan.list_uses(StageTable)] == stages
    assert {plan[name].needs for name in stages} == {("extract_month",)}
    assert plan["extract_month"].after == ("inspect_delivery",)
    assert plan["count_changes"].after == tuple(stages)
    assert plan["Release"].needs == ("extract_month", "count_changes")


def test_many_months_are_a_plan_each() -> None:
    """Four plans are begun at once, month by month."""
    run = run_action(PublishMonths, airlines=["HA", "AA", "DL"], months=["2013-01-01", "2013-02-01"])

    asked = [(child.input["airline"], child.input["month"]) for child in run.services.children.values()]
    assert asked == [("HA", "2013-01-01"), ("AA", "2013-01-01"), ("DL", "2013-01-01"), ("HA", "2013-02-01")]


def test_a_sound_delivery_passes() -> None:
    """Nothing is found, and nothing said."""
    run = run_action(inspect_delivery, "HA", JANUARY)

    assert run.output == {"defects": 0}
    assert run.services.emitted == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2013,1,7,0,0,HA,51,N1,JFK,HNL", "line 2: it has too few or too many fields; was it cut off?"),
        ("2013,1,7,soon,0,HA,51,N1,JFK,HNL,659", "line 2: it cannot be read (invalid literal"),
        ("2013,1,8,0,0,HA,51,N1,JFK,HNL,659", "line 2: it is a flight of HA on 2013-01-08"),
        ("2013,1,7,0,0,AA,51,N1,JFK,HNL,659", "line 2: it is a flight of AA on 2013-01-07"),
        ("2013,1,7,0,0,HA,51,N1,JFK,HNL,659\n" * 2, "line 3: flight 51 from JFK is there twice"),
    ],
)
def test_a_defect_is_named_with_its_place(line: str, problem: str) -> None:
    """File and line are said, and the step fails."""
    deliver(date(2013, 1, 7), line + "\n")

    run = run_action(inspect_delivery, "HA", JANUARY)

    (emitted,) = run.services.emitted
    assert str(emitted).startswith(f"landing/2013-01-07/flights-HA.csv, {problem}")
    assert run.error == f"defects: 1, allowed: 0; the first is {emitted}"


def test_what_is_mended_passes_the_next_time() -> None:
    """Inspecting again reads the files again, the missing one too."""
    path = places.find_delivery("HA", date(2013, 1, 7))
    good = path.read_text(encoding="utf-8")
    path.unlink()

    run = run_action(inspect_delivery, "HA", JANUARY)
    assert "flights-HA.csv: it is missing" in run.error

    path.write_text(good, encoding="utf-8")
    assert run.try_again() == Succeeded({"defects": 0})


def test_so_many_defects_may_be_allowed() -> None:
    """They are streamed all the same, and the flights are left out."""
    deliver(date(2013, 1, 7), "nonsense\n")

    run = run_action(inspect_delivery, "HA", JANUARY, allowed=1)
    assert run.output == {"defects": 1}
    assert len(run.services.emitted) == 1
    assert run_action(extract_month, "HA", JANUARY).output == MONTH | {
        "first": "2013-01-01",
        "flights": 30,
        "left_out": 1,
    }


def test_extracting_tells_how_far_it_is_and_ends_when_asked_to() -> None:
    """Progress goes day by day; a month that is to be cancelled is not extracted to its end."""
    run = run_action(extract_month, "HA", JANUARY)
    assert [message for _, message in run.services.progress] == [str(day) for day in list_days(JANUARY)]

    run.services.cancelled = True
    assert isinstance(run.try_again(), Cancelled)


def test_tables_are_made_of_the_flights() -> None:
    """Each day, route and aircraft has the counts of its flights."""
    stage_all()

    delays = warehouse.read_staged("HA", JANUARY, "delays")
    assert len(delays) == 31
    assert delays[0] == ("HA", "2013-01", "2013-01-01", 1, 0, 0, 0, 1, None)
    assert delays[30] == ("HA", "2013-01", "2013-01-31", 1, 0, 1, 0, 0, 26.0)
    assert warehouse.read_staged("HA", JANUARY, "routes") == [("HA", "2013-01", "JFK", "HNL", 31, 18, 12, 0, 1, 11.5)]
    assert warehouse.read_staged("HA", JANUARY, "aircraft") == [("HA", "2013-01", "N380HA", 30, 30 * 659)]


def publish_all() -> None:
    """Publish all that is staged."""
    with warehouse.publication() as file:
        for table in TABLES:
            warehouse.publish_table(file, "HA", JANUARY, table)


def test_publishing_replaces_the_month_and_nothing_else() -> None:
    """What is published of a table is what was staged of it last."""
    stage_all()
    publish_all()
    with warehouse.publication() as file:
        file.execute("INSERT INTO aircraft VALUES ('AA', '2013-01', 'N1', 1, 100)")
    deliver(JANUARY, "2013,1,1,0,0,HA,51,N381HA,JFK,HNL,600\n")
    stage_all()

    assert run_action(count_changes, MONTH).output == 3  # the flight, its day, its route
    publish_all()

    assert ask("SELECT airline, tail_number, flights FROM aircraft") == [
        ("AA", "N1", 1),
        ("HA", "N380HA", 30),
        ("HA", "N381HA", 1),
    ]
    assert run_action(count_changes, MONTH).output == 0


def test_what_fails_while_publishing_leaves_no_trace() -> None:
    """The published file is byte for byte what it was."""
    stage_all()
    publish_all()
    before = places.find_published().read_bytes()

    def break_off() -> None:
        with warehouse.publication() as file:
            file.execute("DELETE FROM flights")
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        break_off()
    assert places.find_published().read_bytes() == before


def test_a_first_publication_that_failed_is_none() -> None:
    """Nothing counts as changed after it."""
    stage_all()

    with pytest.raises(OSError, match="no space left"), warehouse.publication():
        raise OSError("no space left")

    assert run_action(count_changes, MONTH).output == 0


def test_an_ordinary_month_needs_no_word() -> None:
    """Within the limits nobody is asked."""
    run = run_action(Release, MONTH, changed=100, limits={})

    assert run.output == {"answer": "yes", "by": "nobody had to be asked"}


@pytest.mark.parametrize(
    ("month", "changed", "oddity"),
    [
        (MONTH | {"cancelled": 2}, 0, "2 of 31 flights cancelled (6.5 %)"),
        (MONTH, 101, "101 rows changed since it was last published"),
    ],
)
def test_another_month_waits_for_a_person(month: dict[str, object], changed: int, oddity: str) -> None:
    """The question says what is odd; yes lets the month pass, with the name of who said so."""
    run = run_action(Release, month, changed, {"cancelled_percent": 5, "changed_rows": 100})
    assert isinstance(run.outcome, Suspended)
    assert run.output["question"] == f"Publish HA 2013-01? {oddity}"

    run.send("answer", {"answer": "yes"}, by="maria")

    assert run.output["by"] == "maria"


def test_no_is_a_failure() -> None:
    """A month that is refused is not published."""
    run = run_action(Release, MONTH | {"cancelled": 9}, 0, {})

    run.send("answer", {"answer": "no"}, by="maria")

    assert run.error == "maria says no: Publish HA 2013-01? 9 of 31 flights cancelled (29.0 %)"


def test_nobody_answers_for_a_week() -> None:
    """Then the step fails."""
    run = run_action(Release, MONTH | {"cancelled": 9}, 0, {})
    asked_at = run.services.now()

    assert isinstance(run.reach_timer(), Failed)
    assert run.services.now() - asked_at == timedelta(days=7)


def test_a_month_is_a_date() -> None:
    """What is none is refused while planning, with its name."""
    with pytest.raises(PlanningError, match=r"publish_month: input\.month: this should be a valid date"):
        plan_of(publish_month, "HA", "January")
