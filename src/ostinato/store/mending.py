"""Mending: what no loop does, for rows come to it only where somebody has changed the database by hand.

Each function mends one breach as far as it is certain what is right, under the guards by which the loop itself writes,
and returns in words what it did. What is not certain is left for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.statuses import (
    FINAL_RUN_STATUSES,
    FINAL_SLOT_STATUSES,
    LIVE_RUN_STATUSES,
    SLOT_STATUS_OF_RUN,
    RunStatus,
    SlotStatus,
)
from ostinato.model.transitions import find_path
from ostinato.store import breaches
from ostinato.store import schema as t
from ostinato.store.breaches import Since, name_slot
from ostinato.store.database import Tx
from ostinato.store.followups import close_steps, drop_events
from ostinato.store.leases import lock_runs
from ostinato.store.moves import chunks, lock_work, wake, wake_dependents

_KINDS = {
    RunStatus.SUCCESS: EndKind.COMPLETED,
    RunStatus.WARNING: EndKind.COMPLETED,
    RunStatus.FAILED: EndKind.RAISED,
    RunStatus.TIMEOUT: EndKind.LOST,
    RunStatus.CANCELLED: EndKind.CANCELLED,
}
"""What is said of ends of which all is lost but the status."""
_REST = {"wake_at": None, "singleton_held": None}
_LEASES: dict[bool, dict[str, Any]] = {
    True: {"lease_token": t.runs.c.lease_token + 1, "released_token": None},
    False: {"released_token": t.runs.c.lease_token},
}
_LEFT_OPEN = Evidence(EndKind.LOST, "its run had ended")


def release_singletons(tx: Tx, since: Since) -> list[str]:
    """Have the runs that have ended hold their singletons no longer."""
    run = t.runs.c
    kept = tx.execute(select(run.id, run.singleton_held).where(breaches.keeps_singleton(since))).all()
    for part in chunks([row.id for row in kept]):
        ended = run.status.in_(sorted(FINAL_RUN_STATUSES))
        tx.execute(update(t.runs).where(run.id.in_(part), ended).values(singleton_held=None))
    return [f"run {row.id} has let {row.singleton_held} go" for row in kept]


def close_left_steps(tx: Tx, since: Since, *, now: datetime) -> list[str]:
    """Close the steps that are under way in runs that have ended."""
    left = tx.execute(breaches.list_open_steps(since)).all()
    by_end: dict[RunStatus, set[int]] = {}
    for row in left:
        by_end.setdefault(RunStatus(row.run_status), set()).add(row.run_id)
    for status, run_ids in by_end.items():
        for part in chunks(sorted(run_ids)):
            close_steps(tx, part, to=status, evidence=_LEFT_OPEN, now=now)
    return [f"step {row.name} of run {row.run_id} is closed" for row in left]


def drop_left_events(tx: Tx, since: Since, *, now: datetime) -> list[str]:
    """Answer the events of runs that have ended."""
    left = tx.execute(breaches.list_left_events(since)).all()
    for part in chunks(sorted({row.run_id for row in left})):
        drop_events(tx, part, reason="the run has ended", now=now)
    return [f"event {row.id} of run {row.run_id} is answered: dropped, for the run has ended" for row in left]


def complete_histories(tx: Tx, since: Since, *, actor: str, now: datetime) -> list[str]:
    """Add what histories do not tell of: that their runs came to be where they are. By none of them a run has ended."""
    misled, lost = tx.execute(breaches.list_misled_histories(since)), tx.execute(breaches.list_lost_histories(since))
    untold = [(row, row.told) for row in misled if row.ended is None] + [(row, None) for row in lost]
    locked = lock_runs(tx, [row.id for row, _ in untold])
    certain = [(row, told) for row, told in untold if row.id in locked and locked[row.id].status == row.status]
    entries = [
        {"run_id": row.id, "from_status": told, "to_status": row.status, "at": now}
        | {"cause": "found so; its history did not tell", "actor": actor, "lease_token": row.lease_token}
        for row, told in certain
    ]
    if entries:
        tx.execute(insert(t.transitions), entries)
    return [f"the history of run {row.id} tells now that it is {row.status}" for row, _ in certain]


def end_again(tx: Tx, since: Since) -> list[str]:
    """End the runs anew that have ended by their histories, and live all the same, in the status that these tell."""
    misled = tx.execute(breaches.list_misled_histories(since)).all()
    revived = [row for row in misled if row.told in FINAL_RUN_STATUSES and row.status in LIVE_RUN_STATUSES]
    locked = lock_runs(tx, [row.id for row in revived])
    for row in revived:
        told = RunStatus(row.told)
        end = {"finished_at": row.told_at, "end_kind": _KINDS[told], "end_message": row.cause}
        for status in find_path(locked[row.id].status, told):
            values = {**_REST, **_LEASES[status is RunStatus.RUNNING], **(end if status is told else {})}
            tx.execute(update(t.runs).where(t.runs.c.id == row.id).values(status=status, **values))
    return [f"run {row.id} has ended again: {row.told}, as its history tells" for row in revived]


def realign_slots(tx: Tx, since: Since, *, now: datetime) -> list[str]:
    """Have slots say what their runs do, and open ones without any run wait for one; wake what waits for them."""
    adrift = {row.id: row for row in tx.execute(breaches.list_adrift_slots(since))}
    ended: list[int] = []
    done: list[str] = []
    for part in chunks(sorted(adrift)):
        lock_work(tx, t.runs.c.slot_id.in_(part), t.slots.c.id.in_(part))
        deciding = _find_deciding_runs(tx, part)
        for slot_id in part:
            values = _align(adrift[slot_id].status, deciding.get(slot_id), now)
            tx.execute(update(t.slots).where(t.slots.c.id == slot_id).values(values))
            done.append(f"{name_slot(adrift[slot_id])} is {values['status']} now, and was {adrift[slot_id].status}")
            ended += [slot_id] if values["status"] in FINAL_SLOT_STATUSES else []
    wake_dependents(tx, ended, now=now)
    return done


def _find_deciding_runs(tx: Tx, slot_ids: Sequence[int]) -> dict[int, Any]:
    """Return the run by which each slot goes: the live one, or else the latest; slots without any run are absent."""
    run = t.runs.c
    found = tx.execute(
        select(run.id, run.slot_id, run.status, run.series, run.attempt, run.finished_at)
        .where(run.slot_id.in_(slot_ids))
        .order_by(run.id)
    ).all()
    return {row.slot_id: row for row in sorted(found, key=lambda row: row.status in LIVE_RUN_STATUSES)}


def _align(status: str, run: Any, now: datetime) -> dict[str, Any]:
    """Return what a slot becomes that says ``status`` by the run that decides; one that has ended stays ended."""
    if run is None:
        waits = {"status": SlotStatus.PENDING, "series": 1, "attempts": 0, "run_id": None, "examine_at": now}
        return {**waits, "finished_at": None, "reason": "", "gate": None}
    refers = {"run_id": run.id, "series": run.series, "attempts": run.attempt, "examine_at": None, "accepted_by": None}
    if status in FINAL_SLOT_STATUSES and run.status in FINAL_RUN_STATUSES:
        return {"status": SlotStatus(status), "run_id": run.id}
    to = SLOT_STATUS_OF_RUN[RunStatus(run.status)]
    return {**refers, "status": to, "finished_at": run.finished_at if to in FINAL_SLOT_STATUSES else None, "reason": ""}


def rehome_runs(tx: Tx, since: Since) -> list[str]:
    """Have runs that nobody has begun with belong to the definition and the account of their slot."""
    wanted = breaches.list_strange_runs(since).where(t.runs.c.started_at.is_(None))
    strange = tx.execute(wanted).all()
    for row in strange:
        owners = {"definition_id": row.definition_id, "account_id": row.account_id}
        tx.execute(update(t.runs).where(t.runs.c.id == row.run, t.runs.c.started_at.is_(None)).values(owners))
    return [f"run {row.run} belongs to {name_slot(row)} again" for row in strange]


def wake_forgotten_slots(tx: Tx, since: Since, *, now: datetime) -> list[str]:
    """Have the slots examined that are due and that nobody has looked at."""
    forgotten = tx.execute(breaches.list_unexamined_slots(since)).all()
    for part in chunks([row.id for row in forgotten]):
        wake(tx, select(t.slots.c.id).where(t.slots.c.id.in_(part)), now=now)
    return [f"{name_slot(row)} is to be examined" for row in forgotten]


def drop_dead_leases(tx: Tx, since: Since, *, now: datetime) -> list[str]:
    """Drop the leases that have expired, and those that nobody can have taken for so long."""
    lease = t.leases.c
    dead = (lease.expires_at <= now) | (lease.expires_at > since.not_after)
    dropped = tx.execute(delete(t.leases).where(dead).returning(lease.name, lease.holder)).all()
    return [f"the lease of {row.name} is free again: {row.holder} had it" for row in dropped]
