"""Slots, runs and their output, and the fleet: what a person reads in the night, and what changes while they look."""

from __future__ import annotations

import os
import re
import signal

from playwright.sync_api import expect
from tests.console.browsing import Open
from tests.console.shops import HOSTILE

from ostinato.testing.program import Program

FAILED = "/slots/report/-/2026-01-06"
SUCCEEDED = "/slots/report/-/2026-01-05"
BLOCKED = "/slots/summary/-/2026-01-06"


def test_a_slot_says_what_it_waits_for(open_page: Open, shop_console: str) -> None:
    """Its gates are listed, and lead to what they wait for."""
    page = open_page(BLOCKED, url=shop_console)
    why = page.get_by_role("region", name="Why")

    expect(why).to_contain_text("report/-/2026-01-06")
    why.get_by_role("link", name="report/-/2026-01-06").first.click()

    expect(page.get_by_role("heading", name="report/-/2026-01-06")).to_be_visible()


def test_attempts_stand_side_by_side(open_page: Open, shop_console: str) -> None:
    """Each attempt has a column, and its output is a click away."""
    page = open_page(FAILED, url=shop_console)
    attempts = page.get_by_role("region", name="attempts")
    outputs = attempts.get_by_role("button", name="Output")

    expect(attempts.get_by_role("row", name="Exit code").first).to_contain_text("1")
    first = attempts.get_by_role("link", name="Run").last.inner_text()
    outputs.last.click()

    expect(page.get_by_role("heading", name=f"Output of {first.lower()}")).to_be_visible()


def test_output_is_shown_as_text_whatever_it_is(open_page: Open, shop_console: str) -> None:
    """Scripts, colours, titles of terminals and very long lines are text, and nothing more."""
    page = open_page(SUCCEEDED, url=shop_console)
    log = page.get_by_role("log")

    expect(log).to_contain_text(f"green  and {HOSTILE}")
    expect(log.get_by_role("button", name="more characters")).to_be_visible()
    assert page.title() == "report/-/2026-01-05 · Ostinato"


def test_the_first_error_is_found_among_many_lines(open_page: Open, shop_console: str) -> None:
    """One press goes there; a search shows the lines that hold a text, and each leads back to what is around it."""
    page = open_page(FAILED, url=shop_console)
    log = page.get_by_role("log")
    expect(log).to_contain_text("ValueError")

    page.get_by_role("searchbox", name="Search the log").fill("row 25")
    expect(log.locator("mark").first).to_have_text("row 25")
    expect(log).not_to_contain_text("ValueError")
    log.get_by_role("button", name="27", exact=True).click()
    expect(log).to_contain_text("row 24")
    page.get_by_role("button", name="First error").click()

    expect(log.locator(".log-marked")).to_contain_text("Traceback")
    expect(log.locator(".log-marked")).to_be_in_viewport()
    page.get_by_role("heading", name="report/-/2026-01-06").scroll_into_view_if_needed()
    expect(log.locator(".log-marked")).not_to_be_in_viewport()
    page.get_by_role("button", name="First error").press("Enter")
    expect(log.locator(".log-marked")).to_be_in_viewport()


def test_a_command_can_be_done_by_hand(open_page: Open, shop_console: str) -> None:
    """Its arguments, its environment without secrets, and a line for the shell."""
    page = open_page(SUCCEEDED, url=shop_console)
    command = page.get_by_role("region", name="Command")

    expect(command.get_by_role("list", name="Arguments")).to_contain_text("it's done")
    command.get_by_text("Environment:").click()
    expect(command).to_contain_text("north west")
    expect(command).not_to_contain_text("swordfish")


def test_a_run_ends_while_somebody_looks(open_page: Open, shop: Program, shop_console: str) -> None:
    """Its status, its output and its history come by themselves."""
    started = shop("trigger", "fetch", "--account", "acme", "--start", "2026-03-01", "--json").json
    page = open_page(f"/runs/{started['run']}", url=shop_console)
    expect(page.locator(".page-head").get_by_text("Waiting")).to_be_visible()

    shop("agent")

    expect(page.locator(".page-head").get_by_text("Success")).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("fetched acme 2026-03-01")
    expect(page.get_by_role("region", name="History")).to_contain_text("claimed")


def test_an_agent_dies_while_somebody_looks(open_page: Open, shop: Program, shop_console: str) -> None:
    """It counts as alive, and as lost soon after it was killed."""
    with shop.running("engine", "--forever"), shop.running("agent", "--forever", "--name", "doomed") as agent:
        page = open_page("/fleet", url=shop_console)
        row = page.get_by_role("table", name="Agents").get_by_role("row").filter(has_text="doomed")
        expect(row).to_contain_text("Alive")

        agent.send_signal(signal.SIGKILL)

        expect(row).to_contain_text("Lost")


