"""Counting what is stored, for tests that claim that nothing has changed."""

from __future__ import annotations

from sqlalchemy import func, select

from ostinato.store.database import Store
from ostinato.store.schema import metadata


def count_rows(store: Store) -> dict[str, int]:
    """Count the rows of every table."""
    with store.read() as tx:
        return {
            table.name: tx.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
