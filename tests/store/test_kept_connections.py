"""The connection that a store keeps for its next write: used again, by one at a time, and given back in the end."""

from __future__ import annotations

from pathlib import Path

import psutil
from sqlalchemy import text

from ostinato.store.database import Store, Tx
from ostinato.store.versioning import open_schema


def identify(tx: Tx) -> object:
    """Return what tells the connection of a transaction from all others."""
    return tx.connection.dbapi_connection


def test_who_writes_again_is_given_the_same_connection(store: Store) -> None:
    """Readers in between do not take it away."""
    with store.write() as tx:
        first = identify(tx)
    with store.read() as reader:
        assert identify(reader) is not first

    with store.write() as tx:
        assert identify(tx) is first


def test_who_writes_meanwhile_is_given_another(postgres_url: str) -> None:
    """And both go on writing afterwards."""
    store = Store(postgres_url)
    open_schema(store)
    with store.write() as first, store.write() as second:
        assert identify(first) is not identify(second)

    with store.write() as tx:
        assert tx.execute(text("SELECT 1")).scalar_one() == 1
    store.close()


def test_a_store_that_is_closed_holds_nothing(tmp_path: Path) -> None:
    """Not even the file; and it may be used again."""
    path = tmp_path / "ostinato.db"
    store = Store(f"sqlite:///{path}")
    open_schema(store)
    store.close()

    assert str(path) not in [file.path for file in psutil.Process().open_files()]
    with store.write() as tx:
        assert tx.execute(text("SELECT 1")).scalar_one() == 1
    store.close()
