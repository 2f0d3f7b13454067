"""Pausing: nothing of a definition or an account starts until somebody resumes it. What runs already goes on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ostinato.errors import NotPossible
from ostinato.model.accounts import Account
from ostinato.model.definitions import Definition
from ostinato.operations import command_lines
from ostinato.operations.absence import show
from ostinato.operations.names import get_account, get_definition
from ostinato.operations.people import Person, note_change
from ostinato.store import accounts, definitions, slots
from ostinato.store.database import Tx
from ostinato.world import World


class Pausable(StrEnum):
    """What can be paused."""

    DEFINITION = "definition"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Pausing:
    """A definition or an account that was paused, or resumed."""

    kind: Pausable
    name: str
    paused: bool


def pause(world: World, kind: Pausable, name: str, *, by: Person, reason: str = "") -> Pausing:
    """Let nothing of a definition or account start until it is resumed; ``NotPossible`` when it is paused already."""
    now = world.clock.now()
    with world.store.write() as tx:
        _get(tx, kind, name)
        change = definitions.pause_definition if kind is Pausable.DEFINITION else accounts.pause_account
        if not change(tx, name, actor=by.name, reason=reason, now=now):
            raise _paused_already(kind, _get(tx, kind, name))
        line = command_lines.simple("pause", kind, name)
        note_change(tx, by, "pause", f"{kind} {name}", line=line, reason=reason, now=now)
    return Pausing(kind, name, paused=True)


def resume(world: World, kind: Pausable, name: str, *, by: Person, reason: str = "") -> Pausing:
    """Let a definition or account go on, and have its slots examined; ``NotPossible`` when it is not paused."""
    now = world.clock.now()
    with world.store.write() as tx:
        _get(tx, kind, name)
        change = definitions.resume_definition if kind is Pausable.DEFINITION else accounts.resume_account
        if not change(tx, name):
            raise NotPossible(f"{kind} {name} is not paused", hint="what stands against a slot: ostinato explain SLOT")
        if kind is Pausable.DEFINITION:
            slots.wake_slots(tx, definitions=[name], now=now)
        else:
            slots.wake_slots(tx, accounts=[name], now=now)
        line = command_lines.simple("resume", kind, name)
        note_change(tx, by, "resume", f"{kind} {name}", line=line, reason=reason, now=now)
    return Pausing(kind, name, paused=False)


def _get(tx: Tx, kind: Pausable, name: str) -> Definition | Account:
    return get_definition(tx, name) if kind is Pausable.DEFINITION else get_account(tx, name)


def _paused_already(kind: Pausable, row: Definition | Account) -> NotPossible:
    name = row.name if isinstance(row, Definition) else row.token
    since = f" since {show(row.paused_at)}" if row.paused_at else ""
    why = f" ({row.pause_reason})" if row.pause_reason else ""
    message = f"{kind} {name} is paused already{since}, by {row.paused_by}{why}"
    return NotPossible(message, hint=f"to let it go on: ostinato resume {kind} {name}")
