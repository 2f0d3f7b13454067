"""Accounts: rows that follow the declared ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from ostinato.model.accounts import Account, DeclaredAccount
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.moves import chunks, lock_work
from ostinato.store.pausing import pause_row, resume_row
from ostinato.store.records import to_account, to_spec
from ostinato.store.types import EPOCH


def list_accounts(tx: Tx) -> list[Account]:
    """List all accounts by token."""
    return [to_account(row) for row in tx.execute(select(t.accounts).order_by(t.accounts.c.token))]


def find_account(tx: Tx, token: str) -> Account | None:
    """Return the account of that token, or ``None``."""
    row = tx.execute(select(t.accounts).where(t.accounts.c.token == token)).one_or_none()
    return None if row is None else to_account(row)


def count_accounts(tx: Tx) -> int:
    """Count all accounts."""
    return tx.execute(select(func.count()).select_from(t.accounts)).scalar_one()


def add_accounts(tx: Tx, declared: Sequence[DeclaredAccount], *, source: str, now: datetime) -> None:
    """Add accounts that ``source`` declares."""
    if declared:
        tx.execute(
            insert(t.accounts),
            [_to_row(account) | {"source": source, "created_at": now} for account in declared],
        )


def change_accounts(tx: Tx, declared: Sequence[DeclaredAccount], *, source: str) -> None:
    """Bring accounts to what ``source`` declares now."""
    if declared:
        rows = [_to_row(account) | {"source": source} for account in declared]
        statement = update(t.accounts).where(t.accounts.c.token == bindparam("key"))
        tx.execute(
            statement.values({name: bindparam(f"new_{name}") for name in rows[0]}),
            [{"key": row["token"]} | {f"new_{name}": value for name, value in row.items()} for row in rows],
        )


def remove_accounts(tx: Tx, tokens: Collection[str]) -> None:
    """Remove accounts with their lanes, slots, runs and history."""
    for part in chunks(tokens):
        ids = select(t.accounts.c.id).where(t.accounts.c.token.in_(part))
        lanes = select(t.lanes.c.id).where(t.lanes.c.account_id.in_(ids))
        lock_work(tx, t.runs.c.account_id.in_(ids), t.slots.c.lane_id.in_(lanes), to_remove=True)
        tx.execute(delete(t.accounts).where(t.accounts.c.token.in_(part)))


def pause_account(tx: Tx, token: str, *, actor: str, reason: str, now: datetime) -> bool:
    """Let nothing of the account start until it is resumed; ``False`` when it is paused already."""
    return pause_row(tx, t.accounts, t.accounts.c.token == token, actor=actor, reason=reason, now=now)


def resume_account(tx: Tx, token: str) -> bool:
    """End the pause of an account; ``False`` when it is not paused."""
    return resume_row(tx, t.accounts, t.accounts.c.token == token)


def _to_row(account: DeclaredAccount) -> dict[str, object]:
    window = account.maintenance
    return {
        "token": account.token,
        "time_zone": account.time_zone,
        "starts_on": account.starts_on,
        "active": account.active,
        # A window without any bound is not to be taken for none.
        "maintenance_starts_at": (window.starts_at or EPOCH) if window else None,
        "maintenance_ends_at": window.ends_at if window else None,
        "concurrency": account.concurrency,
        "weight": account.weight,
        "spec": to_spec(account),
        "version": account.version,
    }
