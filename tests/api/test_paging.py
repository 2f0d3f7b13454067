"""Pages of lists: rows that come or go while somebody reads neither fall between two pages nor show twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from ostinato.api.paging import MOST, cut_whole, read_cursor, write_cursor
from ostinato.errors import InvalidValue
from ostinato.testing.factories import make_account, make_chain
from ostinato.testing.night import Night

API = "/api/v1"
NAMES = st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"))


def read_page(client: TestClient, path: str, **params: Any) -> tuple[list[str], str | None]:
    """Return the names on a page, and where the next one begins."""
    page = client.get(f"{API}/{path}", params=params).json()
    return [str(item[path.removesuffix("s")]) for item in page["items"]], page["next"]


@pytest.fixture
def busy(night: Night) -> Night:
    """Lend a night with slots of two definitions for three accounts, and of one for none."""
    accounts = [make_account(token) for token in ("acme", "bolt", "cord")]
    night.declare(accounts=accounts, definitions=make_chain("load", "sum", matrix="account"))
    night.tick()
    return night


def test_pages_of_slots_are_the_whole_list(client: TestClient, busy: Night) -> None:
    """Whatever their size: slots that start at the same instant follow each other by name."""
    whole, following = read_page(client, "slots", limit=MOST)
    assert following is None
    assert len(whole) > 20

    for limit in (1, 4, 7):
        names, cursor = read_page(client, "slots", limit=limit)
        while cursor is not None:
            more, cursor = read_page(client, "slots", limit=limit, cursor=cursor)
            names += more
        assert names == whole


def test_slots_that_come_do_not_shift_the_next_page(client: TestClient, busy: Night) -> None:
    """Newer ones stand before the first page by then."""
    whole, _ = read_page(client, "slots", limit=MOST)
    first, cursor = read_page(client, "slots", limit=5)
    busy.clock.advance(timedelta(days=3))
    busy.tick()
    assert read_page(client, "slots", limit=5)[0] != first

    second, _ = read_page(client, "slots", limit=5, cursor=cursor)

    assert first + second == whole[:10]


def test_rows_that_go_do_not_shift_the_next_page(client: TestClient, busy: Night) -> None:
    """Not even the one that the cursor names."""
    whole, _ = read_page(client, "slots", limit=MOST)
    _, cursor = read_page(client, "slots", limit=5)
    gone = whole[4].split("/")[1]
    busy.declare(accounts=[make_account(token) for token in ("acme", "bolt", "cord") if token != gone])
    busy.tick()

    following, _ = read_page(client, "slots", limit=3, cursor=cursor)

    assert following == [name for name in whole[5:] if name.split("/")[1] != gone][:3]


def test_pages_of_runs_go_back_in_time(client: TestClient, busy: Night) -> None:
    """By their numbers, whatever is created meanwhile."""
    whole, _ = read_page(client, "runs", limit=MOST)
    first, cursor = read_page(client, "runs", limit=2)
    busy.clock.advance(timedelta(days=1))
    busy.tick()

    second, _ = read_page(client, "runs", limit=2, cursor=cursor)

    assert len(whole) > 3
    assert first + second == whole[:4]


def test_lists_that_are_known_as_a_whole_are_counted(client: TestClient, busy: Night) -> None:
    """Others are not: that would cost more than the page."""
    accounts, slots = (client.get(f"{API}/{path}", params={"limit": 2}).json() for path in ("accounts", "slots"))

    assert (accounts["total"], slots["total"]) == (3, None)


@given(
    before=st.sets(NAMES, max_size=20),
    after=st.sets(NAMES, max_size=20),
    limit=st.integers(min_value=1, max_value=5),
)
def test_what_is_there_all_the_time_is_seen_once(before: set[str], after: set[str], limit: int) -> None:
    """Of a list that changes between the first page and the others."""
    page = cut_whole(before, limit=limit, cursor=None, key=str)
    seen = page["items"]
    while page["next"] is not None:
        page = cut_whole(after, limit=limit, cursor=page["next"], key=str)
        seen = [*seen, *page["items"]]

    assert len(seen) == len(set(seen))
    assert before & after <= set(seen)


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_a_cursor_reads_as_it_was_written(texts: list[str]) -> None:
    """And fits into an address as it is."""
    cursor = write_cursor(tuple(texts))

    assert cursor.isascii()
    assert not set(cursor) & set("+/=?&#% ")
    assert read_cursor(cursor, *[str] * len(texts)) == tuple(texts)


@given(st.text(max_size=30))
def test_any_other_text_is_no_cursor(text: str) -> None:
    """It is refused, and nothing worse."""
    with pytest.raises(InvalidValue, match="no cursor"):
        read_cursor(text, str, int, str)
