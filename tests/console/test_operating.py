"""What an operator does on a bad night, by mouse and by keyboard: reach it, act on one or many, and lose nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.console.browsing import Open, serve
from tests.console.test_matrix import FAILED, cell, side_panel

HOSTILE = "<b>they</b> know\u202e <script>alert(1)</script>"
MOST_TABS = 6
SLOT = re.compile(r"import_customers/shop-03/\S+")


@pytest.fixture
def own_console(own_project: Path) -> Iterator[str]:
    """Lend the address of the console of a night of failures that this test may change."""
    with serve(own_project) as url:
        yield url


def list_audit(project: Path) -> list[tuple[str, str, str]]:
    """Return what was done, to what, and why, the last first."""
    command = [sys.executable, "-m", "ostinato", "--project", str(project), "audit", "--json"]
    entries = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [(entry["action"], entry["target"], entry["reason"]) for entry in entries]


def name_in(element: Locator, wanted: re.Pattern[str]) -> str:
    """Return the name that stands in an element."""
    expect(element).to_contain_text(wanted)
    return next(wanted.finditer(element.inner_text())).group()


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until that has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{MOST_TABS} times Tab do not lead there")


def test_the_keyboard_alone_retries_a_slot(open_page: Open, own_console: str, own_project: Path) -> None:
    """Enter opens it, Tab reaches its buttons, Enter presses them; the focus comes back, and is never lost."""
    page = open_page("/", url=own_console)
    expect(cell(page, FAILED)).to_be_visible()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    retry = side_panel(page).get_by_role("button", name="Retry …")
    expect(retry).to_be_visible()

    tab_to(page, retry)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Why?")).to_be_focused()
    page.keyboard.type("the file is there now")
    agree = page.get_by_role("dialog").get_by_role("button", name="Retry")
    expect(agree).to_be_enabled()
    tab_to(page, agree)
    page.keyboard.press("Enter")

    expect(page.get_by_role("status").filter(has_text="Retried: import_customers/shop-03")).to_be_visible()
    expect(side_panel(page).get_by_role("button", name="Boost …")).to_be_visible()
    expect(side_panel(page).get_by_role("group", name="Actions")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("grid")).to_be_focused()
    assert [(did, why) for did, _, why in list_audit(own_project)[:1]] == [("retry", "the file is there now")]


def test_all_that_failed_are_retried_at_once(open_page: Open, own_console: str, own_project: Path) -> None:
    """A status that is chosen can be acted on as a whole: those that the preview has named, and no others."""
    page = open_page("/", url=own_console)

    page.get_by_role("button", name=re.compile("^Failed")).click()
    page.get_by_role("button", name="Retry all failed …").click()
    touched = page.get_by_role("dialog").get_by_role("region", name="What it touches")
    expect(touched.get_by_role("listitem")).to_have_text([SLOT])
    with page.expect_request(
        lambda request: request.method == "POST" and '"preview":false' in str(request.post_data)
    ) as sent:
        page.get_by_role("dialog").get_by_role("button", name="Retry").click()

    expect(page.get_by_role("status").filter(has_text="Retried")).to_be_visible()
    assert SLOT.search(sent.value.post_data or "")
    assert list_audit(own_project)[0][0] == "retry"


def test_a_failed_slot_is_accepted_and_noted_on(open_page: Open, own_console: str, own_project: Path) -> None:
    """Its page shows who let it count, and what they wrote, to the letter; that is what others find."""
    page = open_page("/", url=own_console)
    cell(page, FAILED).click()
    page.goto(f"/slots/{name_in(side_panel(page), SLOT)}")
    page.get_by_role("button", name="Accept …").click()
    page.get_by_role("dialog").get_by_label("a reason is required").fill("loaded by hand")
    page.get_by_role("dialog").get_by_role("button", name="Accept").click()

    people = page.get_by_role("region", name="What people did")
    expect(page.locator(".page-head").get_by_text("Warning")).to_be_visible()
    expect(people.get_by_role("listitem")).to_have_text([re.compile("Accepted by .*loaded by hand")])
    expect(page.get_by_role("region", name="Why")).to_contain_text("loaded by hand")

    people.get_by_role("button", name="Note …").click()
    note = page.get_by_role("dialog").get_by_role("button", name="Note")
    expect(note).to_be_disabled()
    page.get_by_role("dialog").get_by_label("What others are to know").fill(HOSTILE)
    note.click()

    expect(people.get_by_role("listitem").first).to_contain_text(HOSTILE)
    assert [(did, why) for did, _, why in list_audit(own_project)[:2]] == [
        ("note", HOSTILE),
        ("accept", "loaded by hand"),
    ]


def test_a_slot_runs_again_with_all_that_was_made_from_it(open_page: Open, own_console: str, own_project: Path) -> None:
    """The dialog says how far that goes before anything is done; what follows says what it waits for, and for whom."""
    page = open_page("/", url=own_console)
    cell(page, FAILED).click()
    last = date.fromisoformat(name_in(side_panel(page), SLOT).rpartition("/")[2])
    yesterday = (last - timedelta(days=1)).isoformat()
    page.goto(f"/slots/import_orders/shop-01/{yesterday}")
    page.get_by_role("button", name="Rerun …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("all that was made from it").check()
    dialog.get_by_label("a reason is required").fill("corrected")

    touched = dialog.get_by_role("region", name="What it touches")
    expect(touched).to_contain_text(re.compile("and after it \\d+ slots downstream"))
    expect(dialog.get_by_text("--downstream --reason corrected")).to_be_visible()
    dialog.get_by_role("button", name="Rerun").click()

    expect(page.locator(".page-head").get_by_text("Waiting")).to_be_visible()
    page.goto(f"/slots/update_agg_sales/shop-01/{yesterday}")
    why = page.get_by_role("region", name="Why")
    expect(why).to_contain_text(f"corrected, after import_orders/shop-01/{yesterday}")


def test_a_definition_and_an_account_are_paused_and_let_go(
    open_page: Open, own_console: str, own_project: Path
) -> None:
    """Their pages offer it, say who has paused them and why, and the way back."""
    page = open_page("/definitions/score_risk", url=own_console)
    page.get_by_role("button", name="Pause …").click()
    page.get_by_role("dialog", name="Pause: definition score_risk").get_by_label("Why?").fill("the model is wrong")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()

    expect(page.get_by_text(re.compile("Paused by .* the model is wrong"))).to_be_visible()
    page.get_by_role("button", name="Unpause …").click()
    page.get_by_role("dialog").get_by_role("button", name="Unpause").click()
    expect(page.get_by_text("the model is wrong")).to_have_count(0)

    page.goto("/accounts/shop-03")
    page.get_by_role("button", name="Pause …").click()
    page.get_by_role("dialog", name="Pause: account shop-03").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Unpause …")).to_be_visible()
    assert [(did, to) for did, to, _ in list_audit(own_project)[:3]] == [
        ("pause", "account shop-03"),
        ("resume", "definition score_risk"),
        ("pause", "definition score_risk"),
    ]


def test_an_open_slot_stays_open_when_rows_change_their_order(open_page: Open) -> None:
    """Nobody acts on another slot than the one they were reading: the cursor follows it."""
    page = open_page("/")
    cell(page, FAILED).click()
    expect(side_panel(page)).to_contain_text("import_customers/shop-03")

    page.get_by_label("Sort").select_option("name")
    expect(page.get_by_role("rowheader").nth(3)).to_contain_text("shop-03")

    expect(cell(page, FAILED)).to_have_attribute("aria-selected", "true")
    expect(side_panel(page)).to_contain_text("import_customers/shop-03")
    page.get_by_role("searchbox").fill("shop-07")
    expect(cell(page, FAILED)).to_have_count(0)
    expect(side_panel(page)).to_contain_text("import_customers/shop-03")


def test_links_and_fields_keep_their_own_keys(open_page: Open) -> None:
    """Enter follows the link that has the focus; keys that move within a text move nothing else."""
    page = open_page("/")
    expect(cell(page, FAILED)).to_be_visible()
    grid = page.get_by_role("grid")
    page.keyboard.press("l")

    page.get_by_role("searchbox").fill("shop")
    page.keyboard.press("Control+End")
    expect(grid).to_have_attribute("aria-activedescendant", "cell-0-1")
    page.keyboard.press("Enter")
    expect(grid).to_be_focused()
    page.get_by_role("link", name="Fleet").focus()
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/fleet$"))


def test_a_day_of_a_definition_leads_to_its_slot(open_page: Open) -> None:
    """By mouse and by keyboard, to the slot that begins on that day."""
    page = open_page("/definitions/import_customers")
    grid = page.get_by_role("grid", name=re.compile("import_customers"))
    failed = grid.get_by_role("gridcell", name=re.compile("Failed"))
    expect(failed).to_have_count(1)
    day = (failed.get_attribute("aria-label") or "").split(":")[0]

    failed.click()
    expect(page.get_by_role("heading", name=f"import_customers/shop-03/{day}")).to_be_visible()
    page.go_back()
    expect(failed).to_be_visible()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    while failed.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name=f"import_customers/shop-03/{day}")).to_be_visible()


def test_a_page_heals_when_the_server_comes_back(open_page: Open, own_project: Path) -> None:
    """Meanwhile it says how old it is, once for all of it; another page can be gone to, and comes by itself."""
    with serve(own_project) as url:
        page = open_page("/", url=url)
        expect(cell(page, FAILED)).to_be_visible()
        expect(page.get_by_role("button", name="Live")).to_be_visible()

    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    page.get_by_role("link", name="Audit").click()
    expect(page).to_have_url(re.compile("/audit$"))
    with serve(own_project, port=urlsplit(url).port or 0):
        expect(page.get_by_role("heading", name="Audit")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)


def test_a_page_that_is_opened_while_the_server_is_away_comes_by_itself(open_page: Open, own_console: str) -> None:
    """It says what is wrong, and goes on asking: nobody has to load it anew."""
    page = open_page("/", url=own_console)
    page.route("**/api/v1/me", lambda route: route.abort())
    page.reload()
    expect(page.get_by_text("does not answer")).to_be_visible()

    page.unroute("**/api/v1/me")

    expect(cell(page, FAILED)).to_be_visible()


def test_the_night_says_what_of_it_goes_on_by_itself(open_page: Open) -> None:
    """The bar tells it beside what is due: what an agent held that has fallen silent, and what waits for that."""
    page = open_page("/")

    bar = page.get_by_role("group", name=re.compile("due and not done"))
    expect(bar).to_contain_text("6 go on")


def test_a_slot_shows_the_end_of_what_its_run_wrote(open_page: Open, shop_console: str) -> None:
    """Why it failed is there without a further click, and times are those of the reader's zone."""
    page = open_page("/?search=report", url=shop_console)
    cell(page, re.compile("^report of no account: Failed")).click()

    expect(side_panel(page)).to_contain_text("ValueError: there is nothing")
    expect(side_panel(page)).not_to_contain_text(re.compile(r"\d\dT\d\d:\d\d"))


