"""What became of an action, target by target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired

from typing_extensions import TypedDict

from ostinato.operations.shapes.runs import Run, run
from ostinato.operations.shapes.values import described

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations.acting.carrying_out import Acted
    from ostinato.operations.acting.verbs import Undo
    from ostinato.operations.boosting import Boosted


class Touched(TypedDict):
    """A target to which something was done, or would be, and what."""

    target: str
    does: str


class Refused(TypedDict):
    """A target to which nothing was done, or would be, and why."""

    target: str
    why: str
    hint: str


# The key `with` cannot be written as an attribute.
UndoShape = TypedDict("UndoShape", {"verb": str, "targets": list[str], "with": NotRequired[dict[str, Any]]})


@described
class ActedShape(TypedDict):
    """What became of an action, or would: exactly to which targets it was done."""

    verb: str
    preview: bool
    needs_reason: bool
    """It goes against what is declared, and is refused without a reason."""
    touched: list[Touched]
    refused: list[Refused]
    cli: list[str]
    """The commands that do the same, one for each target touched."""
    undo: UndoShape | None
    """The action that takes it back; null where there is none."""


class BoostedShape(Run):
    """A run that was given another priority, and which it had before."""

    priority_before: int


def acted(row: Acted) -> ActedShape:
    """Return what became of an action."""
    return {
        "verb": row.verb,
        "preview": row.preview,
        "needs_reason": row.needs_reason,
        "touched": [{"target": one.target, "does": one.does} for one in row.touched],
        "refused": [{"target": one.target, "why": one.why, "hint": one.hint} for one in row.refused],
        "cli": list(row.commands),
        "undo": _undo(row.undo) if row.undo else None,
    }


def boosted(row: Boosted) -> BoostedShape:
    """Return a run that was given another priority."""
    return {**run(row.run), "priority_before": row.before}


def _undo(row: Undo) -> UndoShape:
    undo: UndoShape = {"verb": row.verb, "targets": list(row.targets)}
    if row.given:
        undo["with"] = dict(row.given)
    return undo
