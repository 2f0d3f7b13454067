"""Histories: how one lane went, what one account's night was, and a definition for all accounts day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ostinato.model.slots import SlotFace, SlotName, slot_face
from ostinato.model.statuses import RunStatus, SlotStatus
from ostinato.operations.directory import NO_ACCOUNT
from ostinato.operations.names import get_account, get_definition
from ostinato.operations.night import Nights
from ostinato.operations.waiting import show_face
from ostinato.policies.risk import find_worst
from ostinato.store import night
from ostinato.store.night import Attempt, DayStatus, NightSlot
from ostinato.world import World

A_NIGHT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PastSlot:
    """A slot as it stands, by its name, and the attempts at it where these were asked for."""

    slot: NightSlot
    name: SlotName
    face: SlotFace
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """One account's night: what was due in the day before ``until``, and what was due last but earlier."""

    account: str | None
    time_zone: str
    since: datetime
    until: datetime
    bars: tuple[PastSlot, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """A definition by account and day. Where several slots begin on one day the worst of them is shown."""

    definition: str
    days: tuple[date, ...]
    rows: tuple[tuple[str | None, tuple[SlotFace | None, ...]], ...]


def find_history(
    world: World, definition: str, account: str | None, *, limit: int = 30, until: datetime | None = None
) -> list[PastSlot]:
    """Return the last slots of one lane that were due by ``until``, or now, the newest last."""
    now = world.clock.now()
    with world.store.read() as tx:
        definition_id = get_definition(tx, definition).id
        account_id = NO_ACCOUNT if account is None else get_account(tx, account).id
        found = night.list_lane(tx, account_id=account_id, definition_id=definition_id, until=until or now, limit=limit)
    return [_to_past(one, SlotName(definition, account, one.label), now) for one in reversed(found)]


def find_timeline(nights: Nights, account: str | None, at: datetime | None = None) -> Timeline:
    """Return the night of an account, or of what belongs to none; ``NotFound`` for an unknown one."""
    world = nights.world
    now = world.clock.now()
    until = at or now
    with world.store.read() as tx:
        row = None if account is None else get_account(tx, account)
        account_id, directory = row.id if row else NO_ACCOUNT, nights.read_directory(tx)
        due = night.list_due_between(tx, since=until - A_NIGHT, until=until, account_id=account_id)
        last = night.list_window(tx, until, account_ids=[account_id], definition_ids=directory.definitions)
        found = {one.slot_id: one for one in [*due, *last]}
        attempts = night.list_attempts(tx, found)
    bars = [
        _to_past(one, SlotName(directory.definitions[one.definition_id], account, one.label), now, attempts.get(id, ()))
        for id, one in found.items()
    ]
    place = {column.id: index for index, column in enumerate(directory.columns)}
    bars.sort(key=lambda bar: (bar.slot.due_at or bar.slot.ends_at, place[bar.slot.definition_id], bar.slot.starts_at))
    return Timeline(account, row.declared.time_zone if row else "UTC", until - A_NIGHT, until, tuple(bars))


def find_days(nights: Nights, definition: str, *, days: int = 14, at: datetime | None = None) -> Days:
    """Return how a definition went for all accounts in the ``days`` before ``at``; ``NotFound`` for an unknown one."""
    world = nights.world
    now = world.clock.now()
    last_day = (at or now).date()
    first_day = last_day - timedelta(days=days - 1)
    with world.store.read() as tx:
        definition_id, directory = get_definition(tx, definition).id, nights.read_directory(tx)
        found = night.list_days(tx, definition_id=definition_id, first_day=first_day, until=at or now)
    shown = tuple(first_day + timedelta(days=number) for number in range(days))
    squares: dict[tuple[int, date], list[SlotFace]] = {}
    for one in found:
        squares.setdefault((one.account_id, one.day), []).append(_show(one))
    accounts = [row for row in directory.rows if any((row.id, day) in squares for day in shown)]
    rows = [(row.account, tuple(find_worst(squares.get((row.id, day), ())) for day in shown)) for row in accounts]
    return Days(definition, shown, tuple(rows))


def _show(one: DayStatus) -> SlotFace:
    run_status = None if one.run_status is None else RunStatus(one.run_status)
    return slot_face(SlotStatus(one.status), run_status, due=one.due, stopped=one.stopped)


def _to_past(one: NightSlot, name: SlotName, now: datetime, attempts: Sequence[Attempt] = ()) -> PastSlot:
    return PastSlot(one, name, show_face(one, now), tuple(attempts))
