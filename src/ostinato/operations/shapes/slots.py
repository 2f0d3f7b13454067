"""Slots, the gates that stand before them, and why they are where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from ostinato.model import slots
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import SlotStatus
from ostinato.operations.shapes.values import Instant, described, instant
from ostinato.policies import verdict

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations import explaining, listing, noting


@described
class Slot(TypedDict):
    """One definition, one account (or none), one period: what should have run."""

    slot: str
    """Its name: definition/account/start."""
    definition: str
    account: str | None
    start: Instant
    end: Instant
    """The period ends before this."""
    status: SlotFace
    attempts: int
    """The runs of the present series."""
    reason: str
    """Why it does not run, or its run does not go on; empty where nothing stands against it."""
    time_zone: str
    due_at: Instant | None
    """When it may start at the earliest; null where only a person starts it."""
    finished_at: Instant | None
    run: int | None
    """Its latest run."""
    series: int
    """How often it was asked to run anew."""
    accepted_by: str | None
    """Who let it count as done, though it had not succeeded."""


@described
class Gate(TypedDict):
    """One condition of a verdict."""

    gate: str
    satisfied: bool
    reason: str
    waits_for: list[str]
    clears: str
    """Who or what makes it satisfied."""
    earliest: Instant | None
    """When it may be satisfied at the earliest; null where only an event makes it so."""


@described
class Explanation(TypedDict):
    """Why a slot is, or is not, running."""

    slot: str
    status: SlotFace | None
    """Null for a slot that does not exist."""
    verdict: str
    """All of it in one sentence."""
    earliest_start: Instant | None
    gates: list[Gate]
    run: int | None


@described
class Accepted(TypedDict):
    """A slot that a person let count as done, though it had not succeeded."""

    slot: str
    status: SlotStatus
    accepted_by: str
    finished_at: Instant | None
    reason: str


@described
class Noted(TypedDict):
    """What was noted down, and about what."""

    target: str
    text: str


def slot(row: listing.ListedSlot) -> Slot:
    """Return a slot."""
    it = row.slot
    return {
        "slot": str(it.name),
        "definition": it.name.definition,
        "account": it.name.account,
        "start": instant(it.starts_at),
        "end": instant(it.ends_at),
        "status": row.status,
        "attempts": it.attempts,
        "reason": it.reason,
        "time_zone": it.time_zone,
        "due_at": instant(it.due_at),
        "finished_at": instant(it.finished_at),
        "run": it.run_id,
        "series": it.series,
        "accepted_by": it.accepted_by,
    }


def gate(row: verdict.Gate) -> Gate:
    """Return one condition of a verdict."""
    return {
        "gate": row.gate,
        "satisfied": row.satisfied,
        "reason": row.reason,
        "waits_for": list(row.waits_for),
        "clears": row.clears,
        "earliest": instant(row.earliest),
    }


def explanation(row: explaining.Explanation) -> Explanation:
    """Return why a slot is where it is. ``status`` is null for one that does not exist."""
    return {
        "slot": row.slot,
        "status": row.status,
        "verdict": row.verdict,
        "earliest_start": instant(row.earliest_start),
        "gates": [gate(one) for one in row.gates],
        "run": row.run_id,
    }


def accepted(row: slots.Slot) -> Accepted:
    """Return a slot that was accepted."""
    return {
        "slot": str(row.name),
        "status": row.status,
        "accepted_by": row.accepted_by or "",
        "finished_at": instant(row.finished_at),
        "reason": row.reason,
    }


def noted(row: noting.Noted) -> Noted:
    """Return a note."""
    return {"target": row.target, "text": row.text}
