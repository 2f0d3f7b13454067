"""report: make the page of the week from ``start`` until before ``end``.

``report/index.html`` is a copy of the latest week's page that is there.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from jobs.command import iso_date, run
from jobs.landing import airline_names
from jobs.report.facts import gather_facts
from jobs.report.page import render_page
from jobs.warehouse import snapshot

PAGES = Path("report")


def report(start: str, end: str) -> str:
    """Replace the page of the week, and the index if there is no later page."""
    with snapshot() as warehouse:
        facts = gather_facts(warehouse, date.fromisoformat(start), date.fromisoformat(end), airline_names())
    PAGES.mkdir(exist_ok=True)
    page = PAGES / f"week-{start}.html"
    _replace(page, render_page(facts))
    latest = max(PAGES.glob("week-*.html"))
    _replace(PAGES / "index.html", latest.read_text(encoding="utf-8"))
    return f"{page}: {facts.week.flights:,} flights in {len(facts.week_days)} days of the week"


def _replace(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` so that at every moment either the old or the new page is there, whole."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    run(report, start=iso_date, end=iso_date)
