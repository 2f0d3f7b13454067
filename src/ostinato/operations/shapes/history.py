"""What was before, and what leads to what: lanes, timelines, columns of days, and the lineage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations.shapes.night import Counts, write_counts
from ostinato.operations.shapes.values import Day, Instant, Seconds, described, instant, seconds
from ostinato.policies.lineage import NodeKind

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from datetime import datetime

    from ostinato.operations import history, lineage
    from ostinato.operations import past_durations as durations
    from ostinato.store.night import Attempt


@described
class PastRun(TypedDict):
    """A slot of the past of a lane. The times are those of its latest run."""

    slot: str
    status: SlotFace
    starts_at: Instant
    attempts: int
    run_status: RunStatus | None
    """How its latest run stands: that of a slot which was accepted has failed."""
    started_at: Instant | None
    finished_at: Instant | None
    seconds: Seconds | None
    """How long its latest run took from its first start on."""


class History(TypedDict):
    """The last slots of a lane, the newest last."""

    items: list[PastRun]


class BarAttempt(TypedDict):
    """One run of a slot."""

    run: int
    attempt: int
    status: RunStatus
    started_at: Instant | None
    finished_at: Instant | None


class Bar(TypedDict):
    """A slot in a timeline."""

    slot: str
    definition: str
    status: SlotFace
    due_at: Instant | None
    started_at: Instant | None
    finished_at: Instant | None
    attempts: list[BarAttempt]


Timeline = TypedDict(
    "Timeline",
    {"account": str | None, "time_zone": str, "from": Instant, "until": Instant, "bars": list[Bar]},
)
"""One account's night."""


class DaysRow(TypedDict):
    """How a definition went for one account, by day; null where none of its slots began that day."""

    account: str | None
    cells: list[SlotFace | None]


class Days(TypedDict):
    """How a definition went for all accounts, day by day."""

    definition: str
    days: list[Day]
    rows: list[DaysRow]


@described
class DayDurations(TypedDict):
    """How the attempts at the slots of one day went, and how long those took that succeeded; null where none did."""

    day: Day
    finished: int
    """How many attempts have ended, in whichever way."""
    failed: int
    """How many of these failed, or took too long."""
    lowest_seconds: Seconds | None
    median_seconds: Seconds | None
    """So long took half of them, or less."""
    percentile_95_seconds: Seconds | None
    """So long took 95 of 100 of them, or less."""
    longest_seconds: Seconds | None


@described
class PastDurations(TypedDict):
    """How long a definition took, day by day: the days on which slots start at which an attempt has ended."""

    definition: str
    account: str | None
    """Null for all accounts together."""
    first_day: Day
    last_day: Day
    days: list[DayDurations]


@described
class LineageNode(TypedDict):
    """A definition, or data that definitions read and write. ``x`` and ``y`` are of its middle, in pixels."""

    id: str
    kind: NodeKind
    name: str
    x: int
    y: int
    counts: Counts
    status: SlotFace | None
    """The worst of its slots in the night; of data, of the definitions that write it."""
    reads_itself: bool
    """It reads what it writes, and so waits for its own slot before."""


LineageEdge = TypedDict("LineageEdge", {"from": str, "to": str})
"""A definition writes data, or reads it. The names are ids of nodes."""


class Lineage(TypedDict):
    """What definitions read and write, laid out in layers from left to right."""

    at: Instant
    nodes: list[LineageNode]
    edges: list[LineageEdge]


def past_slots(slots: Iterable[history.PastSlot]) -> History:
    """Return the last slots of a lane."""
    return {"items": [_past_run(one) for one in slots]}


def timeline(found: history.Timeline) -> Timeline:
    """Return one account's night."""
    return {
        "account": found.account,
        "time_zone": found.time_zone,
        "from": instant(found.since),
        "until": instant(found.until),
        "bars": [_bar(bar) for bar in found.bars],
    }


def days(found: history.Days) -> Days:
    """Return how a definition went, day by day."""
    return {
        "definition": found.definition,
        "days": [one.isoformat() for one in found.days],
        "rows": [{"account": account, "cells": list(faces)} for account, faces in found.rows],
    }


def past_durations(found: durations.PastDurations) -> PastDurations:
    """Return how long a definition took, day by day."""
    return {
        "definition": found.definition,
        "account": found.account,
        "first_day": found.first_day.isoformat(),
        "last_day": found.last_day.isoformat(),
        "days": [_day_durations(one) for one in found.days],
    }


def drawn_lineage(found: lineage.DrawnLineage) -> Lineage:
    """Return the lineage, laid out."""
    return {
        "at": instant(found.at),
        "nodes": [_node(one) for one in found.nodes],
        "edges": [{"from": edge.source.id, "to": edge.target.id} for edge in found.edges],
    }


def _past_run(one: history.PastSlot) -> PastRun:
    slot = one.slot
    return {
        "slot": str(one.name),
        "status": one.face,
        "starts_at": instant(slot.starts_at),
        "attempts": slot.attempts,
        "run_status": None if slot.run_status is None else RunStatus(slot.run_status),
        "started_at": instant(slot.run_started_at),
        "finished_at": instant(slot.run_finished_at),
        "seconds": _span(slot.run_started_at, slot.run_finished_at),
    }


def _span(since: datetime | None, until: datetime | None) -> float | None:
    return None if since is None or until is None else seconds(until - since)


def _day_durations(one: durations.DayDurations) -> DayDurations:
    took = one.took
    return {
        "day": one.day.isoformat(),
        "finished": one.finished,
        "failed": one.failed,
        "lowest_seconds": seconds(took.lowest) if took else None,
        "median_seconds": seconds(took.median) if took else None,
        "percentile_95_seconds": seconds(took.percentile_95) if took else None,
        "longest_seconds": seconds(took.longest) if took else None,
    }


def _bar(one: history.PastSlot) -> Bar:
    return {
        "slot": str(one.name),
        "definition": one.name.definition,
        "status": one.face,
        "due_at": instant(one.slot.due_at),
        "started_at": instant(one.slot.run_started_at),
        "finished_at": instant(one.slot.slot_finished_at),
        "attempts": [_attempt(attempt) for attempt in one.attempts],
    }


def _attempt(row: Attempt) -> BarAttempt:
    return {
        "run": row.run_id,
        "attempt": row.attempt,
        "status": RunStatus(row.status),
        "started_at": instant(row.started_at),
        "finished_at": instant(row.finished_at),
    }


def _node(one: lineage.DrawnNode) -> LineageNode:
    return {
        "id": one.node.id,
        "kind": one.node.kind,
        "name": one.node.name,
        "x": one.place.x,
        "y": one.place.y,
        "counts": write_counts(one.tally),
        "status": one.status,
        "reads_itself": one.reads_itself,
    }
