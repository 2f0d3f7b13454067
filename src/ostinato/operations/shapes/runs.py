"""Runs, their history, and what became of a request about one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from ostinato.model import runs
from ostinato.model.evidence import EndKind
from ostinato.model.runs import RunOrigin
from ostinato.model.statuses import RunStatus
from ostinato.operations.shapes.slots import Gate, gate
from ostinato.operations.shapes.values import Instant, described, instant

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations import cancelling, listing, starting


@described
class Run(TypedDict):
    """One attempt at a slot, or a one-off."""

    run: int
    slot: str | None
    """Null for a one-off."""
    attempt: int
    """Counted from 1 within the series."""
    status: RunStatus
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    exit_code: int | None
    agent: str | None
    """Who carries it out, or did."""
    reason: str
    """Why it ended as it did, or does not go on."""
    definition: str | None
    account: str | None
    series: int
    origin: RunOrigin
    requested_by: str | None
    queue: str
    priority: int
    start_at: Instant | None
    start_before: Instant | None
    """When it is too late to start."""
    signal: str | None
    end_kind: EndKind | None
    cancel_requested_by: str | None
    cancel_requested_at: Instant | None
    action: str | None
    waits_for: str
    """What it needs beside an agent, where that is not plain."""
    wake_at: Instant | None
    deadline_at: Instant | None
    """When it has taken too long."""
    halted_by: str | None
    parent_run: int | None
    parent_step: int | None


Transition = TypedDict(
    "Transition", {"at": Instant, "from": RunStatus | None, "to": RunStatus, "cause": str, "actor": str}
)
Transition.__doc__ = "One entry in the history of a run."


@described
class RunDetails(Run):
    """A run with all that is known of it."""

    why: str
    """Why it exists."""
    version: str
    """The version of its definition that it ran with, or runs."""
    current_version: str
    command: list[str] | None
    parameters: dict[str, str]
    request_reason: str | None
    singleton: str | None
    gates: list[Gate]
    """What decides when an agent takes it, as long as it waits for one."""
    log: str
    """Where its output is, on the machine of its agent."""
    history: list[Transition]


@described
class Started(Run):
    """A run that somebody asked for."""

    gates: list[Gate]
    """What decides when an agent takes it."""
    downstream: list[str]
    """The slots that run again after it."""


@described
class Cancelled(Run):
    """A run that was cancelled, or is about to be by its agent."""

    at_once: bool
    children: int
    """How many runs that it has started are to end with it."""


def run(row: runs.Run) -> Run:
    """Return a run. ``slot`` is null for a one-off."""
    return {
        "run": row.id,
        "slot": None if row.slot is None else str(row.slot),
        "attempt": row.attempt,
        "status": row.status,
        "created_at": instant(row.created_at),
        "started_at": instant(row.started_at),
        "finished_at": instant(row.finished_at),
        "exit_code": row.evidence.exit_code if row.evidence else None,
        "agent": row.agent,
        "reason": row.reason,
        "definition": row.definition,
        "account": row.account,
        "series": row.series,
        "origin": row.origin,
        "requested_by": row.requested_by,
        "queue": row.queue,
        "priority": row.priority,
        "start_at": instant(row.start_at),
        "start_before": instant(row.start_before),
        "signal": row.evidence.signal if row.evidence else None,
        "end_kind": row.evidence.kind if row.evidence else None,
        "cancel_requested_by": row.cancel_requested_by,
        "cancel_requested_at": instant(row.cancel_requested_at),
        "action": row.action,
        "waits_for": row.waits_for,
        "wake_at": instant(row.wake_at),
        "deadline_at": instant(row.deadline_at),
        "halted_by": row.halted_by,
        "parent_run": row.parent_run_id,
        "parent_step": row.parent_step,
    }


def run_details(row: listing.RunDetails) -> RunDetails:
    """Return a run with all that is known of it."""
    return {
        **run(row.run),
        "why": row.why,
        "version": row.run.version,
        "current_version": row.current_version,
        "command": list(row.declared.command) if row.declared else None,
        "parameters": dict(row.run.parameters),
        "request_reason": row.run.request_reason,
        "singleton": row.run.singleton_key,
        "gates": [gate(one) for one in row.claim.gates] if row.claim else [],
        "log": str(row.log),
        "history": [_transition(entry) for entry in row.history],
    }


def started(row: starting.Started) -> Started:
    """Return a run that somebody asked for, and what decides when an agent takes it."""
    gates = [gate(one) for one in row.claim.gates]
    return {**run(row.run), "gates": gates, "downstream": [str(name) for name in row.downstream]}


def cancelled(row: cancelling.Cancelled) -> Cancelled:
    """Return a run that was cancelled, or is about to be by its agent."""
    return {**run(row.run), "at_once": row.at_once, "children": row.children}


def _transition(entry: runs.Transition) -> Transition:
    return {
        "at": instant(entry.at),
        "from": entry.from_status,
        "to": entry.to_status,
        "cause": entry.cause,
        "actor": entry.actor,
    }
