"""Who is let in to what: every route has a guard, roles are kept apart, and strangers are kept out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.testclient import TestClient

from ostinato.api.access import GUARDS, Access, let_anybody, may_still_look, open_access
from ostinato.api.app import make_app
from ostinato.errors import ConfigurationError
from ostinato.model.access import Role
from ostinato.operations import access
from ostinato.operations.people import Person, find_person
from ostinato.world import World

ADA = Person("ada")
API = "/api/v1"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is tried here is the same on every database; that the operations are, `tests/operations` tries."""
ACT = f"{API}/actions/pause"
BODY = {"targets": ["account nobody"]}

ByToken = Callable[[Role], dict[str, str]]


@pytest.fixture
def app(world: World) -> FastAPI:
    """Give the API as it is served to others."""
    return make_app(world, access=Access(login_required=True))


@pytest.fixture
def stranger(app: FastAPI) -> Iterator[TestClient]:
    """Lend a client whom nobody knows."""
    with TestClient(app, base_url="https://ostinato.example.com") as client:
        yield client


@pytest.fixture
def by_token(world: World) -> ByToken:
    """Lend what makes the headers of a program with a token of some role."""

    def make(role: Role) -> dict[str, str]:
        secret = access.add_token(world, f"a-{role}", role=role, by=ADA).secret
        return {"Authorization": f"Bearer {secret}"}

    return make


def list_calls(dependant: Dependant) -> Iterator[object]:
    """Yield whatever is called before a route is."""
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from list_calls(dependency)


def test_every_route_has_a_guard(app: FastAPI) -> None:
    """One that is forgotten would be open to everybody. Its description and logging in are, and nothing else."""
    open_to_all = set()
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        guards = GUARDS & set(list_calls(dependant)) if dependant else set()
        if not guards - {let_anybody}:
            open_to_all.add((route.path, bool(guards)))

    assert open_to_all == {(f"{API}/openapi.json", False), (f"{API}/session", True)}


def test_the_walk_over_the_routes_sees_a_route_without_guard(app: FastAPI) -> None:
    """The test above can fail."""

    @app.get(f"{API}/forgotten")
    def forgotten() -> str:
        return "everything"

    unguarded = [
        route.path
        for route in iter_route_contexts(app.routes)
        if (dependant := getattr(route, "dependant", None)) and not GUARDS & set(list_calls(dependant))
    ]

    assert unguarded == [f"{API}/forgotten"]


def test_nothing_is_told_to_a_stranger(app: FastAPI, stranger: TestClient) -> None:
    """Whatever is asked, by whatever method: 401, before anything about the question is looked at."""
    asked = 0
    for route in iter_route_contexts(app.routes):
        path = str(route.path)
        if path in (f"{API}/openapi.json", f"{API}/session"):
            continue
        for method in route.methods or ():
            answer = stranger.request(method, path.replace("{", "").replace("}", ""))
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            asked += 1

    assert asked > 15


@pytest.mark.parametrize(
    ("role", "looks", "acts"), [(Role.VIEWER, 200, 403), (Role.OPERATOR, 200, 200), (Role.ADMIN, 200, 200)]
)
def test_roles_are_kept_apart(stranger: TestClient, by_token: ByToken, role: Role, looks: int, acts: int) -> None:
    """Who looks does not act. The refusal says what would be needed."""
    headers = by_token(role)

    look, act = stranger.get(f"{API}/status", headers=headers), stranger.post(ACT, json=BODY, headers=headers)

    assert (look.status_code, act.status_code) == (looks, acts)
    if acts == 403:
        assert act.json()["error"]["message"] == "a-viewer is viewer here, and this wants operator or admin"


def test_a_program_is_known_by_its_token(world: World, stranger: TestClient, by_token: ByToken) -> None:
    """Until that is removed."""
    headers = by_token(Role.VIEWER)
    before = stranger.get(f"{API}/me", headers=headers)
    access.remove_token(world, "a-viewer", by=ADA)

    me = before.json()
    assert (me["name"], me["role"], me["login_required"], me["csrf"]) == ("a-viewer", "viewer", True, None)
    assert stranger.get(f"{API}/me", headers=headers).status_code == 401


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Bearer ostinato_nobody", "Basic YTpi", "ostinato_x"])
def test_what_is_no_token_lets_nobody_in(client: TestClient, stranger: TestClient, authorization: str) -> None:
    """Not even where nobody would have to log in."""
    for one in (client, stranger):
        assert one.get(f"{API}/me", headers={"Authorization": authorization}).status_code == 401


