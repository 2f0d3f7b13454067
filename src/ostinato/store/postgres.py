"""PostgreSQL: how its connections are made, and how one notices that nobody is at the other end any more.

A server that is stopped says so. A network that is cut says nothing, and would have a process wait for hours: so what
is sent must be acknowledged within seconds, and a server that does not answer is tried by a second connection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from ostinato.store.compiled import SHARED, Alike

CONNECTING: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "target_session_attrs": "primary",
    "application_name": "ostinato",
}
"""How connections are made, unless the address says otherwise: ``postgresql://host/name?connect_timeout=3``. A silent
network is noticed within half a minute; of several hosts, the one is taken that may be written to."""

SERVING = {
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "jit": "off",
}
"""What the server is asked for where nobody has set it: that it ends the transaction, and with it the locks, of a
process that is gone without a word or stands still; and that it compiles no statement, which takes it half a second
where it believes that one reads much of a long history, and ours read little of it."""

SILENCE_SECONDS = 30.0
"""When a server has not answered for so long, it is tried whether it answers a new connection."""

_SET = """
    SELECT set_config(name, wanted.value, false)
    FROM pg_settings JOIN unnest(%s::text[], %s::text[]) AS wanted (name, value) USING (name)
    WHERE source = 'default'
"""


class WatchedConnection(psycopg.Connection[Any]):
    """A connection that does not wait for ever: ``try_another`` makes a second one and raises if that is in vain.

    A statement may take as long as it likes, as long as the server answers others.
    """

    try_another: Callable[[], None]

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        return super().wait(self._watch(gen), *args, **kwargs)

    def _watch(self, answer: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Hand through what the driver asks of the socket and what comes of it; look up when that is nothing."""
        heard_at = time.monotonic()
        try:
            wanted = next(answer)
            while True:
                ready = yield wanted
                if ready:
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at >= SILENCE_SECONDS:
                    self._make_sure()
                    heard_at = time.monotonic()
                wanted = answer.send(ready)
        except StopIteration as end:
            return end.value

    def _make_sure(self) -> None:
        """Give the connection up if the server does not answer a new one either."""
        try:
            self.try_another()
        except psycopg.errors.ConnectionTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer, nor does it take a new connection") from error


class Dialect(Alike, PGDialect_psycopg):
    """How SQLAlchemy speaks to PostgreSQL, whatever its version."""

    supports_statement_cache = True


registry.register("postgresql.ostinato", __name__, Dialect.__name__)


def make_postgres_engine(url: URL, *, pool_seconds: float) -> Engine:
    """Make what lends connections; each is tried before it is lent. ``pool_seconds`` is how long a thread waits."""
    unsaid = {name: value for name, value in CONNECTING.items() if name not in url.query}
    shared = url.set(drivername="postgresql+ostinato")
    engine = create_engine(
        shared, execution_options=SHARED, connect_args=unsaid, pool_pre_ping=True, pool_timeout=pool_seconds
    )

    @event.listens_for(engine, "do_connect")
    def connect(dialect: object, record: object, cargs: list[Any], cparams: dict[str, Any]) -> WatchedConnection:
        connection = WatchedConnection.connect(*cargs, **cparams)
        connection.try_another = lambda: psycopg.connect(*cargs, **cparams).close()
        return connection

    @event.listens_for(engine, "connect")
    def prepare(connection: WatchedConnection, record: object) -> None:
        connection.execute(_SET, [list(SERVING), list(SERVING.values())])
        connection.commit()

    return engine
