"""Who is there: what each role is offered, and what becomes of a page whose session ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.console.browsing import Open, serve
from tests.console.nights import make_empty_project

from ostinato.testing.program import Program

WORDS = "correct horse battery staple"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Give the program in a project with a viewer, an operator and an agent that has gone."""
    program = Program(make_empty_project(tmp_path_factory.mktemp("guarded")).parent)
    program("agent", "--name", "here")
    for name, role in (("vera", "viewer"), ("otto", "operator")):
        program("user", "add", name, "--role", role, "--password-stdin", given=WORDS)
    return program


@pytest.fixture(scope="module")
def door(guarded: Program) -> Iterator[str]:
    """Lend the address of its console."""
    with serve(guarded.folder / "ostinato.yaml") as url:
        yield url


def log_in(page: Page, name: str, words: str = WORDS) -> None:
    """Say who is there."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(words)
    page.get_by_role("button", name="Log in").click()


def come_back(page: Page) -> None:
    """Have the page believe that somebody looks at it again."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_wrong_password_can_be_typed_anew_at_once(open_page: Open, door: str) -> None:
    """It is chosen as a whole, and the keys go there; the page asks for no more than it must."""
    page = open_page("/audit?target=x", url=door)
    expect(page).to_have_title("Log in · Ostinato")
    log_in(page, "vera", "something else")
    expect(page.get_by_role("alert")).to_contain_text("do not fit")
    expect(page.get_by_label("Password")).to_be_focused()

    page.keyboard.type(WORDS)
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/audit\?target=x$"))


def test_who_tries_too_many_passwords_is_told_how_long_to_wait(open_page: Open, door: str) -> None:
    """In words that people use of a quarter of an hour."""
    page = open_page("/", url=door)
    for _ in range(11):
        log_in(page, "nobody", "a guess")
        expect(page.get_by_role("button", name="Log in")).to_be_enabled()

    expect(page.get_by_role("alert")).to_contain_text("try again in 15 minutes")


def test_a_viewer_is_told_who_may_act(open_page: Open, guarded: Program, door: str) -> None:
    """Buttons are there, say for whom, and do nothing; an operator beside has them."""
    guarded("trigger", "ostinato.actions.approval:Approval", "--input", '{"question": "Go on?"}')
    guarded("agent", "--name", "here")
    vera, otto = open_page("/runs/1", url=door), open_page("/runs/1", url=door)
    log_in(vera, "vera")
    log_in(otto, "otto")

    cancel = vera.get_by_role("button", name="Cancel …")
    expect(cancel).to_be_disabled()
    expect(cancel).to_have_attribute("title", "You are viewer: this is for operators and admins")
    expect(otto.get_by_role("button", name="Cancel …")).to_be_enabled()


def test_a_page_whose_session_ends_asks_again_and_comes_back(open_page: Open, guarded: Program, door: str) -> None:
    """It notices by itself, without a click; what was looked at is looked at again."""
    guarded("user", "add", "rosa", "--role", "viewer", "--password-stdin", given=WORDS)
    page = open_page("/fleet", url=door)
    log_in(page, "rosa")
    expect(page.get_by_role("heading", name="Fleet")).to_be_visible()

    guarded("user", "password", "rosa", "--password-stdin", given=f"other {WORDS}")
    come_back(page)
    expect(page).to_have_url(re.compile(r"/login\?next=%2Ffleet$"))
    log_in(page, "rosa", f"other {WORDS}")

    expect(page.get_by_role("heading", name="Fleet")).to_be_visible()


def test_another_role_counts_on_pages_that_are_open(open_page: Open, guarded: Program, door: str) -> None:
    """As soon as somebody looks at them again."""
    guarded("user", "add", "pia", "--role", "viewer", "--password-stdin", given=WORDS)
    page = open_page("/fleet", url=door)
    log_in(page, "pia")
    expect(page.get_by_text("pia viewer")).to_be_visible()

    guarded("user", "role", "pia", "operator")
    come_back(page)

    expect(page.get_by_text("pia operator")).to_be_visible()


def test_who_logs_out_in_one_tab_is_out_in_all(open_page: Open, door: str) -> None:
    """The other tab notices; another browser stays."""
    page, elsewhere = open_page("/fleet", url=door), open_page("/fleet", url=door)
    log_in(page, "otto")
    log_in(elsewhere, "otto")
    expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
    tab = page.context.new_page()
    tab.goto("/audit")
    expect(tab.get_by_role("heading", name="Audit")).to_be_visible()

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    come_back(tab)
    come_back(elsewhere)

    expect(tab.get_by_label("Password")).to_be_visible()
    expect(elsewhere.get_by_role("heading", name="Fleet")).to_be_visible()
