"""Commands that change what runs, one after another in one project."""

from __future__ import annotations

import getpass

import pytest

from ostinato.testing.program import Program, write_files


@pytest.fixture
def project(program: Program) -> Program:
    """Give the program in a project with two slots of each definition, of which none has run."""
    write_files(
        program.folder,
        {
            "ostinato.yaml": "accounts: [{file: accounts.yaml}]\ndefinitions: [{yaml: definitions.yaml}]\n"
            "agent: {name: here, concurrency: 9}\n",
            "accounts.yaml": "accounts: {acme: {}, bolt: {}}\n",
            "definitions.yaml": """\
defaults: {starts_on: 2026-01-05, ends_on: 2026-01-06}
definitions:
  fails: {command: [python, -c, "import os, sys; sys.exit(not os.path.exists('mended'))"], writes_to: [data]}
  reads: {command: [echo, hello], reads_from: [data]}
  once: {matrix: account, start: manual, shell: 'echo $OSTINATO_START $OSTINATO_PARAMETER_SIZE'}
""",
        },
    )
    applied = program("apply", "--reason", "the first time")
    assert "+ definition fails" in applied.out
    assert "+ 8 slots" in applied.out
    return program


def test_from_failure_to_success(project: Program) -> None:
    """A pass of the engine, a pass of the agent, a retry once the cause is mended, and a rerun."""
    passed = project("engine", "--json").json
    ran = project("agent", "--json").json
    project("engine")
    refused = project("rerun", "reads/2026-01-05")
    (project.folder / "mended").touch()
    retried = project("retry", "fails/2026-01-05", "--reason", "mended", "--json").json
    again = project("agent")

    assert {step["step"]: step["changed"] for step in passed["steps"]}["ensure_runs_exist"] == 2
    assert ran == {"runs": {"failed": 2}, "left_running": []}
    assert refused.code == 4
    assert "ostinato trigger reads/-/2026-01-05" in refused.err
    assert (retried["status"], retried["requested_by"]) == ("waiting", getpass.getuser())
    assert again.out == "1 run ended: 1 success\n"
    shown = project("show", str(retried["run"])).out
    assert f"retried by {getpass.getuser()}: mended" in shown
    rerun = project("rerun", "fails/2026-01-05", "--json").json
    assert (rerun["origin"], rerun["downstream"]) == ("rerun", [])
    assert project("engine").out.splitlines()[0].split() == ["step", "examined", "changed", "blocked", "failed", "took"]


def test_what_was_made_from_a_slot_runs_again_after_it(project: Program) -> None:
    """The answer says how many slots that are, or names them; nothing runs before what it depends on."""
    (project.folder / "mended").touch()
    project("up", "--until-idle")
    again = project("rerun", "fails/2026-01-05", "--downstream", "--reason", "corrected")
    explained = project("explain", "reads/2026-01-05").out
    second = project("rerun", "fails/2026-01-06", "--downstream", "--json").json
    ended = project("up", "--until-idle")

    assert "After it 1 slot downstream (reads 1) runs again" in again.out
    assert f"run again by {getpass.getuser()}: corrected, after fails/-/2026-01-05" in explained
    assert second["downstream"] == ["reads/-/2026-01-06"]
    assert ended.code == 0
    assert [run["series"] for run in project("runs", "--definition", "reads", "--json").json] == [2, 2, 1, 1]


def test_what_failed_is_accepted_and_noted_on(project: Program) -> None:
    """What waited for it goes on; a note says more to whoever comes next."""
    project("up", "--until-idle")
    accepted = project("accept", "fails/2026-01-05", "--reason", "by hand")
    as_json = project("accept", "fails/2026-01-06", "--json").json
    noted = project("note", "fails/2026-01-05", "they know")
    empty = project("note", "fails/2026-01-05", " ")
    project("up", "--until-idle")

    assert accepted.out == "fails/-/2026-01-05 counts as done; what waits for it goes on.\n"
    assert (as_json["status"], as_json["accepted_by"]) == ("warning", getpass.getuser())
    assert noted.out == "Noted about fails/-/2026-01-05.\n"
    assert empty.code == 4
    assert "the note says nothing" in empty.err
    assert [run["status"] for run in project("runs", "--definition", "reads", "--json").json] == ["success"] * 2
    assert "ostinato note fails/2026-01-05 'they know'" in project("audit").out


def test_by_hand(project: Program) -> None:
    """A slot that waits is triggered, cancelled and retried; a definition runs once, for a period of one's own."""
    triggered = project("trigger", "reads/2026-01-05")
    cancelled = project("cancel", "reads/2026-01-05", "--json").json
    twice = project("cancel", "reads/2026-01-05")
    once = project(
        "trigger", "once", "--account", "acme", "--start", "2026-03-01", "--param", "SIZE=5", "--param", "b=c", "--json"
    ).json
    project("agent")

    assert "of reads/-/2026-01-05 waits for an agent." in triggered.out
    assert "no agent serves queue default" in triggered.out
    assert (cancelled["status"], cancelled["at_once"]) == ("cancelled", True)
    assert twice.code == 4
    assert once["slot"] is None
    assert project("logs", str(once["run"])).out == "2026-03-01T00:00:00Z 5\n"
    assert "once for acme" in project("runs").out


def test_pausing(project: Program) -> None:
    """What is paused does not start, says who paused it and why, and goes on when it is resumed."""
    assert project("diff", "--json").json["slots"] == {"add": 0, "remove": 0}
    paused = project("pause", "definition", "fails", "--reason", "broken data")
    project("engine")
    explained = project("explain", "fails/2026-01-05")
    resumed = project("resume", "definition", "fails", "--json").json
    project("pause", "account", "acme")

    assert "ostinato resume definition fails" in paused.out
    assert f"paused by {getpass.getuser()}" in explained.out
    assert "broken data" in explained.out
    assert resumed == {"kind": "definition", "name": "fails", "paused": False}
    assert "‖ paused by" in project("accounts").out
    assert project("pause", "account", "nobody").code == 3


def test_removals_that_are_held_back(project: Program) -> None:
    """A source that would remove much is not followed before somebody confirms it."""
    many = "".join(f"  a{number}: {{}}\n" for number in range(9))
    write_files(project.folder, {"accounts.yaml": f"accounts:\n{many}"})
    project("apply", "--confirm-removals")
    write_files(project.folder, {"accounts.yaml": "accounts: {a1: {}}\n"})

    shown, held_back = project("diff"), project("apply")
    confirmed = project("apply", "--confirm-removals", "--json")

    assert (shown.code, held_back.code, confirmed.code) == (1, 1, 0)
    assert "held back: " in shown.out
    assert "ostinato apply --confirm-removals" in held_back.out
    assert len(confirmed.json["accounts"]["remove"]) == 8
