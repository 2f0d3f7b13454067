"""Makes the pictures of the console that the README shows: a night with failures, carried out by real commands.

``python docs/screenshots.py FOLDER`` writes console-light.png and console-dark.png there. It needs Chromium, and some
minutes: days before that night went well are carried out too.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

from ostinato.clock import SystemClock
from ostinato.testing.program import write_files

WIDTH, HEIGHT = 1600, 1000
DAYS = 5
IN_THE_NIGHT = 1
"""The hour that it is for the accounts."""

SHOWN = "import_customers of fjordline"
SETTLED_SECONDS = 15

PROJECT = """\
database: sqlite:///ostinato.db
accounts: [{file: accounts.yaml}]
definitions: [{yaml: definitions.yaml}]
pools: {warehouse: 2}
engine: {interval: 1s, create_ahead: 1d}
agent: {concurrency: 8, poll: 200ms, name: worker-1, on_stop: end, grace_period: 1s}
"""
SHOPS = (
    "acme-uk",
    "acme-us",
    "borealis",
    "brightside",
    "copperfield",
    "delta-foods",
    "evergreen",
    "fjordline",
    "giraffe-toys",
    "harbour",
    "hearth-home",
    "iris-optics",
    "juniper",
    "kestrel",
    "lumen-light",
    "marigold",
    "northwind",
    "oakley",
    "opal-jewels",
    "pine-paper",
    "quarry-tools",
    "riverbend",
    "saffron-spice",
    "tidewater",
    "umbra",
    "vantage",
    "willow-baby",
    "yarrow",
)
TIERS = ("gold", "silver", "bronze")

DEFINITIONS = """\
defaults:
  matrix: account
  starts_on: {starts_on}
  command: [python, job.py, "{{account}}", "{{start_date}}", {tonight}]
  retry: {{fixed: {{attempts: 2, wait: 1s}}}}
definitions:
  import_orders: {{writes_to: [orders]}}
  import_customers: {{writes_to: [customers]}}
  import_stock: {{writes_to: [stock]}}
  import_clicks: {{writes_to: [clicks], retry: {{fixed: {{attempts: 3, wait: 25m}}}}}}
  clean_addresses: {{reads_from: [customers], writes_to: [addresses]}}
  attribute_clicks: {{reads_from: [clicks, orders], writes_to: [attribution]}}
  update_agg_sales: {{reads_from: [orders], writes_to: [agg_sales]}}
  update_agg_stock: {{reads_from: [stock, orders], writes_to: [agg_stock], uses: {{warehouse: 1}}}}
  update_agg_customers: {{reads_from: [orders, addresses], writes_to: [agg_customers]}}
  update_agg_campaigns: {{reads_from: [attribution], writes_to: [agg_campaigns]}}
  forecast_demand: {{reads_from: [agg_stock, agg_sales], writes_to: [forecast], concurrency: 3}}
  score_risk: {{reads_from: [agg_customers], writes_to: [risk], time_limit: 5s}}
  segment_customers: {{reads_from: [agg_customers], writes_to: [segments]}}
  refresh_prices:
    reads_from: [forecast]
    rescue: pause
    steps:
      propose: {{command: [python, job.py, "{{account}}", "{{start_date}}", {tonight}]}}
      check: {{command: [python, job.py, "{{account}}", "{{start_date}}", {tonight}], needs: [propose]}}
      publish: {{command: [echo, published], needs: [check]}}
  send_invoices: {{reads_from: [agg_sales, risk]}}
  send_newsletter: {{reads_from: [segments, agg_campaigns]}}
  export_ledger: {{matrix: none, time_zone: {zone}, command: [echo, exported], reads_from: [agg_sales]}}
  export_report: {{matrix: none, time_zone: {zone}, command: [echo, exported], reads_from: [agg_sales, agg_campaigns]}}
