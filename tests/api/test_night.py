"""The night over HTTP: the matrix and what goes with it, as programs and pages ask for them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from ostinato.model.statuses import RunStatus
from ostinato.operations.shapes import night as shapes
from ostinato.testing.factories import make_account, make_chain, make_definition, utc
from ostinato.testing.night import Night

API = "/api/v1"


@pytest.fixture
def declared(night: Night) -> Night:
    """Lend a night in which one slot has failed and others wait."""
    night.declare(
        accounts=[make_account("acme", labels={"tier": "gold"}), make_account("bolt")],
        definitions=[*make_chain("load", "agg", matrix="account"), make_definition("total", reads_from=("agg",))],
    )
    night.tick()
    night.finish("load/bolt/2026-01-09", RunStatus.FAILED)
    night.tick()
    return night


def get(client: TestClient, path: str, **question: Any) -> Any:
    """Ask, and return the answer, which is a good one."""
    answer = client.get(f"{API}{path}", params=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_matrix_is_as_it_is_described(declared: Night, client: TestClient) -> None:
    """It is written without being checked: here it is."""
    answer = get(client, "/matrix")

    assert TypeAdapter(shapes.Matrix).validate_python(answer, strict=False, extra="forbid")
    failed = next(cell for cell in answer["cells"] if cell["slot"] == "load/bolt/2026-01-09")
    assert answer["rows"]["items"][failed["row"]]["account"] == "bolt"
    assert answer["columns"]["items"][failed["column"]]["definition"] == "load"
    assert (failed["status"], failed["attempts"], failed["gate"]) == ("failed", 1, None)
    assert answer["counts"] == {"blocked": 3, "failed": 1, "running": 1}
    assert answer["counted_at"] == answer["at"]
    assert (answer["at"], answer["rows"]["total"], answer["columns"]["total"]) == ("2026-01-10T12:00:00Z", 3, 3)


def test_a_window_is_asked_for(declared: Night, client: TestClient) -> None:
    """In the order of risk, from an offset on, and of the night of an instant."""
    first = get(client, "/matrix", sort="risk", row_limit=1)
    second = get(client, "/matrix", sort="risk", row_limit=1, row_offset=1, column_offset=1)
    past = get(client, "/matrix", at="2026-01-09T00:00:00Z")

    assert [row["account"] for row in first["rows"]["items"]] == ["bolt"]
    assert (second["rows"]["offset"], second["columns"]["offset"]) == (1, 1)
    assert {cell["row"] for cell in second["cells"]} <= {1}
    assert {cell["slot"].rpartition("/")[2] for cell in past["cells"]} == {"2026-01-08"}


def test_rows_are_chosen_by_label_status_and_gate(declared: Night, client: TestClient) -> None:
    """Each may be given several times."""
    gold = get(client, "/matrix", label="tier:gold")
    failed = get(client, "/matrix", status=["failed", "success"])
    blocked = get(client, "/matrix", gate=["upstream agg"], search="")

    accounts = [[row["account"] for row in answer["rows"]["items"]] for answer in (gold, failed, blocked)]
    assert accounts == [["acme"], ["bolt"], [None]]


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("/matrix", {"label": "gold"}),
        ("/matrix", {"row_limit": 0}),
        ("/matrix", {"row_limit": 10_000}),
        ("/matrix", {"sort": "size"}),
        ("/matrix", {"status": "lost"}),
        ("/matrix", {"at": "2026-01-09T00:00:00"}),
        ("/matrix", {"at": "yesterday"}),
        ("/matrix", {"counted_within": "0"}),
        ("/history", {}),
        ("/history", {"definition": "load", "limit": 0}),
        ("/column", {"definition": "load", "days": 0}),
        ("/definitions/load/durations", {"days": 0}),
        ("/definitions/load/durations", {"days": 401}),
        ("/definitions/load/durations", {"at": "yesterday"}),
        ("/stream", {"topics": "nights"}),
        ("/stream", {"topics": ",".join(f"run:{number}" for number in range(1, 30))}),
    ],
    ids=str,
)
def test_wrong_questions_are_refused(client: TestClient, path: str, question: dict[str, Any]) -> None:
    """In the one form in which everything is."""
    answer = client.get(f"{API}{path}", params=question)

    assert answer.status_code == 400
    assert set(answer.json()["error"]) >= {"code", "message", "hint"}


def test_reasons_say_what_is_waited_for(declared: Night, client: TestClient) -> None:
    """With words, and what for most of all."""
    assert get(client, "/reasons") == {
        "at": "2026-01-10T12:00:00Z",
        "waiting": 3,
        "running": 1,
        "going_on": 2,
        "seconds_left": None,
        "untold": 2,
        "reasons": [
            {
                "gate": "upstream",
                "label": "upstream slots",
                "count": 3,
                "detail": [{"what": "load", "count": 2}, {"what": "agg", "count": 1}],
            }
        ],
    }


def test_histories_are_told(declared: Night, client: TestClient) -> None:
    """Of a lane, of an account, and of a definition by day."""
    (*_, last) = get(client, "/history", definition="load", account="bolt")["items"]
    timeline = get(client, "/timeline", account="bolt")
    column = get(client, "/column", definition="load", days=3)

    assert (last["slot"], last["status"], last["seconds"]) == ("load/bolt/2026-01-09", "failed", 0.0)
    assert [bar["slot"] for bar in timeline["bars"]] == ["load/bolt/2026-01-09", "agg/bolt/2026-01-09"]
    assert timeline["bars"][0]["attempts"][0]["status"] == "failed"
    assert column["days"] == ["2026-01-08", "2026-01-09", "2026-01-10"]
    assert column["rows"] == [
        {"account": "acme", "cells": ["running", "running", None]},
        {"account": "bolt", "cells": ["running", "failed", None]},
    ]


def test_usual_durations_tell_how_much_is_left(declared: Night, client: TestClient) -> None:
    """Each slot that goes on takes as long as its definition did; what has no history is named apart."""
    declared.advance(minutes=10)
    declared.finish("load/acme/2026-01-08")
    declared.clock.set(utc("2026-01-11"))
    declared.beat()
    declared.tick()
    declared.claim()

    answer = get(client, "/reasons")

    assert (answer["running"], answer["going_on"], answer["seconds_left"], answer["untold"]) == (2, 5, 600.0, 3)


def test_durations_are_told_day_by_day(declared: Night, client: TestClient) -> None:
    """Of all accounts together and of one; of what has not succeeded there is nothing to tell."""
    declared.advance(minutes=4)
    declared.finish("load/acme/2026-01-08")

    together = get(client, "/definitions/load/durations", days=3)
    alone = get(client, "/definitions/load/durations", account="bolt", at="2026-01-09T08:00:00Z")

    nothing = dict.fromkeys(("lowest_seconds", "median_seconds", "percentile_95_seconds", "longest_seconds"))
    failed = {"day": "2026-01-09", "finished": 1, "failed": 1, **nothing}
    assert together == {
        "definition": "load",
        "account": None,
        "first_day": "2026-01-08",
        "last_day": "2026-01-10",
        "days": [{"day": "2026-01-08", "finished": 1, "failed": 0, **dict.fromkeys(nothing, 240.0)}, failed],
    }
    assert (alone["account"], alone["first_day"], alone["last_day"]) == ("bolt", "2025-11-11", "2026-01-09")
    assert alone["days"] == [failed]


def test_the_lineage_is_drawn(declared: Night, client: TestClient) -> None:
    """Every edge is between nodes, and every node has a place."""
    answer = get(client, "/lineage")

    ids = {node["id"] for node in answer["nodes"]}
    assert {end for edge in answer["edges"] for end in edge.values()} <= ids
    assert {"definition:load", "data:load", "definition:total"} <= ids
    assert next(node["status"] for node in answer["nodes"] if node["id"] == "data:load") == "failed"


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("/history", {"definition": "lod"}),
        ("/history", {"definition": "load", "account": "bold"}),
        ("/timeline", {"account": "bold"}),
        ("/column", {"definition": "lod"}),
        ("/definitions/lod/durations", {}),
        ("/definitions/load/durations", {"account": "bold"}),
    ],
    ids=str,
)
def test_unknown_names_are_not_found(declared: Night, client: TestClient, path: str, question: dict[str, Any]) -> None:
    """With the nearest right one as a hint."""
    answer = client.get(f"{API}{path}", params=question)

    assert answer.status_code == 404
    assert "did you mean" in answer.json()["error"]["hint"]


def test_a_project_without_anything_has_a_night(client: TestClient) -> None:
    """An empty one."""
    assert get(client, "/matrix")["rows"] == {"total": 0, "offset": 0, "items": []}
    assert get(client, "/reasons")["waiting"] == 0
    assert get(client, "/timeline")["bars"] == []
    assert get(client, "/lineage")["nodes"] == []
