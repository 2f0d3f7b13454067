"""Commands about plans, one after another in one project, as a person uses them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ostinato.testing.program import Program, write_files

SHOP = """\
from pathlib import Path

from ostinato import Approval, Command, action, current_step, plan


@action
def extract(table: str) -> dict:
    current_step().emit(f"reading {table}")
    return {"rows": [1, 2, 3]}


@action
def load(rows: list[int], into: str) -> int:
    if not Path(into).exists():
        raise FileNotFoundError(f"{into} is not there")
    return len(rows)


@action
def report(loaded: int) -> str:
    return f"{loaded} rows"


@plan
def refresh(day: str):
    rows = extract(table="orders")
    loaded = load(rows=rows["rows"], into=f"{day}.db")
    Command.with_options(name="say")(["echo", "the day is", day], after=[rows])
    return report(loaded=loaded)


@plan
def pay():
    return Approval.with_options(name="approve")(question="Pay?", fields={"amount": int})


@plan
def broken():
    raise RuntimeError("no plan today")
"""


@pytest.fixture
def shop(program: Program, sqlite_template: Path) -> Program:
    """Give the program in a project with plans, where nothing has run yet."""
    project = "database: sqlite:///ostinato.db\ndefinitions: [{yaml: definitions.yaml}]\nagent: {name: here}\n"
    definitions = (
        "definitions:\n  nightly:\n    action: shop:refresh\n    inputs: {day: '{start_date}'}\n"
        "    starts_on: 2026-01-05\n    ends_on: 2026-01-05\n"
    )
    write_files(program.folder, {"ostinato.yaml": project, "definitions.yaml": definitions, "shop.py": SHOP})
    shutil.copyfile(sqlite_template, program.folder / "ostinato.db")
    return program


def test_a_plan_that_pauses_is_mended_and_resumed(shop: Program) -> None:
    """It is triggered, shown with its error, given another input, and ends well; what had succeeded is left alone."""
    triggered = shop("trigger", "shop:refresh", "--input", '{"day": "monday"}')
    agent = shop("agent")
    shown, graph = shop("show", "1").out, shop("show", "1", "--graph").out
    listed = shop("plans").out
    refused = shop("edit-input", "1", "load", '{"rows": 5, "into": "x"}')
    edited = shop("edit-input", "1", "load", '{"rows": [1], "into": "shop.py"}', "--reason", "mended")
    resumed = shop("resume", "1")
    again = shop("resume", "1")
    shop("agent")

    assert "Run 1 of shop:refresh waits for an agent." in triggered.out
    assert "1 paused" in agent.out
    assert "✗ error" in shown
    assert 'day="monday"' in listed
    assert "FileNotFoundError: monday.db is not there" in shown
    assert "rank  step" in graph
    assert "1: a person: ostinato show 1, then ostinato resume 1, skip 1 STEP or cancel 1" in listed
    assert (refused.code, "input.rows: this should be a valid list" in refused.err) == (4, True)
    assert "Step load of run 1 has this input now." in edited.out
    assert "Run 1 of shop:refresh goes on. It tries again: load." in resumed.out
    assert (again.code, "is not paused" in again.err) == (4, True)
    details = shop("show", "1", "--json").json
    assert details["status"] == "success"
    assert [step["tries"] for step in details["plan"]["steps"] if step["phase"] == "run"] == [1, 2, 1, 1]
    assert shop("show", "1", "--step", "report", "--json").json["output"] == "1 rows"
    assert shop("logs", "1").out == "== extract ==\nreading orders\n== say ==\nthe day is monday\n"
    assert shop("logs", "1", "say", "--follow").out == "the day is monday\n"
    assert shop("logs", "1", "extract", "--follow", "--json").json_lines[0]["text"] == "reading orders\n"


def test_a_slot_that_pauses_says_so_everywhere(shop: Program) -> None:
    """The list of slots, the explanation and the status all say who must do what; a skip is named by the slot."""
    slot = "nightly/2026-01-05"
    shop("engine")
    shop("agent")
    listed, explained = shop("slots", "--json").json, shop("explain", slot)
    status, runs = shop("status").out, shop("runs").out
    skipped = shop("skip", slot, "load")
    resumed = shop("resume", slot, "--json").json
    shop("agent")

    reason = "step load: 2026-01-05.db is not there; a person must resume, skip or cancel"
    assert reason in listed[0]["reason"]
    assert reason in explained.out
    assert "ostinato resume 1" in explained.out
    assert "! 1 run is paused, until a person decides" in status
    assert reason in runs
    assert skipped.out == "Skipped: load, report.\n  to let it go on: ostinato resume 1\n"
    assert (resumed["status"], resumed["steps"]) == ("waiting", [])
    assert shop("slots", "--json").json[0]["status"] == "warning"


def test_questions_events_and_ends(shop: Program) -> None:
    """An approval is answered, an event asked after; a run is given up, another halted and the halt lifted."""
    for _ in range(3):
        shop("trigger", "shop:pay")
    shop("agent")
    asked = shop("plans").out
    unfit, silent = shop("answer", "1", "yes"), shop("logs", "1")
    answered = shop("answer", "1", "yes", "--field", "amount=5")
    sent = shop("send-event", "2", "approve", "answer", '{"answer": "no"}', "--json").json
    halted, again, lifted = shop("halt", "3"), shop("halt", "3"), shop("halt", "3", "--lift")
    shop("agent")
    event = shop("event", str(sent["event"]))
    twice = shop("cancel", "2")

    assert "step approve waits for an answer: Pay?" in asked
    assert "3: a person: ostinato answer 3 yes|no approve --field amount=…" in asked
    assert (unfit.code, "a yes needs amount" in unfit.err) == (4, True)
    assert (silent.out, silent.err) == ("", "No step of run 1 has written anything that is here.\n")
    assert answered.out == "Step approve of run 1 is answered: yes.\n"
    assert "for step approve of run 2, is delivered." in event.out
    assert halted.out.startswith("Run 3 of shop:pay is halted.\n")
    assert (again.code, "is halted already" in again.err) == (4, True)
    assert lifted.out == "Run 3 of shop:pay is not halted any more.\n"
    assert (twice.code, "run 2 has ended already" in twice.err) == (4, True)
    assert [run["status"] for run in shop("plans", "--json").json] == ["cancelled", "success", "success"]


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (["trigger", "shop:nothing"], 3, "cannot import shop:nothing"),
        (["trigger", "shop:refresh"], 4, "refresh needs day"),
        (["trigger", "shop:refresh", "--input", "{day"], 2, "this is no JSON"),
        (["trigger", "shop:refresh", "--input", "[1]"], 4, "the input of a plan is a JSON object"),
        (["trigger", "shop:refresh", "--account", "acme"], 4, "a plan is given its --input alone"),
        (["trigger", "nightly", "--after", "1"], 4, "these options are for plans"),
        (["trigger", "shop:broken"], 1, "shop:broken cannot be planned: RuntimeError('no plan today')"),
        (["resume", "account"], 4, "which account is meant?"),
        (["resume", "7", "8"], 4, "a run has one name"),
        (["resume", "7"], 3, "there is no run 7"),
        (["send-event", "7", "step", "name", "{"], 2, "this is no JSON"),
        (["event", "7"], 3, "there is no event 7"),
    ],
)
def test_what_makes_no_sense_is_refused(shop: Program, line: list[str], code: int, said: str) -> None:
    """With the exit code that fits and a word on what would be right."""
    refused = shop(*line)

    assert refused.code == code, refused.err
    assert said in refused.err
    assert "Traceback" not in refused.err


def test_a_project_without_plans_says_so(shop: Program) -> None:
    """And how to get one; a status that none has is another thing."""
    assert shop("plans").out == "There are no plans yet. Trigger one: ostinato trigger package.module:name\n"
    assert shop("plans", "--status", "paused").out == "No plan is like that. All of them: ostinato plans\n"
