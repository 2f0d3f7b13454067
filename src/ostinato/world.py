"""The runtime in one process: configuration, store, clock and sources, put together once and handed down."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from types import TracebackType
from typing import Self

from ostinato.clock import Clock, SystemClock
from ostinato.config import Config, find_project, load_config
from ostinato.engine.context import EngineSettings
from ostinato.errors import ConfigurationError, NoDatabase
from ostinato.model.limits import ClaimRules
from ostinato.policies.alignment import RemovalLimit
from ostinato.store.database import DatabaseClock, Rehearsal, Store
from ostinato.store.sqlite import sqlite_folder_problem
from ostinato.store.versioning import open_schema


@dataclass(frozen=True, slots=True)
class World:
    """What every process and every operation works with. Close it when done.

    As a context manager it is the current world within its block, and is closed at the end of it.
    """

    config: Config
    store: Store
    clock: Clock

    @property
    def engine_settings(self) -> EngineSettings:
        """Return what the steps of the engine are set to by the project file."""
        declared = self.config.engine
        removals = declared.removals
        return EngineSettings(
            create_ahead=declared.create_ahead,
            heartbeat_timeout=declared.heartbeat_timeout,
            retention=declared.retention,
            passes_kept=declared.passes_kept,
            removals=RemovalLimit(removals.share, removals.more_than, removals.confirmed),
        )

    @property
    def claim_rules(self) -> ClaimRules:
        """Return the rules by which agents claim runs, as the project file declares them."""
        queues = self.config.queues.items()
        return ClaimRules(
            pools=self.config.pools,
            queues={name: queue.concurrency for name, queue in queues if queue.concurrency is not None},
            rises_every=self.config.claims.rises_every,
        )

    def as_rehearsal(self) -> World:
        """Return the same world where nothing is kept of what is changed: to see what an operation would do."""
        return replace(self, store=Rehearsal(self.store))

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Self:
        _ENTERED.set((*_ENTERED.get(), self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _ENTERED.set(_ENTERED.get()[:-1])
        self.close()


_ENTERED: ContextVar[tuple[World, ...]] = ContextVar("ostinato_worlds", default=())
"""The worlds whose blocks enclose this point, the innermost last."""

_FINDING = Lock()
_found: dict[Path, World] = {}
"""Worlds that were opened because nobody had entered one, by project file; they are closed when the process ends."""


def current_world() -> World:
    """Return the world whose block this is in or, outside of any, that of the project around the working directory.

    That one is opened when it is first asked for. Raises ``ConfigurationError`` where there is no project.
    """
    if entered := _ENTERED.get():
        return entered[-1]
    file = find_project(Path.cwd())
    with _FINDING:
        if file not in _found:
            _found[file] = open_world(file)
            atexit.register(_found[file].close)
        return _found[file]


def open_world(config_file: Path, *, create: bool = True, check_schema: bool = True) -> World:
    """Read a project's configuration and open its store, creating the schema in an empty database.

    Raises ``DeclarationError`` for a wrong configuration, ``SchemaMismatch`` for a database of another version. Without
    ``create`` no database is made: ``NoDatabase`` where there is none, or where it is empty.
    """
    config = load_config(config_file)
    store = Store(config.database, create=create)
    if problem := sqlite_folder_problem(store.url):
        raise ConfigurationError(
            f"the database cannot be created: {problem}",
            hint="create the folder, or change database in ostinato.yaml",
        )
    return _make_world(config, store, check_schema=check_schema)


@contextmanager
def open_rehearsal(config_file: Path) -> Iterator[World]:
    """Open a project's world to try something out in; close it at the end of the block.

    A project that has no database yet does not get one: the world has an empty one that is gone when it is closed.
    """
    with ExitStack() as stack:
        try:
            world = open_world(config_file, create=False)
        except NoDatabase:
            folder = stack.enter_context(TemporaryDirectory(prefix="ostinato-"))
            world = _make_world(load_config(config_file), Store(f"sqlite:///{folder}/rehearsal.db"))
        yield stack.enter_context(world)


def _make_world(config: Config, store: Store, *, check_schema: bool = True) -> World:
    """Put a world together; where the store cannot be used, no connection to it is left open."""
    try:
        if check_schema:
            open_schema(store)
    except BaseException:
        store.close()
        raise
    return World(config, store, DatabaseClock(store) if store.dialect == "postgresql" else SystemClock())
