"""Lists that are narrowed and that grow: what is searched is found, and what was read stays."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect
from tests.console.browsing import Open, serve

from ostinato.operations.noting import note
from ostinato.operations.people import Person
from ostinato.world import open_world

ADA = Person("ada")
AUDIT_PAGE = 200
"""So many entries of the audit log are read at once."""


def test_a_label_with_spaces_is_searched_in_quotes(open_page: Open, shop_console: str) -> None:
    """A quote that is not closed yet is told, and means what stands in it so far."""
    page = open_page("/", url=shop_console)
    accounts = page.get_by_role("rowheader")
    expect(accounts.filter(has_text="acme")).to_be_visible()
    search = page.get_by_role("searchbox")

    search.fill('tier:"very gold"')
    expect(accounts.filter(has_text="acme")).to_have_count(0)
    expect(accounts.filter(has_text="bolt")).to_be_visible()
    expect(page.get_by_text("1 account", exact=True)).to_be_visible()
    expect(search).to_have_attribute("aria-invalid", "false")
    search.fill('tier:"very gold')

    expect(page.get_by_text('A quote is not closed: write tier:"very gold"')).to_be_visible()
    expect(accounts.filter(has_text="bolt")).to_be_visible()


def test_no_entry_is_lost_while_the_audit_log_grows(open_page: Open, own_project: Path) -> None:
    """Older ones that were read stay, and what is new comes to stand before them, by itself."""

    def take_notes(count: int) -> None:
        with open_world(own_project) as world:
            for number in range(count):
                note(world, "1", f"number {number}", by=ADA)

    take_notes(AUDIT_PAGE + 5)
    with serve(own_project) as url:
        page = open_page("/audit", url=url)
        table = page.get_by_role("table", name="Audit")
        expect(table).to_have_attribute("aria-rowcount", str(1 + AUDIT_PAGE))
        page.keyboard.press("End")
        expect(table).to_have_attribute("aria-rowcount", str(1 + AUDIT_PAGE + 5))

        take_notes(3)

        expect(table).to_have_attribute("aria-rowcount", str(1 + AUDIT_PAGE + 5 + 3))
