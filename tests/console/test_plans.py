"""Plans in the browser: looking at steps, and skipping, editing, resuming, answering and sending events."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect
from tests.console.browsing import Open
from tests.console.shops import HOSTILE

from ostinato.testing.program import Program


@pytest.fixture(scope="module")
def plans(shop: Program) -> dict[str, int]:
    """Give the runs of plans by slot."""
    return {run["slot"]: run["run"] for run in shop("plans", "--json").json}


def agree(page: Page, verb: str) -> None:
    """Agree to what the dialog shows, whatever comes of it."""
    page.get_by_role("dialog").get_by_role("button", name=verb, exact=True).click()


def confirm(page: Page, verb: str) -> None:
    """Agree to what the dialog shows, and see that it is done."""
    agree(page, verb)
    expect(page.get_by_role("dialog")).to_have_count(0)


def head(page: Page, status: str) -> None:
    """See that the run has come to a status."""
    expect(page.locator(".page-head").get_by_text(status)).to_be_visible()


def test_a_paused_plan_is_mended_and_resumed(
    open_page: Open, shop: Program, shop_console: str, plans: dict[str, int]
) -> None:
    """The failed step is found by a key; its error is read, its input edited, the run resumed, all from the page."""
    page = open_page(f"/runs/{plans['refresh/-/2026-01-05']}/plan?view=tree", url=shop_console)
    head(page, "Paused")
    expect(page.get_by_role("table", name="Steps").get_by_role("row", name="load").first).to_be_visible()
    page.keyboard.press("e")
    step = page.get_by_role("complementary", name="Step load")
    expect(step.get_by_label("Traceback").first).to_contain_text("FileNotFoundError")

    step.get_by_role("button", name="Edit input …").click()
    field = page.get_by_label("Input, a JSON object")
    field.fill("{ this is no JSON")
    expect(page.get_by_role("dialog").get_by_role("button", name="Edit input", exact=True)).to_be_disabled()
    field.fill(json.dumps({"rows": [1, 2], "into": "shop.py"}))
    confirm(page, "Edit input")
    expect(step.get_by_label("Input")).to_contain_text("shop.py")
    page.get_by_role("button", name="Resume …").click()
    confirm(page, "Resume")
    head(page, "Waiting")
    shop("agent")

    head(page, "Success")


def test_a_failed_step_is_skipped(open_page: Open, shop_console: str, plans: dict[str, int]) -> None:
    """And all that needs it; the tree shows both."""
    page = open_page(f"/runs/{plans['refresh/-/2026-01-06']}/plan?view=tree&step=3", url=shop_console)
    page.get_by_role("button", name="Skip step …").click()
    expect(page.get_by_role("dialog")).to_contain_text("load, report")
    confirm(page, "Skip step")

    tree = page.get_by_role("table", name="Steps")
    expect(tree.get_by_role("row", name="Skipped")).to_have_count(2)


def test_a_question_is_answered(open_page: Open, shop: Program, shop_console: str, plans: dict[str, int]) -> None:
    """Its text is text, its fields are asked for by type, and the plan goes on."""
    run = plans["pay/-/2026-01-05"]
    page = open_page(f"/runs/{run}/plan?step=2", url=shop_console)
    page.get_by_role("complementary").get_by_role("button", name="Answer …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("group", name=f"Pay? {HOSTILE}")).to_be_visible()

    dialog.get_by_role("radio", name="Yes").check()
    dialog.get_by_label("amount integer").fill("12")
    expect(dialog.get_by_text(f"ostinato answer {run} yes approve --field amount=12")).to_be_visible()
    confirm(page, "Answer")
    shop("agent")

    head(page, "Success")


def test_an_event_is_sent(open_page: Open, shop: Program, shop_console: str, plans: dict[str, int]) -> None:
    """A step that waits takes it, from the graph."""
    page = open_page(f"/runs/{plans['wait/-/2026-01-05']}/plan?view=graph", url=shop_console)
    page.get_by_role("group", name="WaitForFile: Suspended").click()
    page.get_by_role("button", name="Send event …").click()
    page.get_by_label("Name of the event").fill("arrived")
    confirm(page, "Send event")
    shop("agent")

    head(page, "Success")


def test_plans_are_listed_and_opened_by_key(open_page: Open, shop: Program, shop_console: str) -> None:
    """The newest first, with what each waits for; j goes down, and Enter opens the one that is chosen."""
    page = open_page("/plans", url=shop_console)
    rows = page.get_by_role("table", name="Plans").get_by_role("row")
    expect(rows.filter(has_text="wait/-/2026-01-06")).to_contain_text("waits for an event")
    second = shop("plans", "--json").json[1]["run"]

    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name=f"Plan of run {second}")).to_be_visible()


def test_two_who_resume_at_once_are_both_told_what_happened(
    open_page: Open, shop: Program, shop_console: str, plans: dict[str, int]
) -> None:
    """The first resumes the run; the second hears who did, when by their own clock, and both pages are true."""
    run = shop("trigger", "shop:refresh", "--input", '{"day": "2026-02-01"}', "--json").json["run"]
    shop("agent")
    first, second = (open_page(f"/runs/{run}/plan?view=tree", url=shop_console) for _ in range(2))
    for page in (first, second):
        page.get_by_role("button", name="Resume …").click()
        expect(page.get_by_role("dialog").get_by_role("button", name="Resume", exact=True)).to_be_enabled()

    confirm(first, "Resume")
    expect(first.get_by_role("status").filter(has_text=f"Resumed: run {run}")).to_be_visible()
    agree(second, "Resume")

    told = second.get_by_role("dialog").get_by_role("region", name="What is refused")
    expect(told).to_contain_text(re.compile(f"run {run} is not paused; it is waiting since .*resumed by"))
    expect(told).not_to_contain_text(re.compile(r"\d\dT\d\d:\d\d"))
    second.keyboard.press("Escape")
    for page in (first, second):
        head(page, "Waiting")
        expect(page.get_by_role("button", name="Resume …")).to_have_count(0)


def test_one_answer_counts(open_page: Open, shop: Program, shop_console: str) -> None:
    """Whoever says no after another has said yes is told so."""
    run = shop("trigger", "shop:pay", "--json").json["run"]
    shop("agent")
    first, second = (open_page(f"/runs/{run}/plan", url=shop_console) for _ in range(2))
    for page, answer in ((first, "Yes"), (second, "No")):
        page.get_by_role("button", name="Answer …").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("radio", name=answer).check()
        dialog.get_by_label("amount integer").fill("12")
        expect(dialog.get_by_role("button", name="Answer", exact=True)).to_be_enabled()

    confirm(first, "Answer")
    agree(second, "Answer")

    refused = second.get_by_role("dialog").get_by_role("region", name="What is refused")
    expect(refused).to_contain_text("has answered approve")
    second.keyboard.press("Escape")
    shop("agent")
    for page in (first, second):
        head(page, "Success")
    assert shop("show", str(run), "--json").json["plan"]["steps"][1]["output"]["answer"] == "yes"
