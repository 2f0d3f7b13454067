"""The JSON of plans, steps, events and hooks, beside that of all else in ``shapes``, with the same promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from ostinato.model import hooks, steps
from ostinato.model.changes import TryFailed
from ostinato.model.evidence import EndKind
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import EventFate, Phase
from ostinato.operations.inputs import read_input
from ostinato.operations.shapes import Gate, Instant, Json, Run, described, gate, instant, run

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations import plans, sending, steering
    from ostinato.operations.halting import Halted


@described
class PlanProgress(TypedDict):
    """How far the plan of a run is."""

    run: int
    steps: dict[str, int]
    progress: float | None
    """From 0 to 1; null as long as it has no plan."""


@described
class ListedPlan(Run):
    """A run with how far its plan is."""

    steps: dict[StepStatus, int]
    progress: float | None
    """From 0 to 1; null as long as it has no plan."""
    gates: list[Gate]
    """What stands against it, if it is at rest."""
    given: str
    """What its plan was given, in one line, cut where it is long, without secrets."""


class StepError(TypedDict):
    """Why a step failed: for an exception with its class and traceback, for a command with its exit code or signal."""

    kind: EndKind
    message: str
    type: str
    traceback: str
    exit_code: int | None
    signal: str | None


@described
class Step(TypedDict):
    """A step as it was planned, and where it stands."""

    step: int
    """Its number, counted from 1 within the plan."""
    name: str
    action: str
    phase: Phase
    parent: int | None
    """The plan step that planned it."""
    finalizes: int | None
    """The step whose action it finalizes."""
    needs: list[int]
    """The steps whose outputs it uses."""
    after: list[int]
    """The steps that merely come before it."""
    queue: str | None
    """Null for that of the run."""
    status: StepStatus
    tries: int
    input: Json
    """What it is given; references to outputs of other steps are as they are written."""
    output: Json
    error: StepError | None
    started_at: Instant | None
    finished_at: Instant | None
    wake_at: Instant | None
    """When a suspended one is woken."""
    fails_at: Instant | None
    """When a suspended one fails."""


FailedTry = TypedDict("FailedTry", {"try": int, "started_at": Instant | None, "ended_at": Instant, "error": StepError})
FailedTry.__doc__ = "A try of a step that failed."


@described
class Event(TypedDict):
    """Something that was sent to a step, and what became of it by now."""

    event: int | None
    """Null for one that was not stored."""
    run: int
    step: int
    name: str
    payload: Json
    optional: bool
    fate: EventFate
    reason: str
    sent_by: str
    sent_at: Instant | None
    due_at: Instant | None
    settled_at: Instant | None


@described
class ShownStep(Step):
    """A step with all that is known of it."""

    progress: float | None
    """What it says of itself, from 0 to 1."""
    progress_message: str | None
    waits_for: str
    """What a suspended one waits for."""
    failed_tries: list[FailedTry]
    events: list[Event]
    """Those that it is still to take."""
    children: dict[RunStatus, int]
    """The runs that it has started."""
    log: str | None
    """Where its output is, on the machine of its agent; null for one that is no command."""


@described
class Plan(TypedDict):
    """A plan with its steps. There are none as long as no agent has planned the run."""

    progress: float | None
    stopped: list[Gate]
    """What stands against the run, if it is at rest."""
    steps: list[ShownStep]


@described
class HookCall(TypedDict):
    """A call of a hook, and what became of it."""

    hook: str
    status: RunStatus
    at: Instant
    called_at: Instant | None
    """Null as long as it is to be made."""
    error: StepError | None


class Receipt(Event):
    """An event with the name of its step."""

    step_name: str


@described
class Resumed(Run):
    """A run that was resumed."""

    steps: list[str]
    """Those that are tried again."""
    gates: list[Gate]
    """What decides when an agent takes it."""


@described
class Skipped(Run):
    """A run of which steps were skipped."""

    skipped: list[str]
    failed: list[str]
    """Those that still want a decision."""


@described
class Edited(Step):
    """A step whose input was edited."""

    run: int
    before: Json
    warning: str
    """What could not be checked of the new one."""


def listed_plan(row: plans.ListedPlan) -> ListedPlan:
    """Return a run with how far its plan is. ``progress`` is null as long as it has none."""
    return {
        **run(row.run),
        "steps": dict(sorted(row.steps.items())),
        "progress": row.progress,
        "gates": [gate(one) for one in row.gates],
        "given": row.given,
    }


def plan_progress(run_id: int, counts: Mapping[StepStatus, int], progress: float | None) -> PlanProgress:
    """Return how far the plan of a run is."""
    return {
        "run": run_id,
        "steps": {status.value: count for status, count in sorted(counts.items())},
        "progress": progress,
    }


def plan(row: plans.PlanDetails) -> Plan:
    """Return a plan with its steps. There are none as long as no agent has planned the run."""
    return {
        "progress": row.progress,
        "stopped": [gate(one) for one in row.gates],
        "steps": [shown_step(one) for one in row.steps],
    }


def shown_step(row: plans.ShownStep) -> ShownStep:
    """Return a step with all that is known of it."""
    return {
        **step(row.row.step),
        "progress": row.row.progress,
        "progress_message": row.row.progress_message,
        "waits_for": row.waits_for,
        "failed_tries": [failed_try(one) for one in row.failures],
        "events": [event(one) for one in row.events],
        "children": dict(sorted(row.children.items())),
        "log": None if row.log is None else str(row.log),
    }


def step(row: steps.Step) -> Step:
    """Return a step as it was planned, and where it stands. References in its input are as they are written."""
    return {
        "step": row.number,
        "name": row.name,
        "action": row.action,
        "phase": row.phase,
        "parent": row.parent,
        "finalizes": row.action_step,
        "needs": list(row.needs),
        "after": list(row.after),
        "queue": row.queue,
        "status": row.status,
        "tries": row.tries,
        "input": read_input(row),
        "output": row.output,
        "error": None if row.error is None else step_error(row.error),
        "started_at": instant(row.started_at),
        "finished_at": instant(row.finished_at),
        "wake_at": instant(row.wake_at),
        "fails_at": instant(row.deadline_at),
    }


def step_error(row: steps.StepError) -> StepError:
    """Return why a step failed."""
    return {
        "kind": row.kind,
        "message": row.message,
        "type": row.type,
        "traceback": row.traceback,
        "exit_code": row.exit_code,
        "signal": row.signal,
    }


def hook_call(row: hooks.HookCall) -> HookCall:
    """Return a call of a hook, and what became of it. As long as it is to be made ``called_at`` is null."""
    return {
        "hook": row.hook,
        "status": row.status,
        "at": instant(row.at),
        "called_at": instant(row.called_at),
        "error": None if row.error is None else step_error(row.error),
    }


def failed_try(row: TryFailed) -> FailedTry:
    """Return a try that failed."""
    return {
        "try": row.number,
        "started_at": instant(row.started_at),
        "ended_at": instant(row.ended_at),
        "error": step_error(row.error),
    }


def event(row: steps.Event) -> Event:
    """Return an event and what became of it by now. One that was not stored has no number."""
    return {
        "event": row.id,
        "run": row.run_id,
        "step": row.step,
        "name": row.name,
        "payload": row.payload,
        "optional": row.optional,
        "fate": row.fate,
        "reason": row.reason,
        "sent_by": row.sent_by,
        "sent_at": instant(row.sent_at),
        "due_at": instant(row.due_at),
        "settled_at": instant(row.settled_at),
    }


def receipt(row: sending.Receipt) -> Receipt:
    """Return an event with the name of its step."""
    return {**event(row.event), "step_name": row.step}


def resumed(row: steering.Resumed) -> Resumed:
    """Return a run that was resumed, the steps that are tried again, and what decides when an agent takes it."""
    return {**run(row.run), "steps": list(row.steps), "gates": [gate(one) for one in row.claim.gates]}


def skipped(row: steering.Skipped) -> Skipped:
    """Return a run with the steps that were skipped, and those that still want a decision."""
    return {**run(row.run), "skipped": list(row.steps), "failed": list(row.failed)}


def edited(row: steering.Edited) -> Edited:
    """Return a step whose input was edited, with what it was before."""
    return {**step(row.step), "run": row.run.id, "before": row.before, "warning": row.warning}


def given_up(row: steering.GivenUp) -> Run:
    """Return a run that was given up."""
    return run(row.run)


def halted(row: Halted) -> Run:
    """Return a run that was halted, or whose halt was lifted."""
    return run(row.run)
