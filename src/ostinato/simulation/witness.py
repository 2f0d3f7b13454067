"""The witness: compares how the rows stood before and after each commit, and says what may never be.

It knows who acted, and what the code of users did; it asks nobody who decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ostinato.model.statuses import (
    FINAL_RUN_STATUSES,
    FINAL_STEP_STATUSES,
    LIVE_RUN_STATUSES,
    SUCCEEDED_RUN_STATUSES,
    RunStatus,
    SlotStatus,
    StepStatus,
)
from ostinato.simulation.pictures import Picture, RunRow
from ostinato.simulation.starts import find_obstacle

Key = tuple[int, int]


@dataclass(slots=True)
class Actor:
    """Who writes: an agent by its name, or anybody else. ``leases`` are those that it was given, by run."""

    name: str
    is_agent: bool = False
    leases: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that may never be, by the number of the invariant, and what was seen."""

    invariant: int
    seen: str

    def __str__(self) -> str:
        return f"[{self.invariant}] {self.seen}"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: the rows before and after it, who wrote, and what their clock showed, in microseconds."""

    before: Picture
    after: Picture
    actor: Actor
    now: int

    @property
    def is_idle(self) -> bool:
        """Tell whether it changed nothing that is in the pictures: a heartbeat alone, say."""
        return all(one is other for one, other in zip(self.before.tables, self.after.tables, strict=True))

    def list_changed_runs(self) -> Iterator[tuple[RunRow | None, RunRow]]:
        """Yield the runs that were changed or made, as they were and as they are."""
        if self.before.runs is self.after.runs:
            return
        for id, run in self.after.runs.items():
            former = self.before.runs.get(id)
            if former != run:
                yield former, run


Check = Callable[[Commit], Iterator[Breach]]


def check_live_runs(commit: Commit) -> Iterator[Breach]:
    """Check that no slot has two live runs [1], and none beside one that has succeeded [3]."""
    live: dict[int, int] = {}
    succeeded = {
        (run.slot_id, run.series): run for run in commit.after.runs.values() if run.status in SUCCEEDED_RUN_STATUSES
    }
    for run in commit.after.runs.values():
        if run.slot_id is None or run.status not in LIVE_RUN_STATUSES:
            continue
        if run.slot_id in live:
            yield Breach(1, f"runs {live[run.slot_id]} and {run.id} of one slot are both live")
        live[run.slot_id] = run.id
        former = succeeded.get((run.slot_id, run.series))
        if former is not None:
            yield Breach(3, f"run {run.id} of a slot is {run.status}, and run {former.id} has succeeded")


def check_starts(commit: Commit) -> Iterator[Breach]:
    """Check that no run was made by the schedule before its start policy was satisfied [2]."""
    for former, run in commit.list_changed_runs():
        if former is None and run.slot_id is not None and _is_made_by_engine(commit.before, run):
            slot = commit.after.slots[run.slot_id]
            if obstacle := find_obstacle(commit.after, slot, commit.now):
                yield Breach(2, f"run {run.id} of {commit.after.name_slot(slot)} was created, but {obstacle}")


def _is_made_by_engine(before: Picture, run: RunRow) -> bool:
    """Tell whether it was for the start policy to say when a run begins: of the schedule, and downstream of a rerun."""
    slot = before.slots.get(run.slot_id or 0)
    again = run.origin == "rerun" and slot is not None and slot.status == SlotStatus.PENDING
    return again or run.origin == "schedule"


def check_ends(commit: Commit) -> Iterator[Breach]:
    """Check that what is final stays as it is [4], and that steps that have succeeded do [6]."""
    for former, run in commit.list_changed_runs():
        if former is not None and former.status in FINAL_RUN_STATUSES:
            lifted = former._replace(halted_by=run.halted_by, agent_id=run.agent_id, slot_id=run.slot_id)
            if lifted != run:
                yield Breach(4, f"run {run.id} was {former.status}, and has changed: it is {run.status}")
        if run.status in FINAL_RUN_STATUSES and run.singleton_held is not None:
            yield Breach(4, f"run {run.id} is {run.status}, and holds {run.singleton_held} still")
    for key, step in commit.before.steps.items() if commit.before.steps is not commit.after.steps else ():
        now = commit.after.steps.get(key)
        if now is None or now == step or step.status not in FINAL_STEP_STATUSES:
            continue
        if (now.status, now.tries) != (step.status, step.tries):
            yield Breach(6, f"step {step.name} of run {step.run_id} was {step.status}, and is {now.status}")


def check_open_steps(commit: Commit) -> Iterator[Breach]:
    """Check that no step is under way in a run that has ended [6]."""
    for former, run in commit.list_changed_runs():
        if run.status in FINAL_RUN_STATUSES and (former is None or former.status != run.status):
            for step in commit.after.steps.values():
                if step.run_id == run.id and step.status in (StepStatus.RUNNING, StepStatus.SUSPENDED):
                    yield Breach(6, f"run {run.id} is {run.status}, and its step {step.name} is {step.status}")


def check_leases(commit: Commit) -> Iterator[Breach]:
    """Check that no agent writes about a run whose lease it does not have [5], and note what it was given."""
    actor, before, after = commit.actor, commit.before, commit.after
    for former, run in commit.list_changed_runs():
        if former is not None and run.lease_token < former.lease_token:
            yield Breach(5, f"the lease of run {run.id} fell from {former.lease_token} to {run.lease_token}")
    if not actor.is_agent:
        return
    changed = {run.id for _, run in commit.list_changed_runs()} | _list_runs_with_changed_rows(before, after)
    for id in sorted(changed & after.runs.keys()):
        former, run = before.runs.get(id), after.runs[id]
        if not _may_write(former, run, commit):
            held = "nobody" if former is None or former.agent_id is None else after.agents[former.agent_id].name
            yield Breach(5, f"{actor.name} wrote about run {id}, {run.status}, which was held by {held}")
    for _, run in commit.list_changed_runs():
        if run.status == RunStatus.RUNNING and _holder(after, run) == actor.name:
            actor.leases[run.id] = run.lease_token


def _list_runs_with_changed_rows(before: Picture, after: Picture) -> set[int]:
    """Return the runs of whose steps or open events something has changed; new events are anybody's."""
    changed = set()
    if before.steps is not after.steps:
        changed |= {key[0] for key, step in after.steps.items() if before.steps.get(key) != step}
    if before.events is not after.events:
        changed |= {event.run_id for id, event in after.events.items() if before.events.get(id, event) != event}
    return changed


