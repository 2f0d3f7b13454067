"""Looking at plans: which runs have one, how far they are, and one plan with all that is known of its steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ostinato.errors import InvalidValue
from ostinato.executors.logs import log_path
from ostinato.model.changes import TryFailed
from ostinato.model.hooks import HookCall
from ostinato.model.runs import Run
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import COMMAND, Chunk, Event, EventFate, Json, Step, StepRow
from ostinato.operations.inputs import describe_input
from ostinato.operations.masking import mask_json
from ostinato.operations.names import get_run, get_step, unknown_step
from ostinato.operations.reasons import find_gates, tell_what_it_waits_for
from ostinato.policies.verdict import Gate
from ostinato.store import chunks, definitions, events, hook_calls, plans, runs
from ostinato.store.database import Tx
from ostinato.store.moves import chunks as cut
from ostinato.store.plan_lists import count_children_by_step, find_given, list_planned_runs, measure_progress
from ostinato.world import World

LONGEST_GIVEN = 4_000
"""What a plan was given is not even read for a list when it is longer, as JSON."""
SHOWN_OF_GIVEN = 200
"""How many characters of it a list shows."""

_PRESENT = frozenset({EventFate.WAITING, EventFate.TAKEN})


@dataclass(frozen=True, slots=True)
class ListedPlan:
    """A run with a plan: its steps by status, how far it is, and what stands against it, if it is at rest.

    ``given`` is what the plan was given, in one line, cut where it is long, without secrets.
    """

    run: Run
    steps: Mapping[StepStatus, int]
    progress: float | None
    gates: tuple[Gate, ...]
    given: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step of a plan.

    ``waits_for`` says what a suspended one waits for, and until when. ``failures`` are the tries that failed,
    ``events`` those that it is still to take, ``children`` the runs that it has started, by status. ``log`` is where
    the output of its command is.
    """

    row: StepRow
    waits_for: str
    failures: tuple[TryFailed, ...]
    events: tuple[Event, ...]
    children: Mapping[RunStatus, int]
    log: Path | None


@dataclass(frozen=True, slots=True)
class PlanDetails:
    """The plan of a run. It is empty as long as the run has none: an agent plans it when it first takes it.

    ``gates`` are what stands against the run, if it is paused or suspended, or waits for something unusual. ``hooks``
    are the calls of hooks that it has asked for so far, oldest first.
    """

    run: Run
    steps: tuple[ShownStep, ...]
    progress: float | None
    gates: tuple[Gate, ...]
    hooks: tuple[HookCall, ...]

    @property
    def is_plain(self) -> bool:
        """Tell whether it is nothing but one command: then the run says it all."""
        return all(shown.row.step.action == COMMAND and shown.row.step.number == 1 for shown in self.steps)


def list_plans(
    world: World,
    *,
    statuses: Collection[RunStatus] = (),
    search: str = "",
    parent: int | None = None,
    parent_step: int | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[ListedPlan]:
    """List the runs whose plan is more than one command and that fit every filter given, newest first.

    ``search`` are words, each of which is the run's number, or a part of its action or slot.
    ``parent`` is a run: those that it has started, or ``parent_step`` of it has; ``NotFound`` for an unknown one.
    ``before`` is a run: older ones are listed.
    """
    if parent_step is not None and parent is None:
        raise InvalidValue(f"step {parent_step} is a step of what?", hint="name the parent as well")
    with world.store.read() as tx:
        if parent is not None:
            get_run(tx, parent)
        words = search.replace("/", " ").split()
        ids = list_planned_runs(
            tx, statuses=statuses, words=words, parent=parent, parent_step=parent_step, before=before, limit=limit
        )
        found = [run for part in cut(ids) for run in runs.list_runs(tx, run_ids=part)]
        counts, progress, gates = plans.count_steps(tx, ids), measure_progress(tx, ids), find_gates(tx, found)
        given = {run_id: _tell_given(value) for run_id, value in find_given(tx, ids, longest=LONGEST_GIVEN).items()}
    return [
        ListedPlan(run, counts.get(run.id, {}), progress.get(run.id), gates.get(run.id, ()), given.get(run.id, ""))
        for run in found
    ]


def show_plan(world: World, run_id: int, *, steps: Collection[int] = ()) -> PlanDetails:
    """Return the plan of a run with all that is known of it; ``NotFound`` when there is no such run.

    Where ``steps`` are named, by their numbers, it has these alone: what has changed of a large plan is read so.
    """
    with world.store.read() as tx:
        run = get_run(tx, run_id)
        return PlanDetails(
            run=run,
            steps=tuple(_list_steps(tx, world, run, steps)),
            progress=measure_progress(tx, [run_id]).get(run_id),
            gates=find_gates(tx, [run]).get(run_id, ()),
            hooks=tuple(hook_calls.list_hook_calls(tx, run_id)),
        )


def pick_step(details: PlanDetails, which: str) -> ShownStep:
    """Return the step that ``which`` means, by its number or its name; ``NotFound`` with the nearest."""
    by_number = {str(shown.row.step.number): shown for shown in details.steps}
    by_name = {shown.row.step.name: shown for shown in details.steps}
    found = by_number.get(which) or by_name.get(which)
    if found is None:
        raise unknown_step(details.run, which, list(by_name))
    return found


def look_at_step(world: World, run_id: int, number: int) -> Step:
    """Return one step as it stands; ``NotFound`` when there is no such step or run."""
    with world.store.read() as tx:
        return get_step(tx, get_run(tx, run_id), str(number)).step


def list_output(world: World, run_id: int, step: int, *, after: int = 0, limit: int | None = None) -> list[Chunk]:
    """List what a step gave away while it ran: the chunks of its output numbered above ``after``."""
    with world.store.read() as tx:
        return chunks.list_chunks(tx, run_id, step, after=after, limit=limit)


def _tell_given(value: Json) -> str:
    told = "…" if value is None else describe_input(cast("Json", mask_json(value)), {})
    return told if len(told) <= SHOWN_OF_GIVEN else f"{told[:SHOWN_OF_GIVEN]}…"


def _list_steps(tx: Tx, world: World, run: Run, steps: Collection[int]) -> list[ShownStep]:
    rows = plans.list_steps(tx, run.id, numbers=steps)
    declared = definitions.find_version(tx, run.definition, run.version) if run.definition else None
    is_command = declared is not None and bool(declared.command)
    failures: dict[int, list[TryFailed]] = defaultdict(list)
    for failed in plans.list_tries(tx, run.id):
        failures[failed.step].append(failed)
    waiting: dict[int, list[Event]] = defaultdict(list)
    for event in events.list_events(tx, run.id):
        if event.fate in _PRESENT:
            waiting[event.step].append(event)
    children = count_children_by_step(tx, run.id)
    return [
        ShownStep(
            row=row,
            waits_for=_tell_what_it_waits_for(row.step, children.get(row.step.number, {})),
            failures=tuple(failures.get(row.step.number, ())),
            events=tuple(waiting.get(row.step.number, ())),
            children=children.get(row.step.number, {}),
            log=_find_log(world, run, row, is_command=is_command),
        )
        for row in rows
    ]


def _find_log(world: World, run: Run, row: StepRow, *, is_command: bool) -> Path | None:
    """Return where an agent of this project keeps the output of a step that is a command; ``None`` for others."""
    if row.step.action != COMMAND:
        return None
    return log_path(world.config.logs_folder, run.id, None if is_command else row.step.number)


def _tell_what_it_waits_for(step: Step, children: Mapping[RunStatus, int]) -> str:
    return tell_what_it_waits_for(step, children) if step.status is StepStatus.SUSPENDED else ""
