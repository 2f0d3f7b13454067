"""The server of the console: it serves the API and the pages of one project, from a thread of its own."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

import structlog
import uvicorn
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from ostinato.api.access import open_access
from ostinato.api.app import make_app
from ostinato.console.pages import Pages
from ostinato.errors import ConfigurationError, StoreUnavailable
from ostinato.operations.night import Nights
from ostinato.world import World

STOP_SECONDS = 3
"""How long answers that are under way may take when the server is to stop."""
COMPRESSED_FROM = 2_000
"""Answers of so many bytes are compressed, as little as can be: a large plan, all alike, is a twentieth then. What is
shorter is not: it holds what proves that a request comes from a page of ours."""
BACKLOG = 256
DEFAULT_PORT = 8642
PORTS_TRIED = 20
"""Where no port is asked for, so many are tried: each project that is served on a machine has one of its own."""

log = structlog.get_logger()


class PortTaken(ConfigurationError):
    """Another program listens already where the console is to."""

    code = "port_taken"


class ConsoleServer:
    """Serves the console of ``world``, which it does not close, while it is entered.

    ``host`` and ``port`` are those of the project where they are not given. It listens from its making on, so that
    ``PortTaken`` is raised before anything else is begun; close it if it is not entered after all. On an address that
    others can reach it raises ``ConfigurationError`` unless somebody can log in.
    """

    def __init__(self, world: World, *, host: str | None = None, port: int | None = None) -> None:
        settings = world.config.console
        self.host = host or settings.host
        access = open_access(world, self.host)
        self._socket = _listen_on_any(self.host, _list_ports(settings.port if port is None else port))
        self.port = int(self._socket.getsockname()[1])
        self._stopping = Event()
        app = make_app(world, access=access, stopping=self._stopping)
        served = GZipMiddleware(Pages(app), minimum_size=COMPRESSED_FROM, compresslevel=1)
        self._server = _Server(_configure(served), self._stopping)
        self._nights: Nights = app.state.nights
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, name="console")
        self._counter = Thread(target=self._count_the_night, name="console-count", daemon=True)

    @property
    def is_serving(self) -> bool:
        """Tell whether it has not ended by itself, which it never should."""
        return self._thread.is_alive()

    @property
    def url(self) -> str:
        """Return where to open it from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  said, and not listened on
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._counter.start()
        log.info("console_serves", url=self.url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: streams end, answers that are under way may end, and nothing is left of it."""
        self._server.should_exit = True
        self._thread.join()
        self._counter.join(STOP_SECONDS)
        self._socket.close()

    def _count_the_night(self) -> None:
        """Count the night before anybody asks: who comes first need not wait for that."""
        with suppress(StoreUnavailable):
            self._nights.find_summary()


class _Server(uvicorn.Server):
    """A server that tells streams to end before it waits for its connections."""

    def __init__(self, config: uvicorn.Config, stopping: Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)


def _look_up(host: str, port: int) -> list[tuple[int, int, int, tuple[str, int]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        hint = "write 127.0.0.1, or an address of this machine"
        raise ConfigurationError(f"there is no address {host}: {error.strerror}", hint=hint) from None
    return [
        (family, kind, protocol, (str(address[0]), int(address[1]))) for family, kind, protocol, _, address in found
    ]


def _list_ports(wanted: int | None) -> Sequence[int]:
    return range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED) if wanted is None else [wanted]


def _listen_on_any(host: str, ports: Sequence[int]) -> socket.socket:
    """Listen on the first of ``ports`` that no other program has."""
    for port in ports[:-1]:
        with suppress(PortTaken):
            return _listen(host, port)
    return _listen(host, ports[-1])


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, address = _look_up(host, port)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            hint = f"name another: ostinato console --port {port + 1}; or set console.port in ostinato.yaml"
            raise PortTaken(f"another program listens on port {port} of {host} already", hint=hint) from None
        raise ConfigurationError(
            f"the console cannot listen on port {port} of {host}: {error.strerror}",
            hint="name another address or port, with --host and --port or under console in ostinato.yaml",
        ) from None
    return listener


def _configure(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,  # the log is the process's own
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        ws="none",
    )
