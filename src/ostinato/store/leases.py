"""Leases: who may write about a run. It locks the rows of runs and tells how they stand; it changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from ostinato.model.statuses import RunStatus
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.moves import chunks
from ostinato.store.prepared import Prepared

_LOCK = Prepared.for_ids(
    select(t.runs.c.id, t.runs.c.status, t.runs.c.lease_token, t.runs.c.decision, t.runs.c.cancel_requested_at)
    .order_by(t.runs.c.id)
    .with_for_update(key_share=True),
    t.runs.c.id,
)


@dataclass(frozen=True, slots=True)
class LockedRun:
    """A run that nobody else can change before the transaction ends. ``decision`` counts those recorded about it."""

    id: int
    status: RunStatus
    lease_token: int
    decision: int
    cancel_requested: bool

    def is_held_under(self, lease_token: int) -> bool:
        """Tell whether it is being carried out under this lease."""
        return self.status is RunStatus.RUNNING and self.lease_token == lease_token


def lock_runs(tx: Tx, run_ids: Collection[int]) -> dict[int, LockedRun]:
    """Keep others from changing these runs; return those that exist."""
    locked: dict[int, LockedRun] = {}
    for part in chunks(sorted(set(run_ids))):
        for row in _LOCK.fetch(tx, {"ids": part}):
            asked = row.cancel_requested_at is not None
            locked[row.id] = LockedRun(row.id, RunStatus(row.status), row.lease_token, row.decision, asked)
    return locked


def lock_held_runs(tx: Tx, leases: Mapping[int, int]) -> frozenset[int]:
    """Keep others from changing the runs that are still held under ``leases``, their tokens by run; return these."""
    locked = lock_runs(tx, leases)
    return frozenset(run.id for run in locked.values() if run.is_held_under(leases[run.id]))
