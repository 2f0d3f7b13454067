"""A database that is away, locked or full: told in one way, and no reason to restart anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import psycopg
import pytest
from sqlalchemy import text

from ostinato.errors import StoreError, StoreUnavailable
from ostinato.store import accounts, database, sqlite
from ostinato.store.database import DatabaseClock, Store
from ostinato.store.versioning import open_schema
from ostinato.testing.children import run_together
from ostinato.testing.factories import NOON, make_account
from ostinato.testing.postgres import PostgresServer

FILL_THE_DISK = """
import resource, sys
from ostinato.errors import StoreUnavailable
from ostinato.store.database import Store
from ostinato.testing.factories import NOON, make_account
from ostinato.store import accounts

store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
try:
    for number in range(100):
        many = [make_account(f"{number}-{more}") for more in range(100)]
        with store.write() as tx:
            accounts.add_accounts(tx, many, source="s", now=NOON)
except StoreUnavailable as error:
    print(error.message)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with store.write() as tx:
    print(accounts.count_accounts(tx) % 100)
    accounts.add_accounts(tx, [make_account("last")], source="s", now=NOON)
"""
HOLD_THE_LOCK = """
import sys
from ostinato.store.database import Store
with Store(sys.argv[1]).write():
    print("held", flush=True)
    sys.stdin.readline()
"""


def add(store: Store, token: str) -> None:
    """Add one account."""
    with store.write() as tx:
        accounts.add_accounts(tx, [make_account(token)], source="s", now=NOON)


def count(store: Store) -> int:
    """Count the accounts."""
    with store.read() as tx:
        return accounts.count_accounts(tx)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of a database file."""
    return tmp_path / "ostinato.db"


@pytest.fixture
def sqlite_store(path: Path) -> Iterator[Store]:
    """Lend a store on SQLite."""
    store = Store(f"sqlite:///{path}")
    open_schema(store)
    yield store
    store.close()


@pytest.fixture
def server_store(postgres_server: PostgresServer) -> Iterator[Store]:
    """Lend a store on a PostgreSQL server of its own."""
    store = Store(postgres_server.url())
    open_schema(store)
    yield store
    store.close()


def test_a_folder_that_is_missing_is_an_outage(tmp_path: Path) -> None:
    """It may be a disk that is not mounted yet: the same call succeeds when it is."""
    folder = tmp_path / "mounted-later"
    store = Store(f"sqlite:///{folder / 'ostinato.db'}")

    with pytest.raises(StoreUnavailable, match="unable to open database file") as caught:
        open_schema(store)
    folder.mkdir()
    open_schema(store)
    store.close()

    assert "check that" in caught.value.hint


def test_a_file_that_is_no_database_is_an_error(path: Path) -> None:
    """Trying again would not help, so it is not called an outage."""
    path.write_text("accounts: {}\n" * 100)
    store = Store(f"sqlite:///{path}")

    with pytest.raises(StoreError, match="not a database") as caught:
        open_schema(store)

    assert not isinstance(caught.value, StoreUnavailable)
    store.close()


def test_a_database_of_somebody_else_is_an_error(sqlite_store: Store) -> None:
    """A table that is missing does not come by waiting."""
    with sqlite_store.write() as tx:
        tx.execute(text("DROP TABLE audit"))

    with pytest.raises(StoreError, match="does not have the expected schema") as caught:
        clear_audit(sqlite_store)

    assert not isinstance(caught.value, StoreUnavailable)


def clear_audit(store: Store) -> None:
    """Delete what the audit log holds."""
    with store.write() as tx:
        tx.execute(text("DELETE FROM audit"))


