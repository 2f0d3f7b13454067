"""Triggering plans: a plan written in Python becomes a run, planned here and now or, later, by an agent.

A run that is to start at once is planned in the process of the caller, and stored with all its steps or not at all. One
that starts later, or after others, is written down as what it will be given, and planned when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

from ostinato.actions.encoding import encode
from ostinato.actions.failures import make_error
from ostinato.actions.requests import PlanRequest, build_plan, make_request
from ostinato.errors import InvalidValue, NotPossible
from ostinato.model.evidence import Evidence
from ostinato.model.runs import NewRun, Run, RunOrigin
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import Phase, Rescue, Step, StepError, StepRules
from ostinato.operations import command_lines
from ostinato.operations.command_lines import CommandLine
from ostinato.operations.names import get_run, name_run
from ostinato.operations.people import Person, note_change
from ostinato.operations.starting import tell_started
from ostinato.policies.verdict import Verdict
from ostinato.store import plans, resuming, runs
from ostinato.store.database import Tx
from ostinato.store.plan_lists import find_singleton_holder
from ostinato.world import World

DEFAULT_QUEUE = "default"


@dataclass(frozen=True, slots=True)
class TriggerOptions:
    """When a plan starts, beside what, and with what.

    ``after`` are the numbers of runs that must succeed first. From ``start_before`` on it is too late to start.
    ``singleton`` overrules what the plan says becomes of a second run. ``context`` is carried along to every step.
    """

    start_at: datetime | None = None
    start_before: datetime | None = None
    after: tuple[int, ...] = ()
    singleton: Literal["wait", "refuse"] | None = None
    queue: str | None = None
    priority: int = 0
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Triggered:
    """A run that a plan became.

    ``claim`` says whether an agent can take it at once. With an ``error``, what the plan function raised, the run has
    failed and has nothing but its plan step.
    """

    run: Run
    claim: Verdict
    error: Exception | None = None


_NO_OPTIONS = TriggerOptions()


def trigger_plan(
    world: World,
    target: object,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    by: Person,
    options: TriggerOptions = _NO_OPTIONS,
    reason: str = "",
) -> Triggered:
    """Run a plan, or an action, which is given itself or as ``package.module:name``, with these arguments.

    Raises ``PlanningError`` for arguments that do not fit, ``NotPossible`` for a singleton that is refused because
    another run of it lives, and for times that have passed, ``NotFound`` for runs to come after. Where planning itself
    fails, that is the answer, and a failed run is kept.
    """
    now = world.clock.now()
    request = make_request(target, args, kwargs)
    _check_times(options, now)
    steps: tuple[Step, ...] = ()
    error: Exception | None = None
    if not _starts_later(options, now):
        build = partial(build_plan, target, args, kwargs, context=options.context)
        steps, error = _plan_now(build, request, now)
    new = _make_run(request, options, by, reason, now)
    with world.store.write() as tx:
        new = replace(new, needs=tuple((id, get_run(tx, id).work) for id in options.after))
        run = _create(tx, new, by, now)
        _store(tx, run, steps, by, now)
        line = _write_line(request, options)
        note_change(tx, by, "trigger", f"{name_run(run)}: {request.action}", line=line, reason=reason, now=now)
        started = tell_started(tx, world, run.id, now)
    return Triggered(started.run, started.claim, error)


def _write_line(request: PlanRequest, options: TriggerOptions) -> CommandLine | None:
    """Return how the command line triggers the same; ``None`` where it lacks an option for what Python has asked."""
    at = replace(_NO_OPTIONS, start_at=options.start_at, start_before=options.start_before, after=options.after)
    if options != at:
        return None
    return command_lines.trigger_plan(
        request.action,
        request.input,
        start_at=options.start_at,
        start_before=options.start_before,
        after=options.after,
    )


def _check_times(options: TriggerOptions, now: datetime) -> None:
    for name, at in (("start_at", options.start_at), ("start_before", options.start_before)):
        if at is not None and at.tzinfo is None:
            raise NotPossible(f"{name} is {at}, which names no instant", hint="give it a time zone, such as UTC")
    if options.start_before is not None and options.start_before <= max(now, options.start_at or now):
        raise NotPossible(
            f"it would have to start before {options.start_before}, and cannot",
            hint="give a start_before that is later than the start, or none",
        )


def _starts_later(options: TriggerOptions, now: datetime) -> bool:
    return bool(options.after) or (options.start_at is not None and options.start_at > now)


def _plan_now(
    build: Callable[[], tuple[Step, ...]], request: PlanRequest, now: datetime
) -> tuple[tuple[Step, ...], Exception | None]:
    """Return the steps of a plan or, of one that cannot be planned, its plan step with the error, and that."""
    try:
        steps = build()
    except Exception as error:  # noqa: BLE001  whatever a plan function raises, its caller is to have
        error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)  # without this function
        return (_make_failed_step(request, make_error(error), now),), error
    return tuple(_date(step, now) if step.status is StepStatus.SUCCESS else step for step in steps), None


def _date(step: Step, now: datetime) -> Step:
    """Return a step that is done by being planned, with the time of that."""
    return replace(step, started_at=now, finished_at=now)


def _make_failed_step(request: PlanRequest, error: StepError, now: datetime) -> Step:
    return Step(
        number=1,
        name=request.action.rpartition(":")[2],
        action=request.action,
        phase=Phase.PLAN,
        input=dict(request.input),
        rules=StepRules(rescue=Rescue.FAIL),
        status=StepStatus.ERROR,
        tries=1,
        failures=1,
        error=error,
        started_at=now,
        finished_at=now,
    )


def _make_run(request: PlanRequest, options: TriggerOptions, by: Person, reason: str, now: datetime) -> NewRun:
    return NewRun(
        definition_id=None,
        account_id=None,
        slot_id=None,
        version="",
        series=1,
        attempt=1,
        origin=RunOrigin.TRIGGER,
        queue=options.queue or request.queue or DEFAULT_QUEUE,
        priority=options.priority,
        due_at=options.start_at or now,
        start_at=options.start_at,
        start_before=options.start_before,
        requested_by=by.name,
        request_reason=reason,
        cause=f"triggered by {by.name}" + (f": {reason}" if reason else ""),
        action=request.action,
        input=dict(request.input),
        context=_encode_context(options.context),
        singleton_key=request.rules.singleton_key,
        hold_singleton=_is_refused(request, options),
        hooks=request.rules.hooks or None,
    )


def _encode_context(context: Mapping[str, Any]) -> Mapping[str, Any] | None:
    try:
        encoded: Mapping[str, Any] | None = encode(context, "context") or None
    except InvalidValue as error:
        raise NotPossible(error.message, hint=error.hint) from None
    return encoded


def _is_refused(request: PlanRequest, options: TriggerOptions) -> bool:
    """Tell whether a second run is refused while another of its key lives, rather than made to wait."""
    if request.rules.singleton_key is None:
        if options.singleton is not None:
            raise NotPossible(f"{request.action} is no singleton", hint="declare singleton=True with it")
        return False
    return request.rules.refuses if options.singleton is None else options.singleton == "refuse"


def _create(tx: Tx, new: NewRun, by: Person, now: datetime) -> Run:
    (run_id,) = runs.create_runs(tx, [new], actor=by.name, now=now)
    if run_id is not None:
        return get_run(tx, run_id)
    holder = find_singleton_holder(tx, new.singleton_key or "")
    rival = "another run" if holder is None else f"run {holder}"
    raise NotPossible(
        f"{new.action} is a singleton, and {rival} lives: {new.singleton_key}",
        hint="wait for its end" if holder is None else f"what it is doing: ostinato show {holder}",
    )


def _store(tx: Tx, run: Run, steps: Collection[Step], by: Person, now: datetime) -> None:
    """Store the plan of a run. One that could not be planned has ended with that."""
    if not steps:
        return
    plans.store_steps(tx, ((run.id, step) for step in steps))
    plans.keep_survival(tx, {run.id: steps})
    for step in steps:
        if step.error is not None:
            evidence = Evidence(step.error.kind, f"planning failed: {step.error.message}")
            resuming.fail_unplanned_run(tx, run_id=run.id, actor=by.name, evidence=evidence, now=now)
