"""The JSON of plans, steps, events and hooks, beside that of all else in ``shapes``, with the same promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato.model.changes import TryFailed
from ostinato.model.hooks import HookCall
from ostinato.model.steps import Event, Step, StepError
from ostinato.operations.inputs import read_input
from ostinato.operations.shapes import Json, gate, instant, run

if TYPE_CHECKING:
    from ostinato.operations.halting import Halted
    from ostinato.operations.plans import ListedPlan, PlanDetails, ShownStep
    from ostinato.operations.sending import Receipt
    from ostinato.operations.steering import Edited, GivenUp, Resumed, Skipped


def listed_plan(row: ListedPlan) -> Json:
    """Return a run with how far its plan is. ``progress`` is null as long as it has none."""
    return {
        **run(row.run),
        "steps": {status.value: count for status, count in sorted(row.steps.items())},
        "progress": row.progress,
        "gates": [gate(one) for one in row.gates],
    }


def plan(row: PlanDetails) -> Json:
    """Return a plan with its steps. There are none as long as no agent has planned the run."""
    return {
        "progress": row.progress,
        "stopped": [gate(one) for one in row.gates],
        "steps": [shown_step(one) for one in row.steps],
    }


def shown_step(row: ShownStep) -> Json:
    """Return a step with all that is known of it."""
    return {
        **step(row.row.step),
        "progress": row.row.progress,
        "progress_message": row.row.progress_message,
        "waits_for": row.waits_for,
        "failed_tries": [failed_try(one) for one in row.failures],
        "events": [event(one) for one in row.events],
        "children": {status.value: count for status, count in sorted(row.children.items())},
        "log": None if row.log is None else str(row.log),
    }


def step(row: Step) -> Json:
    """Return a step as it was planned, and where it stands. References in its input are as they are written."""
    return {
        "step": row.number,
        "name": row.name,
        "action": row.action,
        "phase": row.phase.value,
        "parent": row.parent,
        "finalizes": row.action_step,
        "needs": list(row.needs),
        "after": list(row.after),
        "queue": row.queue,
        "status": row.status.value,
        "tries": row.tries,
        "input": read_input(row),
        "output": row.output,
        "error": None if row.error is None else step_error(row.error),
        "started_at": instant(row.started_at),
        "finished_at": instant(row.finished_at),
        "wake_at": instant(row.wake_at),
        "fails_at": instant(row.deadline_at),
    }


def step_error(row: StepError) -> Json:
    """Return why a step failed."""
    return {
        "kind": row.kind.value,
        "message": row.message,
        "type": row.type,
        "traceback": row.traceback,
        "exit_code": row.exit_code,
        "signal": row.signal,
    }


def hook_call(row: HookCall) -> Json:
    """Return a call of a hook, and what became of it. As long as it is to be made ``called_at`` is null."""
    return {
        "hook": row.hook,
        "status": row.status.value,
        "at": instant(row.at),
        "called_at": instant(row.called_at),
        "error": None if row.error is None else step_error(row.error),
    }


def failed_try(row: TryFailed) -> Json:
    """Return a try that failed."""
    return {
        "try": row.number,
        "started_at": instant(row.started_at),
        "ended_at": instant(row.ended_at),
        "error": step_error(row.error),
    }


def event(row: Event) -> Json:
    """Return an event and what became of it by now. One that was not stored has no number."""
    return {
        "event": row.id,
        "run": row.run_id,
        "step": row.step,
        "name": row.name,
        "payload": row.payload,
        "optional": row.optional,
        "fate": row.fate.value,
        "reason": row.reason,
        "sent_by": row.sent_by,
        "sent_at": instant(row.sent_at),
        "due_at": instant(row.due_at),
        "settled_at": instant(row.settled_at),
    }


def receipt(row: Receipt) -> Json:
    """Return an event with the name of its step."""
    return {**event(row.event), "step_name": row.step}


def resumed(row: Resumed) -> Json:
    """Return a run that was resumed, the steps that are tried again, and what decides when an agent takes it."""
    return {**run(row.run), "steps": list(row.steps), "gates": [gate(one) for one in row.claim.gates]}


def skipped(row: Skipped) -> Json:
    """Return a run with the steps that were skipped, and those that still want a decision."""
    return {**run(row.run), "skipped": list(row.steps), "failed": list(row.failed)}


def edited(row: Edited) -> Json:
    """Return a step whose input was edited, with what it was before."""
    return {**step(row.step), "run": row.run.id, "before": row.before, "warning": row.warning}


def given_up(row: GivenUp) -> Json:
    """Return a run that was given up."""
    return run(row.run)


def halted(row: Halted) -> Json:
    """Return a run that was halted, or whose halt was lifted."""
    return run(row.run)
