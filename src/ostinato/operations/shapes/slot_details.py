"""A slot with its attempts, and what has changed since it was well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from ostinato.operations.shapes.runs import Run, run
from ostinato.operations.shapes.slots import Explanation, Slot, explanation, slot
from ostinato.operations.shapes.values import Json, described

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations import slot_details as details


class KeyChange(TypedDict):
    """A key that is declared otherwise than it was."""

    key: str
    before: Json
    after: Json


@described
class SlotDefinition(TypedDict):
    """The definition of a slot, and what has changed in it."""

    version: str
    """The one that is declared now."""
    changed_since_success: list[KeyChange] | None
    """What differs from the version that last succeeded for the same account; null where none has."""


@described
class SlotDetails(TypedDict):
    """A slot with all that is known of it."""

    slot: Slot
    explanation: Explanation
    attempts: list[Run]
    """Its runs, newest first."""
    definition: SlotDefinition


def slot_details(row: details.SlotDetails) -> SlotDetails:
    """Return a slot with all that is known of it."""
    changes = row.changes
    return {
        "slot": slot(row.slot),
        "explanation": explanation(row.explanation),
        "attempts": [run(one) for one in row.attempts],
        "definition": {
            "version": row.version,
            "changed_since_success": None if changes is None else [key_change(change) for change in changes],
        },
    }


def key_change(row: details.KeyChange) -> KeyChange:
    """Return a key that is declared otherwise than it was."""
    return {"key": row.key, "before": row.before, "after": row.after}
