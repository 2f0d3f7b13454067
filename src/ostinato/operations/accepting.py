"""Accepting: a person lets a slot count as done that failed or was cancelled, so that what waits for it goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ostinato.errors import NotPossible
from ostinato.model.slots import Slot
from ostinato.model.statuses import SlotStatus
from ostinato.operations import command_lines
from ostinato.operations.names import get_slot_of
from ostinato.operations.people import Person, note_change
from ostinato.operations.starting import lock, refuse
from ostinato.store import slots
from ostinato.world import World

_ACCEPTED = frozenset({SlotStatus.FAILED, SlotStatus.CANCELLED})


def accept(world: World, target: str, *, by: Person, reason: str = "") -> Slot:
    """Let a slot that failed or was cancelled end with a warning, without running it again.

    ``target`` is the slot's name or the number of its latest run. How its runs ended stays as it is. ``NotPossible``
    for a slot that may still run, and for one that has succeeded.
    """
    now = world.clock.now()
    with world.store.write() as tx:
        slot = lock(tx, get_slot_of(tx, world, target, now=now))
        if slot.status not in _ACCEPTED:
            raise _refuse(slot, now)
        why = f"accepted by {by.name}" + (f": {reason}" if reason else "")
        slots.accept_slot(tx, slot.id, by=by.name, why=why, now=now)
        line = command_lines.simple("accept", target)
        note_change(tx, by, "accept", str(slot.name), line=line, reason=reason, now=now)
    return replace(slot, status=SlotStatus.WARNING, reason=why, finished_at=now, accepted_by=by.name)


def _refuse(slot: Slot, now: datetime) -> NotPossible:
    if slot.status is SlotStatus.RETRYING:
        return NotPossible(f"{slot.name} waits for its next attempt", hint=f"to end that: ostinato cancel {slot.name}")
    return refuse(slot, now)
