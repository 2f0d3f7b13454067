"""The JSON that faces answer with, made in one place so that they cannot disagree.

The keys that the architecture names stay as they are; more may come. Instants are in UTC, ISO 8601 with Z; dates are
ISO 8601; durations are seconds. Every function is pure and returns values that ``json`` can write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ostinato.errors import OstinatoError, Problem
from ostinato.model.accounts import Account
from ostinato.model.engine import AuditEntry, Changes, Pass, SourceState, StepOutcome
from ostinato.model.limits import LimitUse
from ostinato.model.runs import Run, Transition
from ostinato.policies.verdict import Gate

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations.cancelling import Cancelled
    from ostinato.operations.declaring import Diff
    from ostinato.operations.doctor import Check
    from ostinato.operations.draining import Draining
    from ostinato.operations.explaining import Explanation
    from ostinato.operations.listing import ListedDefinition, ListedSlot, RunDetails
    from ostinato.operations.pausing import Pausing
    from ostinato.operations.repairing import Repaired
    from ostinato.operations.starting import Started
    from ostinato.operations.status import AgentState, EngineState, Status

Json = dict[str, Any]


def slot(row: ListedSlot) -> Json:
    """Return a slot."""
    it = row.slot
    return {
        "slot": str(it.name),
        "definition": it.name.definition,
        "account": it.name.account,
        "start": instant(it.starts_at),
        "end": instant(it.ends_at),
        "status": row.status.value,
        "attempts": it.attempts,
        "reason": it.reason,
        "time_zone": it.time_zone,
        "due_at": instant(it.due_at),
        "finished_at": instant(it.finished_at),
        "run": it.run_id,
        "series": it.series,
    }


def run(row: Run) -> Json:
    """Return a run. ``slot`` is null for a one-off."""
    return {
        "run": row.id,
        "slot": None if row.slot is None else str(row.slot),
        "attempt": row.attempt,
        "status": row.status.value,
        "created_at": instant(row.created_at),
        "started_at": instant(row.started_at),
        "finished_at": instant(row.finished_at),
        "exit_code": row.evidence.exit_code if row.evidence else None,
        "agent": row.agent,
        "reason": row.reason,
        "definition": row.definition,
        "account": row.account,
        "series": row.series,
        "origin": row.origin.value,
        "requested_by": row.requested_by,
        "queue": row.queue,
        "priority": row.priority,
        "start_at": instant(row.start_at),
        "start_before": instant(row.start_before),
        "signal": row.evidence.signal if row.evidence else None,
        "end_kind": row.evidence.kind.value if row.evidence else None,
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


def run_details(row: RunDetails) -> Json:
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


def account(row: Account, now: datetime) -> Json:
    """Return an account as it stands at ``now``."""
    declared, window = row.declared, row.declared.maintenance
    return {
        "account": row.token,
        "time_zone": declared.time_zone,
        "starts_on": _day(declared.starts_on),
        "active": declared.active,
        "maintenance": {"from": instant(window.starts_at), "until": instant(window.ends_at)} if window else None,
        "in_maintenance": window is not None and window.covers(now),
        "labels": dict(declared.labels),
        "weight": declared.weight,
        "concurrency": declared.concurrency,
        "source": row.source,
        **_pause(row.paused_at, row.paused_by, row.pause_reason),
    }


def definition(row: ListedDefinition) -> Json:
    """Return a definition with what it waits for and what waits for it."""
    it, declared = row.definition, row.definition.declared
    return {
        "definition": it.name,
        "description": declared.description,
        "command": list(declared.command),
        "action": declared.action,
        "steps": [step.name for step in declared.steps],
        "retry_from": declared.retry_from.value,
        "frequency": declared.frequency,
        "matrix": declared.matrix.value,
        "time_zone": declared.time_zone,
        "starts_on": _day(declared.starts_on),
        "ends_on": _day(declared.ends_on),
        "start": {"policy": declared.start.kind.value, "delay": _seconds(declared.start.delay)},
        "retry": {
            "policy": declared.retry.kind.value,
            "attempts": declared.retry.attempts,
            "lost_attempts": declared.retry.lost_attempts,
        },
        "reads_from": list(declared.reads_from),
        "writes_to": list(declared.writes_to),
        "upstream": [{"definition": edge.upstream, "through": list(edge.through)} for edge in row.upstream],
        "downstream": list(row.downstream),
        "queue": declared.queue,
        "priority": declared.priority,
        "concurrency": declared.concurrency,
        "uses": dict(declared.uses),
        "start_before": _seconds(declared.start_before),
        "time_limit": _seconds(declared.time_limit),
        "active": declared.active,
        "version": it.version,
        "source": it.source,
        **_pause(it.paused_at, it.paused_by, it.pause_reason),
    }


def limit(row: LimitUse) -> Json:
    """Return a limit and how much of it is used."""
    return {
        "kind": row.kind.value,
        "name": row.name,
        "limit": row.limit,
        "used": row.used,
        "waiting": row.waiting,
    }


def explanation(row: Explanation) -> Json:
    """Return why a slot is where it is. ``status`` is null for one that does not exist."""
    return {
        "slot": row.slot,
        "status": row.status.value if row.status else None,
        "verdict": row.verdict,
        "earliest_start": instant(row.earliest_start),
        "gates": [gate(one) for one in row.gates],
        "run": row.run_id,
    }


def gate(row: Gate) -> Json:
    """Return one condition of a verdict."""
    return {
        "gate": row.gate,
        "satisfied": row.satisfied,
        "reason": row.reason,
        "waits_for": list(row.waits_for),
        "clears": row.clears,
        "earliest": instant(row.earliest),
    }


def status(row: Status) -> Json:
    """Return how everything stands."""
    return {
        "accounts": row.accounts,
        "definitions": row.definitions,
        "slots": {face.value: count for face, count in sorted(row.slots.items())},
        "runs": dict(sorted(row.runs.items())),
        "sources": [_source(source) for source in row.sources],
        "engine": _engine(row.engine),
        "agents": [agent(one) for one in row.agents],
        "troubles": [{"message": trouble.message, "hint": trouble.hint} for trouble in row.troubles],
        "at": instant(row.now),
    }


def diff(row: Diff) -> Json:
    """Return what differs from the declarations, or was changed to follow them."""
    return {
        "accounts": _changes(row.accounts),
        "definitions": _changes(row.definitions),
        "dependencies": _changes(row.dependencies),
        "slots": {"add": row.slots_added, "remove": row.slots_removed},
        "held_back": list(row.held_back),
        "runs": {"remove": row.runs_removed},
        "errors": list(row.errors),
    }


def validation(problems: Sequence[Problem]) -> Json:
    """Return what is wrong with the declarations."""
    return {"ok": not problems, "errors": [asdict(problem) for problem in problems]}


def started(row: Started) -> Json:
    """Return a run that somebody asked for, and what decides when an agent takes it."""
    return {**run(row.run), "gates": [gate(one) for one in row.claim.gates]}


def cancelled(row: Cancelled) -> Json:
    """Return a run that was cancelled, or is about to be by its agent."""
    return {**run(row.run), "at_once": row.at_once, "children": row.children}


def pausing(row: Pausing) -> Json:
    """Return what was paused or resumed."""
    return {"kind": row.kind.value, "name": row.name, "paused": row.paused}


def draining(row: Draining) -> Json:
    """Return an agent that drains, or takes runs again, and whether it has nothing left."""
    return {**agent(row), "drained": row.is_over}


def check(row: Check) -> Json:
    """Return what one check of the doctor found."""
    return {
        "check": row.name,
        "health": row.health.value,
        "found": row.found,
        "means": row.means,
        "hint": row.hint,
        "remedies": list(row.remedies),
    }


def repaired(row: Repaired) -> Json:
    """Return what a repair did, or would do, and what kept it from more."""
    return {"repair": row.name, "does": row.does, "done": list(row.done), "error": row.error}


def audit_entry(row: AuditEntry) -> Json:
    """Return what a person changed."""
    return {
        "at": instant(row.at),
        "actor": row.actor,
        "action": row.action,
        "target": row.target,
        "reason": row.reason,
    }


def error(row: OstinatoError) -> Json:
    """Return an error that a face reports."""
    return {"code": row.code, "message": row.message, "hint": row.hint}


def instant(at: datetime | None) -> str | None:
    """Return an instant in UTC, ISO 8601 with Z."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _transition(entry: Transition) -> Json:
    return {
        "at": instant(entry.at),
        "from": entry.from_status.value if entry.from_status else None,
        "to": entry.to_status.value,
        "cause": entry.cause,
        "actor": entry.actor,
    }


