"""Accounts, definitions, slots, runs and limits as tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from ostinato.cli.progress_lines import name_of
from ostinato.cli.tables import Cell, Column, make_table
from ostinato.cli.times import show_distance, show_instant, show_span
from ostinato.cli.words import show_status
from ostinato.model.accounts import Account
from ostinato.model.limits import LimitUse
from ostinato.model.runs import Run
from ostinato.model.slots import Slot
from ostinato.operations.listing import ListedDefinition, ListedSlot


def account_table(rows: Sequence[Account], now: datetime, width: int | None) -> list[Text]:
    """Return the lines of a table of accounts."""
    columns = [
        Column("account"),
        Column("time zone"),
        Column("state", elastic=True),
        Column("starts on", drop=3),
        Column("weight", right=True, drop=2),
        Column("labels", elastic=True, drop=1),
        Column("source", elastic=True, drop=4),
    ]
    return make_table(columns, [_account(row, now) for row in rows], width=width)


def definition_table(rows: Sequence[ListedDefinition], now: datetime, width: int | None) -> list[Text]:
    """Return the lines of a table of definitions."""
    columns = [
        Column("definition"),
        Column("frequency"),
        Column("for"),
        Column("state", elastic=True),
        Column("waits for", elastic=True),
        Column("queue", drop=2),
        Column("description", elastic=True, drop=1),
        Column("source", elastic=True, drop=3),
    ]
    return make_table(columns, [_definition(row, now) for row in rows], width=width)


def slot_table(rows: Sequence[ListedSlot], now: datetime, width: int | None) -> list[Text]:
    """Return the lines of a table of slots."""
    columns = [
        Column("slot"),
        Column("status"),
        Column("attempts", right=True, drop=1),
        Column("due", drop=2),
        Column("reason", elastic=True),
        Column("period", drop=3),
    ]
    return make_table(columns, [_slot(row, now) for row in rows], width=width)


def run_table(rows: Sequence[Run], now: datetime, width: int | None) -> list[Text]:
    """Return the lines of a table of runs."""
    columns = [
        Column("run", right=True),
        Column("slot"),
        Column("attempt", right=True, drop=1),
        Column("status"),
        Column("started", drop=3),
        Column("took", right=True, drop=2),
        Column("reason", elastic=True),
        Column("agent", drop=4),
        Column("started at", drop=5),
    ]
    return make_table(columns, [_run(row, now) for row in rows], width=width)


def limit_table(rows: Sequence[LimitUse], width: int | None) -> list[Text]:
    """Return the lines of a table of limits."""
    columns = [
        Column("limit of"),
        Column("name"),
        Column("used", right=True),
        Column("waiting", right=True),
        Column("for whom", elastic=True, drop=1),
    ]
    return make_table(columns, [_limit(row) for row in rows], width=width)


def show_state(
    active: bool, paused_at: datetime | None, paused_by: str | None, pause_reason: str | None, now: datetime
) -> Text:
    """Return whether an account or definition takes part: active, inactive, or paused by whom, when and why."""
    if not active:
        return Text("· declared inactive", style="bright_black")
    if paused_at is None:
        return Text("✓ active", style="green")
    why = f": {pause_reason}" if pause_reason else ""
    return Text(f"‖ paused by {paused_by} {show_distance(paused_at, now)}{why}", style="yellow")


def show_period(slot: Slot) -> str:
    """Return the period of a slot on the wall clock of its zone."""
    start, end = show_instant(slot.starts_at, slot.time_zone), show_instant(slot.ends_at, slot.time_zone)
    return f"{start.removesuffix(f' {slot.time_zone}')} to {end}"


def _account(row: Account, now: datetime) -> Sequence[Cell]:
    declared, window = row.declared, row.declared.maintenance
    state = show_state(declared.active, row.paused_at, row.paused_by, row.pause_reason, now)
    if row.paused_at is None and declared.active and window is not None and window.covers(now):
        until = f" until {show_instant(window.ends_at, declared.time_zone)}" if window.ends_at else ""
        state = Text(f"‖ in maintenance{until}", style="yellow")
    return (
        row.token,
        declared.time_zone,
        state,
        str(declared.starts_on or ""),
        f"{declared.weight:g}",
        ", ".join(f"{name}: {value}" for name, value in sorted(declared.labels.items())),
        row.source,
    )


def _definition(row: ListedDefinition, now: datetime) -> Sequence[Cell]:
    definition, declared = row.definition, row.definition.declared
    return (
        definition.name,
        declared.frequency,
        "each account" if declared.matrix == "account" else "all",
        show_state(declared.active, definition.paused_at, definition.paused_by, definition.pause_reason, now),
        ", ".join("itself" if edge.upstream == definition.name else edge.upstream for edge in row.upstream),
        declared.queue,
        declared.description,
        definition.source,
    )


def _limit(row: LimitUse) -> Sequence[Cell]:
    full = row.used >= row.limit and row.waiting > 0
    used = Text(f"{row.used} of {row.limit}", style="yellow" if full else "")
    whom = ", ".join(f"{account} {runs}" for account, runs in row.waiting_accounts)
    return row.kind.value, row.name, used, str(row.waiting or ""), whom


def _slot(row: ListedSlot, now: datetime) -> Sequence[Cell]:
    slot = row.slot
    return (
        str(slot.name),
        show_status(row.status),
        str(slot.attempts or ""),
        "by hand" if slot.due_at is None else show_distance(slot.due_at, now),
        slot.reason,
        show_period(slot),
    )


def _run(row: Run, now: datetime) -> Sequence[Cell]:
    began = row.started_at
    return (
        str(row.id),
        name_of(row),
        str(row.attempt),
        show_status(row.status),
        "" if began is None else show_distance(began, now),
        "" if began is None else show_span((row.finished_at or now) - began),
        row.reason,
        row.agent or "",
        "" if began is None else show_instant(began),
    )
