"""Turns: from where accounts and cohorts go on. What is kept here decides who comes next, never who may run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, text

from ostinato.policies.turns import Pick, Positions, ShareKey
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import insert_or_change

_ACCOUNT, _DEFINITION = text("coalesce(account_id, 0)"), text("coalesce(definition_id, 0)")


def find_positions(tx: Tx, queues: Sequence[str]) -> Positions:
    """Return where in virtual time each account stands that has had a turn in these queues."""
    share = t.shares.c
    found = select(share.queue, share.priority, share.account_id, share.position).where(share.queue.in_(queues))
    return {ShareKey(row.queue, row.priority, row.account_id): row.position for row in tx.execute(found)}


def note_turns(tx: Tx, pick: Pick, claimed: Collection[int], now: datetime) -> None:
    """Keep who has had a turn with a run that was ``claimed``: who has not may be gone by now.

    Called by one claimant at a time, or two could wait for each other.
    """
    share, turn = t.shares.c, t.turns.c
    taken = {pick.runs[run_id] for run_id in claimed}
    shares = {key.share for key in taken}
    tx.execute(
        insert_or_change(tx, t.shares, [share.queue, share.priority, _ACCOUNT], share.position),
        [{**key._asdict(), "position": pick.positions[key]} for key in shares],
    )
    tx.execute(
        insert_or_change(tx, t.turns, [turn.queue, turn.priority, _ACCOUNT, _DEFINITION], turn.taken_at),
        [{**key._asdict(), "taken_at": now} for key in taken],
    )
