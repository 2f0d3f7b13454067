"""The three views of a plan: what stands where, and that it can be read, at a few steps and at many."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.console.browsing import Open

from ostinato.testing.program import Program

Carry = Callable[[str], int]

LINES_BEHIND_BOXES = """
() => {
  const nodes = [...document.querySelectorAll('.react-flow__node')];
  const boxes = nodes.map((node) => [node.dataset.id, node.getBoundingClientRect()]);
  const hidden = [];
  for (const edge of document.querySelectorAll('.react-flow__edge')) {
    const path = edge.querySelector('path');
    const matrix = path.getScreenCTM();
    const ends = edge.dataset.id.split(' ');
    for (let at = 0; at <= 100; at += 1) {
      const point = path.getPointAtLength(path.getTotalLength() * at / 100).matrixTransform(matrix);
      for (const [id, box] of boxes) {
        const within = point.x > box.left && point.x < box.right && point.y > box.top && point.y < box.bottom;
        if (within && !ends.includes(id)) hidden.push(`${edge.dataset.id} behind ${id}`);
      }
    }
  }
  return [...new Set(hidden)];
}
"""


@pytest.fixture(scope="module")
def carry(shop: Program) -> Carry:
    """Lend what carries out a plan of the shop; it returns the number of its run."""

    def carry(plan: str) -> int:
        run: int = shop("trigger", f"shop:{plan}", "--json").json["run"]
        shop("agent")
        return run

    return carry


def see(page: Page, view: str) -> None:
    """Choose a view."""
    page.get_by_role("group", name="View").get_by_role("button", name=view).click()


def test_no_line_of_the_graph_runs_behind_a_box(open_page: Open, shop_console: str, carry: Carry) -> None:
    """Those that pass over layers go between the boxes."""
    page = open_page(f"/runs/{carry('weave')}/plan?view=graph", url=shop_console)
    expect(page.locator(".react-flow__node")).to_have_count(7)
    expect(page.locator(".react-flow__edge")).to_have_count(8)

    assert page.evaluate(LINES_BEHIND_BOXES) == []


def test_many_steps_alike_share_a_box(open_page: Open, shop_console: str, carry: Carry) -> None:
    """It counts them by status; a click lists them, and leads to each."""
    page = open_page(f"/runs/{carry('spread')}/plan?view=graph", url=shop_console)
    expect(page.locator(".react-flow__node")).to_have_count(3)

    page.get_by_role("group", name="30 steps like count").click()
    alike = page.get_by_role("complementary", name="Steps alike")
    expect(alike.get_by_role("listitem")).to_have_count(30)
    alike.get_by_role("button", name="count-17", exact=True).click()

    expect(page.get_by_role("complementary", name="Step count-17")).to_be_visible()
    expect(page.locator(".graph-chosen")).to_contain_text("30 × count")


def test_the_timeline_shows_each_try(open_page: Open, shop_console: str, carry: Carry) -> None:
    """The one that failed stands before the one that came through."""
    page = open_page(f"/runs/{carry('retried')}/plan", url=shop_console)
    see(page, "Timeline")
    row = page.get_by_role("table", name="Course of the steps").get_by_role("row").filter(has_text="stumble")

    expect(row.locator(".course-bar.tone-bad")).to_have_attribute("title", re.compile("Try 1 failed: it stumbled"))
    expect(row.locator(".course-bar.tone-good")).to_have_attribute("title", re.compile("stumble: Success"))


def test_steps_are_found_by_name_and_by_status(open_page: Open, shop_console: str, carry: Carry) -> None:
    """In every view; where none is like that, the page says so."""
    page = open_page(f"/runs/{carry('spread')}/plan?view=tree", url=shop_console)
    rows = page.get_by_role("table", name="Steps").get_by_role("row")
    expect(rows).to_have_count(33)

    page.keyboard.press("/")
    page.keyboard.type("add_up")
    expect(rows).to_have_count(2)
    page.get_by_role("searchbox", name="Find steps").fill("nothing of that name")
    expect(page.get_by_role("heading", name="No step is like that")).to_be_visible()
    page.get_by_role("searchbox", name="Find steps").fill("count-2")
    page.get_by_role("group", name="Steps by status").get_by_role("button").click()

    expect(rows).to_have_count(12)


def test_a_plan_is_steered_by_keys_alone(open_page: Open, shop_console: str, shop: Program, carry: Carry) -> None:
    """From the list to the answer, without the mouse; v goes from view to view."""
    run = carry("pay")
    page = open_page(f"/plans?search={run}", url=shop_console)
    expect(page.get_by_role("row").filter(has_text="shop:pay")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Graph")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("v")
    expect(page.get_by_role("button", name="Timeline")).to_have_attribute("aria-pressed", "true")

    waits = page.get_by_role("region", name="What it waits for")
    waits.get_by_role("button", name="Answer").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="Yes")).to_be_focused()
    page.keyboard.press("Space")
    dialog.get_by_label("amount integer").press_sequentially("7")
    expect(dialog.get_by_role("button", name="Answer", exact=True)).to_be_enabled()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    shop("agent")

    expect(page.locator(".page-head").get_by_text("Success")).to_be_visible()


def test_what_a_run_has_started_is_one_click_away(open_page: Open, shop_console: str, carry: Carry) -> None:
    """And from there it is back to the parent, or to all."""
    run = carry("parents")
    page = open_page(f"/runs/{run}/plan", url=shop_console)
    page.get_by_role("banner").first.wait_for()
    page.get_by_role("link", name="Runs that it has started").first.click()
    rows = page.get_by_role("table", name="Plans").get_by_role("row")
    expect(rows).to_have_count(4)
    expect(rows.filter(has_text=f"of run {run}")).to_have_count(3)

    rows.get_by_role("link", name=f"run {run}").first.click()
    expect(page.get_by_role("heading", name=f"Plan of run {run}", exact=True)).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Show all").click()

    expect(rows.filter(has_text="shop:parents")).to_have_count(1)


def test_the_list_shows_how_far_plans_come_while_they_run(open_page: Open, shop_console: str, shop: Program) -> None:
    """No run moves meanwhile: only a step of it ends."""
    os.mkfifo(shop.folder / "sign")
    run = shop("trigger", "shop:watched", "--json").json["run"]
    page = open_page(f"/plans?search={run}", url=shop_console)
    row = page.get_by_role("table", name="Plans").get_by_role("row").filter(has_text="shop:watched")
    expect(row).to_contain_text("Waiting")
    with shop.running("agent"):
        expect(row).to_contain_text("50 %")
        expect(row).to_contain_text("Running")
        (shop.folder / "sign").write_text("it is there")
        expect(row).to_contain_text("Success")


def test_plans_are_found_by_name_and_none_is_told(open_page: Open, shop_console: str, carry: Carry) -> None:
    """An empty answer offers the way back to all."""
    carry("spread")
    page = open_page("/plans?search=no-such-plan", url=shop_console)
    expect(page.get_by_role("heading", name="No plan is like that")).to_be_visible()

    page.get_by_role("button", name="Show all plans").click()
    page.get_by_role("searchbox", name="Find plans").fill("spread")

    rows = page.get_by_role("table", name="Plans").get_by_role("row")
    expect(rows.filter(has_not_text="spread")).to_have_count(1)