def _source(row: SourceState) -> Json:
    return {
        "source": row.name,
        "kind": row.kind,
        "rows": row.rows,
        "loaded_at": instant(row.loaded_at),
        "succeeded_at": instant(row.succeeded_at),
        "error": row.error,
        "held_back": row.held_back,
    }


def _engine(row: EngineState) -> Json:
    last: Pass | None = row.last_pass
    return {
        "leader": row.leader,
        "late": row.late,
        "last_pass": {"engine": last.engine, "started_at": instant(last.started_at), "seconds": last.seconds}
        if last
        else None,
        "steps": [_outcome(outcome) for outcome in row.steps],
    }


def _outcome(row: StepOutcome) -> Json:
    return asdict(row)


def agent(row: AgentState | Draining) -> Json:
    """Return an agent as it stands."""
    it = row.agent
    return {
        "agent": it.name,
        "status": it.status.value,
        "alive": row.alive,
        "host": it.host,
        "pid": it.pid,
        "queues": list(it.queues),
        "concurrency": it.concurrency,
        "running": it.running,
        "version": it.version,
        "started_at": instant(it.started_at),
        "heartbeat_at": instant(it.heartbeat_at),
        "drain": _request(it.drain_requested_at, it.drain_requested_by, it.drain_reason),
    }


def _changes(row: Changes) -> Mapping[str, list[str]]:
    return {"add": list(row.add), "change": list(row.change), "remove": list(row.remove)}


def _pause(at: datetime | None, by: str | None, reason: str | None) -> Json:
    return {"paused": _request(at, by, reason)}


def _request(at: datetime | None, by: str | None, reason: str | None) -> Json | None:
    return {"at": instant(at), "by": by, "reason": reason} if at else None


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
