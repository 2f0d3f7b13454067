"""Transactions: what is committed, what is seen, what is rolled back, and how errors are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from tests.counting import count_rows

from ostinato.clock import SystemClock
from ostinato.errors import ConfigurationError, StoreError
from ostinato.store import accounts, journal
from ostinato.store import schema as t
from ostinato.store.database import DatabaseClock, Store, Tx
from ostinato.store.types import to_microseconds
from ostinato.testing.factories import NOON, make_account
from ostinato.testing.night import Night, open_night


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """Lend a store on SQLite."""
    with open_night(f"sqlite:///{tmp_path / 'ostinato.db'}") as night:
        yield night.store


Opens = Callable[[Store], AbstractContextManager[Tx]]


def add(tx: Tx, token: str) -> None:
    """Add one account."""
    accounts.add_accounts(tx, [make_account(token)], source="s", now=NOON)


def tokens(store: Store) -> list[str]:
    """Name the accounts that are committed."""
    with store.read() as tx:
        return [account.token for account in accounts.list_accounts(tx)]


def test_what_is_written_is_committed_at_the_end(store: Store) -> None:
    """Nobody sees it before, everybody after."""
    with store.write() as tx:
        add(tx, "a")
        assert tokens(store) == []

    assert tokens(store) == ["a"]


def test_an_error_rolls_all_of_it_back(store: Store) -> None:
    """And passes through as it was raised."""
    with pytest.raises(LookupError, match="oops"):
        fail_after_adding(store.write())

    assert tokens(store) == []


def fail_after_adding(opened: AbstractContextManager[Tx]) -> None:
    """Add an account, and fail for a reason that has nothing to do with the database."""
    with opened as tx:
        add(tx, "a")
        raise LookupError("oops")


def test_a_refused_statement_rolls_all_of_it_back(store: Store) -> None:
    """The error says which rule was broken, and nothing of what the row holds: that may be private."""
    with pytest.raises(StoreError, match=r"accounts_token_key|UNIQUE constraint failed") as caught:
        add_all(store, ["secret-name", "secret-name"])

    assert "secret-name" not in str(caught.value)
    assert tokens(store) == []


def add_all(store: Store, names: Iterable[str]) -> None:
    """Add accounts in one transaction."""
    with store.write() as tx:
        for name in names:
            add(tx, name)


def test_a_reader_sees_one_state(store: Store) -> None:
    """However long it reads, and from however many tables: what is committed meanwhile is for the next reader."""
    with store.write() as tx:
        add(tx, "a")

    with store.read() as reader:
        before = accounts.count_accounts(reader)
        with store.write() as writer:
            add(writer, "b")
            journal.raise_revision(writer, "declared")
        after = accounts.count_accounts(reader), journal.get_revision(reader, "declared")

    assert (before, after) == (1, (1, 0))
    assert tokens(store) == ["a", "b"]


def test_a_rehearsal_sees_its_changes_and_leaves_none(night: Night) -> None:
    """All that a pass would do can be done and looked at; nothing of it is there afterwards."""
    night.declare(accounts=[make_account("a")])
    night.tick()
    before = count_rows(night.store)

    with night.store.rehearse() as tx:
        add(tx, "b")
        accounts.remove_accounts(tx, ["a"])
        seen = [account.token for account in accounts.list_accounts(tx)]

    assert seen == ["b"]
    assert tokens(night.store) == ["a"]
    assert count_rows(night.store) == before


def test_a_rehearsal_that_fails_leaves_nothing(store: Store) -> None:
    """And the error passes through."""
    with pytest.raises(LookupError, match="oops"):
        fail_after_adding(store.rehearse())

    assert tokens(store) == []


@pytest.mark.parametrize("opens", [Store.write, Store.read, Store.rehearse], ids=["write", "read", "rehearse"])
def test_a_connection_remembers_nothing(store: Store, opens: Opens) -> None:
    """Whatever a connection was used for before, the next transaction on it is what it says."""
    with opens(store) as tx:
        accounts.count_accounts(tx)

    with store.write() as tx:
        add(tx, "a")

    assert tokens(store) == ["a"]


def test_writers_wait_for_each_other(store: Store) -> None:
    """Threads that change one row one after the other lose no change."""
    with store.write() as tx:
        journal.raise_revision(tx, "declared")
    together = threading.Barrier(4)

    def raise_often(_: int) -> None:
        together.wait()
        for _ in range(25):
            with store.write() as tx:
                journal.raise_revision(tx, "declared")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(raise_often, range(4)))

    with store.read() as tx:
        assert journal.get_revision(tx, "declared") == 101


def test_a_writer_on_sqlite_reads_nothing_stale(sqlite_store: Store) -> None:
    """A writing transaction has the lock from its beginning: what it reads stays true until it commits."""
    with ThreadPoolExecutor(1) as pool:
        with sqlite_store.write() as tx:
            other = pool.submit(add_all, sqlite_store, ["other"])
            assert wait([other], timeout=0.2).not_done
            add(tx, f"after {accounts.count_accounts(tx)}")
        other.result()

    assert tokens(sqlite_store) == ["after 0", "other"]


def test_sqlite_is_set_up_to_be_safe(sqlite_store: Store) -> None:
    """Every connection has foreign keys on, WAL, and a commit that survives a power cut."""
    pragmas = ("foreign_keys", "journal_mode", "synchronous")
    with sqlite_store.write() as one, sqlite_store.read() as two:
        answers = [[tx.execute(text(f"PRAGMA {pragma}")).scalar() for pragma in pragmas] for tx in (one, two)]

    assert answers == [[1, "wal", 2]] * 2


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://root@localhost/x", "no support for a database of kind 'mysql'"),
        ("sqlite://", "needs a database file"),
        ("sqlite:///:memory:", "needs a database file"),
    ],
)
def test_an_address_that_will_not_do_is_refused(url: str, words: str) -> None:
    """At once, and with what to write instead."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        Store(url)

    assert "sqlite:///" in caught.value.hint


def test_a_location_is_shown_without_its_password() -> None:
    """It stands in messages and logs."""
    store = Store("postgresql://ann:geheim@host/name")

    assert store.location == "postgresql+psycopg://ann:***@host/name"


def test_the_clock_of_the_database_counts_on(postgres_url: str) -> None:
    """It tells the database's time, asks it now and then, and goes forward in between."""
    store = Store(postgres_url)
    with store.read() as tx:
        asked = tx.execute(select(func.clock_timestamp())).scalar_one()

    clock = DatabaseClock(store)
    times = [clock.now() for _ in range(3)]

    assert asked <= times[0] <= times[1] <= times[2]
    assert times[2] - asked < timedelta(minutes=1)
    assert clock.monotonic() <= SystemClock().monotonic()
    store.close()


def test_values_of_the_schema_come_back_exactly(store: Store) -> None:
    """Instants to the microsecond, far in the past and in the future; naive ones are refused."""
    far = [NOON.replace(year=year, microsecond=999_999) for year in (1970, 1900, 2026, 9998)]
    with store.write() as tx:
        for number, at in enumerate(far):
            tx.execute(insert(t.leases).values(name=str(number), holder="", expires_at=at))
        assert tx.execute(select(t.leases.c.expires_at).order_by(t.leases.c.name)).scalars().all() == far

    with pytest.raises(ValueError, match="needs a time zone"):
        to_microseconds(NOON.replace(tzinfo=None))