def test_the_fleet_shows_steps_sources_and_limits(open_page: Open, shop_console: str) -> None:
    """And what the doctor finds, when asked."""
    page = open_page("/fleet", url=shop_console)

    expect(page.get_by_role("table", name="Steps of the engine").get_by_text("ensure_runs_exist")).to_be_visible()
    expect(page.get_by_role("table", name="Sources").get_by_role("row")).to_have_count(3)
    expect(page.get_by_role("table", name="Limits").get_by_text("warehouse")).to_be_visible()
    page.get_by_role("button", name="Examine").click()
    expect(page.get_by_role("region", name="Doctor").get_by_text("the file is in WAL mode")).to_be_visible()


def test_who_lives_is_heard_as_long_as_one_looks(open_page: Open, shop: Program, shop_console: str) -> None:
    """A heartbeat is no news, and is shown all the same."""
    with shop.running("agent", "--forever"):
        page = open_page("/fleet", url=shop_console)
        heard = page.get_by_role("row").filter(has_text="here").locator("time").first
        first = heard.get_attribute("datetime")

        expect(heard).not_to_have_attribute("datetime", str(first))


def test_lineage_is_narrowed_to_what_stands_alike(open_page: Open, shop_console: str) -> None:
    """By a click on a status; Esc shows all again."""
    page = open_page("/lineage", url=shop_console)
    expect(page.get_by_role("group", name="definition summary")).to_be_visible()

    page.get_by_title("Those that are: Failed").click()

    expect(page.get_by_role("status").filter(has_text=" of ")).to_be_visible()
    expect(page.get_by_role("group", name=re.compile("^definition .*: Failed$")).locator(".graph-dim")).to_have_count(0)
    expect(page.locator(".graph-dim").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".graph-dim")).to_have_count(0)


def test_lineage_shows_who_depends_on_whom(open_page: Open, shop_console: str) -> None:
    """A search and Enter put a node in focus: what it is joined to stays bright, all else is dimmed."""
    page = open_page("/lineage", url=shop_console)
    expect(page.get_by_role("group", name="definition summary")).to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type("summary")
    page.keyboard.press("Enter")

    expect(page.get_by_label("In focus")).to_contain_text("joined to 4")
    page.get_by_role("button", name="Fit View").click()
    expect(page.locator(".graph-dim")).to_have_text(["broken", "by_hand", "pay", "refresh", "wait"])
    page.keyboard.press("Escape")
    expect(page.locator(".graph-dim")).to_have_count(0)


def test_what_is_not_there_is_said(open_page: Open, shop_console: str) -> None:
    """A run that does not exist, in the words of the API."""
    page = open_page("/runs/99999", url=shop_console)

    expect(page.get_by_role("alert")).to_contain_text("99999")


def test_a_large_lineage_is_seen_from_its_beginning(open_page: Open) -> None:
    """Where names could not be read if all of it were shown; the rest is to the right of it."""
    page = open_page("/lineage", viewport={"width": 400, "height": 700})
    first = page.get_by_role("group", name="definition import_customers")
    expect(first).to_be_visible()

    graph, there = page.locator(".lineage-graph").bounding_box(), first.bounding_box()

    assert graph is not None
    assert there is not None
    assert 0 <= there["x"] - graph["x"] < graph["width"] / 4
    assert graph["y"] <= there["y"] <= graph["y"] + graph["height"]


def test_the_end_of_a_log_is_followed_again_by_a_key(open_page: Open, shop: Program, shop_console: str) -> None:
    """Looking back stops it, and End goes on: new lines come into view by themselves."""
    os.mkfifo(shop.folder / "talk")
    run = shop("trigger", "shop:talk", "--json").json["run"]
    with shop.running("agent"):
        page = open_page(f"/runs/{run}/plan?step=2", url=shop_console)
        log = page.get_by_role("log")
        follow = page.get_by_role("button", name="Follow")
        expect(log).to_contain_text("300")
        log.focus()
        page.keyboard.press("Home")
        expect(follow).to_have_attribute("aria-pressed", "false")

        page.keyboard.press("End")
        expect(follow).to_have_attribute("aria-pressed", "true")
        (shop.folder / "talk").write_text("the last word\n")

        expect(log).to_contain_text("the last word")
