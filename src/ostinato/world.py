"""The runtime in one process: configuration, store, clock and sources, put together once and handed down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ostinato.clock import Clock, SystemClock
from ostinato.config import Config, load_config
from ostinato.engine.context import EngineSettings
from ostinato.errors import ConfigurationError
from ostinato.policies.alignment import RemovalLimit
from ostinato.store.database import DatabaseClock, Store, sqlite_folder_problem
from ostinato.store.versioning import open_schema


@dataclass(frozen=True, slots=True)
class World:
    """What every process and every operation works with. Close it when done."""

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

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def open_world(config_file: Path, *, check_schema: bool = True) -> World:
    """Read a project's configuration and open its store, creating the schema in an empty database.

    Raises ``DeclarationError`` for a wrong configuration, ``SchemaMismatch`` for a database of another version.
    """
    config = load_config(config_file)
    store = Store(config.database)
    if problem := sqlite_folder_problem(store.url):
        raise ConfigurationError(
            f"the database cannot be created: {problem}",
            hint="create the folder, or change database in ostinato.yaml",
        )
    if check_schema:
        open_schema(store)
    clock = DatabaseClock(store) if store.dialect == "postgresql" else SystemClock()
    return World(config, store, clock)
