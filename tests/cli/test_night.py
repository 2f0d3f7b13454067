"""What people see of a night that is over: every command that only looks, as a table and as JSON."""

from __future__ import annotations

import pytest

from ostinato.testing.program import Answer, Program


@pytest.fixture
def look(night: tuple[Program, Answer]) -> Program:
    """Give the program in the project of the night."""
    return night[0]


def test_up_ends_when_nothing_is_due_and_tells_of_failures(night: tuple[Program, Answer]) -> None:
    """Its last JSON line sums up the night; a failed slot makes the exit code 1."""
    *progress, finished = night[1].json_lines

    assert night[1].code == 1
    assert {event["event"] for event in progress} <= {"progress"}
    assert finished["event"] == "finished"
    assert finished["failed"] == ["report/-/2026-01-06"]
    assert finished["stopped_by"] is None
    assert finished["slots"]["success"] == 8
    assert finished["slots"]["failed"] == 1
    assert finished["slots"]["blocked"] == 3


def test_up_again_finds_nothing_to_do_and_says_what_failed(look: Program) -> None:
    """Without JSON the answer is for people, and log lines on standard error are JSON where there is no terminal."""
    again = look("up", "--until-idle")

    assert again.code == 1
    assert "9 of 12 slots done" in again.out
    assert "✗ report/-/2026-01-06: exit code 3; " in again.out
    assert "ostinato retry report/-/2026-01-06" in again.out
    assert all(line.startswith('{"timestamp"') for line in again.err.splitlines())
    assert "\x1b" not in again.out + again.err


def test_slots(look: Program) -> None:
    """The table leaves out what is not due; JSON has all; filters narrow both."""
    table, all_slots = look("slots"), look("slots", "--json").json
    blocked = look("slots", "--status", "blocked", "--since", "2026-01-06", "--until", "2026-01-06", "--json").json
    fetched = look("slots", "--definition", "fetch", "--account", "acme", "--limit", "1", "--json").json

    assert "✓ success" in table.out
    assert "✗ failed" in table.out
    assert "future" not in table.out
    assert {slot["status"] for slot in all_slots} == {"success", "failed", "blocked", "future"}
    assert {"slot", "definition", "account", "start", "end", "status", "attempts", "reason"} <= all_slots[0].keys()
    assert {slot["slot"] for slot in blocked} == {"by_hand/-/2026-01-06", "summary/-/2026-01-06"}
    assert [(slot["slot"], slot["start"]) for slot in fetched] == [("fetch/acme/2026-01-06", "2026-01-06T00:00:00Z")]
    assert look("slots", "--definition", "fetch", "--status", "failed").out.startswith("No slot is like that.")


def test_runs_and_show(look: Program) -> None:
    """A slot's runs are listed newest first; one of them is shown with its history, by number or by slot."""
    runs = look("runs", "--slot", "clean/2026-01-05", "--json").json
    shown = look("show", str(runs[0]["run"]), "--json").json
    by_slot = look("show", "clean/2026-01-05")
    table = look("runs", "--status", "failed")

    assert [(run["attempt"], run["status"], run["exit_code"]) for run in runs] == [(2, "success", 0), (1, "failed", 7)]
    expected = {"run", "slot", "attempt", "status", "created_at", "started_at", "finished_at", "exit_code", "agent"}
    assert expected <= runs[0].keys()
    assert [entry["to"] for entry in shown["history"]][-2:] == ["running", "success"]
    assert f"Run {runs[0]['run']} of clean/-/2026-01-05" in by_slot.out
    assert "attempt 1 of 2 failed" in by_slot.out
    assert table.out.count("✗ failed") == 3


def test_logs(look: Program) -> None:
    """A log is printed as the command wrote it, and following one that is over ends at once."""
    printed = look("logs", "fetch/acme/2026-01-05")
    followed = look("logs", "report/2026-01-06", "--follow")
    as_json = look("logs", "report/2026-01-06", "--follow", "--json").json_lines

    assert (printed.out, printed.code) == ("fetched acme 2026-01-05\n", 0)
    assert followed.out == "writing 2026-01-06\n"
    assert "failed, exit code 3" in followed.err
    assert as_json[0]["text"] == "writing 2026-01-06\n"
    assert as_json[-1]["status"] == "failed"


def test_explain(look: Program) -> None:
    """The reason and who clears it are said, for what is blocked, what is over and what does not exist."""
    blocked, as_json = look("explain", "summary/2026-01-06"), look("explain", "summary/2026-01-06", "--json").json
    absent = look("explain", "summary/2026-01-08")

    assert "✗ 1 of 1 slot of report not succeeded" in blocked.out
    assert "a person: ostinato retry report/-/2026-01-06" in blocked.out
    assert {"slot", "status", "verdict", "earliest_start", "gates"} <= as_json.keys()
    assert as_json["status"] == "blocked"
    assert {"gate", "satisfied", "reason", "waits_for", "clears"} <= as_json["gates"][0].keys()
    assert absent.code == 3
    assert "after its end, 2026-01-06" in absent.out


def test_status_accounts_and_definitions(look: Program) -> None:
    """Counts, sources, engine, agents and troubles in one place; rows with their state in the others."""
    status, as_json = look("status"), look("status", "--json").json
    accounts, definitions = look("accounts"), look("definitions")

    assert "2 accounts, 6 definitions" in status.out
    assert "1 slot has failed for good" in status.out
    assert {"accounts", "definitions", "slots", "runs", "sources", "engine", "agents"} <= as_json.keys()
    assert as_json["slots"]["success"] == 8
    assert as_json["agents"][0]["agent"] == "here"
    assert "tier: gold" in accounts.out
    assert [row["account"] for row in look("accounts", "--json").json] == ["acme", "bolt"]
    assert "Sums up the day" in definitions.out
    assert {row["definition"]: row["upstream"] for row in look("definitions", "--json").json}["clean"] == [
        {"definition": "fetch", "through": ["raw"]}
    ]


def test_diff_and_doctor_find_nothing(look: Program) -> None:
    """Where all is as declared and all is well, they say so."""
    assert look("diff").out == "Everything is as it is declared.\n"
    checks = look("doctor", "--json")
    assert checks.code == 0, checks.out
    assert {check["health"] for check in checks.json} <= {"ok", "warning"}
    assert "✓ configuration" in look("doctor").out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "999"], 3, "there is no run 999"),
        (["slots", "--account", "acm"], 3, "did you mean acme?"),
        (["logs", "by_hand/2026-01-05"], 4, "has not run yet"),
        (["retry", "fetch/acme/2026-01-05"], 4, "ostinato rerun fetch/acme/2026-01-05"),
        (["trigger", "by_hand/2026-01-05", "--account", "acme"], 4, "a slot has its account"),
        (["trigger", "fetch", "--account", "acme"], 4, "give one, with --start"),
    ],
)
def test_what_is_not_there_or_not_possible(look: Program, arguments: list[str], code: int, said: str) -> None:
    """The exit code tells the kind of error, the message what is wrong, the hint what would be right."""
    answer = look(*arguments)

    assert (answer.code, answer.out) == (code, "")
    assert answer.err.startswith("error: ")
    assert said in answer.err
    assert "Traceback" not in answer.err
