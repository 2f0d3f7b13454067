"""The live stream: who listens is told, a hundred cost what one costs, and nobody holds up anybody else."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import event

from ostinato.api.access import Access
from ostinato.api.app import make_app
from ostinato.api.feed import Feed, Listener
from ostinato.api.routes.live import follow
from ostinato.clock import SystemClock
from ostinato.config import Config
from ostinato.console.server import ConsoleServer
from ostinato.operations.news import FLEET, NIGHT, RUNS, Reporter
from ostinato.operations.night import Nights
from ostinato.store.database import Store
from ostinato.store.versioning import open_schema
from ostinato.testing.factories import make_account, make_chain
from ostinato.testing.listening import PATIENCE_SECONDS, wait_until
from ostinato.testing.night import Night
from ostinato.testing.postgres import PostgresServer
from ostinato.world import World

FOR_EVER = 3_600.0
"""A feed that looks so seldom looks once when somebody comes, and then when a test says so."""


class Page:
    """A page that listens: what it was told, as events with their data."""

    def __init__(self, feed: Feed, *topics: str, last: str | None = None) -> None:
        self._feed, self._woken = feed, Event()
        self.listener = feed.join(topics or (NIGHT,), self._woken.set, last=last)
        self.told: list[tuple[str, Any]] = []
        self.ids: list[str] = []
        self.is_over = False

    def wait_for(self, name: str) -> Any:
        """Wait until an event of that name has come; return its data."""
        while not any(told == name for told, _ in self.told):
            assert self._woken.wait(PATIENCE_SECONDS), self.told
            self.take()
        return next(data for told, data in self.told if told == name)

    def take(self) -> list[str]:
        """Take what has come; return the events."""
        self._woken.clear()
        text, self.is_over = self.listener.take()
        events = [read_event(part) for part in text.decode().split("\n\n") if part]
        self.told += [(one["event"], json.loads(one["data"])) for one in events]
        self.ids += [one["id"] for one in events if "id" in one]
        return [one["event"] for one in events]

    def leave(self) -> None:
        """Listen no longer."""
        self._feed.leave(self.listener)


def read_event(text: str) -> dict[str, str]:
    """Read one server-sent event."""
    return dict(line.split(": ", 1) for line in text.splitlines())


@pytest.fixture
def stopping() -> Iterator[Event]:
    """Lend what stops a feed; it is stopped in the end in any case."""
    stopping = Event()
    yield stopping
    stopping.set()


@pytest.fixture
def feed(night: Night, world: World, stopping: Event) -> Feed:
    """Lend a feed of a night with something in it."""
    declare(night)
    return Feed(partial(Reporter, Nights(world)), stopping, look_seconds=FOR_EVER)


def declare(night: Night) -> None:
    """Declare two accounts and a chain of two definitions."""
    night.declare(
        accounts=[make_account("acme"), make_account("bolt")], definitions=make_chain("load", "agg", matrix="account")
    )
    night.tick()


def list_slots(page: Page) -> dict[str, str]:
    """Return the statuses of the slots that a page was told of."""
    return {cell["slot"]: cell["status"] for name, data in page.told if name == "slots" for cell in data["cells"]}


def test_who_listens_is_told_what_changes_after_the_welcome(night: Night, feed: Feed) -> None:
    """And only what is asked for."""
    page = Page(feed)
    page.wait_for("welcome")
    fleet = Page(feed, FLEET)
    feed.look()
    night.finish("load/acme/2026-01-09")

    feed.look()

    page.wait_for("slots")
    assert list_slots(page)["load/acme/2026-01-09"] == "success"
    assert {name for name, _ in page.told} == {"welcome", "slots"}
    assert fleet.take() == ["welcome"]


def test_a_hundred_pages_cost_the_database_what_one_costs(night: Night, feed: Feed) -> None:
    """As many statements are sent, whoever listens; all are told the same."""
    sent: list[str] = []
    event.listen(night.store.engine, "before_cursor_execute", lambda *about: sent.append(about[2]))

    def count(change: Callable[[], object]) -> int:
        change()
        sent.clear()
        feed.look()
        return len(sent)

    pages = [Page(feed, NIGHT, RUNS)]
    pages[0].wait_for("welcome")
    night.finish("load/acme/2026-01-08")
    feed.look()
    by_one = count(lambda: night.finish("load/acme/2026-01-09"))
    pages += [Page(feed, NIGHT, RUNS) for _ in range(99)]
    feed.look()

    by_hundred = count(lambda: night.finish("load/bolt/2026-01-09"))

    assert by_hundred == by_one > 0
    for page in pages:
        page.take()
    assert all(list_slots(page)["load/bolt/2026-01-09"] == "success" for page in pages)


def test_it_looks_only_while_somebody_listens(night: Night, world: World, stopping: Event) -> None:
    """When the last one has gone it ends by itself; the next one has it begin again."""
    declare(night)
    feed = Feed(partial(Reporter, Nights(world)), stopping, look_seconds=0.01)
    looking = [feed.is_looking]

    page = Page(feed)
    page.wait_for("welcome")
    looking.append(feed.is_looking)
    page.leave()
    wait_until(lambda: not feed.is_looking, "nobody looks any more")
    again = Page(feed)
    again.wait_for("welcome")
    night.finish("load/acme/2026-01-09")

    assert looking == [False, True]
    wait_until(
        lambda: again.take() is not None and list_slots(again).get("load/acme/2026-01-09") == "success",
        "the page is told of the success",
    )


def test_a_page_that_is_too_slow_is_let_go(night: Night, world: World, stopping: Event) -> None:
    """It is told to read everything again; the others are told everything."""
    declare(night)
    feed = Feed(partial(Reporter, Nights(world)), stopping, look_seconds=FOR_EVER, most_waiting=2)
    quick = Page(feed, RUNS)
    quick.wait_for("welcome")
    slow = Page(feed, RUNS)
    feed.look()
    quick.take()
    for slot in ("load/acme/2026-01-08", "load/acme/2026-01-09", "load/bolt/2026-01-08"):
        night.finish(slot)
        feed.look()
        quick.take()

    events = slow.take()

    assert (events, slow.is_over, feed.listeners) == (["reload"], True, 1)
    assert [name for name, _ in quick.told] == ["welcome", "runs", "runs", "runs"]


def test_who_comes_back_is_told_what_it_has_missed(night: Night, feed: Feed) -> None:
    """By the last message that it heard; where that is not known any more it is told to read everything."""
    other = Page(feed)
    other.wait_for("welcome")
    page = Page(feed)
    feed.look()
    night.finish("load/acme/2026-01-09")
    feed.look()
    page.take()
    page.leave()
    night.finish("load/bolt/2026-01-09")
    feed.look()

    back, stranger = Page(feed, last=page.ids[-1]), Page(feed, last="somewhere-7")

    back.take()
    assert list_slots(back)["load/bolt/2026-01-09"] == "success"
    assert "load/acme/2026-01-09" not in list_slots(back)
    assert stranger.take() == ["reload"]


def _hears_the_end(page: Page) -> bool:
    return page.take() is not None and page.is_over


def test_stopping_ends_everybody_at_once(feed: Feed, stopping: Event) -> None:
    """Though the next look is an hour away; and who comes after is sent away."""
    pages = [Page(feed) for _ in range(3)]
    pages[0].wait_for("welcome")

    stopping.set()

    for page in pages:
        wait_until(partial(_hears_the_end, page), "the page is told of the end")
    wait_until(lambda: not feed.is_looking, "nobody looks any more")
    late = Page(feed)
    late.take()
    assert late.is_over


def test_an_outage_is_told_and_survived(postgres_server: PostgresServer, stopping: Event, tmp_path: Path) -> None:
    """Once; when the database answers again everything is to be read anew."""
    store = Store(postgres_server.url())
    open_schema(store)
    world = World(Config(folder=tmp_path, database=postgres_server.url()), store, SystemClock())
    feed = Feed(partial(Reporter, Nights(world)), stopping, look_seconds=FOR_EVER)
    page = Page(feed)
    page.wait_for("welcome")
    feed.look()

    postgres_server.stop()
    feed.look()
    feed.look()
    away = page.take()
    postgres_server.start()
    feed.look()

    assert (away, page.take()) == (["away"], ["reload"])
    store.close()


def test_listeners_know_when_there_is_nothing_to_take() -> None:
    """They are woken once for several things."""
    woken: list[bool] = []
    listener = Listener([NIGHT], lambda: woken.append(True))

    assert listener.take() == (b"", False)
    assert listener.offer([b"a", b"b"])

    assert (listener.take(), listener.take(), woken) == ((b"ab", False), (b"", False), [True])


@contextmanager
def open_stream(url: str, topics: str = "night") -> Iterator[HTTPResponse]:
    """Ask a real server for its stream."""
    host = urlsplit(url)
    connection = HTTPConnection(host.hostname or "", host.port, timeout=PATIENCE_SECONDS)
    connection.request("GET", f"/api/v1/stream?topics={topics}")
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def read_until(stream: HTTPResponse, word: bytes) -> bytes:
    """Read lines until one has the word in it; return that line."""
    while line := stream.readline():
        if word in line:
            return line
    raise AssertionError(f"the stream ended before {word!r}")


def test_a_stream_ends_when_its_listener_may_look_no_longer(feed: Feed) -> None:
    """Nothing is sent any more, and its place is free."""

    async def read(may_look: Callable[[], bool]) -> list[bytes]:
        return [part async for part in follow(feed, frozenset({NIGHT}), None, may_look, checked_seconds=0.0)]

    assert asyncio.run(read(lambda: False)) == []
    assert feed.listeners == 0


def test_a_real_server_streams(night: Night, world: World) -> None:
    """As server-sent events, which nobody in between may keep."""
    declare(night)
    with ConsoleServer(world, port=0) as server, open_stream(server.url, "night,runs") as stream:
        read_until(stream, b"event: welcome")
        night.finish("load/acme/2026-01-09")
        line = read_until(stream, b'"load/acme/2026-01-09"')

    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert stream.headers["Cache-Control"] == "no-store"
    assert "load/acme/2026-01-09" in {cell["slot"] for cell in json.loads(line.removeprefix(b"data: "))["cells"]}


def test_a_server_that_stops_ends_its_streams(night: Night, world: World) -> None:
    """They end in good order: nobody has to cut them off."""
    declare(night)
    with ExitStack() as pages:
        with ConsoleServer(world, port=0) as server:
            stream = pages.enter_context(open_stream(server.url))
            read_until(stream, b"event: welcome")

        assert b"event" not in stream.read()


def test_a_page_that_goes_away_is_not_told_any_more(night: Night, world: World) -> None:
    """Its place is free as soon as the connection is gone."""
    declare(night)
    app = make_app(world, access=Access(login_required=False))
    feed: Feed = app.state.feed
    with serve(app) as url:
        with open_stream(url) as stream:
            read_until(stream, b"event: welcome")
            listened = feed.listeners

        wait_until(lambda: feed.listeners == 0, "nobody listens any more")
    assert listened == 1


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """Serve an app; return where."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
