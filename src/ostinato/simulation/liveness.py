"""What is still to be done when nothing goes wrong any more: all that is due must come to an end or say why not [8]."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ostinato.model.statuses import FINAL_SLOT_STATUSES, LIVE_RUN_STATUSES, RunStatus, SlotStatus
from ostinato.simulation.incidents import Incident, Kind
from ostinato.simulation.people import find_asking
from ostinato.simulation.pictures import Picture
from ostinato.simulation.starts import find_obstacle

MOST_RESUMES = 4
"""How often a run is resumed before it is given up."""


def find_unfinished(picture: Picture, now: int) -> Iterator[str]:
    """Say what has not come to its end, or does not say why, at ``now`` in microseconds."""
    for run in picture.runs.values():
        if run.status in LIVE_RUN_STATUSES:
            yield f"run {run.id} is {run.status} {run.waits_for}".strip()
    for slot in picture.slots.values():
        if slot.due_at is None or slot.due_at > now or slot.status in FINAL_SLOT_STATUSES:
            continue
        obstacle = find_obstacle(picture, slot, now) if slot.status == SlotStatus.PENDING else ""
        if not obstacle:
            yield f"slot {picture.name_slot(slot)} is due and {slot.status}: {slot.reason or 'no reason'}"
        elif not slot.reason:
            yield f"slot {picture.name_slot(slot)} does not say why it does not start: {obstacle}"
    for event in picture.events.values():
        if event.settled_at is None:
            yield f"event {event.id} of run {event.run_id} is {event.fate}"


def find_chore(picture: Picture, resumed: Counter[int]) -> Incident | None:
    """Return what a person has to do next before all can come to its end; ``resumed`` counts that for each run."""
    for run in picture.runs.values():
        if run.status == RunStatus.PAUSED:
            resumed[run.id] += 1
            return Incident(0, Kind.RESUME if resumed[run.id] <= MOST_RESUMES else Kind.GIVE_UP)
    answered = {(event.run_id, event.step) for event in picture.events.values() if event.settled_at is None}
    for number, step in enumerate(find_asking(picture)):
        if (step.run_id, step.number) not in answered:
            return Incident(0, Kind.SEND, amount=number)
    is_paused = any(definition.paused_at is not None for definition in picture.definitions.values())
    is_paused |= any(account.paused_at is not None for account in picture.accounts.values())
    return Incident(0, Kind.UNPAUSE) if is_paused else None
