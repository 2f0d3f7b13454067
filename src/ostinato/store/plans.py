"""Plans: the steps of runs, written when they are planned, changed, and read back.

What an agent changes goes through ``decisions``, which holds the lease; here is how it is written, and what persons
change of a run that no agent holds. The table of transitions is checked for every change of status.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, select, update

from ostinato.errors import IllegalTransition, NotPossible
from ostinato.model.changes import StepChanged, TryFailed
from ostinato.model.runs import RunRules
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import Json, Step, StepRow
from ostinato.model.transitions import Party, check_step_transition
from ostinato.policies.survival import outlives_agent
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.leases import lock_runs
from ostinato.store.moves import CHUNK, chunks
from ostinato.store.prepared import Prepared
from ostinato.store.rules import to_rules
from ostinato.store.step_rows import STATE, error_from_json, to_present, to_row, to_state, to_step

_PLAN = [column for column in t.steps.c if column.name not in ("progress", "progress_message")]

_LOAD = Prepared.for_ids(select(*_PLAN).order_by(t.steps.c.run_id, t.steps.c.number), t.steps.c.run_id)
_INSERT = Prepared(insert(t.steps).values({column.name: bindparam(column.name) for column in _PLAN}))
_CHANGE = Prepared(
    update(t.steps)
    .where(
        t.steps.c.run_id == bindparam("of_run"),
        t.steps.c.number == bindparam("of_number"),
        t.steps.c.status == bindparam("before"),
    )
    .values({name: bindparam(name) for name in STATE})
)
_TOLD = 5
"""How many steps an error tells of."""

_SET_SURVIVAL = update(t.runs).where(t.runs.c.id == bindparam("of_run"))


@dataclass(frozen=True, slots=True)
class FormerPlan:
    """The plan of an earlier attempt, and what the action that made it declares."""

    steps: tuple[Step, ...]
    rules: RunRules


# --- writing ---------------------------------------------------------------------------------------------------------


def store_steps(tx: Tx, steps: Iterable[tuple[int, Step]]) -> None:
    """Store new steps, given with their runs. Callers hold the rows of the runs, or have just created them."""
    rest = iter(steps)
    while part := list(islice(rest, CHUNK)):
        _INSERT.change(tx, [to_row(run_id, step) for run_id, step in part])


def keep_survival(tx: Tx, plans: Mapping[int, Iterable[Step]]) -> None:
    """Note for each of these runs, given with its steps, whether another agent can go on when its own is lost."""
    if plans:
        rows = [{"of_run": run_id, "outlives_agent": outlives_agent(steps)} for run_id, steps in plans.items()]
        tx.execute(_SET_SURVIVAL, rows)


def write_steps(tx: Tx, changes: Sequence[tuple[int, StepChanged]], *, by: Party) -> bool:
    """Write changed steps, given with their runs, in order; ``False`` when one was not in the status it came from.

    Raises ``IllegalTransition`` for a change that ``by`` may not make, before anything is written. Callers hold the
    rows of the runs.
    """
    if not changes:
        return True
    for run_id, change in changes:
        _check(run_id, change, by)
    rows = [
        {"of_run": run_id, "of_number": change.step.number, "before": change.before.value, **to_state(change.step)}
        for run_id, change in changes
    ]
    return _CHANGE.change(tx, rows) == len(rows)


def tell_misplaced(tx: Tx, changes: Sequence[tuple[int, StepChanged]]) -> str:
    """Tell, in words, where steps are that were not all in the statuses from which they were to be changed."""
    step, told = t.steps.c, []
    for run_id, change in changes[:_TOLD]:
        asked = select(step.status).where(step.run_id == run_id, step.number == change.step.number)
        found = tx.execute(asked).scalar() or "not there"
        way = f"from {change.before} to {change.step.status}"
        told.append(f"step {change.step.number} of run {run_id} was to go {way}, and is now {found}")
    return "; ".join(told)


# --- what persons change ---------------------------------------------------------------------------------------------


def change_steps(tx: Tx, run_id: int, changes: Sequence[StepChanged], by: Party = Party.PERSON) -> None:
    """Write changed steps of a run that no agent holds.

    Raises ``NotPossible`` when an agent carries the run out, or a step is not as the caller saw it: then the caller's
    transaction must not be committed.
    """
    _lock_resting_run(tx, run_id)
    of_run = [(run_id, change) for change in changes]
    if not write_steps(tx, of_run, by=by):
        raise NotPossible(
            f"not every step is as it was: {tell_misplaced(tx, of_run)}",
            hint="somebody else was faster: look at the run again",
        )


def edit_input(tx: Tx, run_id: int, number: int, input: Json) -> bool:  # noqa: A002  the word for it
    """Give a step another input; ``False`` when it is neither pending nor in error.

    Raises ``NotPossible`` when an agent carries the run out: it has the old input in hand.
    """
    _lock_resting_run(tx, run_id)
    editable = (StepStatus.PENDING, StepStatus.ERROR)
    edited = tx.execute(
        update(t.steps)
        .where(t.steps.c.run_id == run_id, t.steps.c.number == number, t.steps.c.status.in_(editable))
        .values(input=to_present(input))
    )
    return edited.rowcount > 0


# --- reading ---------------------------------------------------------------------------------------------------------


def load_plans(tx: Tx, run_ids: Collection[int]) -> dict[int, tuple[Step, ...]]:
    """Return the steps of runs, by run, in the order of their numbers. Runs that have no plan yet are absent."""
    plans: dict[int, list[Step]] = {}
    for part in chunks(run_ids):
        for row in _LOAD.fetch(tx, {"ids": part}):
            plans.setdefault(row.run_id, []).append(to_step(row))
    return {run_id: tuple(steps) for run_id, steps in plans.items()}


def list_running_tries(tx: Tx, run_ids: Collection[int]) -> dict[tuple[int, int], int]:
    """List the tries of these runs that are on record as under way: their numbers, by run and step."""
    step = t.steps.c
    return {
        (row.run_id, row.number): row.tries
        for part in chunks(sorted(run_ids))
        for row in tx.execute(
            select(step.run_id, step.number, step.tries).where(step.run_id.in_(part), step.status == StepStatus.RUNNING)
        )
    }


def load_former_plan(tx: Tx, run_id: int) -> FormerPlan | None:
    """Return the plan of the run before this one at the same slot, if it had one of the same version."""
    run, former = t.runs.alias("run"), t.runs.alias("former")
    before = and_(former.c.slot_id == run.c.slot_id, former.c.id < run.c.id)
    latest = select(former, run.c.version.label("wanted")).join(run, before)
    found = tx.execute(latest.where(run.c.id == run_id).order_by(former.c.id.desc()).limit(1)).one_or_none()
    if found is None or found.version != found.wanted:
        return None
    steps = load_plans(tx, [found.id]).get(found.id)
    return None if steps is None else FormerPlan(steps, to_rules(found))


def list_steps(tx: Tx, run_id: int, *, numbers: Collection[int] = ()) -> list[StepRow]:
    """List the steps of a run, or those of these ``numbers``, with their progress, in the order of their numbers."""
    of_run = t.steps.c.run_id == run_id
    return _list_rows(tx, of_run, t.steps.c.number.in_(sorted(numbers))) if numbers else _list_rows(tx, of_run)


def find_step(tx: Tx, run_id: int, which: int | str) -> StepRow | None:
    """Return the step of that number or name."""
    named = t.steps.c.number == which if isinstance(which, int) else t.steps.c.name == which
    found = _list_rows(tx, t.steps.c.run_id == run_id, named)
    return found[0] if found else None


def list_tries(tx: Tx, run_id: int) -> list[TryFailed]:
    """List the tries of a run's steps that failed, oldest first."""
    rows = tx.execute(select(t.tries).where(t.tries.c.run_id == run_id).order_by(t.tries.c.id))
    return [
        TryFailed(
            step=row.step,
            number=row.number,
            error=error_from_json(row.error),
            started_at=row.started_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


def count_steps(tx: Tx, run_ids: Collection[int]) -> dict[int, dict[StepStatus, int]]:
    """Count the steps of each status, by run. Runs that have no plan yet are absent."""
    counts: dict[int, dict[StepStatus, int]] = {}
    step = t.steps.c
    for part in chunks(run_ids):
        counted = select(step.run_id, step.status, func.count()).where(step.run_id.in_(part))
        for run_id, status, count in tx.execute(counted.group_by(step.run_id, step.status)):
            counts.setdefault(run_id, {})[StepStatus(status)] = count
    return counts


def _list_rows(tx: Tx, *where: ColumnElement[bool]) -> list[StepRow]:
    rows = tx.execute(select(t.steps).where(*where).order_by(t.steps.c.number))
    return [StepRow(to_step(row), row.progress, row.progress_message) for row in rows]


def _lock_resting_run(tx: Tx, run_id: int) -> None:
    """Keep agents from claiming the run."""
    run = lock_runs(tx, [run_id]).get(run_id)
    if run is None:
        raise NotPossible(f"there is no run {run_id}")
    if run.status is RunStatus.RUNNING or run.status in FINAL_RUN_STATUSES:
        raise NotPossible(f"the steps of run {run_id} cannot be changed: it is {run.status}")


def _check(run_id: int, change: StepChanged, by: Party) -> None:
    try:
        check_step_transition(change.before, change.step.status, by)
    except IllegalTransition as error:
        raise IllegalTransition(f"step {change.step.number} ({change.step.name}) of run {run_id}: {error}") from None
