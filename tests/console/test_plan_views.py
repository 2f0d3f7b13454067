"""The three views of a plan: what stands where, and that it can be read, at a few steps and at many."""

from __future__ import annotations

import json
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
        given = {"refresh": ["--input", '{"day": "2026-03-01"}']}
        run: int = shop("trigger", f"shop:{plan}", *given.get(plan, ()), "--json").json["run"]
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
    row = page.get_by_role("treegrid", name="Course of the steps").get_by_role("row").filter(has_text="stumble")

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
    expect(page.get_by_role("row").filter(has_text="shop:pay").first).to_be_visible()
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

    expect(rows.filter(has_text="shop:parents").first).to_be_visible()


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


def test_what_a_step_has_started_unfolds_in_the_timeline(
    open_page: Open, shop_console: str, shop: Program, carry: Carry
) -> None:
    """By the arrows, as in a tree: the runs of a step, and the steps of these; Enter opens them where they are."""
    run = carry("parents")
    shop("agent")
    page = open_page(f"/runs/{run}/plan?view=timeline", url=shop_console)
    lines = page.get_by_role("treegrid", name="Course of the steps").get_by_role("row")
    expect(lines).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    expect(lines.filter(has_text="shop:counted")).to_have_text([re.compile(f"number={number}") for number in (1, 2, 3)])

    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(lines.and_(page.locator("[aria-level='3']"))).to_have_text([re.compile("counted"), re.compile("count")])
    expect(lines.and_(page.locator("[aria-selected=true]"))).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(lines).to_have_count(3)

    page.keyboard.press("ArrowRight")
    lines.filter(has_text="number=2").get_by_role("button", name="Unfold").click()
    expect(lines.and_(page.locator("[aria-level='3']"))).to_have_text([re.compile("counted"), re.compile("count")])
    child = lines.filter(has_text="number=2").get_by_role("link").inner_text()
    for key in ("ArrowRight", "j", "j", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name=f"Plan of run {child}", exact=True)).to_be_visible()
    expect(page.get_by_role("complementary", name="Step counted")).to_be_visible()


def test_the_list_tells_what_plans_were_given(open_page: Open, shop_console: str, shop: Program) -> None:
    """Without their secrets; the command line tells the same."""
    given = json.dumps({"region": "north", "api_key": "swordfish"})
    run = shop("trigger", "shop:export", "--input", given, "--json").json["run"]

    page = open_page(f"/plans?search={run}", url=shop_console)

    expect(page.get_by_role("row").filter(has_text="shop:export")).to_contain_text('region="north", api_key="***"')
    assert 'region="north", api_key="***"' in shop("plans", "--search", str(run)).out


def test_the_focus_is_never_lost_on_a_plan(open_page: Open, shop_console: str, carry: Carry) -> None:
    """Keys bring it to the steps, Tab from there to what is open; what goes gives it back to the steps."""
    page = open_page(f"/runs/{carry('refresh')}/plan?view=tree", url=shop_console)
    steps = page.get_by_role("table", name="Steps")
    expect(steps).to_be_visible()
    page.keyboard.press("e")
    panel = page.get_by_role("complementary", name="Step load")
    skip = panel.get_by_role("button", name="Skip step …")
    expect(skip).to_be_visible()
    expect(steps).to_be_focused()

    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(skip).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(steps).to_be_focused()

    page.keyboard.press("Enter")
    panel.get_by_role("button", name="Skip step …").focus()
    page.keyboard.press("Enter")
    agree = page.get_by_role("dialog").get_by_role("button", name="Skip step")
    expect(agree).to_be_enabled()
    agree.press("Enter")
    expect(steps.get_by_role("row", name="Skipped")).to_have_count(2)
    expect(steps).to_be_focused()


def test_the_palette_acts_on_steps_that_wait(open_page: Open, shop_console: str, carry: Carry) -> None:
    """Whether they are open or not, and each once."""
    run = carry("refresh")
    page = open_page(f"/runs/{run}/plan?view=tree&step=3", url=shop_console)
    expect(page.get_by_role("complementary", name="Step load")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("step load")
    found = page.get_by_role("listbox", name="Found").get_by_role("option")
    expect(found).to_have_text([re.compile(f"Skip step {run} load")])

    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("edit input")
    page.keyboard.press("Enter")

    expect(page.get_by_label("Input, a JSON object")).to_be_focused()


def test_a_field_is_left_for_the_list_that_it_narrows(open_page: Open, shop_console: str, carry: Carry) -> None:
    """By Enter; Esc empties it first."""
    run = carry("spread")
    page = open_page("/plans", url=shop_console)
    table = page.get_by_role("table", name="Plans")
    expect(table).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(f"spread {run}")
    expect(table.get_by_role("row")).to_have_count(2)

    page.keyboard.press("Enter")
    expect(table).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name=f"Plan of run {run}", exact=True)).to_be_visible()


def test_only_steps_that_changed_are_read_anew(open_page: Open, shop_console: str, shop: Program) -> None:
    """A plan is read as a whole when its run moves, and else by the step; the page shows what has happened."""
    for pipe in ("dawn", "dusk"):
        os.mkfifo(shop.folder / pipe)
    run = shop("trigger", "shop:lit", "--json").json["run"]
    page = open_page(f"/runs/{run}/plan?view=tree", url=shop_console)
    steps = page.get_by_role("table", name="Steps").get_by_role("row")
    first, second = steps.nth(2), steps.nth(3)
    with shop.running("agent"):
        expect(first.get_by_role("img", name="Running")).to_be_visible()
        with page.expect_response(re.compile(f"/runs/{run}/plan\\?step=")) as part:
            (shop.folder / "dawn").write_text("the first")
        expect(first.get_by_role("img", name="Success")).to_be_visible()
        expect(second.get_by_role("img", name="Running")).to_be_visible()
        assert 1 not in {step["step"] for step in part.value.json()["steps"]}
        (shop.folder / "dusk").write_text("the second")
        expect(page.locator(".page-head").get_by_text("Success")).to_be_visible()

    expect(steps.get_by_role("img", name="Success")).to_have_count(3)
