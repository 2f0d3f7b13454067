"""Events: what is sent to the steps of runs. Each is stored before anybody is told so, and settled once.

Whoever sends locks the run's row, as does whoever records a decision about it: so no run goes to sleep past an event
that has come for it. An event can be delivered to a step that is suspended, unless that waits for another try.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, or_, select, tuple_, update

from ostinato.errors import IllegalTransition, NotPossible
from ostinato.model.changes import EventSettled
from ostinato.model.statuses import FINAL_RUN_STATUSES, FINAL_STEP_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import Event, EventFate, Json
from ostinato.model.transitions import Party
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import reserve_keys
from ostinato.store.followups import CAN_TAKE
from ostinato.store.leases import LockedRun, lock_runs
from ostinato.store.moves import Move, chunks, move_runs

_SETTLED = frozenset({EventFate.DELIVERED, EventFate.DROPPED})

_OPEN = t.events.c.settled_at.is_(None)
"""Events of which it is not decided yet what becomes of them."""

_INSERT = insert(t.events)
_SETTLE = update(t.events).where(
    t.events.c.id == bindparam("of_event"), t.events.c.run_id == bindparam("of_run"), _OPEN
)
_WAKE_EARLIER = (
    update(t.runs)
    .where(t.runs.c.id == bindparam("of_run"), or_(t.runs.c.wake_at.is_(None), t.runs.c.wake_at > bindparam("instant")))
    .values(wake_at=bindparam("instant"))
)


@dataclass(frozen=True, slots=True)
class _Target:
    """A step as an event finds it."""

    name: str
    status: StepStatus
    can_take: bool


# --- sending ---------------------------------------------------------------------------------------------------------


def send_event(
    tx: Tx,
    *,
    run_id: int,
    step: int,
    name: str,
    payload: Json = None,
    sent_by: str,
    now: datetime,
    due_at: datetime | None = None,
    optional: bool = False,
) -> Event:
    """Store an event for a step, to be delivered when ``due_at`` has come, and wake the run when it is due.

    Raises ``NotPossible`` when no such step can ever take it; an ``optional`` one is answered as dropped, and not
    stored.
    """
    event = Event(run_id, step, name, payload, optional=optional, sent_by=sent_by, due_at=due_at)
    (answer,) = send_events(tx, [event], now=now)
    if answer.fate is EventFate.DROPPED and not optional:
        raise NotPossible(f"event {name} cannot be delivered: {answer.reason}")
    return answer


def send_events(tx: Tx, events: Sequence[Event], *, now: datetime) -> list[Event]:
    """Store many events and wake their runs; return them in the same order, as they were stored.

    One that no step can ever take is answered as dropped with the reason, without ``id``, and is not stored.
    """
    runs = lock_runs(tx, {event.run_id for event in events})
    steps = _find_targets(tx, {(event.run_id, event.step) for event in events})
    addressed = [
        _address(event, runs.get(event.run_id), steps.get((event.run_id, event.step)), now) for event in events
    ]
    stored = iter(_insert(tx, [event for event in addressed if event.fate is EventFate.WAITING]))
    answers = [next(stored) if event.fate is EventFate.WAITING else event for event in addressed]
    _wake(tx, [event for event in answers if _can_wake(event, runs, steps)], now)
    return answers


def _find_targets(tx: Tx, addresses: Collection[tuple[int, int]]) -> dict[tuple[int, int], _Target]:
    step = t.steps.c
    targets: dict[tuple[int, int], _Target] = {}
    for part in chunks(sorted(addresses)):
        asked = select(step.run_id, step.number, step.name, step.status, CAN_TAKE.label("can_take"))
        for row in tx.execute(asked.where(tuple_(step.run_id, step.number).in_(part))):
            targets[row.run_id, row.number] = _Target(row.name, StepStatus(row.status), bool(row.can_take))
    return targets


def _address(event: Event, run: LockedRun | None, target: _Target | None, now: datetime) -> Event:
    """Return the event as it is to be stored, or as dropped for a reason."""
    reason = ""
    if run is None:
        reason = f"there is no run {event.run_id}"
    elif run.status in FINAL_RUN_STATUSES:
        reason = f"the run has ended: {run.status}"
    elif target is None:
        reason = f"run {event.run_id} has no step {event.step}"
    elif target.status in FINAL_STEP_STATUSES:
        reason = f"step {target.name} has ended: {target.status}"
    if reason:
        return replace(event, fate=EventFate.DROPPED, reason=reason, sent_at=now, settled_at=now)
    return replace(event, fate=EventFate.WAITING, sent_at=now, due_at=event.due_at or now)


def _insert(tx: Tx, events: Sequence[Event]) -> list[Event]:
    if not events:
        return []
    keys = reserve_keys(tx, t.events.c.id, len(events))
    kept = [replace(event, id=id) for id, event in zip(keys, events, strict=True)]
    tx.execute(_INSERT, [_to_row(event) for event in kept])
    return kept


def _can_wake(event: Event, runs: Mapping[int, LockedRun], targets: Mapping[tuple[int, int], _Target]) -> bool:
    if event.id is None:
        return False
    return runs[event.run_id].status is RunStatus.SUSPENDED and targets[event.run_id, event.step].can_take


def _wake(tx: Tx, events: Sequence[Event], now: datetime) -> None:
    """Make suspended runs wait for an agent when something is due for them, else wake them no later than that."""
    later = [event for event in events if event.due_at is not None and event.due_at > now]
    if later:
        tx.execute(_WAKE_EARLIER, [{"of_run": event.run_id, "instant": event.due_at} for event in later])
    senders: dict[str, set[int]] = {}
    for event in events:
        if event.due_at is not None and event.due_at <= now:
            senders.setdefault(event.sent_by, set()).add(event.run_id)
    for sender, run_ids in senders.items():
        move = Move(RunStatus.WAITING, Party.PERSON, sender, "an event came", now)
        for part in chunks(sorted(run_ids)):
            move_runs(tx, move, t.runs.c.id.in_(part), expected=[RunStatus.SUSPENDED])


# --- settling --------------------------------------------------------------------------------------------------------


def settle_events(tx: Tx, settled: Sequence[tuple[int, EventSettled]], *, now: datetime) -> None:
    """Note what became of events, given with their runs. Callers hold the rows of the runs.

    Raises ``IllegalTransition`` when one of them was settled before, or does not exist.
    """
    if not settled:
        return
    rows = [
        {
            "of_run": run_id,
            "of_event": event.event_id,
            "fate": event.fate,
            "reason": event.reason,
            "settled_at": now if event.fate in _SETTLED else None,
        }
        for run_id, event in settled
    ]
    if tx.execute(_SETTLE, rows).rowcount != len(rows):
        names = ", ".join(f"{event.event_id} of run {run_id}" for run_id, event in settled)
        raise IllegalTransition(f"one of these events was settled before, or is not there: {names}")


# --- reading ---------------------------------------------------------------------------------------------------------


def list_due_events(tx: Tx, run_ids: Collection[int], now: datetime) -> list[Event]:
    """List the events of runs that are due and not settled, in the order in which they were sent.

    Among them are those that a step had in hand when it was interrupted: their fate is ``taken``. They were due by the
    clock of whoever took them, which may have been ahead of this one.
    """
    event = t.events.c
    due = or_(event.due_at <= now, event.fate == EventFate.TAKEN)
    found = [
        _to_event(row)
        for part in chunks(run_ids)
        for row in tx.execute(select(t.events).where(event.run_id.in_(part), _OPEN, due))
    ]
    return sorted(found, key=lambda event: event.id or 0)


def next_due_at(tx: Tx, run_ids: Collection[int]) -> dict[int, datetime]:
    """Return when the first event of each run is due that a step could take as it stands; others are absent."""
    event, step = t.events.c, t.steps.c
    found: dict[int, datetime] = {}
    for part in chunks(run_ids):
        waiting = and_(event.run_id.in_(part), event.fate == EventFate.WAITING)
        takers = and_(step.run_id == event.run_id, step.number == event.step, CAN_TAKE)
        first = select(event.run_id, func.min(event.due_at)).join(t.steps, takers).where(waiting)
        found |= {row[0]: row[1] for row in tx.execute(first.group_by(event.run_id))}
    return found


def find_event(tx: Tx, event_id: int) -> Event | None:
    """Return one event, or ``None``."""
    found = _list(tx, t.events.c.id == event_id)
    return found[0] if found else None


def list_events(tx: Tx, run_id: int) -> list[Event]:
    """List the events of a run, oldest first."""
    return _list(tx, t.events.c.run_id == run_id)


def _list(tx: Tx, where: ColumnElement[bool]) -> list[Event]:
    return [_to_event(row) for row in tx.execute(select(t.events).where(where).order_by(t.events.c.id))]


def _to_row(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "run_id": event.run_id,
        "step": event.step,
        "name": event.name,
        "payload": event.payload,
        "optional": event.optional,
        "fate": event.fate,
        "reason": event.reason,
        "sent_by": event.sent_by,
        "sent_at": event.sent_at,
        "due_at": event.due_at,
    }


def _to_event(row: Any) -> Event:
    return Event(
        run_id=row.run_id,
        step=row.step,
        name=row.name,
        payload=row.payload,
        id=row.id,
        optional=row.optional,
        fate=EventFate(row.fate),
        reason=row.reason,
        sent_by=row.sent_by,
        sent_at=row.sent_at,
        due_at=row.due_at,
        settled_at=row.settled_at,
    )
