"""Pausing and resuming a row of accounts or definitions: one guarded update for both tables."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Table, update

from ostinato.store.database import Tx


def pause_row(tx: Tx, table: Table, which: ColumnElement[bool], *, actor: str, reason: str, now: datetime) -> bool:
    """Mark a row of ``table`` as paused; ``False`` when it is paused already."""
    paused = tx.execute(
        update(table)
        .where(which, table.c.paused_at.is_(None))
        .values(paused_at=now, paused_by=actor, pause_reason=reason)
    )
    return paused.rowcount > 0


def resume_row(tx: Tx, table: Table, which: ColumnElement[bool]) -> bool:
    """End the pause of a row of ``table``; ``False`` when it is not paused."""
    resumed = tx.execute(
        update(table)
        .where(which, table.c.paused_at.is_not(None))
        .values(paused_at=None, paused_by=None, pause_reason=None)
    )
    return resumed.rowcount > 0