def test_on_this_machine_nobody_logs_in(client: TestClient) -> None:
    """Whoever comes is the user of the system, and may do everything."""
    me = client.get(f"{API}/me").json()

    assert (me["name"], me["role"], me["login_required"]) == (find_person().name, "admin", False)
    assert client.post(ACT, json=BODY).status_code == 200


def test_from_the_first_user_on_everybody_logs_in(world: World, client: TestClient) -> None:
    """On this machine, too: a proxy that lets others in may be in front of it."""
    before = client.get(f"{API}/me").status_code
    access.add_token(world, "ci", role=Role.VIEWER, by=ADA)

    assert (before, client.get(f"{API}/me").status_code) == (200, 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "ostinato.example.com"},
        {"Host": "127.0.0.1.example.com:8642"},
        {"Host": "localhost.example.com"},
        {"Host": "10.0.0.1:8642"},
        {"Host": "[::2]:8642"},
        {"Host": "["},
        {"Host": ""},
        {"Origin": "https://evil.example.com"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Forwarded-Host": "127.0.0.1:8642"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_on_this_machine_pages_from_elsewhere_are_kept_out(
    client: TestClient, method: str, headers: dict[str, str]
) -> None:
    """A page that has given this machine's address a name of its own, one of another server, and what a proxy sends."""
    path = f"{API}/me" if method == "GET" else ACT

    answer = client.request(method, path, headers=headers, json=BODY if method == "POST" else None)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:8642"},
        {"Host": "LOCALHOST"},
        {"Host": "127.8.9.10:80"},
        {"Host": "[::1]:8642"},
        {"Origin": "http://127.0.0.1:8642"},
        {"Host": "localhost:8642", "Origin": "http://localhost:8642"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
    ],
    ids=str,
)
def test_on_this_machine_its_own_pages_are_let_in(client: TestClient, headers: dict[str, str]) -> None:
    """By each of its names."""
    assert client.post(ACT, json=BODY, headers=headers).status_code == 200


def test_nobody_can_log_in_for_a_stranger(client: TestClient, stranger: TestClient) -> None:
    """A page from elsewhere does not even get to try names and passwords."""
    given = {"name": "ada", "password": "correct horse battery"}

    here = client.post(f"{API}/session", json=given, headers={"Origin": "https://evil.example.com"})
    there = stranger.post(f"{API}/session", json=given, headers={"Sec-Fetch-Site": "cross-site"})
    as_form = stranger.post(f"{API}/session", content=b"name=ada", headers={"Content-Type": "text/plain"})

    assert [answer.status_code for answer in (here, there, as_form)] == [403, 403, 400]


@pytest.mark.parametrize("host", ["", "[", "[::1]", "ostinato:http", "ostinato:99999999", ":"])
def test_a_strange_name_of_the_server_is_no_riddle(stranger: TestClient, by_token: ByToken, host: str) -> None:
    """Where everybody has to be known, it matters to nobody how they call it."""
    headers = by_token(Role.VIEWER)

    assert stranger.get(f"{API}/me", headers={"Host": host}).status_code == 401
    assert stranger.get(f"{API}/me", headers={"Host": host, **headers}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_a_server_for_this_machine_needs_no_users(world: World, host: str) -> None:
    """It is the one that everybody begins with."""
    assert not open_access(world, host).login_required


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "ostinato.example.com", ""])  # noqa: S104
def test_a_server_for_others_wants_somebody_who_can_log_in(world: World, host: str) -> None:
    """It is not started before; the hint says how."""
    with pytest.raises(ConfigurationError) as refusal:
        open_access(world, host)
    access.add_token(world, "ci", role=Role.VIEWER, by=ADA)

    assert "ostinato user add NAME --role admin" in refusal.value.hint
    assert open_access(world, host).login_required


def test_the_description_says_how_to_come_in(stranger: TestClient) -> None:
    """By a token or a session."""
    described: dict[str, Any] = stranger.get(f"{API}/openapi.json").json()

    schemes = described["components"]["securitySchemes"]
    assert {name: scheme["type"] for name, scheme in schemes.items()} == {"token": "http", "session": "apiKey"}
    assert Path(API, "me").as_posix() in described["paths"]


def test_who_was_let_in_is_looked_at_again(app: FastAPI, world: World) -> None:
    """Whose token was removed may not look any longer."""
    secret = access.add_token(world, "ci", role=Role.VIEWER, by=ADA).secret
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    request = Request({"type": "http", "method": "GET", "headers": headers, "app": app})
    at_first = may_still_look(request, world)

    access.remove_token(world, "ci", by=ADA)

    assert (at_first, may_still_look(request, world)) == (True, False)
