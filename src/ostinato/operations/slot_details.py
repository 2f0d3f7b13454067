"""One slot: why it is where it is, its attempts, and what has changed since it was well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from ostinato.model.definitions import DeclaredDefinition, Definition
from ostinato.model.runs import Run
from ostinato.model.slots import Slot
from ostinato.model.statuses import SUCCEEDED_RUN_STATUSES
from ostinato.model.versions import to_json_value
from ostinato.operations.explaining import Explanation, explain_slot
from ostinato.operations.listing import ListedSlot
from ostinato.operations.names import get_definition, get_slot
from ostinato.operations.reasons import tell_reasons
from ostinato.store import definitions, runs
from ostinato.store.database import Tx
from ostinato.world import World

ATTEMPTS_SHOWN = 100
"""The latest attempts at a slot are listed, so many at most."""


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key of a definition that is declared otherwise than it was; values are JSON, parts by default left out."""

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class SlotDetails:
    """A slot, and what is known of it.

    ``attempts`` are its runs, newest first, of every series. ``version`` is that of its definition today, and
    ``changes`` what differs from the version in which the same definition last succeeded for the same account;
    ``None`` where it never has.
    """

    slot: ListedSlot
    explanation: Explanation
    attempts: tuple[Run, ...]
    version: str
    changes: tuple[KeyChange, ...] | None


def show_slot(world: World, name: str) -> SlotDetails:
    """Return the slot that ``name`` means with all that is known of it; ``NotFound`` says why there is none."""
    now = world.clock.now()
    with world.store.read() as tx:
        slot = get_slot(tx, world, name, now=now)
        definition = get_definition(tx, slot.name.definition)
        explanation = explain_slot(tx, world, slot, now=now)
        return SlotDetails(
            slot=ListedSlot(slot, slot.face(now)),
            explanation=explanation,
            attempts=tuple(tell_reasons(tx, runs.list_runs(tx, slot_id=slot.id, limit=ATTEMPTS_SHOWN))),
            version=definition.version,
            changes=_find_changes(tx, slot, definition),
        )


def _find_changes(tx: Tx, slot: Slot, definition: Definition) -> tuple[KeyChange, ...] | None:
    succeeded = runs.list_runs(
        tx, definition=definition.name, account=slot.name.account, statuses=SUCCEEDED_RUN_STATUSES, limit=1
    )
    if not succeeded:
        return None
    declared_then = definitions.find_version(tx, definition.name, succeeded[0].version)
    return None if declared_then is None else tuple(_list_changes(declared_then, definition.declared))


def _list_changes(before: DeclaredDefinition, after: DeclaredDefinition) -> Iterator[KeyChange]:
    for key in (field.name for field in fields(after)):
        former, present = getattr(before, key), getattr(after, key)
        if former != present:
            yield KeyChange(key, to_json_value(former), to_json_value(present))
