"""The server of the console: where it listens, what it serves beside the API, and how it stops."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Message

from ostinato.config import ConsoleSettings
from ostinato.console.pages import SECURITY_HEADERS, Pages
from ostinato.console.server import DEFAULT_PORT, PORTS_TRIED, ConsoleServer, PortTaken
from ostinato.errors import ConfigurationError
from ostinato.model.access import Role
from ostinato.operations.access import add_user
from ostinato.operations.people import Person
from ostinato.world import World

ADA = Person("ada")
HERE, EVERYWHERE = "127.0.0.1", "0.0.0.0"  # noqa: S104  what may happen there is tested


def wait_for_others(before: set[threading.Thread]) -> set[threading.Thread]:
    """Wait until the threads that came since have ended, which workers do by themselves; return those that are left."""
    for thread in set(threading.enumerate()) - before:
        thread.join()
    return set(threading.enumerate())


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[TestClient]:
    """Lend a client of pages that are built, before an API that has nothing."""
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<title>Ostinato</title>")
    (static / "icon.svg").write_text("<svg/>")
    (static / "assets" / "app-1a2b.js").write_text("start()")
    (tmp_path / "secret.txt").write_text("hush")
    (static / "leak.txt").symlink_to(tmp_path / "secret.txt")
    with TestClient(Pages(Starlette(), static=static)) as client:
        yield client


@pytest.fixture
def taken() -> Iterator[int]:
    """Lend a port on which another program listens."""
    with closing(socket.create_server((HERE, 0))) as other:
        yield other.getsockname()[1]


def test_what_is_large_is_compressed(world: World) -> None:
    """For whoever takes it so; what is short is not, nor is a stream, which comes as it happens."""
    with ConsoleServer(world, port=0) as server, httpx2.Client(base_url=server.url) as client:
        large, short = client.get("/api/v1/openapi.json"), client.get("/api/v1/me")
        plain = client.get("/api/v1/openapi.json", headers={"Accept-Encoding": "identity"})
        with client.stream("GET", "/api/v1/stream", params={"topics": "runs"}) as stream:
            encodings = [answer.headers.get("Content-Encoding") for answer in (large, short, plain, stream)]

    assert encodings == ["gzip", None, None, None]
    assert int(large.headers["Content-Length"]) * 5 < int(plain.headers["Content-Length"])
    assert large.json() == plain.json()


def test_api_and_pages_are_served(world: World) -> None:
    """Over a real connection, with the security headers on either."""
    with ConsoleServer(world, port=0) as server, httpx2.Client(base_url=server.url) as client:
        status, wrong, page = (client.get(path) for path in ("/api/v1/status", "/api/v1/nothing", "/runs/7"))

    assert (status.status_code, status.json()["accounts"]) == (200, 0)
    assert wrong.json()["error"]["code"] == "not_found"
    assert "Ostinato" in page.text
    for answer in (status, wrong, page):
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert status.headers["cache-control"] == "no-store"
    assert "server" not in status.headers


def test_files_of_the_app_are_kept_for_ever(pages: TestClient) -> None:
    """Their names change with what is in them; those of pages do not."""
    asset, icon, page = (pages.get(path) for path in ("/assets/app-1a2b.js", "/icon.svg", "/"))

    assert (asset.text, icon.text, page.text) == ("start()", "<svg/>", "<title>Ostinato</title>")
    assert "immutable" in asset.headers["cache-control"]
    assert (icon.headers["cache-control"], page.headers["cache-control"]) == ("no-cache", "no-cache")
    assert "javascript" in asset.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["/", "/runs/7", "/slots/load/acme/2026-01-05", "/index.html", "/apis", "/nothing.png"]
)
def test_every_page_is_the_app(pages: TestClient, path: str) -> None:
    """Which page it is to show is in the address."""
    assert pages.get(path).text == "<title>Ostinato</title>"
    assert pages.head(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "//secret.txt/../../secret.txt",
        "/leak.txt",
        "/../static/../secret.txt",
        "/\0",
        "/..",
        f"/{'x' * 5_000}",
    ],
)
def test_no_path_leads_out_of_the_pages(pages: TestClient, path: str) -> None:
    """Neither by dots nor by links, however they were written in the address: this is how the server reads it."""
    sent: list[Message] = []

    async def receive() -> Message:
        says_no_more: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await says_no_more

    async def send(message: Message) -> None:
        sent.append(message)

    async def ask() -> None:
        await pages.app({"type": "http", "method": "GET", "path": path, "headers": []}, receive, send)

    asyncio.run(ask())

    assert (sent[0]["status"], sent[1].get("body")) == (200, b"<title>Ostinato</title>")


def test_what_a_browser_asks_for_and_is_gone_is_not_the_app(pages: TestClient) -> None:
    """A script that were a page would be kept as one."""
    gone, posted = pages.get("/assets/app-0000.js"), pages.post("/")

    assert (gone.status_code, posted.status_code, posted.headers["allow"]) == (404, 405, "GET, HEAD")


def test_pages_that_are_not_built_say_so(tmp_path: Path) -> None:
    """And that the API works."""
    with TestClient(Pages(Starlette(), static=tmp_path)) as client:
        answer = client.get("/")

    assert answer.status_code == 503
    assert "make console" in answer.text
    assert "/api/v1/status" in answer.text


def test_it_stops_with_connections_open(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Idle ones, and ones that have not asked to the end; no thread is left."""
    before = set(threading.enumerate())
    with ExitStack() as connections, ConsoleServer(world, port=0) as server:
        idle = connections.enter_context(closing(HTTPConnection(HERE, server.port)))
        idle.request("GET", "/api/v1/me")
        assert idle.getresponse().read()
        asking = connections.enter_context(closing(socket.create_connection((HERE, server.port))))
        asking.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: ")

    assert wait_for_others(before) == before
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HERE, server.port))


