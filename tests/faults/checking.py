"""What must hold when all is over, by the rows that are stored and by the ledger: sentences about what does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import flows, ledger
from tests.faults.scenarios import Scenario

from ostinato.clock import SystemClock
from ostinato.config import PROJECT_FILE, Config, load_config
from ostinato.model.evidence import LOST_KINDS
from ostinato.model.runs import Run
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import COMMAND, Event, EventFate, Phase, Step
from ostinato.operations.doctor import Health, examine
from ostinato.store import events, plans, runs
from ostinato.store.database import Store, Tx
from ostinato.world import World

Key = tuple[int, int]
"""A step: its run and its number."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that is left of a scenario. ``lost`` counts the tries of each step that were interrupted."""

    runs: Sequence[Run]
    steps: dict[Key, Step]
    lost: Counter[Key]
    events: Sequence[Event]
    entries: Sequence[dict[str, Any]]

    def calls(self, *kinds: str) -> Iterator[tuple[Key, dict[str, Any]]]:
        """Yield the calls of these kinds, each with its step; those of commands are not among them."""
        for entry in self.entries:
            if entry["what"] == "call" and entry["kind"] in kinds:
                yield (entry["run"], entry["step"]), entry

    def commands(self) -> Iterator[Key]:
        """Yield the calls of commands, as steps."""
        numbers = {(run_id, step.name): step.number for (run_id, _), step in self.steps.items()}
        for entry in self.entries:
            if entry["what"] == "command":
                yield entry["run"], numbers[entry["run"], entry["name"]]


def check(folder: Path, url: str, scenario: Scenario, fault: str) -> list[str]:
    """List all that is not as it must be, now that the scenario is over. Only who dies leaves losses behind."""
    store = Store(url)
    world = World(load_config(folder / PROJECT_FILE) if scenario.files else Config(folder, url), store, SystemClock())
    with store.read() as tx:
        found = _find(tx)
    checks = [
        _check_runs(found, scenario),
        _check_calls(found),
        _check_tries(found),
        _check_carried(found),
        _check_events(found),
        _check_outputs(found, scenario),
        *([_check_losses(found)] if fault != "die" else []),
    ]
    ill = [check for check in examine(world) if check.health is Health.BROKEN and check.name.startswith("invariant")]
    store.close()
    return [*(problem for check in checks for problem in check), *(f"the doctor: {check.found}" for check in ill)]


def _find(tx: Tx) -> Found:
    found = runs.list_runs(tx)[::-1]
    ids = [run.id for run in found]
    return Found(
        runs=found,
        steps={(run_id, step.number): step for run_id, plan in plans.load_plans(tx, ids).items() for step in plan},
        lost=Counter(
            (run_id, one.step) for run_id in ids for one in plans.list_tries(tx, run_id) if one.error.kind in LOST_KINDS
        ),
        events=[event for run_id in ids for event in events.list_events(tx, run_id)],
        entries=ledger.read(),
    )


def _check_runs(found: Found, scenario: Scenario) -> Iterator[str]:
    """All has come to its end, and no child was started twice."""
    for run in found.runs:
        if run.status not in FINAL_RUN_STATUSES:
            yield f"run {run.id} is {run.status}"
        elif run.status is not RunStatus.SUCCESS and not scenario.may_fail:
            yield f"run {run.id} is {run.status}: {run.reason}"
    succeeded = sum(run.status is RunStatus.SUCCESS for run in found.runs)
    if succeeded != scenario.runs:
        yield f"{succeeded} runs have succeeded, and not {scenario.runs}"
    children = Counter((run.parent_run_id, run.child_number) for run in found.runs if run.parent_run_id is not None)
    yield from (f"child {child} was started {count} times" for child, count in children.items() if count > 1)


def _check_calls(found: Found) -> Iterator[str]:
    """Nothing is called but what the store shows running, so nothing that has succeeded, and no singleton too many."""
    for key, entry in found.calls("run", "event", "finalize"):
        if (entry["status"], entry["run_status"]) != (StepStatus.RUNNING, RunStatus.RUNNING):
            yield f"step {key} was called while it was {entry['status']}, and its run {entry['run_status']}"
        if entry["holds_key"] is False:
            yield f"step {key} was called while its run did not hold its singleton"


def _check_tries(found: Found) -> Iterator[str]:
    """Each try that the history shows, and each event that a decision gives away, is called once at most."""
    begun = Counter((key, entry["tries"]) for key, entry in found.calls("run", "finalize"))
    yield from (f"try {of} was begun {count} times" for of, count in begun.items() if count > 1)
    given = Counter((key, entry["decision"]) for key, entry in found.calls("event"))
    yield from (f"step {key} was given an event twice by one decision" for key, count in given.items() if count > 1)
    called = Counter([key for key, _ in found.calls("run")]) + Counter(found.commands())
    retried = {run.id for run in found.runs if run.attempt > 1}
    for key, step in found.steps.items():
        if called[key] > step.tries:
            yield f"step {key} was called {called[key]} times, in {step.tries} tries"
        tells = step.phase is Phase.RUN and (step.action == COMMAND or step.action.startswith(f"{flows.__name__}:"))
        if step.status is StepStatus.SUCCESS and tells and not called[key] and key[0] not in retried:
            yield f"step {key} has succeeded, and was never called"


def _check_carried(found: Found) -> Iterator[str]:
    """What an attempt has completed, the next one does not call."""
    called = {*(key for key, _ in found.calls("run", "event", "finalize")), *found.commands()}
    attempts = {(run.slot_id, run.attempt): run.id for run in found.runs if run.slot_id is not None}
    for (slot_id, attempt), run_id in attempts.items():
        former = attempts.get((slot_id, attempt - 1))
        for (of, number), step in found.steps.items():
            if of == former and step.status is StepStatus.SUCCESS and (run_id, number) in called:
                yield f"step {step.name} was done by run {of}, and called again by run {run_id}"


def _check_events(found: Found) -> Iterator[str]:
    """Every event that was acknowledged was delivered: once, unless the step was interrupted with it in hand."""
    stored = {event.id for event in found.events}
    for entry in found.entries:
        if entry["what"] == "acknowledged" and entry["id"] not in stored:
            yield f"event {entry['id']} was acknowledged, and is not there"
    calls = Counter(entry["event"] for _, entry in found.calls("event"))
    for event in found.events:
        if event.sent_by != flows.SENDER:
            if event.fate not in (EventFate.DELIVERED, EventFate.DROPPED):
                yield f"event {event.id} is {event.fate} still"
            continue
        key = (event.run_id, event.step)
        if event.fate is not EventFate.DELIVERED:
            yield f"event {event.id} is {event.fate}: {event.reason}"
        elif not calls[event.id]:
            yield f"event {event.id} is said to be delivered, and was not"
        elif calls[event.id] > 1 + found.lost[key] and not found.steps[key].rules.idempotent:
            yield f"event {event.id} was delivered {calls[event.id]} times, with {found.lost[key]} interruptions"


def _check_outputs(found: Found, scenario: Scenario) -> Iterator[str]:
    """What a step has kept of its events shows each once, in order, however often it was interrupted."""
    for (run_id, _), step in found.steps.items():
        expected = scenario.got.get(step.name)
        if expected is not None and step.output != {"got": list(expected)}:
            yield f"step {step.name} of run {run_id} got {step.output}, and not {expected}"


def _check_losses(found: Found) -> Iterator[str]:
    """Nobody has died, so nothing was interrupted."""
    for (run_id, number), count in found.lost.items():
        yield f"step {number} of run {run_id} was taken for lost {count} times"
