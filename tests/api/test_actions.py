"""Acting by the API: the same operations, whose answers say what became of each target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from ostinato.model.access import Role
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations import access
from ostinato.operations.people import Person, find_person
from ostinato.testing.factories import make_account, make_definition
from ostinato.testing.night import Night
from ostinato.world import World

API = "/api/v1"
ACME, BOLT = "sales/acme/2026-01-09", "sales/bolt/2026-01-09"

Do = Callable[..., Any]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is tried here is the same on every database; that the operations are, `tests/operations` tries."""


@pytest.fixture
def failed(night: Night) -> Night:
    """Give a night in which the slots of both accounts have failed."""
    night.declare(
        accounts=[make_account("acme"), make_account("bolt")],
        definitions=[make_definition("sales", matrix="account")],
    )
    night.work(lambda run: RunStatus.FAILED)
    return night


@pytest.fixture
def do(client: TestClient) -> Do:
    """Lend what acts: it returns the status and the JSON of the answer."""

    def act(verb: str, *, headers: dict[str, str] | None = None, **body: Any) -> tuple[int, Any]:
        answer = client.post(f"{API}/actions/{verb}", json=body, headers=headers)
        return answer.status_code, answer.json()

    return act


def test_one_target(failed: Night, client: TestClient, do: Do) -> None:
    """It is done, with the command that does the same; the audit log says who came how."""
    answer = do("retry", targets=[ACME], reason="mended")

    assert answer == (
        200,
        {
            "verb": "retry",
            "preview": False,
            "needs_reason": False,
            "touched": [{"target": ACME, "does": f"gives {ACME} another attempt"}],
            "refused": [],
            "cli": [f"ostinato retry {ACME} --reason mended"],
            "undo": None,
        },
    )
    (entry,) = client.get(f"{API}/audit").json()["items"]
    assert {key: entry[key] for key in ("actor", "via", "action", "target", "reason")} == {
        "actor": find_person().name,
        "via": "console",
        "action": "retry",
        "target": ACME,
        "reason": "mended",
    }


def test_many_found_by_a_query_after_a_preview(failed: Night, do: Do) -> None:
    """The preview changes nothing and says the same."""
    query = {"status": "failed", "at": "2026-01-10T12:00:00Z"}
    _, shown = do("retry", query=query, preview=True)
    before = failed.face(ACME)
    _, done = do("retry", query=query)

    assert before is SlotFace.FAILED
    assert [one["target"] for one in done["touched"]] == [ACME, BOLT]
    assert {**shown, "preview": False} == done


def test_an_undo_is_an_action_itself(failed: Night, do: Do) -> None:
    """As the answer says, it can be sent."""
    do("retry", targets=[ACME])
    _, boosted = do("boost", targets=[ACME], reason="the board waits", **{"with": {"priority": 7}})
    undo = boosted["undo"]

    _, undone = do(undo["verb"], targets=undo["targets"], reason="undo", **{"with": undo["with"]})

    assert undone["touched"][0]["does"].endswith("priority 0; it had 7")
    assert do("pause", targets=["definition sales"])[1]["undo"] == {"verb": "unpause", "targets": ["definition sales"]}


def test_an_override_without_reason_is_a_bad_request(failed: Night, do: Do) -> None:
    """It says so, and nothing is done."""
    status, answer = do("rerun", targets=[ACME])

    assert (status, answer["error"]["message"]) == (400, "rerun goes against what is declared, and wants a reason")
    assert failed.face(ACME) is SlotFace.FAILED


