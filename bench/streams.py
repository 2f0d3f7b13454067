"""What open consoles cost the database: statements a second, and processor's time, with no stream, one and a hundred.

A console is served from a database in the middle of a night. Each stream follows what the page of the matrix follows,
by a connection of its own. Nothing happens in that night: what is counted is the looking.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from time import perf_counter, process_time, sleep
from urllib.parse import urlsplit

from databases import add_database_options, open_bench
from histories import Size, open_history
from sqlalchemy import event

from ostinato.console.server import ConsoleServer
from ostinato.world import World

TOPICS = "night,runs,fleet"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_database_options(parser)
    parser.add_argument("--keep", metavar="URL", help="a database that stays: it is filled once, and then used again")
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--definitions", type=int, default=100)
    parser.add_argument("--days", type=int, default=20, help="how many days the history has")
    parser.add_argument("--streams", type=int, nargs="+", default=[0, 1, 100])
    parser.add_argument("--seconds", type=float, default=20.0, help="for how long each is watched")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    size = Size(options.accounts, options.definitions, options.days, options.days)
    with open_bench(options) as bench:
        world = open_history(bench.folder, options.keep or bench.new_database(), size, tell=_tell)
        figures = {count: measure(world, count, options.seconds) for count in options.streams}
        world.close()
    if options.json:
        print(json.dumps(figures))
        return
    for count, (statements, busy) in figures.items():
        print(f"{count:4} streams {statements:8.2f} statements a second {busy * 100:8.1f} % of a core")


def measure(world: World, streams: int, seconds: float) -> tuple[float, float]:
    """Return how many statements a second are sent with so many streams open, and which share of a core that takes."""
    sent: list[str] = []

    def note(*about: object) -> None:
        sent.append(str(about[2]))

    with ConsoleServer(world, port=0) as server, ExitStack() as pages:
        opened = [pages.enter_context(_open_stream(server.url)) for _ in range(streams)]
        for stream in opened:
            while b"event: welcome" not in stream.readline():
                pass
        event.listen(world.store.engine, "before_cursor_execute", note)
        began, worked = perf_counter(), process_time()
        sleep(seconds)
        took, worked = perf_counter() - began, process_time() - worked
        event.remove(world.store.engine, "before_cursor_execute", note)
    return len(sent) / took, worked / took


@contextmanager
def _open_stream(url: str) -> Iterator[HTTPResponse]:
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port or 0)
    connection.request("GET", f"/api/v1/stream?topics={TOPICS}")
    yield connection.getresponse()
    connection.close()


def _tell(stage: str) -> None:
    print(stage, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
