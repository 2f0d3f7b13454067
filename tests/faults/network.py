"""A network that goes wrong: a door to a PostgreSQL server, which can be slow, cut, or silent as if nobody was there.

To be silent it asks the kernel to drop what comes in, before it is acknowledged: no closed connection, no refusal.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

_SO_ATTACH_FILTER = 26
_RETURN_NOTHING = struct.pack("HBBI", 6, 0, 0, 0)
_CHUNK = 65_536


class Door:
    """Listens on a port of this machine within its ``with`` block, and hands through to the server of ``url``.

    ``delay`` is for how many seconds each piece is held back on its way.
    """

    def __init__(self, url: str, *, delay: float = 0.0) -> None:
        self._url = urlsplit(url)
        self._options = dict(parse_qsl(self._url.query))
        self._delay = delay
        self._listener = _listen(0)
        self._port: int = self._listener.getsockname()[1]
        self._links: list[socket.socket] = []
        self._lock = threading.Lock()
        self._drop = ctypes.create_string_buffer(_RETURN_NOTHING, len(_RETURN_NOTHING))
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._serve()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        for thread in self._threads:
            thread.join()

    def url(self, **options: object) -> str:
        """Return the address of the server as it is reached through this door, with these options."""
        kept = {name: value for name, value in self._options.items() if name not in ("host", "port")}
        query = urlencode({**kept, **options})
        place = f"{self._url.username}@127.0.0.1:{self._port}"
        return self._url._replace(netloc=place, query=query).geturl()

    def cut(self) -> None:
        """Close every connection, and refuse new ones."""
        with self._lock:
            _close(self._listener)
            while self._links:
                _close(self._links.pop())

    def fall_silent(self) -> None:
        """Let nothing through any more, and say nothing of it."""
        program = struct.pack("HL", 1, ctypes.addressof(self._drop))
        with self._lock:
            for link in (self._listener, *self._links):
                if (
                    link.family == socket.AF_INET and link.fileno() >= 0
                ):  # those of a connection that has ended are closed
                    link.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

    def mend(self) -> None:
        """Take new connections again; those that were there are gone."""
        self.cut()
        self._listener = _listen(self._port)
        self._serve()

    def _serve(self) -> None:
        self._start(self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                link, _ = listener.accept()
                server = self._connect()
            except OSError:
                return
            with self._lock:
                self._links += [link, server]
            self._start(self._pump, link, server)
            self._start(self._pump, server, link)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(_CHUNK):
                time.sleep(self._delay)
                target.sendall(piece)
        with self._lock:
            _close(source)
            _close(target)

    def _connect(self) -> socket.socket:
        host, port = self._options.get("host"), self._options.get("port", "5432")
        if host is None:
            return socket.create_connection((self._url.hostname or "127.0.0.1", self._url.port or 5432))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()


def _listen(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), reuse_port=False)


def _close(link: socket.socket) -> None:
    with suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)  # it wakes whoever waits on it
    link.close()
