"""Steps to rows and back: in which form a step, its rules and its error are kept. It asks the database nothing.

Plans are large and most steps plain, so only what differs from the default is written, and nothing is validated twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import JSON

from ostinato.model.definitions import RetryKind, RetryRule
from ostinato.model.evidence import EndKind
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import Json, Phase, Rescue, Step, StepError, StepRules, WakeKind

_RULES = StepRules()
_RETRY = RetryRule()


def to_row(run_id: int, step: Step) -> dict[str, Any]:
    """Return the row of a step that is new to the store."""
    return {
        "run_id": run_id,
        "number": step.number,
        "name": step.name,
        "action": step.action,
        "phase": step.phase.value,
        "parent": step.parent,
        "action_step": step.action_step,
        "input": to_present(step.input),
        "needs": step.needs,
        "after": step.after,
        "queue": step.queue,
        "rules": rules_to_json(step.rules),
        **to_state(step),
    }


def to_state(step: Step) -> dict[str, Any]:
    """Return the columns that say where a step stands: all that changes once it is planned, but for its input.

    Texts are plain ones: for a member of an enumeration, SQLite's driver first looks for somebody to adapt it.
    """
    return {
        "status": step.status.value,
        "tries": step.tries,
        "failures": step.failures,
        "output": step.output,
        "error": None if step.error is None else error_to_json(step.error),
        "started_at": step.started_at,
        "finished_at": step.finished_at,
        "wake_at": step.wake_at,
        "wake_kind": None if step.wake_kind is None else step.wake_kind.value,
        "deadline_at": step.deadline_at,
        "event_id": step.event_id,
        "rescued": step.rescued,
    }


STATE = tuple(to_state(Step(1, "", "")))
"""The names of these columns."""


def to_step(row: Any) -> Step:
    """Make a step of its row."""
    return Step(
        number=row.number,
        name=row.name,
        action=row.action,
        phase=Phase(row.phase),
        parent=row.parent,
        action_step=row.action_step,
        input=row.input,
        needs=tuple(row.needs),
        after=tuple(row.after),
        queue=row.queue,
        rules=_RULES if row.rules is None else rules_from_json(row.rules),
        status=StepStatus(row.status),
        tries=row.tries,
        failures=row.failures,
        output=row.output,
        error=None if row.error is None else error_from_json(row.error),
        started_at=row.started_at,
        finished_at=row.finished_at,
        wake_at=row.wake_at,
        wake_kind=None if row.wake_kind is None else WakeKind(row.wake_kind),
        deadline_at=row.deadline_at,
        event_id=row.event_id,
        rescued=row.rescued,
    )


def to_present(value: Json) -> Any:
    """Return what to write into a column that always has a value, where that value may be JSON's own null."""
    return JSON.NULL if value is None else value


def to_storable(text: str) -> str:
    """Spell out what PostgreSQL keeps in no text: programs that fail say the strangest things."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def rules_to_json(rules: StepRules) -> dict[str, Any] | None:
    """Return the rules that differ from the default as JSON, ``None`` when none does."""
    if rules is _RULES or rules == _RULES:
        return None
    written = {
        "retry": None if rules.retry == _RETRY else _retry_to_json(rules.retry),
        "retry_on": list(rules.retry_on) or None,
        "timeout": _to_seconds(rules.timeout),
        "rescue": None if rules.rescue is _RULES.rescue else rules.rescue,
        "rescue_planned": rules.rescue_planned,
        "idempotent": rules.idempotent or None,
        "weight": None if rules.weight == _RULES.weight else rules.weight,
        "heeds_skip": rules.heeds_skip or None,
        "heeds_cancel": rules.heeds_cancel or None,
    }
    return {name: value for name, value in written.items() if value is not None}


def rules_from_json(written: Mapping[str, Any]) -> StepRules:
    """Read back what ``rules_to_json`` wrote."""
    planned = written.get("rescue_planned")
    return StepRules(
        retry=_retry_from_json(written["retry"]) if "retry" in written else _RETRY,
        retry_on=tuple(written.get("retry_on", ())),
        timeout=_to_span(written.get("timeout")),
        rescue=Rescue(written.get("rescue", _RULES.rescue)),
        rescue_planned=None if planned is None else Rescue(planned),
        idempotent=written.get("idempotent", False),
        weight=written.get("weight", _RULES.weight),
        heeds_skip=written.get("heeds_skip", False),
        heeds_cancel=written.get("heeds_cancel", False),
    )


def error_to_json(error: StepError) -> dict[str, Any]:
    """Return an error as JSON."""
    written = {
        "kind": error.kind,
        "message": to_storable(error.message),
        "type": to_storable(error.type) or None,
        "traceback": to_storable(error.traceback) or None,
        "exit_code": error.exit_code,
        "signal": error.signal,
    }
    return {name: value for name, value in written.items() if value is not None}


def error_from_json(written: Mapping[str, Any]) -> StepError:
    """Read back what ``error_to_json`` wrote."""
    return StepError(
        kind=EndKind(written["kind"]),
        message=written["message"],
        type=written.get("type", ""),
        traceback=written.get("traceback", ""),
        exit_code=written.get("exit_code"),
        signal=written.get("signal"),
    )


def _retry_to_json(retry: RetryRule) -> dict[str, Any]:
    return {
        "kind": retry.kind,
        "attempts": retry.attempts,
        "base": _to_seconds(retry.base),
        "factor": retry.factor,
        "longest": _to_seconds(retry.longest),
        "jitter": retry.jitter,
        "waits": [_to_seconds(wait) for wait in retry.waits],
        "on_exit_codes": None if retry.on_exit_codes is None else sorted(retry.on_exit_codes),
        "lost_attempts": retry.lost_attempts,
    }


def _retry_from_json(written: Mapping[str, Any]) -> RetryRule:
    codes = written["on_exit_codes"]
    return RetryRule(
        kind=RetryKind(written["kind"]),
        attempts=written["attempts"],
        base=timedelta(seconds=written["base"]),
        factor=written["factor"],
        longest=_to_span(written["longest"]),
        jitter=written["jitter"],
        waits=tuple(timedelta(seconds=wait) for wait in written["waits"]),
        on_exit_codes=None if codes is None else frozenset(codes),
        lost_attempts=written["lost_attempts"],
    )


def _to_seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _to_span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
