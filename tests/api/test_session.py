"""Logging in and out: the cookie, what goes along with changes, and how many passwords may be tried."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from ostinato.api.access import COOKIE, CSRF_HEADER, Access
from ostinato.api.app import make_app
from ostinato.model.access import Role
from ostinato.operations import access
from ostinato.operations.attempts import PER_NAME, WINDOW
from ostinato.operations.people import Person
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
PHRASE = "correct horse battery"
API = "/api/v1"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is tried here is the same on every database; that the operations are, `tests/operations` tries."""
ACT = f"{API}/actions/pause"
BODY = {"targets": ["account nobody"]}


@pytest.fixture
def browser(world: World) -> Iterator[TestClient]:
    """Lend a browser before a server to which grace, an operator, may log in."""
    access.add_user(world, "grace", PHRASE, role=Role.OPERATOR, by=ADA)
    with TestClient(make_app(world, access=Access(login_required=True)), base_url="https://ostinato.test") as client:
        yield client


def log_in(browser: TestClient, name: str = "grace", password: str = PHRASE) -> str:
    """Log in, and return what goes along with changes."""
    answer = browser.post(f"{API}/session", json={"name": name, "password": password})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["csrf"])


def test_who_has_logged_in_is_known(browser: TestClient) -> None:
    """By a cookie; what they change says that it was they, and how they came."""
    csrf = log_in(browser)

    me = browser.get(f"{API}/me").json()
    acted = browser.post(f"{API}/actions/pause", json={"targets": ["account x"]}, headers={CSRF_HEADER: csrf})

    assert (me["name"], me["role"], me["login_required"], me["csrf"]) == ("grace", "operator", True, csrf)
    assert acted.status_code == 200


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_cookie_is_for_this_server_alone(browser: TestClient, scheme: str) -> None:
    """No script reads it, no page from elsewhere sends it, and where it came safely it goes safely."""
    browser.base_url = browser.base_url.copy_with(scheme=scheme)
    answer = browser.post(f"{API}/session", json={"name": "grace", "password": PHRASE})

    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert bool(cookie["secure"]) == (scheme == "https")
    assert cookie["domain"] == ""
    assert cookie.value not in answer.text


def test_projects_on_one_machine_do_not_take_each_others_cookies(browser: TestClient) -> None:
    """A browser keeps cookies by host, whatever the port: so they have different names."""
    browser.base_url = browser.base_url.copy_with(scheme="http", port=8643)
    log_in(browser)

    assert list(browser.cookies) == [f"{COOKIE}_8643"]
    assert browser.get(f"{API}/me").status_code == 200
    browser.base_url = browser.base_url.copy_with(port=8644)
    assert browser.get(f"{API}/me").status_code == 401


@pytest.mark.parametrize("shown", [None, "", "0" * 64, "\u00e9"])
def test_a_change_wants_more_than_the_cookie(browser: TestClient, shown: str | None) -> None:
    """A browser sends the cookie by itself; what /me says only a page of this server can read."""
    log_in(browser)
    headers = {} if shown is None else {CSRF_HEADER.encode(): shown.encode("latin-1")}

    refused = [
        browser.request(method, path, json=BODY, headers=headers)
        for method, path in (("POST", ACT), ("DELETE", f"{API}/session"))
    ]

    assert [answer.status_code for answer in refused] == [403, 403]
    assert browser.get(f"{API}/me").status_code == 200


def test_what_goes_along_fits_one_session(browser: TestClient) -> None:
    """That of another one, even of the same person, does not do."""
    earlier = log_in(browser)
    later = log_in(browser)

    answers = [browser.post(ACT, json=BODY, headers={CSRF_HEADER: csrf}) for csrf in (earlier, later)]

    assert [answer.status_code for answer in answers] == [403, 200]


def test_who_logs_out_is_out(browser: TestClient) -> None:
    """The session has ended, and not only the cookie is gone."""
    csrf = log_in(browser)
    kept = browser.cookies[COOKIE]
    out = browser.delete(f"{API}/session", headers={CSRF_HEADER: csrf})
    without = browser.get(f"{API}/me")
    browser.cookies.set(COOKIE, kept)

    assert (out.status_code, without.status_code) == (204, 401)
    assert SimpleCookie(out.headers["set-cookie"])[COOKIE]["max-age"] == "0"
    assert browser.get(f"{API}/me").json()["error"]["message"] == "this session has ended"


def test_a_session_ends_by_the_clock(night: Night, browser: TestClient) -> None:
    """Unless it is used."""
    log_in(browser)
    night.clock.advance(access.IDLE / 2)
    used = browser.get(f"{API}/me").status_code
    night.clock.advance(access.IDLE / 2)
    still = browser.get(f"{API}/me").status_code
    night.clock.advance(access.IDLE)

    assert (used, still, browser.get(f"{API}/me").status_code) == (200, 200, 401)


def test_a_role_that_was_taken_away_is_gone(world: World, browser: TestClient) -> None:
    """At once, in a session that goes on."""
    csrf = log_in(browser)
    access.change_role(world, "grace", Role.VIEWER, by=ADA)

    assert browser.post(ACT, json=BODY, headers={CSRF_HEADER: csrf}).status_code == 403
    assert browser.get(f"{API}/me").json()["role"] == "viewer"


def test_too_many_passwords_are_not_looked_at(night: Night, browser: TestClient) -> None:
    """Also the right one is not; after a while, it is. A header says when."""
    wrong = {"name": "grace", "password": "wrong"}
    for _ in range(PER_NAME):
        assert browser.post(f"{API}/session", json=wrong).status_code == 401
    refused = browser.post(f"{API}/session", json={"name": "grace", "password": PHRASE})
    night.clock.advance(WINDOW)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert refused.json()["error"]["code"] == "too_many_attempts"
    log_in(browser)


def test_no_log_line_and_no_answer_has_a_secret(browser: TestClient) -> None:
    """Not even the name that was typed: it may be a password in the wrong field."""
    with capture_logs() as lines:
        answers = [
            browser.post(f"{API}/session", json={"name": "hunter2", "password": "swordfish"}),
            browser.post(f"{API}/session", json={"name": "grace", "password": "swordfish" * 200}),
            browser.post(f"{API}/session", json={"name": ["swordfish"], "password": "swordfish"}),
            browser.post(f"{API}/session", json={"name": "grace", "password": PHRASE}),
        ]

    assert [answer.status_code for answer in answers] == [401, 400, 400, 200]
    said = str(lines) + "".join(answer.text for answer in answers)
    for secret in ("hunter2", "swordfish", PHRASE, browser.cookies[COOKIE]):
        assert secret not in said
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["login_refused"]


@pytest.mark.parametrize("name", ["a\0b", "\u202e", "' OR 1=1 --", "<script>", "x" * 201])
def test_a_name_that_nobody_can_have_is_nobodys(browser: TestClient, name: str) -> None:
    """It is refused like any other, and troubles no database."""
    answer = browser.post(f"{API}/session", json={"name": name, "password": PHRASE})

    assert answer.status_code in (400, 401)


def test_a_program_has_no_session_to_end(world: World, browser: TestClient) -> None:
    """Its token is removed instead."""
    secret = access.add_token(world, "ci", role=Role.ADMIN, by=ADA).secret

    answer = browser.delete(f"{API}/session", headers={"Authorization": f"Bearer {secret}"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_possible")
