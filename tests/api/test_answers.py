"""How errors are answered: every one in the same form, with a code that stays and the status that fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from ostinato import errors
from ostinato.api.access import Access
from ostinato.api.answers import answer_errors
from ostinato.api.app import make_app
from ostinato.config import Config
from ostinato.errors import OstinatoError, Problem
from ostinato.store.database import Store
from ostinato.testing.night import Night
from ostinato.world import World

HOME = "http://127.0.0.1:8642"

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is answered before a database is asked."""

RAISED: dict[str, tuple[Exception, int, str]] = {
    "not_found": (errors.NotFound("no such slot", hint="list them"), 404, "not_found"),
    "not_possible": (errors.NotPossible("it runs"), 409, "not_possible"),
    "planning": (errors.PlanningError("no plan"), 409, "planning"),
    "invalid": (errors.InvalidValue("no JSON"), 400, "invalid_value"),
    "action": (errors.ActionNotFound("no module"), 404, "action_not_found"),
    "away": (errors.StoreUnavailable("the database is away"), 503, "store_unavailable"),
    "schema": (errors.SchemaMismatch("older"), 503, "schema_mismatch"),
    "configuration": (errors.ConfigurationError("no file"), 500, "configuration"),
    "illegal": (errors.IllegalTransition("from success to running"), 500, "illegal_transition"),
    "bug": (ZeroDivisionError("division by zero"), 500, "bug"),
}


@pytest.fixture
def failing() -> Iterator[TestClient]:
    """Lend a client of an app all of whose routes fail."""
    app = FastAPI()

    @app.get("/raise/{name}")
    def fail(name: str) -> None:
        raise RAISED[name][0]

    @app.get("/declared")
    def fail_as_declared() -> None:
        raise errors.DeclarationError([Problem("no such key", file="a.yaml", line=3, key="comand", hint="command")])

    answer_errors(app)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("name", RAISED)
def test_errors_have_their_status_and_code(failing: TestClient, name: str) -> None:
    """With what is wrong, and what to do about it."""
    error, status, code = RAISED[name]
    with capture_logs() as logged:
        answer = failing.get(f"/raise/{name}")

    told = answer.json()["error"]
    assert (answer.status_code, told["code"]) == (status, code)
    if isinstance(error, OstinatoError):
        assert (told["message"], told["hint"]) == (error.message, error.hint)
    assert [line["event"] for line in logged] == (["request_failed"] if status == 500 else [])


def test_what_nobody_foresaw_is_told_to_the_log_alone(failing: TestClient) -> None:
    """Its message may hold anything; the traceback is in the log."""
    with capture_logs() as logged:
        answer = failing.get("/raise/bug")

    assert "division" not in answer.text
    assert "ZeroDivisionError" in answer.json()["error"]["message"]
    assert logged[0]["error"] == "ZeroDivisionError('division by zero')"
    assert logged[0]["exc_info"]


def test_mistakes_in_declarations_are_all_told(failing: TestClient) -> None:
    """With file and line."""
    with capture_logs():
        answer = failing.get("/declared")

    assert answer.json()["error"]["problems"] == [
        {"message": "no such key", "file": "a.yaml", "line": 3, "key": "comand", "hint": "command"}
    ]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/api/v1/runs/seven", ["run"]),
        ("/api/v1/runs/0", ["run"]),
        ("/api/v1/runs/99999999999999999999", ["run"]),
        ("/api/v1/slots?limit=0&status=done", ["status.0", "limit"]),
        ("/api/v1/slots?limit=100000", ["limit"]),
        ("/api/v1/slots?from=yesterday", ["from"]),
        ("/api/v1/slots?from=2026-01-05T00:00:00", ["from"]),
        ("/api/v1/slots?from=0001-01-01", ["from"]),
        ("/api/v1/matrix?at=1448945407340", ["at"]),
        ("/api/v1/matrix?at=2026-01-05", ["at"]),
        ("/api/v1/runs?definition=a%00b", ["definition"]),
    ],
)
@on_sqlite
def test_a_wrong_question_is_answered_with_what_is_wrong(client: TestClient, path: str, keys: list[str]) -> None:
    """Every parameter that is wrong is named once."""
    answer = client.get(path)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "bad_request")
    assert [problem["key"] for problem in error["problems"]] == keys


@pytest.mark.parametrize("cursor", ["zzz", "e30", "WzFd", "WyJhIl0", "////", "WzEsMl0", "é", "WzAsMF0"])
@pytest.mark.parametrize("path", ["slots", "runs", "plans", "accounts"])
@on_sqlite
def test_a_made_up_cursor_is_refused(client: TestClient, path: str, cursor: str) -> None:
    """One that fits is another matter: whoever makes it up is where he wants to be."""
    answer = client.get(f"/api/v1/{path}", params={"cursor": cursor})

    if (path, cursor) in {("runs", "WzFd"), ("plans", "WzFd"), ("accounts", "WyJhIl0")}:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value")


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/me", "/api", "/api/v1/runs/1/nothing", "/api/v1/me/"])
@on_sqlite
def test_a_path_that_is_not_there_is_answered_like_all_else(client: TestClient, path: str) -> None:
    """It says where all that is there is described."""
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "code": "not_found",
        "message": f"there is nothing at {path}",
        "hint": "what there is: /api/v1/openapi.json",
    }


@on_sqlite
def test_a_method_that_a_path_has_not_is_answered_like_all_else(client: TestClient) -> None:
    """With what it has."""
    answer = client.delete("/api/v1/status")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_a_database_that_is_away_is_no_mistake_of_who_asks(night: Night, tmp_path: Path) -> None:
    """Trying again is right."""
    store = Store(f"sqlite:///{tmp_path / 'gone' / 'away.db'}", create=False)
    world = World(Config(folder=tmp_path, database=str(store.url)), store, night.clock)
    app = make_app(world, access=Access(login_required=False))

    with TestClient(app, base_url=HOME) as client:
        answer = client.get("/api/v1/status")

    assert answer.status_code == 503
    assert answer.json()["error"]["hint"]
