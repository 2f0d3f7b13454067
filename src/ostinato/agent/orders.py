"""Orders: what the director is told of a run that was claimed. A run without plan is given its first one here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ostinato.director.decisions import ABNORMAL, Order
from ostinato.executors.building import list_values
from ostinato.executors.commands import Key
from ostinato.model.definitions import RetryFrom
from ostinato.model.evidence import EndKind
from ostinato.model.runs import ClaimedRun, RunOrigin, RunRules
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import COMMAND, Event, Phase, Rescue, Step, StepError, StepRules
from ostinato.policies.declared_plans import carry_over, expand_inputs, plan_definition
from ostinato.store import events, plans
from ostinato.store.database import Tx
from ostinato.store.plans import FormerPlan


def make_orders(
    tx: Tx,
    claimed: Sequence[ClaimedRun],
    now: datetime,
    *,
    interrupted: str = ABNORMAL,
    begun: bool = True,
    left: Collection[Key] = (),
) -> list[Order]:
    """Make the orders of runs that the caller's transaction holds, with the plans and events that are stored.

    Of the steps that the store shows running, those that a predecessor ``left`` are still being carried out;
    ``interrupted`` and ``begun`` are what is known of all others.
    """
    stored = plans.load_plans(tx, [run.id for run in claimed])
    waiting = _by_run(events.list_due_events(tx, list(stored), now)) if stored else {}
    first = {run.id: _make_first_plan(tx, run) for run in claimed if run.id not in stored}
    return [
        Order(
            run_id=run.id,
            queue=run.definition.queue if run.definition else run.queue,
            steps=stored[run.id] if run.id in stored else first[run.id].steps,
            stored=run.id in stored,
            rules=RunRules() if run.id in stored else first[run.id].rules,
            asked_for=run.action is not None,
            events=tuple(waiting.get(run.id, ())),
            deadline_at=run.deadline_at,
            time_limit=None if run.definition is None else run.definition.time_limit,
            cancel=f"cancelled by {run.cancel_requested_by}" if run.cancel_requested_by else "",
            under_way=_list_left(run.id, stored.get(run.id, ()), left),
            interrupted=interrupted,
            begun=begun,
        )
        for run in claimed
    ]


def _list_left(run_id: int, steps: Sequence[Step], left: Collection[Key]) -> frozenset[int]:
    """List the running steps of a run that a predecessor left."""
    return frozenset(
        step.number for step in steps if step.status is StepStatus.RUNNING and (run_id, step.number) in left
    )


@dataclass(frozen=True, slots=True)
class _FirstPlan:
    """The plan that a run begins with, and what its action declares, if an earlier attempt has planned that."""

    steps: tuple[Step, ...]
    rules: RunRules = field(default_factory=RunRules)


def _make_first_plan(tx: Tx, run: ClaimedRun) -> _FirstPlan:
    """Plan a run that has not been planned: as it is declared, or as what is left of the attempt before it."""
    definition = run.definition
    if definition is None or run.action is not None:
        name = run.action or ""
        return _FirstPlan((Step(1, name.rpartition(":")[2], name, Phase.PLAN, input=run.input or {}),))
    if run.origin is RunOrigin.RETRY and definition.retry_from is RetryFrom.FAILED_STEP:
        former = plans.load_former_plan(tx, run.id)
        if former is not None:
            return _carry_over(former)
    try:
        return _FirstPlan(expand_inputs(plan_definition(definition), list_values(run)))
    except ValueError as error:
        return _FirstPlan((_refuse_to_start(f"not started: {error}"),))


def _carry_over(former: FormerPlan) -> _FirstPlan:
    """Begin with what an earlier attempt has left, unless that is all of it: then it is planned, and declared, anew."""
    steps = carry_over(former.steps)
    is_planned = not any(step.phase is Phase.PLAN and step.status is StepStatus.PENDING for step in steps)
    return _FirstPlan(steps, former.rules if is_planned else RunRules())


def _refuse_to_start(why: str) -> Step:
    """Return the one step of a plan that could not be made: it has failed before anything began."""
    error = StepError(EndKind.NOT_STARTED, why)
    rules = StepRules(rescue=Rescue.FAIL)
    return Step(1, "plan", COMMAND, Phase.PLAN, rules=rules, status=StepStatus.ERROR, error=error)


def _by_run(waiting: Sequence[Event]) -> Mapping[int, list[Event]]:
    groups: dict[int, list[Event]] = {}
    for event in waiting:
        groups.setdefault(event.run_id, []).append(event)
    return groups
