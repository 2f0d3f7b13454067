"""Interleaving: two transactions of which the second begins while the first is open. It waits for no clock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import text

from ostinato.store.database import Store, Tx

_WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")

T = TypeVar("T")


def interleave(
    store: Store,
    first: Callable[[Tx], object],
    second: Callable[[Tx], T],
    then: Callable[[Tx], object] = lambda tx: None,
) -> T:
    """Do ``first`` and ``then`` in a transaction, in between begin ``second`` in another; return what that answers."""
    with ThreadPoolExecutor(1) as pool:
        with store.write() as tx:
            first(tx)
            begun = pool.submit(_carry_out, store, second)
            _wait_until_blocked(store, begun)
            then(tx)
        return begun.result()


def _carry_out(store: Store, act: Callable[[Tx], T]) -> T:
    with store.write() as tx:
        return act(tx)


def _wait_until_blocked(store: Store, begun: Future[T]) -> None:
    """Wait until the other waits for a lock, or is done; on SQLite every writer waits from its beginning."""
    while store.dialect == "postgresql" and not begun.done():
        with store.read() as tx:
            if tx.execute(_WAITS).scalar_one():
                return
