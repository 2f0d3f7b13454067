"""What follows from a run's new status for what hangs on it: its hooks, its open steps and events, its parent's event.

It belongs to the transaction that moves the run, where ``moves`` calls it; it changes no run itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, tuple_, update

from ostinato.model.evidence import Evidence
from ostinato.model.statuses import FINAL_STEP_STATUSES, LIVE_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import CHILD, EventFate, WakeKind
from ostinato.store import schema as t
from ostinato.store.database import Tx

CAN_TAKE = and_(
    t.steps.c.status == StepStatus.SUSPENDED,
    or_(t.steps.c.wake_kind.is_(None), t.steps.c.wake_kind != WakeKind.RETRY),
)
"""Steps to which an event can be delivered now: those that are suspended, unless that waits for another try."""

_AT_REST = {"wake_at": None, "wake_kind": None, "deadline_at": None, "event_id": None}


def has_open_events() -> ColumnElement[bool]:
    """Tell of a run whether there are events of which it is not decided yet what becomes of them."""
    event = t.events.c
    return select(event.id).where(event.run_id == t.runs.c.id, event.settled_at.is_(None)).correlate(t.runs).exists()


def note_hooks(
    tx: Tx, hooks: Iterable[tuple[int, Mapping[str, Sequence[str]]]], *, to: RunStatus, at: datetime
) -> None:
    """Note the calls that runs, given with their hooks by status, ask for when they come into the status ``to``."""
    calls = [
        {"run_id": run_id, "hook": hook, "status": to, "at": at}
        for run_id, by_status in hooks
        for hook in by_status.get(to, ())
    ]
    if calls:
        tx.execute(insert(t.hook_calls), calls)


def drop_events(
    tx: Tx, run_ids: Collection[int], *, reason: str, now: datetime, steps: Collection[int] | None = None
) -> None:
    """Answer the events that nobody will take any more, their runs having ended, or these steps of theirs."""
    event = t.events.c
    open_ones = update(t.events).where(event.run_id.in_(run_ids), event.settled_at.is_(None))
    if steps is not None:
        open_ones = open_ones.where(event.step.in_(steps))
    tx.execute(open_ones.values(fate=EventFate.DROPPED, reason=reason, settled_at=now))


def close_steps(tx: Tx, run_ids: Collection[int], *, to: RunStatus, evidence: Evidence | None, now: datetime) -> None:
    """Close the steps of runs that ended without their agents, by ``evidence``.

    A cancelled run's steps are cancelled. Of another, what was running has failed, what was suspended is cancelled, and
    what had not begun stays as it is, for the next attempt.
    """
    step = t.steps.c
    ended = {"finished_at": now, **_AT_REST}
    cancelled = [StepStatus.SUSPENDED]
    if to is RunStatus.CANCELLED:
        cancelled += [StepStatus.PENDING, StepStatus.RUNNING]
    elif evidence is not None:
        error = {"kind": evidence.kind, "message": f"abnormal termination: {evidence.message}"}
        failed = update(t.steps).where(step.run_id.in_(run_ids), step.status == StepStatus.RUNNING)
        tx.execute(failed.values(status=StepStatus.ERROR, error=error, **ended))
    given_up = update(t.steps).where(step.run_id.in_(run_ids), step.status.in_(cancelled))
    tx.execute(given_up.values(status=StepStatus.CANCELLED, **ended))


def send_child_events(tx: Tx, steps: Collection[tuple[int, int]], *, sent_by: str, now: datetime) -> list[int]:
    """Tell steps, given with their runs, that children have ended or paused; return the runs that can take that now.

    One event that waits is enough for any number of children. It is locked, so that nobody takes it before the news is
    committed; one that somebody is taking does not count. Nothing is waited for: a parent whose row is locked that
    hard is being deleted.
    """
    event, step = t.events.c, t.steps.c
    parents = {run_id for run_id, _ in steps}
    present = set(tx.execute(_keep_present(parents)).scalars())
    standing = tx.execute(
        select(step.run_id, step.number, CAN_TAKE.label("can_take")).where(
            tuple_(step.run_id, step.number).in_(steps), step.status.not_in(sorted(FINAL_STEP_STATUSES))
        )
    ).all()
    waiting = select(event.run_id, event.step).where(
        event.run_id.in_(parents), event.name == CHILD, event.settled_at.is_(None), event.fate == EventFate.WAITING
    )
    told = {(row.run_id, row.step) for row in tx.execute(waiting.with_for_update(read=True, skip_locked=True))}
    takers = [row for row in standing if row.run_id in present]
    rows = [_to_event(row, sent_by, now) for row in takers if (row.run_id, row.number) not in told]
    if rows:
        tx.execute(insert(t.events), rows)
    return sorted({row.run_id for row in takers if row.can_take})


def _keep_present(run_ids: Collection[int]) -> Any:
    """Select those that live of ``run_ids``, and keep them from being deleted."""
    return (
        select(t.runs.c.id)
        .where(t.runs.c.id.in_(run_ids), t.runs.c.status.in_(sorted(LIVE_RUN_STATUSES)))
        .order_by(t.runs.c.id)
        .with_for_update(read=True, key_share=True, skip_locked=True)
    )


def _to_event(step: Any, sent_by: str, now: datetime) -> dict[str, Any]:
    return {
        "run_id": step.run_id,
        "step": step.number,
        "name": CHILD,
        "optional": True,
        "fate": EventFate.WAITING,
        "reason": "",
        "sent_by": sent_by,
        "sent_at": now,
        "due_at": now,
    }
