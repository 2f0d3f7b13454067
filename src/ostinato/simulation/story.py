"""The story of a simulation: what happened, turn by turn, in sentences that people can follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.statuses import RunStatus
from ostinato.simulation.pictures import Picture, StepRow
from ostinato.simulation.scripts import Script
from ostinato.simulation.witness import Commit

_STANDING = slice(StepRow._fields.index("status"), StepRow._fields.index("event_id") + 1)
"""How a step stands, among the columns of its row."""


def tell_script(script: Script) -> Iterator[str]:
    """Say what there is, and what happens to it."""
    places = ", ".join(f"{name} on {machine}" for name, machine in (*script.engines, *script.agents))
    yield f"seed {script.seed}: {places}"
    yield from (f"  {account.token}, {account.time_zone}" for account in script.accounts)
    yield from (f"  {_describe(definition)}" for definition in script.definitions)
    yield f"{len(script.incidents)} incidents:"
    yield from (f"  turn {incident.turn}: {incident}" for incident in script.incidents)


def _describe(definition: DeclaredDefinition) -> str:
    work = definition.action or " ".join(definition.command) or f"{len(definition.steps)} steps"
    reads = f", reads {', '.join(definition.reads_from)}" if definition.reads_from else ""
    each = " for each account" if definition.matrix == "account" else ""
    return f"{definition.name}, {definition.frequency}{each}: {work}{reads}; starts {definition.start.kind}"


def tell_commit(commit: Commit) -> Iterator[str]:
    """Say what a commit has changed."""
    yield from _tell_rows("definition", commit.before.definitions, commit.after.definitions)
    yield from _tell_rows("account", commit.before.accounts, commit.after.accounts)
    yield from _tell_runs(commit)
    yield from _tell_steps(commit.before, commit.after)
    yield from _tell_events(commit.before, commit.after)


def _tell_rows(word: str, before: Mapping[int, Any], after: Mapping[int, Any]) -> Iterator[str]:
    yield from (f"{word} {before[id][1]} is removed" for id in sorted(before.keys() - after.keys()))
    yield from (f"{word} {after[id][1]} is there" for id in sorted(after.keys() - before.keys()))


def _tell_runs(commit: Commit) -> Iterator[str]:
    before, after = commit.before, commit.after
    for former, run in commit.list_changed_runs():
        holder = f", held by {after.agents[run.agent_id].name}" if run.agent_id is not None else ""
        lease = f" under lease {run.lease_token}{holder}" if run.status == RunStatus.RUNNING else ""
        if former is None:
            work = run.action if run.slot_id is None else after.name_slot(after.slots[run.slot_id])
            child = f", child {run.child_number} of run {run.parent_run_id}" if run.parent_run_id is not None else ""
            yield f"run {run.id} of {work}{child} is made: {run.status}{lease}"
        elif (former.status, former.lease_token) != (run.status, run.lease_token):
            yield f"run {run.id}: {former.status} → {run.status}{lease}"
    yield from (f"run {id} is removed" for id in sorted(before.runs.keys() - after.runs.keys()))


def _tell_steps(before: Picture, after: Picture) -> Iterator[str]:
    if before.steps is after.steps:
        return
    for key, step in after.steps.items():
        former = before.steps.get(key)
        if former is None or former[_STANDING] != step[_STANDING]:
            arrow = "" if former is None else f"{former.status} → "
            tries = f", try {step.tries}" if step.tries else ""
            event = "" if step.event_id is None else f" with event {step.event_id}"
            yield f"run {step.run_id}, step {step.number} {step.name}: {arrow}{step.status}{tries}{event}"


def _tell_events(before: Picture, after: Picture) -> Iterator[str]:
    if before.events is after.events:
        return
    for id, event in after.events.items():
        former = before.events.get(id)
        if former is None or former.fate != event.fate:
            yield f"event {id} ({event.name}) for run {event.run_id}, step {event.step}: {event.fate}"
