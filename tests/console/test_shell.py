from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect
from tests.console.browsing import Open, serve
from tests.console.nights import make_empty_project
from tests.console.test_matrix import FAILED, cell

WORDS_OF_ANNA = "correct horse battery staple"


def test_the_palette_finds_accounts_by_part_of_their_name(open_page: Open) -> None:
    """Ctrl-K, a few letters and Enter lead to an account."""
    page = open_page("/")
    expect(cell(page, FAILED)).to_be_visible()

    page.keyboard.press("Control+k")
    page.keyboard.type("p-07")
    expect(page.get_by_role("option", name="shop-07 account")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/accounts/shop-07$"))


def test_the_help_lists_the_keys_that_work_here(open_page: Open) -> None:
    """``?`` shows the keys of the page and those that work everywhere; Esc closes it."""
    page = open_page("/")
    expect(cell(page, FAILED)).to_be_visible()

    page.keyboard.press("?")

    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog.get_by_role("heading", level=3)).to_have_text(["Matrix", "Time", "Everywhere"])
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_theme_stays_chosen(open_page: Open) -> None:
    """The switch goes from the system's theme to light to dark, and a new load keeps it."""
    page = open_page("/")

    page.get_by_role("button", name="Theme: as the system").click()
    page.get_by_role("button", name="Theme: light").click()
    page.reload()

    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_two_keys_lead_to_a_page(open_page: Open) -> None:
    """``g f`` goes to the fleet, and back leads back."""
    page = open_page("/")
    expect(cell(page, FAILED)).to_be_visible()

    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page).to_have_url(re.compile("/fleet$"))
    page.go_back()

    expect(cell(page, FAILED)).to_be_visible()


def test_a_change_is_shown_without_asking(open_page: Open, own_project: Path) -> None:
    """What the command line changes is in the matrix soon after."""
    with serve(own_project) as url:
        page = open_page("/", url=url)
        expect(page.get_by_role("button", name="Live")).to_be_visible()
        slot = cell(page, FAILED)
        expect(slot).to_be_visible()

        command = [sys.executable, "-m", "ostinato", "--project", str(own_project), "slots", "--status", "failed"]
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        (name,) = set(re.findall(r"import_customers/shop-03/\S+", names))
        command[-3:] = ["retry", name]
        subprocess.run(command, check=True, capture_output=True)

        expect(cell(page, re.compile("import_customers of shop-03: Waiting"))).to_be_visible()


def test_a_server_that_is_away_is_told_and_found_again(open_page: Open, own_project: Path) -> None:
    """What is on the page stays while the server is away, and the page says so."""
    with serve(own_project) as url:
        page = open_page("/", url=url)
        expect(page.get_by_role("button", name="Live")).to_be_visible()
        expect(cell(page, FAILED)).to_be_visible()

    expect(page.get_by_role("button", name="Away")).to_be_visible()
    expect(cell(page, FAILED)).to_be_visible()
    with serve(own_project, port=urlsplit(url).port or 0):
        page.get_by_role("button", name="Away").click()
        expect(page.get_by_role("button", name="Live")).to_be_visible()


def test_who_must_log_in_comes_to_the_page_that_was_asked_for(open_page: Open, tmp_path: Path) -> None:
    """A wrong password says so; the right one leads on; logging out asks again."""
    project = make_empty_project(tmp_path)
    command = [sys.executable, "-m", "ostinato", "--project", str(project), "user", "add", "anna", "--role", "viewer"]
    subprocess.run([*command, "--password-stdin"], input=WORDS_OF_ANNA, check=True, capture_output=True, text=True)
    with serve(project) as url:
        page = open_page("/fleet", url=url)
        page.get_by_label("Name").fill("anna")
        page.get_by_label("Password").fill("something else")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_be_visible()

        page.get_by_label("Password").fill(WORDS_OF_ANNA)
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(re.compile("/fleet$"))
        page.get_by_role("button", name="Log out").click()

        expect(page.get_by_label("Password")).to_be_visible()
