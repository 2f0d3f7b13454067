from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.console.browsing import Open, take_screenshot
from tests.console.nights import ACCOUNTS

FAILED = "import_customers of shop-03: Failed, 2 attempts"


def cell(page: Page, name: str | re.Pattern[str]) -> Locator:
    """Find a cell of the matrix by what it says of itself."""
    return page.get_by_role("gridcell", name=name)


def side_panel(page: Page) -> Locator:
    """Find the panel beside the matrix."""
    return page.get_by_role("complementary")


def test_the_matrix_shows_accounts_by_definitions_and_what_failed(open_page: Open) -> None:
    """Each account is a row, each definition a column; what failed is told by a sign, not by colour alone."""
    page = open_page("/")

    expect(cell(page, FAILED).locator("svg.sign")).to_be_visible()
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", str(ACCOUNTS + 2))  # and one for the heads
    expect(page.get_by_role("rowheader", name="without account")).to_be_visible()
    expect(page.get_by_role("columnheader", name="send_invoices")).to_be_visible()
    take_screenshot(page, "matrix-light")


def test_what_is_most_at_risk_comes_first(open_page: Open) -> None:
    """The account whose slot has failed is the first row; by name it is the third."""
    page = open_page("/")
    expect(page.get_by_role("rowheader").first).to_contain_text("shop-03")

    page.get_by_label("Sort").select_option("name")

    expect(page.get_by_role("rowheader").nth(3)).to_contain_text("shop-03")


def test_a_cell_opens_a_panel_that_says_why(open_page: Open) -> None:
    """A click shows the gates, the attempts, the last slots of the lane, and what can be done."""
    page = open_page("/", color_scheme="dark")

    cell(page, FAILED).click()

    panel = side_panel(page)
    expect(panel.get_by_role("heading", level=2)).to_contain_text("import_customers/shop-03/")
    expect(panel.get_by_role("link", name=re.compile(r"Run \d+"))).to_have_count(2)
    expect(panel.get_by_role("list", name=re.compile("last"))).to_be_visible()
    expect(panel.get_by_role("button", name=re.compile("Retry"))).to_be_visible()
    take_screenshot(page, "matrix-panel-dark")


def test_a_blocked_cell_names_what_it_waits_for(open_page: Open) -> None:
    """The closed gate comes with a link to the slot that is waited for."""
    page = open_page("/")

    cell(page, "clean_addresses of shop-03: Blocked").click()

    expect(side_panel(page).get_by_role("link", name="import_customers/shop-03/")).to_be_visible()


def test_the_keyboard_moves_opens_and_closes(open_page: Open) -> None:
    """Arrows and hjkl move the cursor, Enter opens the slot under it, Esc closes it."""
    page = open_page("/")
    expect(cell(page, FAILED)).to_be_visible()
    grid = page.get_by_role("grid")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("l")
    expect(grid).to_have_attribute("aria-activedescendant", "cell-1-1")
    page.keyboard.press("k")
    page.keyboard.press("h")
    expect(grid).to_have_attribute("aria-activedescendant", "cell-0-0")
    page.keyboard.press("Enter")
    expect(side_panel(page)).to_contain_text("shop-03")
    page.keyboard.press("Escape")

    expect(side_panel(page)).to_have_count(0)


@pytest.mark.parametrize(("words", "rows"), [("shop-03", 1), ("tier:gold", 3), ("nobody", 0)])
def test_search_narrows_rows(open_page: Open, words: str, rows: int) -> None:
    """Names and labels are searched; what finds nothing says so."""
    page = open_page("/")
    expect(cell(page, FAILED)).to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type(words)

    if rows:
        expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", str(rows + 1))
    else:
        expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()


def test_a_status_filters_rows_and_columns(open_page: Open) -> None:
    """Only rows and columns with such a slot are left, and the address says what is shown."""
    page = open_page("/")

    page.get_by_role("button", name=re.compile(r"^Failed")).click()

    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "2")
    expect(page).to_have_url(re.compile("status=failed"))


def test_a_reason_filters_and_is_counted(open_page: Open) -> None:
    """The bar says how many wait for what; a click shows the rows that wait for that."""
    page = open_page("/")
    bar = page.get_by_role("group", name=re.compile("due and not done"))

    bar.get_by_role("button", name=re.compile("silent 1")).click()

    expect(page).to_have_url(re.compile("gate=heartbeat"))
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "2")
    expect(cell(page, re.compile("import_orders of shop-05: Running"))).to_be_visible()


def test_rows_group_by_a_label(open_page: Open) -> None:
    """Accounts with the same value stand together, under its name."""
    page = open_page("/")

    page.get_by_label("Group").select_option("tier")

    expect(page.locator(".row-group")).to_have_text(["bronze", "gold", "silver", "–"])


def test_a_past_night_is_a_key_away(open_page: Open) -> None:
    """``[`` goes back by a day, to nights in which all went well; ``t`` comes back to now."""
    page = open_page("/")
    expect(cell(page, FAILED)).to_be_visible()

    page.keyboard.press("[")
    page.keyboard.press("[")
    expect(cell(page, "import_customers of shop-03: Success")).to_be_visible()
    expect(page).to_have_url(re.compile("at="))
    page.keyboard.press("t")

    expect(cell(page, FAILED)).to_be_visible()


def test_a_column_leads_to_all_accounts_by_dates(open_page: Open) -> None:
    """The head of a column opens the last days of its definition."""
    page = open_page("/")

    page.get_by_role("columnheader", name="import_customers").get_by_role("link").click()

    grid = page.get_by_role("grid", name=re.compile("import_customers"))
    expect(grid.get_by_role("columnheader")).to_have_count(15)
    expect(grid.get_by_role("gridcell", name=re.compile("Failed"))).to_have_count(1)
    take_screenshot(page, "column")


def test_a_row_leads_to_the_night_of_its_account(open_page: Open) -> None:
    """The head of a row opens a timeline with a line for each slot."""
    page = open_page("/")

    page.get_by_role("rowheader", name="shop-03").get_by_role("link").click()

    expect(page.get_by_role("list", name="Slots of the night").get_by_role("listitem")).to_have_count(7)
    expect(page.get_by_role("listitem", name="import_customers: Failed")).to_be_visible()
    take_screenshot(page, "timeline")


def test_a_phone_shows_it_without_scrolling_sideways(open_page: Open) -> None:
    """On 400 pixels only the matrix itself scrolls."""
    page = open_page("/", viewport={"width": 400, "height": 800})
    expect(cell(page, FAILED)).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") == 400
    take_screenshot(page, "matrix-phone")


def test_a_project_without_anything_says_what_to_do(open_page: Open, empty_console: str) -> None:
    """Nothing declared and no engine: the page says how to begin."""
    page = open_page("/", url=empty_console)

    expect(page.get_by_role("heading", name="No engine has made a pass yet")).to_be_visible()
    expect(page.get_by_role("main").get_by_text("ostinato up")).to_be_visible()
    take_screenshot(page, "empty")
