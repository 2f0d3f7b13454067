"""Files that fail, as the store sees them: removed, replaced, locked, read-only, or with a log that grows."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from ostinato.errors import ConfigurationError, StoreUnavailable
from ostinato.store import sqlite
from ostinato.store.database import Store
from ostinato.store.sqlite import sqlite_module

MEGABYTE = 1_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of a database file."""
    return tmp_path / "ostinato.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """Lend a store on SQLite that does not wait for long, with a table of numbers."""
    store = Store(f"sqlite:///{path}?timeout=0.1")
    with store.write() as tx:
        tx.execute(text("CREATE TABLE numbers (number INTEGER)"))
    yield store
    store.close()


def add(store: Store, number: int = 1) -> None:
    """Add a number."""
    with store.write() as tx:
        tx.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": number})


def read(store: Store) -> list[int]:
    """Return all numbers."""
    with store.read() as tx:
        return list(tx.execute(text("SELECT number FROM numbers")).scalars())


def test_a_file_that_is_gone_is_not_written_to(store: Store, path: Path) -> None:
    """Nor is a new one made in its place, by whichever connection. When it is put back, all goes on."""
    add(store)
    with store.read():  # another connection, kept as well
        path.rename(path.with_name("elsewhere"))

    for act in (add, read):
        with pytest.raises(StoreUnavailable, match="is gone: it was removed or renamed"):
            act(store)
    assert not path.exists()
    path.with_name("elsewhere").rename(path)
    add(store, 2)

    assert read(store) == [1, 2]


def test_a_file_that_was_replaced_is_not_written_to(store: Store, path: Path) -> None:
    """Whoever began with the old one knows things that do not hold in the new one. A new process goes on with it."""
    add(store)
    with closing(sqlite_module().connect(path)) as copied:
        copied.execute("VACUUM INTO ?", [str(path.with_name("backup"))])
    add(store, 2)
    path.with_name("backup").replace(path)

    for act in (add, read):
        with pytest.raises(StoreUnavailable, match="it was replaced") as caught:
            act(store)
        assert "ostinato.db-wal" in caught.value.hint
    store.close()
    path.with_name("ostinato.db-wal").unlink()
    path.with_name("ostinato.db-shm").unlink()

    assert read(store) == [1]


def test_a_file_that_can_only_be_read_heals(store: Store, path: Path) -> None:
    """A connection that was made while it could not be written to is not used again afterwards."""
    store.close()
    allow(path, 0o444)

    def add_without_privilege() -> None:
        drop_privilege_of_files()
        add(store)

    with ThreadPoolExecutor(1) as unprivileged:
        with pytest.raises(StoreUnavailable, match="readonly"):
            unprivileged.submit(add_without_privilege).result()
        allow(path, 0o644)
        unprivileged.submit(add, store).result()

    assert read(store) == [1]


def allow(path: Path, mode: int) -> None:
    """Set what may be done with a database, and the files beside it."""
    for file in path.parent.glob(f"{path.name}*"):
        file.chmod(mode)


def drop_privilege_of_files() -> None:
    """Have this thread heed the permissions of files, even as root: it loses that capability."""
    if os.geteuid() != 0:
        return
    version_3, override, read_search = 0x20080522, 1 << 1, 1 << 2
    header, sets = (ctypes.c_uint32 * 2)(version_3, 0), (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capget(header, sets) == 0
    sets[0] &= ~(override | read_search)
    assert libc.capset(header, sets) == 0


def test_who_reads_for_long_disturbs_nobody(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log grows meanwhile, for what the reader sees must stay; afterwards it shrinks again."""
    monkeypatch.setattr(sqlite, "LARGEST_IDLE_WAL", MEGABYTE)
    store.close()
    log = path.with_name("ostinato.db-wal")
    with closing(sqlite_module().connect(path, isolation_level=None)) as backup:
        backup.execute("BEGIN")
        seen = backup.execute("SELECT count(*) FROM numbers").fetchone()
        fill(store, 6 * MEGABYTE)
        grown = log.stat().st_size
        assert backup.execute("SELECT count(*) FROM numbers").fetchone() == seen
        backup.execute("COMMIT")
    fill(store, 1_000)  # whoever writes next begins the log anew
    add(store)

    assert grown > 6 * MEGABYTE
    assert log.stat().st_size <= MEGABYTE


def fill(store: Store, size: int) -> None:
    """Write so many bytes."""
    with store.write() as tx:
        tx.execute(text("CREATE TABLE IF NOT EXISTS blobs (content BLOB)"))
        tx.execute(text("INSERT INTO blobs VALUES (zeroblob(:size))"), {"size": size})


def test_how_long_to_wait_may_be_said(path: Path) -> None:
    """In the address; what is no number is a mistake in the project file."""
    with pytest.raises(ConfigurationError, match="timeout"):
        Store(f"sqlite:///{path}?timeout=long")
