"""One run: what it wrote, and the command that it carried out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ostinato.api.access import Access
from ostinato.api.app import make_app
from ostinato.model.runs import Run
from ostinato.operations.listing import list_runs
from ostinato.operations.people import Person
from ostinato.operations.starting import trigger_once
from ostinato.testing.factories import make_chain
from ostinato.testing.night import Night
from ostinato.world import World

FAILED, WELL, SEVERAL = "report/-/2026-01-06", "report/-/2026-01-05", "several/-/2026-01-05"


def find_run(world: World, slot: str) -> Run:
    """Return the latest run of a slot."""
    return list_runs(world, slot=slot)[0]


def read_log(client: TestClient, run: Run, **params: Any) -> Any:
    """Return what the API answers of a run's log."""
    return client.get(f"/runs/{run.id}/log", params=params).json()


def test_a_log_is_shown_with_its_first_error(reader: TestClient, over: World) -> None:
    """Of a traceback that is its head; the exception itself is another."""
    log = read_log(reader, find_run(over, FAILED))

    levels = [(line["number"], line["level"]) for line in log["lines"] if line["level"]]
    assert [line["text"] for line in log["lines"][:2]] == [
        "writing 2026-01-06 it's done --api-key=s3cret postgresql://me:hush@db/shop north west report/-/2026-01-06",
        "WARNING: not much",
    ]
    assert (log["first"], log["last"], log["first_error"], log["complete"]) == (1, log["total"], 3, True)
    assert levels == [(2, "warning"), (3, "error"), (log["total"], "error")]


def test_lines_are_chosen(reader: TestClient, over: World) -> None:
    """By number, by level, by what is in them; the whole is counted in any case."""
    run = find_run(over, FAILED)
    total = read_log(reader, run)["total"]

    def numbers(**params: Any) -> tuple[list[int], int]:
        log = read_log(reader, run, **params)
        assert (log["total"], log["first_error"]) == (total, 3)
        return [line["number"] for line in log["lines"]], log["last"]

    assert numbers(limit=2) == ([total - 1, total], total)
    assert numbers(after=0, limit=2) == ([1, 2], 2)
    assert numbers(after=2, limit=1) == ([3], 3)
    assert numbers(after=total) == ([], total)
    assert numbers(level="warning", after=0) == ([2, 3, total], total)
    assert numbers(level="error") == ([3, total], total)
    assert numbers(search="NOT MUCH") == ([2], total)
    assert numbers(search="nowhere") == ([], total)


def test_each_step_has_a_log_of_its_own(reader: TestClient, over: World) -> None:
    """Which is meant has to be said, by name or number."""
    run = find_run(over, SEVERAL)

    answer = reader.get(f"/runs/{run.id}/log")
    texts = [read_log(reader, run, step=step)["lines"][0]["text"] for step in ("one", "2")]

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_possible")
    assert texts == ["first", "second"]
    assert reader.get(f"/runs/{run.id}/log", params={"step": "three"}).status_code == 404


def test_a_log_on_another_machine_is_not_found_here(over: World, tmp_path: Path) -> None:
    """It says on whose."""
    run = find_run(over, WELL)
    elsewhere = World(
        config=type(over.config)(folder=tmp_path, database=over.config.database), store=over.store, clock=over.clock
    )
    app = make_app(elsewhere, access=Access(login_required=False))
    with TestClient(app, base_url="http://localhost/api/v1") as client:
        answer = client.get(f"/runs/{run.id}/log")

    assert answer.status_code == 404
    assert answer.json()["error"]["hint"].startswith("it is on the machine of its agent, here")


def test_a_command_is_shown_without_its_secrets(reader: TestClient, over: World, project: Path) -> None:
    """With all else that it was given."""
    run = find_run(over, WELL)
    shown = reader.get(f"/runs/{run.id}/command").json()

    assert shown["argv"] == [
        *("python", "report.py", "2026-01-05", "it's done"),
        *("--api-key=***", "postgresql://me:***@db/shop"),
    ]
    assert shown["cwd"] == str(project)
    environment = shown["environment"]
    assert (environment["DB_PASSWORD"], environment["REGION"]) == ("***", "north west")
    assert environment["OSTINATO_SLOT"] == WELL
    assert not [word for word in ("s3cret", "hush", "swordfish") if word in str(shown)]


def test_what_reproduces_a_command_does_so(reader: TestClient, over: World) -> None:
    """From any shell, in which the secrets are; it is not taken for a process of the agent."""
    run = find_run(over, WELL)
    shown = reader.get(f"/runs/{run.id}/command").json()
    wrote = [line["text"] for line in read_log(reader, run)["lines"]]

    def start(**environment: str) -> subprocess.CompletedProcess[str]:
        surroundings = {"PATH": os.environ["PATH"], **environment}
        command = ["sh", "-c", shown["reproduce"]]
        return subprocess.run(command, cwd="/", env=surroundings, capture_output=True, text=True, check=False)

    done, without_secrets = start(DB_PASSWORD="swordfish"), start()

    masked = [line.replace("s3cret", "***").replace("hush", "***") for line in wrote]
    assert done.stdout.splitlines() == masked, done.stderr
    assert "DB_PASSWORD" in without_secrets.stderr
    assert "OSTINATO_AGENT" not in shown["reproduce"]


def test_what_has_no_command_says_so(reader: TestClient, over: World) -> None:
    """One of several is named."""
    run = find_run(over, SEVERAL)

    unnamed, named = (reader.get(f"/runs/{run.id}/command", params=params) for params in ({}, {"step": "two"}))

    assert (unnamed.status_code, unnamed.json()["error"]["hint"]) == (409, "name the step that is meant")
    assert named.json()["argv"] == ["echo", "second"]
    assert reader.get("/runs/77/command").status_code == 404


@pytest.mark.parametrize("part", ["command", "log"])
def test_a_run_that_has_not_begun_has_neither(client: TestClient, night: Night, world: World, part: str) -> None:
    """Its log is empty, and more may come."""
    night.declare(definitions=make_chain("load"))
    night.tick()
    run = trigger_once(world, "load", by=Person("ada")).run

    answer = client.get(f"/api/v1/runs/{run.id}/{part}")

    if part == "command":
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_possible")
    else:
        empty = {"lines": [], "first": 0, "last": 0, "total": 0, "first_error": None, "complete": False}
        assert answer.json() == empty