def test_a_request_with_a_key_acts_once(failed: Night, do: Do) -> None:
    """Sent again, though its slot has failed again by then."""
    for _ in range(2):
        status, answer = do("retry", targets=[ACME], headers={"Idempotency-Key": "7c0e"})
        failed.work(lambda run: RunStatus.FAILED)

        assert (status, [one["target"] for one in answer["touched"]]) == (200, [ACME])

    assert len(failed.runs(ACME)) == 2


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("dance", {"targets": ["a"]}, 404),
        ("retry", {}, 400),
        ("retry", {"targets": []}, 400),
        ("retry", {"targets": "a"}, 400),
        ("retry", {"targets": ["a\0"]}, 400),
        ("retry", {"targets": ["a"], "query": {"status": "failed"}}, 400),
        ("retry", {"targets": [str(number) for number in range(1_001)]}, 400),
        ("retry", {"query": {}}, 400),
        ("retry", {"query": {"status": "sad"}}, 400),
        ("retry", {"query": {"account": "nobody"}}, 404),
        ("retry", {"query": {"at": "2026-01-10T12:00:00", "status": "failed"}}, 400),
        ("retry", {"query": {"at": "9999-12-31T23:59:59-23:00", "status": "failed"}}, 400),
        ("retry", {"query": {"at": "0001-01-01T00:00:00Z", "status": "failed"}}, 200),
        ("retry", {"query": {"at": "9999-12-31T23:59:59Z", "status": "failed"}}, 200),
        ("retry", {"targets": ["a"], "priority": 5}, 400),
        ("retry", {"targets": ["a"], "with": {"priority": 5}}, 400),
        ("boost", {"targets": ["a"], "reason": "why", "with": {"priority": 10**30}}, 400),
        ("boost", {"targets": ["a"], "reason": "why", "with": {"priority": True}}, 400),
        ("pause", {"query": {"status": "failed"}}, 400),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_an_error(do: Do, verb: str, body: dict[str, Any], status: int) -> None:
    """Of the one form that all errors have."""
    answered, answer = do(verb, **body)

    assert answered == status
    assert status == 200 or answer["error"].keys() >= {"code", "message", "hint"}


def test_what_hostile_people_write_is_data(client: TestClient, do: Do) -> None:
    """It comes back as it was, and nothing in JSON ends a page."""
    hostile = 'account <script>alert("x")</script>\n\u202e\u2028\'; --'
    status, answer = do("pause", targets=[hostile], reason=hostile)

    assert (status, answer["refused"][0]["target"]) == (200, hostile)
    raw = client.post(f"{API}/actions/pause", json={"targets": [hostile]})
    assert raw.headers["content-type"] == "application/json"
    assert '<script>alert(\\"x\\")</script>\\n' in raw.text


def test_what_a_program_does_is_noted_with_its_token(failed: Night, world: World, client: TestClient) -> None:
    """By name, never the token itself."""
    secret = access.add_token(world, "ci", role=Role.OPERATOR, by=Person("ada")).secret
    headers = {"Authorization": f"Bearer {secret}"}
    client.post(f"{API}/actions/pause", json={"targets": ["account acme"]}, headers=headers)

    page = client.get(f"{API}/audit", params={"actor": "ci"}, headers=headers)

    assert [(entry["actor"], entry["via"]) for entry in page.json()["items"]] == [("ci", "token ci")]
    assert secret not in page.text


def test_the_audit_log_comes_in_pages(failed: Night, client: TestClient, do: Do) -> None:
    """Newest first; a cursor goes on where a page has ended."""
    for target in ("account acme", "account bolt", "definition sales"):
        do("pause", targets=[target])

    first = client.get(f"{API}/audit", params={"limit": 2}).json()
    second = client.get(f"{API}/audit", params={"limit": 2, "cursor": first["next"]}).json()
    bolt = client.get(f"{API}/audit", params={"target": "bolt", "action": "pause"}).json()

    later = client.get(f"{API}/audit", params={"since": "2999-01-01T00:00:00Z"}).json()
    before = client.get(f"{API}/audit", params={"until": "2999-01-01T00:00:00Z"}).json()

    assert [entry["target"] for entry in first["items"]] == ["definition sales", "account bolt"]
    assert [entry["command"] for entry in first["items"]] == [
        "ostinato pause definition sales",
        "ostinato pause account bolt",
    ]
    assert (later["items"], len(before["items"])) == ([], 3)
    assert client.get(f"{API}/audit", params={"since": "2999-01-01"}).status_code == 400
    assert [entry["target"] for entry in second["items"]] == ["account acme"]
    assert second["next"] is None
    assert [entry["target"] for entry in bolt["items"]] == ["account bolt"]
    assert client.get(f"{API}/audit", params={"cursor": "nonsense"}).status_code == 400