def test_a_lock_that_does_not_end_is_an_outage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that waits longer than is reasonable says so; readers go on, and so do writers afterwards."""
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.3)
    store = Store(f"sqlite:///{path}")
    open_schema(store)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, f"sqlite:///{path}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"

    with pytest.raises(StoreUnavailable, match="database is locked"):
        add(store, "a")
    assert count(store) == 0
    holder.communicate("\n")
    add(store, "a")

    assert count(store) == 1
    store.close()


def test_a_full_database_is_an_outage(sqlite_store: Store) -> None:
    """What did not fit is rolled back as a whole; with room again the same store goes on."""
    with sqlite_store.write() as tx:
        pages = tx.execute(text("PRAGMA page_count")).scalar_one()
        tx.execute(text(f"PRAGMA max_page_count = {pages + 2}"))

    with pytest.raises(StoreUnavailable, match="full"):
        add_many(sqlite_store)
    assert count(sqlite_store) == 0
    with sqlite_store.write() as tx:
        tx.execute(text("PRAGMA max_page_count = 1000000"))
    add_many(sqlite_store)

    assert count(sqlite_store) == 1_000


def add_many(store: Store) -> None:
    """Add a thousand accounts at once."""
    with store.write() as tx:
        accounts.add_accounts(tx, [make_account(f"a{number}") for number in range(1_000)], source="s", now=NOON)


def test_a_disk_without_room_is_an_outage(sqlite_store: Store) -> None:
    """When the system refuses to write, nothing half-written is left, and it goes on when there is room."""
    (output,) = run_together(FILL_THE_DISK, [(str(sqlite_store.url),)])

    said, left_over = output.splitlines()
    assert "is not available" in said
    assert left_over == "0"
    assert count(sqlite_store) % 100 == 1


def test_postgresql_may_be_stopped_and_started(postgres_server: PostgresServer, server_store: Store) -> None:
    """While it is away every call says so, and the first call after it is back succeeds."""
    add(server_store, "a")
    postgres_server.stop()

    with pytest.raises(StoreUnavailable):
        add(server_store, "b")
    with pytest.raises(StoreUnavailable):
        count(server_store)
    postgres_server.start()
    add(server_store, "c")

    assert count(server_store) == 2


def test_a_restart_between_two_calls_goes_unnoticed(postgres_server: PostgresServer, server_store: Store) -> None:
    """Connections that were kept are tried before they are used."""
    with ExitStack() as many:
        for _ in range(3):
            many.enter_context(server_store.read())
    postgres_server.restart()

    add(server_store, "a")

    assert count(server_store) == 1


@pytest.mark.parametrize("when", ["before the commit", "before a statement"])
def test_a_crash_in_a_transaction_leaves_nothing_of_it(
    postgres_server: PostgresServer, server_store: Store, when: str
) -> None:
    """Whoever was writing is told, and may do the same again."""

    def write_through_a_crash() -> None:
        with server_store.write() as tx:
            accounts.add_accounts(tx, [make_account("a")], source="s", now=NOON)
            postgres_server.kill()
            if when == "before a statement":
                accounts.count_accounts(tx)

    with pytest.raises(StoreUnavailable):
        write_through_a_crash()
    postgres_server.start()

    assert count(server_store) == 0
    add(server_store, "a")
    assert count(server_store) == 1


def test_a_connection_that_is_cut_is_an_outage(postgres_url: str) -> None:
    """As when an administrator ends it, or a network forgets it."""
    store = Store(postgres_url)
    open_schema(store)

    def write_while_cut() -> None:
        with store.write() as tx:
            backend = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as administrator:
                administrator.execute("SELECT pg_terminate_backend(%s, 10000)", [backend])
            accounts.count_accounts(tx)

    with pytest.raises(StoreUnavailable):
        write_while_cut()

    add(store, "a")
    assert count(store) == 1
    store.close()


def test_the_clock_goes_on_while_the_database_is_away(postgres_server: PostgresServer, server_store: Store) -> None:
    """Leases are judged by it: it counts on from the last answer, and asks again as soon as it can."""
    clock = DatabaseClock(server_store, ask_every_seconds=0)
    before = clock.now()
    postgres_server.stop()
    away = clock.now()
    postgres_server.start()

    assert before < away < clock.now()


def test_two_that_block_each_other_are_told_to_try_again(postgres_url: str) -> None:
    """PostgreSQL ends one of two transactions that wait for each other; that is no error of the program."""
    store = Store(postgres_url)
    open_schema(store)
    for token in ("a", "b"):
        add(store, token)

    def pause_both(first: str, second: str, mine: Event, theirs: Event) -> bool:
        with store.write() as tx:
            accounts.pause_account(tx, first, actor="", reason="", now=NOON)
            mine.set()
            theirs.wait()
            return accounts.pause_account(tx, second, actor="", reason="", now=NOON)

    one, two = Event(), Event()
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(pause_both, "a", "b", one, two), pool.submit(pause_both, "b", "a", two, one)]
        wait(futures)

    errors = [future.exception() for future in futures]
    assert sorted(error is None for error in errors) == [False, True]
    (told,) = [error for error in errors if error is not None]
    assert isinstance(told, StoreUnavailable)
    assert "deadlock" in str(told)
    store.close()


def test_more_threads_than_connections_wait_their_turn(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no connection comes free in time, that is an outage like any other."""
    monkeypatch.setattr(database, "POOL_SECONDS", 0.1)
    store = Store(postgres_url)

    def open_many() -> None:
        with ExitStack() as many:
            for _ in range(100):
                many.enter_context(store.read())

    with pytest.raises(StoreUnavailable, match="no connection"):
        open_many()
    with store.read() as tx:
        assert tx.execute(text("SELECT 1")).scalar_one() == 1
    store.close()
