"""Results: how a run stands for who waits for it, and what came of it for who wants that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ostinato.errors import RunFailed
from ostinato.model.references import resolve
from ostinato.model.runs import Run
from ostinato.model.statuses import FINAL_RUN_STATUSES, SUCCEEDED_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import Phase, Step
from ostinato.operations.names import get_run, name_run
from ostinato.operations.reasons import find_gates
from ostinato.policies.verdict import Gate
from ostinato.store import plans
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands, and what stands against its going on, if it is paused or suspended."""

    run: Run
    gates: tuple[Gate, ...]

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more comes of it."""
        return self.run.status in FINAL_RUN_STATUSES

    @property
    def is_paused(self) -> bool:
        """Tell whether it waits for a person to decide."""
        return self.run.status is RunStatus.PAUSED


def find_standing(world: World, run_id: int) -> Standing:
    """Return how a run stands; ``NotFound`` when there is none of that number."""
    with world.store.read() as tx:
        run = get_run(tx, run_id)
        return Standing(run, find_gates(tx, [run]).get(run_id, ()))


def find_result(world: World, run_id: int) -> Any:
    """Return what the plan of a run returned, or of one that returned nothing the output of each step by its name.

    Raises ``RunFailed`` when the run did not succeed, and ``UnresolvedReference`` when the plan returned a part of the
    output of a step that was skipped.
    """
    with world.store.read() as tx:
        run = get_run(tx, run_id)
        steps = plans.load_plans(tx, [run_id]).get(run_id, ())
    if run.status not in SUCCEEDED_RUN_STATUSES:
        raise _make_error(run, steps)
    outputs = {step.number: step.output for step in steps}
    returned = steps[0].output if steps and steps[0].phase is Phase.PLAN else None
    if returned is not None:
        return resolve(returned, outputs)
    return {step.name: step.output for step in steps if step.phase is Phase.RUN}


def _make_error(run: Run, steps: Sequence[Step]) -> RunFailed:
    failed = [step for step in steps if step.status is StepStatus.ERROR and step.error is not None]
    first = min(failed, key=lambda step: (step.finished_at is None, step.finished_at, step.number), default=None)
    if first is None or first.error is None:
        return RunFailed(f"{name_run(run)} is {run.status}: {run.reason}", run=run.id, status=run.status)
    error = first.error
    return RunFailed(
        f"step {first.name} of {name_run(run)} failed: {f'{error.type}: ' if error.type else ''}{error.message}",
        run=run.id,
        status=run.status,
        step=first.name,
        error=error.type,
        traceback=error.traceback,
    )
