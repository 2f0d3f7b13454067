"""The observer: takes a picture after every commit, asks the witness about it, and keeps the ledger of deeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ostinato.executors.commands import Key
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.simulation.flows import FLOWS
from ostinato.simulation.ledger import Deed
from ostinato.simulation.pictures import EMPTY, Camera, Picture
from ostinato.simulation.retries import check_retries
from ostinato.simulation.witness import CHECKS, Actor, Breach, Commit
from ostinato.store.types import to_microseconds

HANDED_OUT = frozenset({StepStatus.RUNNING, StepStatus.SKIPPED})
"""How a step stands that is being carried out; the action of one that is skipped is told so."""


@dataclass(slots=True)
class Observer:
    """What is known from outside: the last picture, what was done, what was acknowledged, and what is wrong."""

    database: Path
    picture: Picture = EMPTY
    breaches: list[Breach] = field(default_factory=list)
    commits: int = 0
    _camera: Camera = field(init=False)
    _done: set[tuple[str, int, int, int]] = field(default_factory=set)
    _delivered: dict[int, set[int]] = field(default_factory=dict)
    _acknowledged: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._camera = Camera(self.database)
        self.picture = self._camera.take()

    def see_commit(self, actor: Actor, now: datetime) -> Commit:
        """Take in that ``actor`` has committed something."""
        commit = Commit(self.picture, self._camera.take(), actor, to_microseconds(now))
        self.picture = commit.after
        if commit.is_idle:
            return commit
        self.commits += 1
        for check in CHECKS:
            self.breaches += check(commit)
        self.breaches += check_retries(commit)
        self.breaches += self._check_events(commit)
        self.breaches += self._check_tries(commit)
        return commit

    def see_begin(self, actor: Actor, key: Key, *, was_frozen: bool) -> int:
        """Take in that ``actor`` begins with work; return which try of the step it is.

        Who was frozen between the commit and now cannot know what has become of its leases meanwhile.
        """
        run_id, number = key
        if number < 0:  # a call of a hook
            return 0
        run, step = self.picture.runs.get(run_id), self.picture.steps.get(key)
        if was_frozen:
            return step.tries if step is not None else 0
        if run is None or step is None:
            self.breaches.append(Breach(6, f"{actor.name} begins step {number} of run {run_id}, which is not recorded"))
            return 0
        holder = "nobody" if run.agent_id is None else self.picture.agents[run.agent_id].name
        if (run.status, holder) != (RunStatus.RUNNING, actor.name):
            seen = f"{actor.name} begins step {step.name} of run {run_id}, which is {run.status}, held by {holder}"
            self.breaches.append(Breach(5, seen))
        elif step.status not in HANDED_OUT:
            seen = f"{actor.name} begins step {step.name} of run {run_id}, which is {step.status}"
            self.breaches.append(Breach(6, seen))
        return step.tries

    def see_deed(self, actor: Actor, deed: Deed) -> None:
        """Take in what the code of users did for ``actor``; what it does for those who have lost a lease is idle."""
        run = self.picture.runs.get(deed.run_id)
        if run is None or run.status != RunStatus.RUNNING or actor.leases.get(run.id) != run.lease_token:
            return
        if deed.what == "event":
            self._see_delivery(deed, run.decision)
            return
        entry = (deed.what, deed.run_id, deed.step, deed.try_number)
        if entry in self._done:
            seen = f"try {deed.try_number} of step {deed.step} of run {deed.run_id} was carried out twice"
            self.breaches.append(Breach(6, seen))
        self._done.add(entry)

    def see_acknowledged(self, event_id: int, run_id: int) -> None:
        """Take in that somebody was told that an event for a run is stored; the run may have been removed since."""
        self._acknowledged[event_id] = run_id
        if event_id not in self.picture.events and run_id in self.picture.runs:
            self.breaches.append(Breach(7, f"event {event_id} was acknowledged, and is not there"))

    def _see_delivery(self, deed: Deed, decision: int) -> None:
        event = None if deed.event_id is None else self.picture.events.get(deed.event_id)
        if event is None:
            return
        if event.fate != "taken":
            self.breaches.append(Breach(7, f"event {event.id}, {event.fate}, was delivered"))
        decisions = self._delivered.setdefault(event.id, set())
        if decision in decisions:
            self.breaches.append(Breach(7, f"event {event.id} was delivered twice by one decision"))
        decisions.add(decision)

    def _check_events(self, commit: Commit) -> Iterator[Breach]:
        """Check that what is said to be delivered was, and that nothing that was acknowledged is gone [7]."""
        before, after = commit.before, commit.after
        if before.events is after.events:
            return
        for id, event in after.events.items():
            former = before.events.get(id)
            step = after.steps[event.run_id, event.step]
            is_ours = step.action.startswith(FLOWS)
            if event.fate == "delivered" and former != event and is_ours and id not in self._delivered:
                yield Breach(7, f"event {id} of run {event.run_id} is said to be delivered, and was not")
        for id, run_id in self._acknowledged.items():
            if id not in after.events and run_id in after.runs:
                yield Breach(7, f"event {id} was acknowledged, and is gone")

    def _check_tries(self, commit: Commit) -> Iterator[Breach]:
        """Check that what may not be done twice is not handed out again when it is not known whether it was done [6].

        A person may do so, who has looked.
        """
        if commit.before.steps is commit.after.steps or not commit.actor.is_agent:
            return
        for key, former in commit.before.steps.items():
            step = commit.after.steps.get(key)
            if step is None or former.status != StepStatus.RUNNING or former.event_id is not None:
                continue
            begins_again = (step.status, step.tries) == (StepStatus.RUNNING, former.tries + 1)
            has_failed = step.failures > former.failures  # which is known, so it was done
            was_done = any((what, *key, former.tries) in self._done for what in ("run", "command"))
            goes_again = (begins_again or step.status == StepStatus.PENDING) and not has_failed
            if goes_again and was_done and not former.is_idempotent:
                seen = f"step {step.name} of run {key[0]}, interrupted in try {former.tries}, is to go again"
                yield Breach(6, seen)

    def close(self) -> None:
        """Look no more."""
        self._camera.close()
