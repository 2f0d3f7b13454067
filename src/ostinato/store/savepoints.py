"""Attempts: a part of a transaction that may fail without taking the rest along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ostinato.store.database import Tx
from ostinato.store.driver_errors import translated


@contextmanager
def attempt(tx: Tx) -> Iterator[None]:
    """Undo what this block did when it fails. Raises ``StoreError`` for what the database refuses."""
    with translated(tx.engine.url.render_as_string(hide_password=True)), tx.begin_nested():
        yield
