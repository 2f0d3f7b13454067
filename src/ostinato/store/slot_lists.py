"""Lists of slots, and counts of them by what faces show. It only reads.

A history is long, mostly well and over, and asked for its end. So the table has three indexes by start, each of a part
of it: what waits, what is notable, what has succeeded. A list takes its first few from each, and no part is sorted or
gone through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from ostinato.model.slots import Slot, SlotFace, SlotPlace, slot_face
from ostinato.model.statuses import LIVE_RUN_STATUSES, RunStatus, SlotStatus
from ostinato.store import schema as t
from ostinato.store.counts import count_by
from ostinato.store.database import Tx
from ostinato.store.slots import select_whole_slots, to_slot

Condition: TypeAlias = ColumnElement[bool]

FARTHEST_EAST, FARTHEST_WEST = timedelta(hours=14), timedelta(hours=12)
"""How long before the same day in UTC a day begins on a wall clock, and how long after, at most."""

_PENDING_FACES = frozenset({SlotFace.FUTURE, SlotFace.BLOCKED, SlotFace.READY})
_LIVE_FACES = frozenset({SlotFace.WAITING, SlotFace.RUNNING, SlotFace.SUSPENDED, SlotFace.PAUSED})
_slot, _run = t.slots.c, t.runs.c


@dataclass(frozen=True, slots=True)
class Faces:
    """Statuses as faces show them at ``now``."""

    shown: frozenset[SlotFace]
    now: datetime


@dataclass(frozen=True, slots=True)
class SlotFilter:
    """Which slots are meant: all that fit every value that is given.

    ``since`` and ``until`` bound the instant at which they start, ``first_day`` and ``last_day`` the date on the wall
    clock of each slot's own zone; ``until`` alone is not part of what it bounds.
    """

    definition: str | None = None
    account: str | None = None
    faces: Faces | None = None
    since: datetime | None = None
    until: datetime | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class _Cut:
    """Which few slots of each part are wanted: how many, from which end, after which."""

    limit: int | None
    newest_first: bool
    after: SlotPlace | None


def list_slots(
    tx: Tx,
    chosen: SlotFilter,
    *,
    limit: int | None = None,
    newest_first: bool = False,
    after: SlotPlace | None = None,
) -> list[Slot]:
    """List the slots that ``chosen`` means, by start, then by lane: those that follow the place ``after``."""
    cut = _Cut(limit, newest_first, after)
    found = union_all(*(_wrap(part) for part in _list_parts(tx, chosen, cut))).subquery("found")
    same = and_(_slot.lane_id == found.c.lane_id, _slot.starts_at == found.c.starts_at)
    listed = select_whole_slots().join(found, same).order_by(*_order(cut)).limit(limit)
    return [to_slot(row) for row in tx.execute(listed)]


def count_slots(tx: Tx, *, now: datetime, since: datetime, until: datetime) -> dict[SlotFace, int]:
    """Count the slots of each status that faces show at ``now``.

    All that are open and all that have failed are counted; of others that have ended, those that did so at ``since``
    or later, and of those whose time has not come, those that are due by ``until``.
    """
    counts: Counter[SlotFace] = _count_pending(tx, now, until)
    open_or_failed, well = [SlotStatus.RETRYING, SlotStatus.FAILED], [SlotStatus.WARNING, SlotStatus.CANCELLED]
    counts += _to_faces(count_by(tx, _slot.status, open_or_failed, t.is_notable_slot()))
    counts += _to_faces(count_by(tx, _slot.status, [SlotStatus.SUCCESS, *well], _slot.finished_at >= since))
    live = count_by(tx, _run.status, sorted(LIVE_RUN_STATUSES), t.is_live(), _run.slot_id.is_not(None))
    for status, count in live.items():
        counts[slot_face(SlotStatus.LIVE, status, due=True, stopped=False)] += count
    return dict(counts)


def _count_pending(tx: Tx, now: datetime, until: datetime) -> Counter[SlotFace]:
    """Count the slots without a run, each number by an index whose rows are those that are counted."""
    pending, due = _is_in(SlotStatus.PENDING), _slot.due_at <= now
    future, has_come = and_(pending, _slot.due_at > now, _slot.due_at <= until), and_(pending, due)
    by_hand, stopped = and_(pending, _slot.due_at.is_(None)), and_(t.is_blocked(), due)
    numbers = (select(func.count()).select_from(t.slots).where(one) for one in (future, has_come, by_hand, stopped))
    to_come, come, manual, blocked = list(tx.execute(select(*(one.scalar_subquery() for one in numbers))).one())
    counts = {SlotFace.FUTURE: to_come, SlotFace.READY: come - blocked, SlotFace.BLOCKED: blocked + manual}
    return Counter({face: count for face, count in counts.items() if count})


def _to_faces(counts: Mapping[SlotStatus, int]) -> Counter[SlotFace]:
    return Counter({SlotFace(status.value): count for status, count in counts.items()})


def _list_parts(tx: Tx, chosen: SlotFilter, cut: _Cut) -> Iterator[Select[Any]]:
    """Yield, for each part of the table that may hold some, the first slots of it that are meant."""
    lanes, several = _select_lanes(chosen), chosen.definition is None or chosen.account is None
    theirs = list(_in_lanes(tx, lanes, hide=several))
    shown = frozenset(SlotFace) if chosen.faces is None else chosen.faces.shown
    within = list(_bounds(chosen))
    for conditions in _pending_conditions(chosen.faces):
        yield _take(_select(), cut, _is_in(SlotStatus.PENDING), *conditions, *within, *theirs)
    if notable := shown - _PENDING_FACES - {SlotFace.SUCCESS}:
        yield _take(_select_notable(tx, notable), cut, *within, *theirs)
    if SlotFace.SUCCESS in shown:
        yield from _take_succeeded(tx, cut, lanes, within)


def _take_succeeded(tx: Tx, cut: _Cut, lanes: Select[Any] | None, within: list[Condition]) -> Iterator[Select[Any]]:
    """Yield the first slots that have succeeded: of few lanes those of each, for what lies between is the most."""
    if lanes is None or cut.limit is None:
        yield _take(_select(), cut, _is_in(SlotStatus.SUCCESS), *within, *_in_lanes(tx, lanes, hide=False))
        return
    lane = lanes.subquery("lane")
    first = _take(_select(), cut, _is_in(SlotStatus.SUCCESS), *within).where(_slot.lane_id == lane.c.id).correlate(lane)
    if tx.dialect.name == "postgresql":
        beside = first.lateral("first")
        yield select(beside.c.lane_id, beside.c.starts_at).select_from(lane.join(beside, true()))
        return
    last = first.with_only_columns(_slot.starts_at).offset(cut.limit - 1).limit(1).scalar_subquery()
    same = and_(_slot.lane_id == lane.c.id, *_up_to(last, cut))
    yield _take(_select().join(lane, same), cut, _is_in(SlotStatus.SUCCESS), *within)


def _up_to(last: Any, cut: _Cut) -> Iterator[Condition]:
    """Yield what tells of a slot whether it is no farther than the ``last`` of those wanted, if there are so many."""
    beyond: ColumnElement[int] = literal_column("-9e18" if cut.newest_first else "9e18")
    yield (
        _slot.starts_at >= func.coalesce(last, beyond)
        if cut.newest_first
        else _slot.starts_at <= func.coalesce(last, beyond)
    )


def _pending_conditions(faces: Faces | None) -> Iterator[tuple[Condition, ...]]:
    """Yield, for each of the faces that a slot without a run may show, what tells it.

    Nothing is due before it starts: so what is to come need not be looked at for what is due.
    """
    if faces is None:
        yield ()
        return
    has_come = (_slot.starts_at <= faces.now, _slot.due_at <= faces.now)
    if SlotFace.FUTURE in faces.shown:
        yield (_slot.due_at > faces.now,)
    if SlotFace.READY in faces.shown:
        yield (*has_come, _slot.reason == "")
    if SlotFace.BLOCKED in faces.shown:
        yield (*has_come, _slot.reason != "")
        yield (_slot.due_at.is_(None),)


def _select_notable(tx: Tx, faces: frozenset[SlotFace]) -> Select[Any]:
    """Select the notable slots that show one of ``faces``."""
    run_statuses = {RunStatus(face.value) for face in faces & _LIVE_FACES}
    run_statuses |= {RunStatus.SCHEDULED} if SlotFace.RETRYING in faces else set()
    statuses = {SlotStatus(face.value) for face in faces - _LIVE_FACES} | ({SlotStatus.LIVE} if run_statuses else set())
    some = _select()
    if statuses == t.NOTABLE_SLOT_STATUSES or tx.dialect.name == "sqlite":  # PostgreSQL would reckon with both
        some = some.where(t.is_notable_slot())
    if statuses != t.NOTABLE_SLOT_STATUSES:
        some = some.where(_slot.status.in_([literal_column(f"'{status}'") for status in sorted(statuses)]))
    if not run_statuses or run_statuses == LIVE_RUN_STATUSES:
        return some
    fits = or_(_slot.status != SlotStatus.LIVE, _run.status.in_(sorted(run_statuses)))
    return some.outerjoin(t.runs, _run.id == _slot.run_id).where(fits)


def _bounds(chosen: SlotFilter) -> Iterator[Condition]:
    if chosen.since is not None:
        yield _slot.starts_at >= chosen.since
    if chosen.until is not None:
        yield _slot.starts_at < chosen.until
    if chosen.first_day is not None:
        yield _slot.starts_at >= _midnight(chosen.first_day) - FARTHEST_EAST
        yield _slot.label >= chosen.first_day.isoformat()
    if chosen.last_day is not None:
        yield _slot.starts_at < _midnight(chosen.last_day) + timedelta(days=1) + FARTHEST_WEST
        yield func.substr(_slot.label, 1, 10) <= chosen.last_day.isoformat()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _select_lanes(chosen: SlotFilter) -> Select[Any] | None:
    """Select the lanes that are meant; ``None`` for all."""
    if chosen.definition is None and chosen.account is None:
        return None
    lanes = select(t.lanes.c.id).join(t.definitions).outerjoin(t.accounts)
    if chosen.definition is not None:
        lanes = lanes.where(t.definitions.c.name == chosen.definition)
    if chosen.account is not None:
        lanes = lanes.where(t.accounts.c.token == chosen.account)
    return lanes


def _in_lanes(tx: Tx, lanes: Select[Any] | None, *, hide: bool) -> Iterator[Condition]:
    """Yield what tells of a slot whether it belongs to one of ``lanes``, by the index that is walked by start.

    SQLite would rather go through all slots of many lanes: it must not see that it could.
    """
    if lanes is not None:
        hidden: ColumnElement[int] = literal_column("+slots.lane_id")
        yield (hidden if hide and tx.dialect.name == "sqlite" else _slot.lane_id).in_(lanes)


def _select() -> Select[Any]:
    return select(_slot.lane_id, _slot.starts_at).select_from(t.slots)


def _take(some: Select[Any], cut: _Cut, *conditions: Condition) -> Select[Any]:
    return some.where(*conditions, *_beyond(cut)).order_by(*_order(cut)).limit(cut.limit)


def _beyond(cut: _Cut) -> Iterator[Condition]:
    if cut.after is not None:
        start, after = _slot.starts_at, cut.after
        yield start <= after.starts_at if cut.newest_first else start >= after.starts_at
        yield or_(start != after.starts_at, _slot.lane_id > after.lane_id)


def _order(cut: _Cut) -> tuple[ColumnElement[Any], ...]:
    return (_slot.starts_at.desc() if cut.newest_first else _slot.starts_at.asc(), _slot.lane_id)


def _wrap(part: Select[Any]) -> Select[Any]:
    """Put a part that is sorted and cut where SQLite takes it: into a subquery of its own."""
    return select(part.subquery())


def _is_in(status: SlotStatus) -> Condition:
    """Tell of a slot whether it has a status, in the words of the indexes of parts: a bound value may miss them."""
    condition: Condition = literal_column(f"slots.status = '{status}'")
    return condition
