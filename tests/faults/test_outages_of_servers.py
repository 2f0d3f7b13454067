"""Servers and networks that fail, as the store sees them: noticed in bounded time, and over when they are mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import make_url, text
from tests.faults.network import Door

from ostinato.clock import ManualClock
from ostinato.errors import StoreError, StoreUnavailable
from ostinato.store import postgres
from ostinato.store.database import DatabaseClock, Store
from ostinato.testing.factories import NOON
from ostinato.testing.postgres import PostgresServer

QUICK = {"connect_timeout": 2, "tcp_user_timeout": 500, "keepalives_idle": 1, "keepalives_interval": 1}
AN_HOUR_LATE = """
    CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
    AS $$ SELECT pg_catalog.clock_timestamp() - interval '1 hour' $$
"""


@pytest.fixture
def door(postgres_url: str) -> Iterator[Door]:
    """Lend a door to the server."""
    with Door(postgres_url) as door:
        yield door


@pytest.fixture
def store(door: Door) -> Iterator[Store]:
    """Lend a store behind the door."""
    store = Store(door.url(**QUICK))
    yield store
    store.close()


def ask(store: Store) -> int:
    """Have the store answer, in a transaction that may write."""
    with store.write() as tx:
        answer: int = tx.execute(text("SELECT 42")).scalar_one()
        return answer


def test_a_network_that_is_cut_is_an_outage(store: Store, door: Door) -> None:
    """It says so at once, and the next call after it is mended succeeds."""
    ask(store)
    door.cut()

    with pytest.raises(StoreUnavailable):
        ask(store)
    door.mend()

    assert ask(store) == 42


def test_a_silent_network_is_noticed(store: Store, door: Door) -> None:
    """Nobody closes a connection, nobody refuses one: what is not acknowledged in time is an outage, and so is that."""

    def ask_when_it_falls_silent() -> None:
        with store.write() as tx:
            door.fall_silent()
            tx.execute(text("SELECT 42"))

    with pytest.raises(StoreUnavailable):
        ask_when_it_falls_silent()
    with pytest.raises(StoreUnavailable):
        ask(store)
    door.mend()

    assert ask(store) == 42


def test_silence_is_bounded_where_nothing_is_said_of_it(postgres_url: str) -> None:
    """What the address does not say has a default; what it says holds."""
    with Door(postgres_url) as door:
        store = Store(door.url(keepalives_idle=77))
        with store.read() as tx:
            driver: Any = tx.connection.driver_connection
            asked = driver.info.get_parameters()
            served = tx.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one()
        store.close()

    expected = {**postgres.CONNECTING, "keepalives_idle": 77}
    assert {name: asked[name] for name in expected} == {name: str(value) for name, value in expected.items()}
    assert served == "1min"


def test_a_frozen_server_is_noticed(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that acknowledges all and answers nothing is an outage when it answers no new connection either."""
    monkeypatch.setattr(postgres, "SILENCE_SECONDS", 0.2)
    store = Store(postgres_server.url() + "&connect_timeout=2")
    ask(store)

    with frozen(postgres_server), pytest.raises(StoreUnavailable, match="does not answer, nor does it take"):
        ask(store)

    assert ask(store) == 42
    store.close()


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """Have all processes of a server stand still."""
    assert server.pid is not None
    postmaster = psutil.Process(server.pid)
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def test_who_is_slow_is_waited_for(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement may take as long as it likes while the server answers others."""
    monkeypatch.setattr(postgres, "SILENCE_SECONDS", 0.1)
    store = Store(postgres_url)

    with store.read() as tx:
        tx.execute(text("SELECT pg_sleep(0.5)"))
        assert tx.execute(text("SELECT 42")).scalar_one() == 42
    store.close()


def test_a_server_that_only_reads_by_now_is_an_outage(postgres_server: PostgresServer) -> None:
    """As one is that another has taken over from. It is connected to anew, where another may answer."""
    store = Store(postgres_server.url())
    administrator = psycopg.connect(postgres_server.url().replace("+psycopg", ""), autocommit=True)
    with store.write() as tx:
        tx.execute(text("CREATE TABLE numbers (number integer)"))
    administrator.execute("ALTER ROLE postgres SET default_transaction_read_only = on")
    store.close()

    def add() -> None:
        with store.write() as tx:
            tx.execute(text("INSERT INTO numbers VALUES (1)"))

    with pytest.raises(StoreUnavailable, match="read-only"):
        add()
    administrator.execute("ALTER ROLE postgres RESET default_transaction_read_only")
    add()

    assert ask(store) == 42
    administrator.close()
    store.close()


def test_what_is_wrong_is_no_outage(postgres_url: str) -> None:
    """To try again what the database refuses would be in vain."""
    store = Store(postgres_url)

    for statement in (
        "SELECT * FROM nowhere",
        "SELECT 1 / 0",
        "SELEKT 1",
        "CREATE TABLE t (a integer CHECK (a > 'x'))",
    ):
        with pytest.raises(StoreError) as caught, store.write() as tx:
            tx.execute(text(statement))
        assert not isinstance(caught.value, StoreUnavailable), statement
    store.close()


def test_who_stands_still_in_a_transaction_loses_its_locks(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its transaction is ended for it, so that others go on; when it wakes up, that is an outage to it."""
    monkeypatch.setitem(postgres.SERVING, "idle_in_transaction_session_timeout", "300ms")
    sleeper, other = Store(postgres_url), Store(postgres_url)
    with other.write() as tx:
        tx.execute(text("CREATE TABLE numbers (number integer PRIMARY KEY)"))

    def add(store: Store) -> None:
        with store.write() as tx:
            tx.execute(text("INSERT INTO numbers VALUES (1)"))

    def add_while_another_adds() -> None:
        with sleeper.write() as tx:
            tx.execute(text("INSERT INTO numbers VALUES (1)"))
            add(other)
            tx.execute(text("SELECT 42"))

    with pytest.raises(StoreUnavailable):
        add_while_another_adds()

    assert ask(sleeper) == 42
    sleeper.close()
    other.close()


def test_who_has_slept_asks_for_the_time(postgres_url: str) -> None:
    """The clock that it counts on by has stood still meanwhile. While nothing happens, it is not asked."""
    store = Store(postgres_url)
    clock = DatabaseClock(store, ask_every_seconds=3600)
    machine = ManualClock(NOON)
    clock._machine = machine  # type: ignore[assignment]
    first = clock.now()
    counted_on = clock.now()
    machine._now += timedelta(hours=8)

    assert counted_on == first
    assert clock.now() > first
    store.close()


def test_the_clock_of_another_server_is_asked_at_once(
    postgres_url: str,
) -> None:
    """Where connections were made anew, another server may answer, and its clock is the one that counts."""
    own_functions_first = {"options": "-csearch_path=public,pg_catalog"}
    url = make_url(postgres_url).update_query_dict(own_functions_first)
    store = Store(url.render_as_string(hide_password=False))
    clock = DatabaseClock(store, ask_every_seconds=3600)
    before = clock.now()
    with store.write() as tx:
        tx.execute(text(AN_HOUR_LATE))
    store.close()
    counted_on = clock.now()
    ask(store)

    assert before <= counted_on
    assert clock.now() < before - timedelta(minutes=59)
    store.close()
