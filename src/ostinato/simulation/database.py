"""The database that all processes of a simulation share, with a gate before and after every transaction.

It is a real one, of SQLite. Who keeps the gate knows who acts, and may let them die there, wait there, or hear nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from sqlalchemy import event

from ostinato.store.database import Store, Tx
from ostinato.store.versioning import open_schema


class Point(StrEnum):
    """Where something may go wrong. The words for those around a commit are the store's."""

    BEGIN = "begin"
    BEFORE_COMMIT = "before commit"
    AFTER_COMMIT = "after commit"


class Gate(Protocol):
    """Who is asked at every point, and may raise what ends the transaction there."""

    def pass_read(self) -> None:
        """Let somebody read."""
        ...

    def pass_write(self, point: Point, *, has_changes: bool) -> None:
        """Let somebody write; ``has_changes`` tells that a transaction has changed rows that count."""
        ...


class GuardedStore(Store):
    """A store whose transactions pass ``gate`` while there is one. It waits for no disk: nothing is to outlive it."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"sqlite:///{file}")
        self.gate: Gate | None = None
        self.fault_point = self._pass
        self._has_changes = False
        event.listen(self.engine, "connect", _hurry)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        if self.gate is not None:
            self.gate.pass_read()
        with super().read() as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Tx]:
        if self.gate is not None:
            self.gate.pass_write(Point.BEGIN, has_changes=False)
        with super().write() as tx:
            driver: Any = tx.connection.driver_connection
            before = driver.total_changes
            yield tx
            self._has_changes = driver.total_changes > before

    def _pass(self, point: str) -> None:
        if self.gate is not None:
            self.gate.pass_write(Point(point), has_changes=self._has_changes)


class Laboratory:
    """Lends one store after another at the same place, each with an empty database of the present schema.

    Statements that were made ready for one are ready for the next.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file, self._template = folder / "ostinato.db", folder / "template.db"
        self._store = GuardedStore(self._file)
        self._make_template()

    def open(self) -> GuardedStore:
        """Return the store, empty. What was in it before is gone."""
        self.close()
        shutil.copyfile(self._template, self._file)
        return self._store

    @property
    def file(self) -> Path:
        """Return where the database is."""
        return self._file

    def close(self) -> None:
        """Close the store, and remove its database."""
        self._store.gate = None
        self._store.close()
        for name in (self._file.name, f"{self._file.name}-wal", f"{self._file.name}-shm"):
            (self.folder / name).unlink(missing_ok=True)

    def _make_template(self) -> None:
        template = Store(f"sqlite:///{self._template}")
        open_schema(template)
        template.close()


@contextmanager
def open_laboratory() -> Iterator[Laboratory]:
    """Lend a laboratory in a folder of its own, which is gone afterwards."""
    with TemporaryDirectory(prefix="ostinato-simulation-") as folder, closing(Laboratory(Path(folder))) as laboratory:
        yield laboratory


def _hurry(connection: Any, record: object) -> None:
    """Have a new connection wait for no disk."""
    connection.execute("PRAGMA synchronous = OFF")
