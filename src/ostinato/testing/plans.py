"""Plans: steps as tests want them, and a run that is held under a lease while things are recorded about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ostinato.model.changes import Change, PlanMade, RunMoved, StepChanged
from ostinato.model.evidence import EndKind
from ostinato.model.runs import ClaimedRun, Run
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import Step, StepError
from ostinato.store import plans, runs
from ostinato.store.decisions import Recording, record
from ostinato.testing.factories import make_definition, make_evidence, make_new_run
from ostinato.testing.night import AGENT, Night

ERROR = StepError(EndKind.RAISED, "no such table: sales", "sqlite3.OperationalError", "Traceback …")


def make_step(number: int = 1, status: str = StepStatus.PENDING, **values: Any) -> Step:
    """Make a step that calls an action of a shop; with an error where its status wants one."""
    step = Step(number, f"step-{number}", "shop.flows:refresh", status=StepStatus(status), **values)
    return replace(step, error=ERROR) if step.status is StepStatus.ERROR and step.error is None else step


def make_steps(count: int) -> list[Step]:
    """Make a chain of steps, each of which needs the one before it."""
    return [make_step(number, needs=(number - 1,) if number > 1 else ()) for number in range(1, count + 1)]


@dataclass(slots=True)
class HeldRun:
    """A run and the lease under which an agent holds it. ``decision`` counts what was recorded through this object."""

    night: Night
    id: int
    lease_token: int
    decision: int = 0

    def record(self, *changes: Change) -> bool:
        """Record one decision; ``False`` when the lease is gone."""
        with self.night.store.write() as tx:
            refused = record(tx, [self.recording(*changes)], actor=AGENT, now=self.night.now)
        self.decision += not refused
        return not refused

    def recording(self, *changes: Change) -> Recording:
        """Return the next decision about it as it is recorded."""
        return Recording(self.id, self.lease_token, self.decision, changes)

    def move(self, to: RunStatus, **values: Any) -> bool:
        """Move it to another status, with the evidence that an end wants."""
        evidence = make_evidence(to) if to in FINAL_RUN_STATUSES else None
        return self.record(RunMoved(to, f"because {to}", evidence, **values))

    def change(self, number: int, status: StepStatus, **values: Any) -> Step:
        """Move one step to another status, and return it."""
        before = self.step(number)
        after = replace(before, status=status, **values)
        self.record(StepChanged(before.status, after))
        return after

    def step(self, number: int) -> Step:
        """Return a step as it is stored."""
        return self.steps[number - 1]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return its plan as it is stored."""
        with self.night.store.read() as tx:
            return plans.load_plans(tx, [self.id]).get(self.id, ())

    @property
    def run(self) -> Run:
        """Return it as it is stored."""
        with self.night.store.read() as tx:
            (run,) = runs.list_runs(tx, run_ids=[self.id])
        return run


def hold_runs(night: Night, count: int, *steps: Step) -> list[HeldRun]:
    """Have an agent hold ``count`` new one-off runs; each has these steps for a plan, if there are any."""
    night.declare(definitions=[make_definition(start="manual")])
    night.tick()
    definition_id = night.slot("sales/-/2026-01-08").definition_id
    with night.store.write() as tx:
        runs.create_runs(tx, [make_new_run(definition_id) for _ in range(count)], actor="tester", now=night.now)
    held = [_hold(night, claimed) for claimed in night.claim()]
    if steps:
        with night.store.write() as tx:
            record(tx, [run.recording(PlanMade(steps)) for run in held], actor=AGENT, now=night.now)
        for run in held:
            run.decision += 1
    return held


def hold_run(night: Night, *steps: Step) -> HeldRun:
    """Have an agent hold one new run."""
    (held,) = hold_runs(night, 1, *steps)
    return held


def take_up(night: Night, run: HeldRun) -> HeldRun:
    """Have the agent claim a run again that waits."""
    (held,) = [_hold(night, claimed) for claimed in night.claim() if claimed.id == run.id]
    return held


def _hold(night: Night, claimed: ClaimedRun) -> HeldRun:
    return HeldRun(night, claimed.id, claimed.lease_token, claimed.decision)
