"""The scenarios: how each begins, what a person and a sender do in it, and what must have come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from tests.faults import flows, ledger

from ostinato import trigger
from ostinato.model.runs import Run
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus, StepStatus
from ostinato.operations import steering
from ostinato.operations.people import Person
from ostinato.store import events, plans, runs
from ostinato.world import World

PERSON = Person("person")

Act = Callable[[World], bool]
"""Something that a person does when it is time for it; tells whether it was."""

DEFINITION = f"""
definitions:
  carried:
    frequency: daily
    starts_on: 2026-01-09
    ends_on: 2026-01-09
    steps:
      first: {{command: [sh, {flows.SCRIPT}]}}
      second: {{action: "tests.faults.flows:extract", inputs: {{part: 2}}, after: first}}
      third: {{command: [sh, {flows.SCRIPT}, failed], after: second}}
    retry: {{fixed: {{attempts: 3, wait: 10s}}}}
"""

PROJECT = """
database: sqlite:///unused.db
definitions:
  - yaml: definitions.yaml
"""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is played. ``begin`` does what has not been done yet; it is called again after each death.

    ``acts`` are tried whenever nothing happens by itself. ``runs`` is how many are to succeed; others are not to end,
    unless they ``may_fail``. ``got`` are the events that steps are to have taken in, by name of the step.
    """

    begin: Act
    runs: int = 1
    acts: tuple[Act, ...] = ()
    got: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    may_fail: bool = False

    def play(self, world: World) -> bool:
        """Do one thing that a person would do now; tell whether there was any."""
        return self.begin(world) or resume(world) or any(act(world) for act in self.acts)

    def is_over(self, world: World) -> bool:
        """Tell whether all is done."""
        found = list_runs(world)
        final = [run for run in found if run.status in FINAL_RUN_STATUSES]
        succeeded = [run for run in final if run.status is RunStatus.SUCCESS]
        return len(final) == len(found) and len(succeeded) >= self.runs

    def tell(self, world: World) -> str:
        """Tell how it stands."""
        return "; ".join(f"run {run.id} is {run.status} {run.waits_for}".strip() for run in list_runs(world))


def list_runs(world: World) -> list[Run]:
    """List all runs, oldest first."""
    with world.store.read() as tx:
        return runs.list_runs(tx)[::-1]


def begin(world: World, plan: str, count: int = 1) -> bool:
    """Trigger a plan, as many times as it was not yet."""
    there = sum(run.parent_run_id is None for run in list_runs(world))
    if there < count:
        trigger.with_options(world=world)(f"{flows.__name__}:{plan}")
    return there < count


def resume(world: World) -> bool:
    """Resume a paused run."""
    for run in list_runs(world):
        if run.status is RunStatus.PAUSED:
            steering.resume(world, str(run.id), by=PERSON)
            ledger.enter("resumed", run=run.id)
            return True
    return False


def send(world: World, name: str, *, after: str = "", later: timedelta | None = None) -> bool:
    """Send an event to the step ``ask`` once it is suspended, unless it was sent before; ``after`` another one."""
    (run, *_) = list_runs(world)
    with world.store.read() as tx:
        row = plans.find_step(tx, run.id, "ask")
        sent = [event.name for event in events.list_events(tx, run.id)]
    is_time = row is not None and row.step.status is StepStatus.SUSPENDED and (not after or after in sent)
    if row is None or not is_time or name in sent:
        return False
    now = world.clock.now()
    flows.send(run.id, row.step.number, name, now=now, due_at=None if later is None else now + later)
    return True


ANSWERS = ("first", "between", "last")

SCENARIOS: Mapping[str, Scenario] = {
    "chain": Scenario(
        partial(begin, plan="chain"),
        acts=(partial(send, name="first"), partial(send, name="last", after="between")),
        got={"ask": ANSWERS},
    ),
    "naps": Scenario(
        partial(begin, plan="naps"),
        acts=(partial(send, name="last", later=timedelta(seconds=50)),),
        got={"Nap": ("timer",), "Nap-2": ("timer",), "ask": ("last",)},
    ),
    "troubles": Scenario(partial(begin, plan="troubles")),
    "family": Scenario(partial(begin, plan="family"), runs=4),
    "alone": Scenario(partial(begin, plan="alone", count=2), runs=2, got={"Nap": ("timer",)}),
    "books": Scenario(partial(begin, plan="books")),
    "shell": Scenario(partial(begin, plan="shell")),
    "carried": Scenario(
        lambda world: False,
        files={"definitions.yaml": DEFINITION, "ostinato.yaml": PROJECT},
        may_fail=True,
    ),
}
