"""Command line and API answer with the same JSON: they call the same operations, and neither shapes anything itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

Ask = Callable[..., Any]
FAILED = "report/-/2026-01-06"


def read_all(reader: TestClient, path: str) -> list[Any]:
    """Read a list of the API page by page, few items at a time."""
    items: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = reader.get(path, params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        cursor = page["next"]
    return items


@pytest.mark.parametrize("command", ["accounts", "definitions", "slots", "runs", "plans", "limits"])
def test_lists_are_the_same(reader: TestClient, ask: Ask, command: str) -> None:
    """All that a command lists is in the pages of the API, in the same order and with the same keys."""
    listed = ask(command, *(["--limit", "1000"] if command in ("slots", "runs", "plans") else []))

    items = read_all(reader, f"/{command}")

    assert items == listed
    assert items
    assert [list(item) for item in items] == [list(row) for row in listed]


@pytest.mark.parametrize("status", ["success", "failed", "blocked"])
def test_filtered_slots_are_the_same(reader: TestClient, ask: Ask, status: str) -> None:
    """By status, definition, account and start."""
    by_status = ask("slots", "--status", status)
    of_one = ask("slots", "-d", "fetch", "-a", "acme", "--since", "2026-01-06")

    assert reader.get("/slots", params={"status": status}).json()["items"] == by_status
    assert by_status
    filters = {"definition": "fetch", "account": "acme", "from": "2026-01-06"}
    assert reader.get("/slots", params=filters).json()["items"] == of_one
    assert [row["slot"] for row in of_one] == ["fetch/acme/2026-01-06"]


def test_filtered_runs_are_the_same(reader: TestClient, ask: Ask) -> None:
    """By status and slot; the agent is a filter of the API alone."""
    failed = ask("runs", "--status", "failed", "--slot", FAILED)

    of_none = ask("runs", "--parent", str(failed[0]["run"]))
    filters = {"status": "failed", "slot": FAILED, "agent": "here"}

    assert reader.get("/runs", params={"parent": failed[0]["run"]}).json()["items"] == of_none == []
    assert reader.get("/runs", params={"parent": 99_999}).status_code == 404
    assert reader.get("/runs", params=filters).json()["items"] == failed
    assert len(failed) == 1


def test_one_of_each_is_the_same(reader: TestClient, ask: Ask) -> None:
    """A run with its plan, a slot with its explanation."""
    (run,) = ask("runs", "--slot", FAILED)
    shown = ask("show", str(run["run"]))
    plan, _ = shown.pop("plan"), shown.pop("hooks")
    slot = reader.get(f"/slots/{FAILED}").json()

    assert reader.get(f"/runs/{run['run']}").json() == shown
    assert reader.get(f"/runs/{run['run']}/plan").json() == plan
    assert slot["explanation"] == ask("explain", FAILED)
    assert slot["slot"] == ask("slots", "--status", "failed")[0]
    assert slot["attempts"] == [run]
    for kind, name in (("account", "acme"), ("definition", "report")):
        assert reader.get(f"/{kind}s/{name}").json() in ask(f"{kind}s")


def test_how_everything_stands_is_the_same(reader: TestClient, ask: Ask) -> None:
    """But for the instant at which it was asked, and how long ago something was by then."""
    said, answered = ask("status"), reader.get("/status").json()

    apart = {"at": "", "since": "", "troubles": []}
    assert {**answered, **apart} == {**said, **apart}
    assert [trouble["hint"] for trouble in answered["troubles"]] == [trouble["hint"] for trouble in said["troubles"]]
    assert reader.get("/agents").json()["items"] == [{**said["agents"][0], "runs": []}]
    checks = ask("doctor")[1:]  # the first is about the project file
    assert [row["check"] for row in reader.get("/doctor").json()] == [row["check"] for row in checks]


def test_a_wrong_name_is_answered_alike(reader: TestClient, ask: Ask) -> None:
    """With the same code, sentence and hint."""
    said = ask("runs", "--slot", "reprot/-/2026-01-06")["error"]

    answer = reader.get("/runs", params={"slot": "reprot/-/2026-01-06"})

    assert answer.status_code == 404
    assert answer.json()["error"] == {key: said[key] for key in ("code", "message", "hint")}
    assert "did you mean report?" in said["hint"]
