"""Acting from pages: the dialog, its preview, its reason, the way back; and what the audit says of it afterwards."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from tests.console.browsing import Open

from ostinato.testing.program import Program

FAILED = "/slots/broken/-/2026-01-05"


def act(page: Page, verb: str) -> None:
    """Press the button for a verb on the page."""
    page.get_by_role("button", name=f"{verb} …").click()


def test_a_failed_slot_is_retried(open_page: Open, shop: Program, shop_console: str) -> None:
    """The dialog says what it would do and how the command line does it; the page shows what came of it."""
    page = open_page(FAILED, url=shop_console)
    act(page, "Retry")
    dialog = page.get_by_role("dialog", name="Retry: broken/-/2026-01-05")

    expect(dialog.get_by_role("region", name="What it touches")).to_contain_text("another attempt")
    dialog.get_by_label("Why?").fill("the file is there now")
    expect(dialog.get_by_text("ostinato retry broken/-/2026-01-05 --reason 'the file is there now'")).to_be_visible()
    dialog.get_by_role("button", name="Retry").click()

    expect(page.get_by_role("status").filter(has_text="Retried: broken/-/2026-01-05")).to_be_visible()
    expect(page.locator(".page-head").get_by_text("Waiting")).to_be_visible()
    latest = shop("runs", "--slot", "broken/-/2026-01-05", "--limit", "1", "--json").json
    assert [run["status"] for run in latest] == ["waiting"]


def test_of_two_who_act_at_once_one_is_refused(open_page: Open, shop: Program, shop_console: str) -> None:
    """Both have seen that the slot has ended; the second is told what became of it since, and loses nothing typed."""
    slot = "fetch/bolt/2026-01-05"
    before = shop("runs", "--slot", slot, "--json").json
    pages = [open_page(f"/slots/{slot}", url=shop_console) for _ in range(2)]
    buttons = []
    for page in pages:
        act(page, "Rerun")
        page.get_by_role("dialog").get_by_label("a reason is required").fill("the data was corrected")
        buttons.append(page.get_by_role("dialog").get_by_role("button", name="Rerun"))
        expect(buttons[-1]).to_be_enabled()

    for button in buttons:
        button.click()

    expect(pages[0].get_by_role("status").filter(has_text=f"Rerun: {slot}")).to_be_visible()
    dialog = pages[1].get_by_role("dialog")
    expect(dialog.get_by_role("region", name="What is refused")).to_contain_text("a run that is waiting")
    expect(dialog.get_by_label("Why?")).to_have_value("the data was corrected")
    expect(buttons[1]).to_be_disabled()
    assert len(shop("runs", "--slot", slot, "--json").json) == len(before) + 1


def test_an_override_wants_a_reason(open_page: Open, shop_console: str) -> None:
    """A slot that has succeeded is run again only by somebody who says why."""
    page = open_page("/slots/fetch/acme/2026-01-05", url=shop_console)
    act(page, "Rerun")
    dialog = page.get_by_role("dialog")
    rerun = dialog.get_by_role("button", name="Rerun")

    expect(dialog.get_by_label("a reason is required")).to_be_focused()
    expect(rerun).to_be_disabled()
    page.keyboard.type("the data was corrected")
    expect(rerun).to_be_enabled()


def test_what_is_left_alone_is_not_done(open_page: Open, shop: Program, shop_console: str) -> None:
    """Esc closes the dialog and nothing has changed; the focus is where it was."""
    before = shop("runs", "--json").json
    page = open_page("/slots/by_hand/-/2026-01-05", url=shop_console)
    act(page, "Trigger")
    expect(page.get_by_role("dialog").get_by_role("region", name="What it touches")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Trigger …")).to_be_focused()
    assert shop("runs", "--json").json == before


def test_an_agent_is_drained_and_let_go_again(open_page: Open, shop: Program, shop_console: str) -> None:
    """The toast offers the way back, which asks as every action does."""
    with shop.running("agent", "--forever"):
        page = open_page("/fleet", url=shop_console)
        act(page, "Drain")
        page.get_by_role("dialog").get_by_role("button", name="Drain").click()
        expect(page.get_by_role("button", name="Undrain …")).to_be_visible()

        page.get_by_role("button", name="Undo").click()
        page.get_by_role("dialog", name="Undrain: here").get_by_role("button", name="Undrain").click()

        expect(page.get_by_role("button", name="Drain …", exact=True)).to_be_visible()


def test_the_audit_tells_who_did_what_and_why(open_page: Open, shop: Program, shop_console: str) -> None:
    """Entries are found by what they are about, and lead there."""
    shop("pause", "account", "bolt", "--reason", "they <b>moved</b>")
    page = open_page("/audit", url=shop_console)
    table = page.get_by_role("table", name="Audit")
    row = table.get_by_role("row").filter(has_text="account bolt")

    expect(row).to_contain_text("they <b>moved</b>")
    expect(row).to_contain_text("ostinato pause account bolt --reason 'they <b>moved</b>'")
    row.get_by_role("button", name="Copy").click()
    expect(row.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_label("To", exact=True).fill("2020-01-01")
    expect(page.get_by_text("Nobody did that")).to_be_visible()
    page.get_by_label("To", exact=True).fill("")
    page.get_by_label("Who").fill("nob")
    expect(row).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nobody did that")).to_be_visible()
    page.get_by_label("Who").fill("")
    page.get_by_role("searchbox", name="What").fill("nothing of that name")
    expect(page.get_by_text("Nobody did that")).to_be_visible()
    page.get_by_role("searchbox", name="What").fill("bolt")
    row.get_by_role("link").click()

    expect(page).to_have_url(re.compile("/accounts/bolt$"))