def test_several_slots_are_selected_and_acted_on(open_page: Open) -> None:
    """By Shift and arrows, or Shift and a click; what can be done to each status is offered for those alone."""
    page = open_page("/")
    expect(cell(page, FAILED)).to_be_visible()
    cell(page, FAILED).click()

    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    selected = side_panel(page)
    expect(selected.get_by_role("heading")).to_have_text("3 slots")
    selected.get_by_role("region", name="Failed").get_by_role("button", name="Retry …").click()
    expect(page.get_by_role("dialog", name="Retry: import_customers/shop-03")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(selected).to_have_count(0)
    expect(page.locator(".cell-picked")).to_have_count(0)

    cell(page, FAILED).click()
    cell(page, "clean_addresses of shop-03: Blocked").click(modifiers=["Shift"])

    expect(selected.get_by_role("heading")).to_have_text(re.compile("^[0-9]+ slots$"))
    expect(cell(page, "clean_addresses of shop-03: Blocked")).to_have_attribute("aria-selected", "true")


def test_a_line_is_copied_where_the_browser_lends_no_clipboard(open_page: Open, shop_console: str) -> None:
    """So it is on pages that come by plain http from another machine; the button says that it has worked."""
    page = open_page("/slots/report/-/2026-01-06", url=shop_console)
    copy = page.get_by_role("region", name="Command").get_by_role("button", name="Copy")
    expect(copy).to_be_visible()
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")

    copy.click()

    expect(page.get_by_role("button", name="Copied")).to_be_focused()


def test_troubles_take_one_line_until_somebody_wants_them_all(open_page: Open) -> None:
    """However many and however long they are, the night stays in view."""
    page = open_page("/")
    troubles = page.locator(".troubles").get_by_role("listitem")
    expect(troubles).to_have_count(1)

    page.get_by_role("button", name=re.compile("^All [0-9]")).click()

    expect(troubles).not_to_have_count(1)
