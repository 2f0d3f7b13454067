"""Where it is measured: new databases, each empty, of SQLite or PostgreSQL, that wait for the disk."""

from __future__ import annotations

import logging
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import structlog

from ostinato.testing.postgres import PostgresServer, create_schema


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder of its own, and what makes an empty database and returns its URL."""

    folder: Path
    new_database: Callable[[], str]


def add_database_options(parser: ArgumentParser) -> None:
    """Let somebody say where to measure."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--database", metavar="URL", help="a PostgreSQL database: schemas are made in it, and stay")
    where.add_argument("--postgresql", action="store_true", help="start a PostgreSQL server for it")
    parser.add_argument("--folder", metavar="DIR", help="where files are made, and removed; else a temporary folder")


@contextmanager
def open_bench(options: Namespace) -> Iterator[Bench]:
    """Lend what was asked for; remove its files afterwards. Nothing is logged but errors."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ostinato-bench-", dir=options.folder)))
        server = options.database
        if options.postgresql:
            server = stack.enter_context(PostgresServer(durable=True)).url()
        if server is not None:
            yield Bench(folder, lambda: create_schema(server))
        else:
            numbers = count(1)
            yield Bench(folder, lambda: f"sqlite:///{folder / f'bench-{next(numbers)}.db'}")
