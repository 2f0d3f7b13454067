"""Orders: what the director is told of a run that was claimed. A run without plan is given its first one here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ostinato.director.decisions import ABNORMAL, Order
from ostinato.executors.commands import list_values
from ostinato.model.definitions import RetryFrom
from ostinato.model.runs import ClaimedRun, EndKind, RunOrigin
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import COMMAND, Event, Phase, Rescue, Step, StepError, StepRules
from ostinato.policies.declared_plans import carry_over, expand_inputs, plan_definition
from ostinato.store import events, plans
from ostinato.store.database import Tx


def make_orders(
    tx: Tx, claimed: Sequence[ClaimedRun], now: datetime, *, interrupted: str = ABNORMAL, begun: bool = True
) -> list[Order]:
    """Make the orders of runs that the caller's transaction holds, with the plans and events that are stored.

    ``interrupted`` and ``begun`` are what is known of steps that the store shows running.
    """
    stored = plans.load_plans(tx, [run.id for run in claimed])
    waiting = _by_run(events.list_due_events(tx, list(stored), now)) if stored else {}
    return [
        Order(
            run_id=run.id,
            queue=run.definition.queue if run.definition else run.queue,
            steps=stored.get(run.id) or _make_first_plan(tx, run),
            stored=run.id in stored,
            events=tuple(waiting.get(run.id, ())),
            deadline_at=run.deadline_at,
            time_limit=None if run.definition is None else run.definition.time_limit,
            cancel=f"cancelled by {run.cancel_requested_by}" if run.cancel_requested_by else "",
            interrupted=interrupted,
            begun=begun,
        )
        for run in claimed
    ]


def _make_first_plan(tx: Tx, run: ClaimedRun) -> tuple[Step, ...]:
    """Plan a run that has not been planned: as it is declared, or as what is left of the attempt before it."""
    definition = run.definition
    if definition is None or run.action is not None:
        name = run.action or ""
        return (Step(1, name.rpartition(":")[2], name, Phase.PLAN, input=run.input or {}),)
    if run.origin is RunOrigin.RETRY and definition.retry_from is RetryFrom.FAILED_STEP:
        former = plans.load_former_plan(tx, run.id)
        if former is not None:
            return carry_over(former)
    try:
        return expand_inputs(plan_definition(definition), list_values(run))
    except ValueError as error:
        return (_refuse_to_start(f"not started: {error}"),)


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
