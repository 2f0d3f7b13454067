"""Charts of durations in a real browser: drawn, told in words, as a table; by mouse and by keyboard, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.console.browsing import SECONDS, Open, serve, take_screenshot

from ostinato.model.runs import ClaimedRun
from ostinato.model.statuses import RunStatus
from ostinato.testing.factories import make_account, make_definition, make_retry
from ostinato.testing.night import open_night

DAYS = 20
MINUTES = {"acme": 4, "bolt": 10, "cord": 6}
OUTLIER = 8
"""So many days ago one slot took a hundred times as long."""
FAILS = 5
"""So many days ago one attempt failed."""


@pytest.fixture(scope="module")
def first_day() -> date:
    """Give the day of the first slots: all are over wherever these tests run."""
    return datetime.now(UTC).date() - timedelta(days=DAYS)


@pytest.fixture(scope="module")
def past_console(tmp_path_factory: pytest.TempPathFactory, first_day: date) -> Iterator[str]:
    """Lend the address of the console of a project with a past of twenty days, whose durations are known."""
    folder = tmp_path_factory.mktemp("past")
    make_past(folder, first_day)
    with serve(folder / "ostinato.yaml") as url:
        yield url


def make_past(folder: Path, first_day: date) -> None:
    """Make a project in which slots of every account took their minutes; one failed once, one took very long."""
    (folder / "ostinato.yaml").write_text("database: sqlite:///ostinato.db\naccounts: []\ndefinitions: []\n")
    last_day = first_day + timedelta(days=DAYS - 1)
    definitions = [
        make_definition(
            "load", matrix="account", starts_on=first_day, ends_on=last_day, retry=make_retry(2, wait=timedelta(0))
        ),
        make_definition("once", starts_on=last_day, ends_on=last_day),
        make_definition("idle", start="manual"),
    ]
    began = datetime.combine(first_day, datetime.min.time(), UTC)
    with open_night(f"sqlite:///{folder / 'ostinato.db'}", now=began) as night:
        night.declare(accounts=[make_account(token) for token in MINUTES], definitions=definitions)
        for number in range(1, DAYS + 1):
            night.clock.set(began + timedelta(days=number))
            night.beat()
            night.tick()
            while claimed := night.claim(limit=1):
                fails = (
                    f"load/acme/{last_day - timedelta(days=FAILS)}" == str(claimed[0].slot) and claimed[0].attempt == 1
                )
                night.advance(minutes=find_minutes(claimed[0], last_day))
                night.finish(claimed[0], RunStatus.FAILED if fails else RunStatus.SUCCESS)
                night.beat()
                night.tick()


def find_minutes(run: ClaimedRun, last_day: date) -> int:
    """Return how long a run takes."""
    _, account, label = str(run.slot).split("/")
    is_outlier = account == "bolt" and label == str(last_day - timedelta(days=OUTLIER))
    return MINUTES.get(account, 1) * (100 if is_outlier else 1)


def make_busy_night(folder: Path, now: datetime) -> Path:
    """Make a project in which two of four slots run that take an hour, and some wait of which nothing is known."""
    file = folder / "ostinato.yaml"
    file.write_text("database: sqlite:///ostinato.db\naccounts: []\ndefinitions: []\nengine: {heartbeat_timeout: 1d}\n")
    until = now.date() - timedelta(days=1)
    load, new = (
        make_definition(name, matrix="account", starts_on=until - timedelta(days=1), ends_on=until)
        for name in ("load", "new")
    )
    with open_night(f"sqlite:///{folder / 'ostinato.db'}", now=now - timedelta(days=1)) as night:
        night.set(heartbeat_timeout=timedelta(days=1))
        night.declare(accounts=[make_account(f"shop-{number}") for number in range(4)], definitions=[load])
        night.tick()
        while claimed := night.claim(limit=1):
            night.advance(hours=1)
            night.finish(claimed[0])
        night.clock.set(now)
        night.beat()
        night.tick()
        night.claim(limit=2)
        night.declare(definitions=[load, new])
        night.tick()
    return file


def chart(page: Page) -> Locator:
    """Find the drawing of a chart, on which the cursor moves."""
    return page.get_by_role("slider")


def test_a_definition_shows_how_long_it_took_each_day(open_page: Open, past_console: str, first_day: date) -> None:
    """Its summary in words is true, and so is the table; what lies beyond the top is counted."""
    page = open_page("/definitions/load", url=past_console)
    panel = page.get_by_role("region", name="How long it takes")

    last_day = first_day + timedelta(days=DAYS - 1)
    said = f"61 attempts have ended, 1 failed. Half took 6 min 00 s or less on {first_day}, 6 min 00 s on {last_day}."
    expect(panel).to_contain_text(said)
    expect(panel.locator("canvas")).to_be_visible()
    expect(panel.get_by_role("listitem")).to_have_text(
        ["shortest to 95 %", "median", "failed attempts", "1 beyond the top"]
    )
    panel.get_by_text("As a table").click()
    rows = panel.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(DAYS + 1)
    expect(rows.filter(has_text=str(last_day - timedelta(days=OUTLIER)))).to_contain_text("16 h 40 min")
    expect(rows.filter(has_text=str(last_day - timedelta(days=FAILS))).get_by_role("cell")).to_have_text(
        ["6 min 00 s", "4 min 00 s", "10 min 00 s", "10 min 00 s", "4", "1"]
    )
    take_screenshot(page, "durations-light")


def test_one_account_is_chosen(open_page: Open, past_console: str) -> None:
    """Then the chart is of its slots alone, and the address says so."""
    page = open_page("/definitions/load", url=past_console)

    page.get_by_label("Of").select_option("cord")

    expect(page.get_by_role("region", name="How long it takes")).to_contain_text(
        "20 attempts have ended, none failed. It took 6 min"
    )
    assert page.url.endswith("account=cord")


def test_a_click_opens_the_slots_of_a_day(open_page: Open, past_console: str, first_day: date) -> None:
    """At the last place of the chart; back leads to all days."""
    page = open_page("/definitions/load", url=past_console)
    expect(chart(page).locator("canvas")).to_be_visible()
    over = chart(page).locator(".u-over")
    box = over.bounding_box()
    assert box

    over.click(position={"x": box["width"] - 40, "y": box["height"] / 2})

    day = page.get_by_role("region", name="Slots of").get_by_role("heading")
    expect(day).to_be_visible()
    opened = day.inner_text().removeprefix("Slots of ")
    expect(page.get_by_role("table", name="Slots of the day").get_by_role("link")).to_have_text(
        [f"load/{account}/{opened}" for account in MINUTES]
    )
    assert first_day < date.fromisoformat(opened)
    page.go_back()
    expect(page.get_by_role("grid")).to_be_visible()


def test_the_keyboard_moves_over_a_chart(open_page: Open, past_console: str, first_day: date) -> None:
    """It says what there was on each day, and Enter opens the slots of it."""
    page = open_page("/definitions/load", url=past_console)
    expect(chart(page).locator("canvas")).to_be_visible()
    chart(page).focus()

    page.keyboard.press("Home")
    expect(chart(page)).to_have_attribute(
        "aria-valuetext", re.compile(f"^{first_day}, median 6 min 00 s, shortest 4 min")
    )
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    expect(page.get_by_role("region", name=f"Slots of {first_day + timedelta(days=1)}")).to_be_visible()


def test_a_slot_is_shown_against_its_own_history(open_page: Open, past_console: str, first_day: date) -> None:
    """Its summary says how many times as long it took; a click on a bar opens that slot."""
    day = first_day + timedelta(days=DAYS - 1 - OUTLIER)
    page = open_page(f"/slots/load/bolt/{day}", url=past_console)
    panel = page.get_by_role("region", name="How long it takes")

    expect(panel).to_contain_text("half took 10 min 00 s or less. This one took 16 h 40 min, 100 times as long.")
    chart(page).focus()
    page.keyboard.press("ArrowLeft")
    expect(chart(page)).to_have_attribute(
        "aria-valuetext", re.compile(f"{day - timedelta(days=1)}, Status Success, Took 10 min")
    )
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text(f"load/bolt/{day - timedelta(days=1)}")


def test_the_cursor_stays_where_it_is_when_new_values_come_in(
    open_page: Open, past_console: str, first_day: date
) -> None:
    """Enter then opens what was pointed at, and nothing else."""
    day = first_day + timedelta(days=DAYS - 1 - OUTLIER)
    page = open_page(f"/slots/load/bolt/{day}", url=past_console)
    chart(page).focus()
    page.keyboard.press("ArrowLeft")
    before = re.compile(f"^{day - timedelta(days=1)}, ")
    expect(chart(page)).to_have_attribute("aria-valuetext", before)

    page.get_by_role("button", name="Note …").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("seen")
    with page.expect_response(re.compile("/history"), timeout=SECONDS * 1_000):
        page.get_by_role("dialog").get_by_role("button", name="Note").click()
    expect(page.get_by_role("region", name="What people did")).to_contain_text("seen")
    chart(page).focus()

    expect(chart(page)).to_have_attribute("aria-valuetext", before)


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ("once", "1 attempt has ended, none failed. It took 1 min 00 s on"),
        ("idle", "No attempt has ended in these days"),
    ],
)
def test_little_history_is_no_trouble(open_page: Open, past_console: str, definition: str, says: str) -> None:
    """One value is a point; nothing is said to be nothing."""
    page = open_page(f"/definitions/{definition}", url=past_console)

    expect(page.get_by_role("region", name="How long it takes")).to_contain_text(says)


def test_a_chart_follows_light_and_dark(open_page: Open, past_console: str) -> None:
    """It is drawn anew in other colours, and by the same again when they come back."""
    page = open_page("/definitions/load", url=past_console, color_scheme="light")
    canvas = chart(page).locator("canvas")
    expect(canvas).to_be_visible()
    read = "canvas => canvas.toDataURL()"
    light = canvas.evaluate(read)

    page.emulate_media(color_scheme="dark")
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas.element_handle(), light])
    take_screenshot(page, "durations-dark")
    page.emulate_media(color_scheme="light")

    page.wait_for_function("([canvas, before]) => canvas.toDataURL() === before", arg=[canvas.element_handle(), light])


def test_a_chart_fits_a_small_screen(open_page: Open, past_console: str) -> None:
    """It is as wide as its panel, and grows with it; nothing is refused by the rules for what a page may load."""
    page = open_page("/definitions/load", url=past_console, viewport={"width": 400, "height": 800})
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.reload()
    expect(chart(page).locator("canvas")).to_be_visible()
    fits = "element => element.scrollWidth <= element.clientWidth && element.getBoundingClientRect().right <= 400"
    width = "element => element.querySelector('canvas').getBoundingClientRect().width"
    assert chart(page).evaluate(fits)
    small = chart(page).evaluate(width)

    page.set_viewport_size({"width": 1200, "height": 800})

    page.wait_for_function(
        f"([element, small]) => ({width})(element) > 2 * small", arg=[chart(page).element_handle(), small]
    )
    assert refused == []


def test_the_matrix_does_not_wait_for_charts(open_page: Open, past_console: str) -> None:
    """It is there although what draws them never comes: only pages with charts ask for that."""
    page = open_page("/login", url=past_console)
    page.route(re.compile("/TimeChart"), lambda route: route.abort())

    page.goto("/")
    expect(page.get_by_role("grid")).to_be_visible()
    page.goto("/definitions/load")

    expect(page.get_by_text("This page failed")).to_be_visible()


def test_the_matrix_says_when_a_night_is_over_and_what_that_rests_on(open_page: Open, tmp_path: Path) -> None:
    """At the usual durations of what is open, and as many at once as run; without what has no history."""
    with serve(make_busy_night(tmp_path, datetime.now(UTC))) as url:
        page = open_page("/", url=url)

        expect(page.get_by_role("group", name=re.compile("due and not done"))).to_contain_text(
            "2 running, about 2 h left, 4 unknown"
        )


def test_passes_are_drawn(open_page: Open, shop_console: str) -> None:
    """With what half of them took, and the longest."""
    page = open_page("/fleet", url=shop_console)
    engine = page.get_by_role("region", name="Engine")

    expect(engine.get_by_role("slider", name="How long the last passes took")).to_be_visible()
    expect(engine).to_contain_text(
        re.compile(r"Of the last \d+ passes, half took [\d.]+ (ms|s) or less, the longest [\d.]+ (ms|s)\.")
    )
