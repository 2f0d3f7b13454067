"""When a slot that has no run yet can start at the earliest: its own times, and those of all that it waits for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from ostinato.model.definitions import StartKind
from ostinato.model.slots import Slot
from ostinato.model.statuses import FINAL_SLOT_STATUSES, SUCCEEDED_SLOT_STATUSES, RunStatus, SlotStatus
from ostinato.policies.retry import RetryAt, judge_retry
from ostinato.policies.start import judge_start, standing_gates
from ostinato.policies.verdict import Verdict
from ostinato.store import runs, slots
from ostinato.store.database import Tx
from ostinato.store.facts import (
    Candidate,
    list_candidates,
    list_pending_before,
    list_retry_candidates,
    list_upstream_ids,
)

SLOTS_LOOKED_AT = 10_000
"""A slot that waits for more than these is too far from starting for its time to be known."""

_ENOUGH = {
    StartKind.AFTER_SUCCESS: SUCCEEDED_SLOT_STATUSES,
    StartKind.AFTER_COMPLETION: FINAL_SLOT_STATUSES,
}
"""In which statuses an upstream slot is waited for no longer; other start policies wait for none."""


def find_earliest_start(tx: Tx, slot: Slot, now: datetime) -> datetime | None:
    """Return before when ``slot``, which has no run yet, cannot start; ``None`` where nobody can know.

    That is the latest of the times that the slot itself and, level by level, everything it waits for still have to
    reach. It is a lower bound: how long runs take is not foreseen. One thing among them that only a person or an event
    brings about makes it unknown.
    """
    latest, seen, level = now, {slot.id}, [slot]
    while level:
        if len(seen) > SLOTS_LOOKED_AT:
            return None
        candidates = {one.slot_id: one for one in list_candidates(tx, [one.id for one in level])}
        for bound in _list_bounds(tx, level, candidates, now):
            if bound is None:
                return None
            latest = max(latest, bound)
        waiting = [candidates[one.id] for one in level if one.status is SlotStatus.PENDING]
        found = {one.id: one for one in _list_unfinished_upstreams(tx, waiting) if one.id not in seen}
        level = list(found.values())
        seen.update(found)
    return latest


def _list_bounds(
    tx: Tx, level: Sequence[Slot], candidates: dict[int, Candidate], now: datetime
) -> Iterator[datetime | None]:
    """Yield, for each slot, before when it cannot go on; ``None`` when that is not a matter of time."""
    scheduled = [slot.run_id for slot in level if slot.run_status is RunStatus.SCHEDULED and slot.run_id is not None]
    planned = runs.list_runs(tx, run_ids=scheduled) if scheduled else []
    starts: dict[int | None, datetime] = {run.id: run.start_at or now for run in planned}
    retries = list_retry_candidates(tx, [slot.id for slot in level if slot.status is SlotStatus.RETRYING])
    decisions = {one.slot_id: judge_retry(one.facts) for one in retries}
    for slot in level:
        match slot.status, slot.run_status:
            case SlotStatus.PENDING, _:
                yield _own_bound(judge_start(candidates[slot.id].facts, now), now)
            case SlotStatus.LIVE, RunStatus.RUNNING:
                yield now
            case SlotStatus.LIVE, RunStatus.WAITING | RunStatus.SCHEDULED:
                standing = Verdict(tuple(standing_gates(candidates[slot.id].facts.standing, now)))
                yield _own_bound(standing, starts.get(slot.run_id, now))
            case SlotStatus.RETRYING, _:
                decision = decisions.get(slot.id)
                yield decision.at if isinstance(decision, RetryAt) else None
            case _:
                yield None


def _own_bound(verdict: Verdict, since: datetime) -> datetime | None:
    """Return from when on, after ``since``, a slot's own gates are open; those that wait for other slots are theirs."""
    bounds = [gate.earliest for gate in verdict.gates if not gate.satisfied and not gate.waits_for]
    known = [bound for bound in bounds if bound is not None]
    return max([since, *known]) if len(known) == len(bounds) else None


def _list_unfinished_upstreams(tx: Tx, waiting: Collection[Candidate]) -> Iterator[Slot]:
    """Yield what ``waiting`` waits for; of slots that wait for each other in line, the whole line at once."""
    for kind, enough in _ENOUGH.items():
        chosen = [one for one in waiting if one.facts.start.kind is kind]
        last_in_line = {
            (one.definition.id, one.account_id): one.slot_id
            for one in sorted(chosen, key=lambda one: one.facts.starts_at)
        }
        waited_for = {
            *list_upstream_ids(tx, [one.slot_id for one in chosen]),
            *list_pending_before(tx, last_in_line.values()),
        }
        yield from (slot for slot in slots.list_slots_of(tx, waited_for) if slot.status not in enough)