def _holder(picture: Picture, run: RunRow) -> str:
    return "" if run.agent_id is None else picture.agents[run.agent_id].name


def _may_write(former: RunRow | None, run: RunRow, commit: Commit) -> bool:
    """Tell whether an agent may have made of a run what it is: by its lease, by a claim, or as the end of a child."""
    actor, before = commit.actor, commit.before
    if former is None:  # a child that it has started
        parent = before.runs.get(run.parent_run_id or 0)
        return parent is not None and _is_held(parent, commit)
    if former.status == RunStatus.SUSPENDED and run.status == RunStatus.WAITING:
        return run.lease_token == former.lease_token
    if former.status in (RunStatus.WAITING, RunStatus.SUSPENDED):  # claimed; what is planned may be so once more
        return 1 <= run.lease_token - former.lease_token <= 2
    if run.lease_token == former.lease_token + 1:  # renewed
        return former.status == RunStatus.RUNNING and _holder(before, former) == actor.name
    return _is_held(former, commit)


def _is_held(run: RunRow, commit: Commit) -> bool:
    held = run.status == RunStatus.RUNNING and _holder(commit.before, run) == commit.actor.name
    return held and commit.actor.leases.get(run.id) == run.lease_token


def check_events(commit: Commit) -> Iterator[Breach]:
    """Check that what became of an event stays so, and that its step has the event that is in hand [7]."""
    before, after = commit.before, commit.after
    if before.events is after.events and before.steps is after.steps:
        return
    for id, event in before.events.items():
        now = after.events.get(id)
        if now is None and event.run_id in after.runs:
            yield Breach(7, f"event {id} of run {event.run_id} is gone")
        elif now is not None and event.settled_at is not None and now != event:
            yield Breach(7, f"event {id} was {event.fate}, and is {now.fate}")
    for event in after.events.values():
        step = after.steps.get((event.run_id, event.step))
        if event.fate == "taken" and (step is None or step.event_id != event.id):
            yield Breach(7, f"event {event.id} of run {event.run_id} was taken, and its step does not have it")


def check_removals(commit: Commit) -> Iterator[Breach]:
    """Check that nothing goes but with its definition or account, and slots that were never begun [9]."""
    before, after = commit.before, commit.after
    owners = (before.definitions.keys() - after.definitions.keys(), before.accounts.keys() - after.accounts.keys())
    for id in before.runs.keys() - after.runs.keys() if before.runs is not after.runs else ():
        run = before.runs[id]
        while run.parent_run_id is not None and run.parent_run_id not in after.runs:
            run = before.runs[run.parent_run_id]
        if run.definition_id not in owners[0] and run.account_id not in owners[1]:
            yield Breach(9, f"run {id} was removed, and neither its definition nor its account was")
    begun = {run.slot_id for run in before.runs.values()} if before.slots is not after.slots else set()
    for id in before.slots.keys() - after.slots.keys() if before.slots is not after.slots else ():
        slot = before.slots[id]
        lane = before.lanes[slot.lane_id]
        belongs = lane.definition_id in owners[0] or lane.account_id in owners[1]
        if not belongs and (slot.status != SlotStatus.PENDING or id in begun):
            yield Breach(9, f"slot {before.name_slot(slot)}, {slot.status}, was removed; what it belongs to was not")
    for _, run in commit.list_changed_runs():
        if run.slot_id is None:
            continue
        lane = after.lanes[after.slots[run.slot_id].lane_id]
        if (lane.definition_id, lane.account_id) != (run.definition_id, run.account_id):
            yield Breach(9, f"run {run.id} belongs to another definition or account than its slot")


CHECKS: tuple[Check, ...] = (
    check_live_runs,
    check_starts,
    check_ends,
    check_open_steps,
    check_leases,
    check_events,
    check_removals,
)
"""What is asked of every commit. Of deeds, sources and liveness others ask."""
