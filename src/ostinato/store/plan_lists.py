"""Overviews of plans: which runs have one worth a look, how far each has come, and where each stands. It only reads."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, exists, func, or_, select, union

from ostinato.model.runs import Transition
from ostinato.model.statuses import LIVE_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import COMMAND, Json, Phase, Step
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.moves import chunks
from ostinato.store.records import to_transition
from ostinato.store.step_rows import to_step

_DONE = (StepStatus.SUCCESS, StepStatus.SKIPPED)


def list_planned_runs(
    tx: Tx,
    *,
    statuses: Collection[RunStatus] = (),
    words: Collection[str] = (),
    parent: int | None = None,
    parent_step: int | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[int]:
    """List the runs of a Python action, and those whose plan has more than one step, newest first.

    Each of ``words`` must be the run's number, or a part of its action, definition, account or period. ``parent`` is
    the run that has started it, ``parent_step`` which step of that, ``before`` a run: older ones are listed.
    """
    run = t.runs.c
    which: list[ColumnElement[bool]] = [_is_called(word) for word in words]
    if before is not None:
        which.append(run.id < before)
    if parent is not None:
        which.append(run.parent_run_id == parent)
    if parent_step is not None:
        which.append(run.parent_step == parent_step)
    if statuses:
        which.append(run.status.in_(sorted(statuses)))
    if parent is not None:
        parts = [_take_of_few()]
    elif statuses and LIVE_RUN_STATUSES.issuperset(statuses):
        parts = [_take_of_few().where(t.is_live())]
    else:
        parts = _take_of_all()
    if words:
        parts = [part.outerjoin(t.definitions).outerjoin(t.accounts).outerjoin(t.slots) for part in parts]
    found = union(*(select(part.where(*which).limit(limit).subquery()) for part in parts)).subquery("found")
    return list(tx.execute(select(found.c.id).order_by(found.c.id.desc()).limit(limit)).scalars())


def _take_of_few() -> Select[Any]:
    """Select the runs that have a plan, for where few are meant: sorted last, and not found in order of the table."""
    run = t.runs.c
    has_plan = exists().where(t.steps.c.run_id == run.id, t.tells_plan())
    return select(run.id).where(or_(run.action.is_not(None), has_plan)).order_by(t.BY_NUMBER.desc())


def _take_of_all() -> list[Select[Any]]:
    """Select the runs of a Python action, and those with a plan, each by an index of its own, newest first.

    Most runs are of one command: whoever went through them all would look at the steps of each.
    """
    run, step = t.runs.c, t.steps.c
    of_action = select(run.id).where(run.action.is_not(None)).order_by(run.id.desc())
    planned = select(step.run_id.label("id")).distinct().where(t.tells_plan()).order_by(step.run_id.desc())
    return [of_action, planned.select_from(t.steps.join(t.runs, run.id == step.run_id))]


def _is_called(word: str) -> ColumnElement[bool]:
    run, number = t.runs.c, cast(t.runs.c.id, String)
    named = (run.action, t.definitions.c.name, t.accounts.c.token, t.slots.c.label)
    return or_(number == word, *(column.icontains(word, autoescape=True) for column in named))


def measure_progress(tx: Tx, run_ids: Collection[int]) -> dict[int, float]:
    """Return how far runs have come, from 0 to 1, by run: the mean of their run and finalize steps, by weight.

    Runs whose plans have no such steps yet are absent.
    """
    step = t.steps.c
    weight = func.coalesce(step.rules["weight"].as_float(), 1.0)
    come = case((step.status.in_(_DONE), 1.0), else_=func.coalesce(step.progress, 0.0))
    measured: dict[int, float] = {}
    for part in chunks(run_ids):
        means = (
            select(step.run_id, func.sum(weight * come), func.sum(weight))
            .where(step.run_id.in_(part), step.phase != Phase.PLAN)
            .group_by(step.run_id)
        )
        measured |= {run_id: done / whole for run_id, done, whole in tx.execute(means) if whole}
    return measured


def find_given(tx: Tx, run_ids: Collection[int], *, longest: int) -> dict[int, Json]:
    """Return what the plans of runs were given, by run: of an action what it was triggered with, else its first step's.

    Runs that were given nothing are absent, as are those whose plan is declared; what is ``longest`` characters or
    longer as JSON is ``None``.
    """
    run, step = t.runs.c, t.steps.c
    given = func.coalesce(run.input, case((step.action != COMMAND, step.input)), type_=run.input.type)
    size = func.length(cast(given, String))
    first = t.runs.outerjoin(t.steps, and_(step.run_id == run.id, step.number == 1))
    asked = select(run.id, case((size < longest, given)).label("given")).select_from(first)
    found: dict[int, Json] = {}
    for part in chunks(run_ids):
        for row in tx.execute(asked.where(run.id.in_(part), size > len("{}"))):
            found[row.id] = row.given
    return found


def find_last_transitions(tx: Tx, run_ids: Collection[int]) -> dict[int, Transition]:
    """Return the latest entry in the history of each run."""
    entry = t.transitions.c
    found: dict[int, Transition] = {}
    for part in chunks(run_ids):
        latest = select(func.max(entry.id)).where(entry.run_id.in_(part)).group_by(entry.run_id)
        for row in tx.execute(select(t.transitions).where(entry.id.in_(latest))):
            found[row.run_id] = to_transition(row)
    return found


def list_suspended_steps(tx: Tx, run_ids: Collection[int], *, action: str | None = None) -> dict[int, list[Step]]:
    """List the suspended steps of runs, or those of one action alone, by run; runs that have none are absent."""
    step = t.steps.c
    found: dict[int, list[Step]] = {}
    for part in chunks(run_ids):
        suspended = select(t.steps).where(step.run_id.in_(part), step.status == StepStatus.SUSPENDED)
        if action is not None:
            suspended = suspended.where(step.action == action)
        for row in tx.execute(suspended.order_by(step.run_id, step.number)):
            found.setdefault(row.run_id, []).append(to_step(row))
    return found


def count_children_by_step(tx: Tx, run_id: int) -> dict[int, dict[RunStatus, int]]:
    """Count the children of a run by the step that started them, and by status."""
    child = t.runs.c
    counted = select(child.parent_step, child.status, func.count()).where(child.parent_run_id == run_id)
    counts: dict[int, dict[RunStatus, int]] = {}
    for step, status, count in tx.execute(counted.group_by(child.parent_step, child.status)):
        counts.setdefault(step, {})[RunStatus(status)] = count
    return counts


def count_waiting_for(tx: Tx) -> dict[str, int]:
    """Count the runs that wait for an agent and say what else they need, by what they say."""
    run = t.runs.c
    waiting = and_(t.has_status(run, RunStatus.WAITING), run.waits_for != "")
    counted = select(run.waits_for, func.count()).where(waiting).group_by(run.waits_for).order_by(run.waits_for)
    return {row[0]: row[1] for row in tx.execute(counted)}


def find_singleton_holder(tx: Tx, key: str) -> int | None:
    """Return the run that holds a singleton, if one does."""
    return tx.execute(select(t.runs.c.id).where(t.runs.c.singleton_held == key)).scalar()


def count_suspended_in(tx: Tx, action: str) -> int:
    """Count the suspended runs of which a step of this action is suspended."""
    run, step = t.runs.c, t.steps.c
    there = exists().where(step.run_id == run.id, step.status == StepStatus.SUSPENDED, step.action == action)
    return tx.execute(select(func.count()).where(t.has_status(run, RunStatus.SUSPENDED), there)).scalar_one()
