"""The night and its history: the matrix, what is waited for, timelines, columns of days, and the lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from typing_extensions import TypedDict

from ostinato.model.slots import SlotFace
from ostinato.model.statuses import StepStatus
from ostinato.operations.shapes.values import Instant, Seconds, described, instant, seconds
from ostinato.operations.waiting import tell_label

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations import counting, night
    from ostinato.operations.directory import Column, Row
    from ostinato.store import news as store_news


Counts: TypeAlias = dict[str, int]
"""How many slots are in each status; statuses without slots are absent."""


@described
class MatrixRow(TypedDict):
    """An account, and how its slots of the night stand. ``account`` is null for what belongs to none."""

    account: str | None
    time_zone: str
    labels: dict[str, str]
    counts: Counts
    late: int
    risk: int
    """By what rows are put in order: the greater, the sooner somebody should look. 0 where nothing is amiss."""


@described
class MatrixColumn(TypedDict):
    """A definition, and how its slots of the night stand."""

    definition: str
    rank: int
    """How many definitions stand one behind the other before it."""
    reads_from: list[str]
    writes_to: list[str]
    counts: Counts


@described
class SlotState(TypedDict):
    """How a slot of a night stands."""

    slot: str
    status: SlotFace
    attempts: int
    started_at: Instant | None
    finished_at: Instant | None
    due_at: Instant | None
    late_seconds: Seconds | None
    """How long ago it was due, if it is not done and that is longer than usual."""
    progress: float | None
    """From 0 to 1; null where its run has no plan, or is not under way."""
    run: int | None
    gate: str | None
    """The kind of gate at which it waits, as in the reasons; null where it waits for nothing."""
    reason: str


@described
class MatrixCell(SlotState):
    """A slot of a night at its place: ``row`` and ``column`` count from the first of all, not of those in view."""

    row: int
    column: int


@described
class ChangedCell(SlotState):
    """A slot of a night that has changed."""

    account: str | None
    definition: str
    starts_at: Instant
    """Of the slots of one definition and account, that of the night is the one that starts last."""


class NightStatus(TypedDict):
    """How all slots of a night stand."""

    at: Instant
    counts: Counts
    late: int
    waiting: int
    running: int


@described
class StepState(TypedDict):
    """Where a step of a run stands."""

    step: int
    status: StepStatus
    tries: int
    progress: float | None
    message: str | None
    started_at: Instant | None
    finished_at: Instant | None


class MatrixRows(TypedDict):
    """The rows in view, and how many there are."""

    total: int
    offset: int
    items: list[MatrixRow]


class MatrixColumns(TypedDict):
    """The columns in view, and how many there are."""

    total: int
    offset: int
    items: list[MatrixColumn]


@described
class Matrix(TypedDict):
    """A window of a night. A place without cell has no slot that was due."""

    at: Instant
    counted_at: Instant
    """When the whole night was counted, which decides about counts, order and choice; cells are as they stand now."""
    counts: Counts
    """How all slots of the night stand that the search leaves, those out of view as well."""
    late: int
    rows: MatrixRows
    columns: MatrixColumns
    cells: list[MatrixCell]


class ReasonDetail(TypedDict):
    """How many slots wait for the same."""

    what: str
    count: int


@described
class Reason(TypedDict):
    """How many slots wait at one kind of gate. ``gate`` filters the matrix."""

    gate: str
    label: str
    count: int
    detail: list[ReasonDetail]
    """What they wait for, the most frequent first; ``gate``, a space and ``what`` filter the matrix too."""


@described
class Reasons(TypedDict):
    """What is due and not done, by what it waits for. Each such slot is in exactly one group, unless it is running."""

    at: Instant
    waiting: int
    running: int
    """How many are not done and wait for nothing, for they are carried out."""
    going_on: int
    """How many of all these will end without anybody doing anything."""
    seconds_left: Seconds | None
    """How long these take at least, each as long as usual, and as many at once as are running now; null where nothing
    tells, or nothing runs."""
    untold: int
    """How many of those that go on are not in that: they have no history, or have run for longer than usual."""
    reasons: list[Reason]


def matrix(found: night.Matrix) -> Matrix:
    """Return a window of a night."""
    return {
        "at": instant(found.at),
        "counted_at": instant(found.counted_at),
        "counts": write_counts(found.total),
        "late": found.total.late,
        "rows": {
            "total": found.row_count,
            "offset": found.window.row_offset,
            "items": [_row(row, tally) for row, tally in found.rows],
        },
        "columns": {
            "total": found.column_count,
            "offset": found.window.column_offset,
            "items": [_column(column, tally) for column, tally in found.columns],
        },
        "cells": [{"row": row, "column": column, **slot_state(cell)} for row, column, cell in found.cells],
    }


def changed_cell(cell: night.Cell) -> ChangedCell:
    """Return a slot of a night that has changed."""
    return {
        "account": cell.name.account,
        "definition": cell.name.definition,
        "starts_at": instant(cell.slot.starts_at),
        **slot_state(cell),
    }


def night_status(summary: counting.Summary) -> NightStatus:
    """Return how all slots of a night stand."""
    return {
        "at": instant(summary.at),
        "counts": write_counts(summary.tallies.total),
        "late": summary.tallies.total.late,
        "waiting": summary.waiting,
        "running": summary.under_way,
    }


def step_state(row: store_news.StepState) -> StepState:
    """Return where a step of a run stands."""
    return {
        "step": row.step,
        "status": StepStatus(row.status),
        "tries": row.tries,
        "progress": row.progress,
        "message": row.message,
        "started_at": instant(row.started_at),
        "finished_at": instant(row.finished_at),
    }


def slot_state(cell: night.Cell) -> SlotState:
    """Return how a slot of a night stands."""
    slot = cell.slot
    return {
        "slot": str(cell.name),
        "status": cell.face,
        "attempts": slot.attempts,
        "started_at": instant(slot.run_started_at),
        "finished_at": instant(slot.slot_finished_at),
        "due_at": instant(slot.due_at),
        "late_seconds": seconds(cell.late),
        "progress": cell.progress,
        "run": slot.run_id,
        "gate": cell.gate.kind if cell.gate else None,
        "reason": cell.reason,
    }


def reasons(summary: counting.Summary) -> Reasons:
    """Return what is due and not done, by what it waits for."""
    outlook = summary.look_ahead()
    return {
        "at": instant(summary.at),
        "waiting": summary.waiting,
        "running": summary.under_way,
        "going_on": outlook.going_on,
        "seconds_left": seconds(outlook.left),
        "untold": outlook.untold,
        "reasons": [_reason(reason) for reason in summary.count_reasons()],
    }


def write_counts(tally: counting.Tally) -> Counts:
    """Return how many slots are in each status."""
    return {face.value: count for face, count in tally.counts.items()}


def _row(row: Row, tally: counting.Tally) -> MatrixRow:
    return {
        "account": row.account,
        "time_zone": row.time_zone,
        "labels": dict(row.labels),
        "counts": write_counts(tally),
        "late": tally.late,
        "risk": tally.risk,
    }


def _column(column: Column, tally: counting.Tally) -> MatrixColumn:
    return {
        "definition": column.definition,
        "rank": column.rank,
        "reads_from": list(column.reads_from),
        "writes_to": list(column.writes_to),
        "counts": write_counts(tally),
    }


def _reason(reason: counting.Reason) -> Reason:
    return {
        "gate": reason.gate,
        "label": tell_label(reason.gate),
        "count": reason.count,
        "detail": [{"what": what, "count": count} for what, count in reason.detail],
    }