"""
JOB = """\
import os, sys, time
account, day, tonight = sys.argv[1:]
job = os.environ["OSTINATO_DEFINITION"], account
print(f"{job[0]}: {account}, {day}")
if day == tonight:
    if job in {("import_customers", "fjordline"), ("import_customers", "umbra")}:
        print("412 customers since yesterday")
        print("WARNING: the shop answered 503 Service Unavailable, trying again in 2 s")
        print("WARNING: the shop answered 503 Service Unavailable, trying again in 4 s")
        sys.exit("ERROR: the shop does not answer, 230 of 412 customers are missing")
    if job in {("import_clicks", "kestrel"), ("import_clicks", "juniper")}:
        sys.exit("429 Too Many Requests")
    if job == ("update_agg_sales", "riverbend"):
        sys.exit("ERROR: the totals of 3 orders do not add up")
    if job == ("refresh_prices", "harbour") and os.environ["OSTINATO_STEP"] == "check":
        sys.exit("12 prices fell by more than half")
    if job == ("score_risk", "oakley"):
        time.sleep(60)
    if job[0] == "forecast_demand" and account > "s":
        time.sleep(900)
"""


def main(folder: Path) -> None:
    """Carry the night out, and take both pictures of it."""
    with tempfile.TemporaryDirectory() as place:
        project = Path(place) / "shops"
        project.mkdir()
        make_project(project, SystemClock().now())
        with carry_out(project) as url:
            wait_until_settled(url)
            folder.mkdir(parents=True, exist_ok=True)
            take_pictures(url, folder)


def make_project(project: Path, now: datetime) -> None:
    """Write the files of a project whose accounts are all in the same hour of the night."""
    ahead = (IN_THE_NIGHT - now.hour) % 24
    zone = f"Etc/GMT{24 - ahead if ahead > 12 else -ahead:+d}"
    today = (now + timedelta(hours=ahead - 24 if ahead > 12 else ahead)).date()
    tonight, starts_on = today - timedelta(days=1), today - timedelta(days=DAYS)
    accounts = {
        name: {"time_zone": zone, "labels": {"tier": TIERS[len(name) % 3]}, "active": name != "vantage"}
        for name in SHOPS
    }
    definitions = DEFINITIONS.format(starts_on=starts_on, tonight=json.dumps(str(tonight)), zone=zone)
    write_files(
        project,
        {
            "ostinato.yaml": PROJECT,
            "accounts.yaml": json.dumps({"accounts": accounts}),
            "definitions.yaml": definitions,
            "job.py": JOB,
        },
    )


@contextmanager
def carry_out(project: Path) -> Iterator[str]:
    """Have everything done that is due, for as long as the address of the console is lent."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ostinato", "--project", str(project), "up", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as everything:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            everything.terminate()


def wait_until_settled(url: str) -> None:
    """Wait until nothing has begun or ended for a while: what is left runs long, or waits for something."""
    seen, since = "", time.monotonic()
    while time.monotonic() - since < SETTLED_SECONDS:
        time.sleep(1)
        try:
            with urlopen(f"{url}/api/v1/status") as answer:  # noqa: S310  it is our own
                counts = json.dumps(json.load(answer)["slots"], sort_keys=True)
        except OSError:
            counts = f"it does not listen yet, at {time.monotonic()}"
        if counts != seen:
            seen, since = counts, time.monotonic()


def take_pictures(url: str, folder: Path) -> None:
    """Take the matrix in both themes, with the slot open beside it that has failed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for theme in ("light", "dark"):
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)
            page.goto(url)
            open_slot(page)
            page.screenshot(path=folder / f"console-{theme}.png")
        browser.close()


def open_slot(page: Page) -> None:
    """Open the slot beside the matrix, and wait until all of it is there."""
    page.get_by_role("gridcell", name=SHOWN).click()
    page.get_by_label("Last lines of run").wait_for()
    page.get_by_role("list", name="The last").get_by_role("listitem").first.wait_for()
    page.get_by_role("button", name="Live").wait_for()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