def test_streams_do_not_hold_up_its_end(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """They end in good order, and whoever follows one sees it end."""
    before = set(threading.enumerate())
    with ExitStack() as connections:
        with ConsoleServer(world, port=0) as server:
            client = connections.enter_context(httpx2.Client(base_url=server.url))
            stream = connections.enter_context(client.stream("GET", "/api/v1/stream"))
            lines = stream.iter_lines()
            first = next(lines)
        rest = list(lines)

    assert first.startswith("event:")
    assert all(isinstance(line, str) for line in rest)
    assert wait_for_others(before) == before
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_port_that_is_taken_is_told(world: World, taken: int) -> None:
    """Whether it was asked for or is the project's."""
    configured = replace(world, config=replace(world.config, console=ConsoleSettings(port=taken)))

    for arguments in ((world, taken), (configured, None)):
        with pytest.raises(PortTaken, match=f"port {taken}"):
            ConsoleServer(arguments[0], port=arguments[1])


def test_projects_do_not_take_each_other_s_port(world: World) -> None:
    """Where none is asked for, it is the next that is free."""
    with ConsoleServer(world) as first, ConsoleServer(world) as second:
        assert DEFAULT_PORT <= first.port < second.port < DEFAULT_PORT + PORTS_TRIED


def test_others_are_not_let_in_before_anybody_can_log_in(world: World) -> None:
    """Then they are, and the API asks who they are."""
    with pytest.raises(ConfigurationError, match="nobody can log in"):
        ConsoleServer(world, host=EVERYWHERE, port=0)
    add_user(world, "grace", "correct horse battery", role=Role.VIEWER, by=ADA)

    with ConsoleServer(world, host=EVERYWHERE, port=0) as server:
        answer = httpx2.get(f"{server.url}/api/v1/status")

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_logged_in")


def test_an_address_that_is_not_there_is_told(world: World) -> None:
    """One that cannot be, and one of another machine."""
    add_user(world, "grace", "correct horse battery", role=Role.VIEWER, by=ADA)
    with pytest.raises(ConfigurationError, match="there is no address"):
        ConsoleServer(world, host="not a host", port=0)
    with pytest.raises(ConfigurationError, match="cannot listen"):
        ConsoleServer(world, host="192.0.2.1", port=0)
