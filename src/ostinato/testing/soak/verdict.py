"""The verdict on a soak: whether what is in the database and in the ledger is what must be, as sentences if not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from ostinato.model.runs import Run, Transition
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus, SlotStatus
from ostinato.model.transitions import RUN_TRANSITIONS
from ostinato.operations.listing import list_runs, list_slots
from ostinato.store import runs as run_rows
from ostinato.store.invariants import INVARIANTS, find_since
from ostinato.testing.soak.project import Call, read_ledger
from ostinato.world import World

SHOWN = 10

_EDGES = {(edge.source, edge.target) for edge in RUN_TRANSITIONS}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found.

    ``overlaps`` counts commands of one slot that ran at the same time, which no lease prevents: one of them went on
    for an agent that had been silent for longer than its lease, and that could write nothing any more. ``cut_off``
    counts the commands that did not come to their end, because the run was taken for lost.
    """

    slots: int
    runs: Counter[RunStatus]
    calls: int
    overlaps: int
    cut_off: int
    breaches: tuple[str, ...]


def judge(world: World) -> Verdict:
    """Judge a soak that is over: all processes have ended."""
    slots = [listed.slot for listed in list_slots(world)]
    due = [slot for slot in slots if slot.due_at is not None and slot.due_at <= world.clock.now()]
    runs, calls = list_runs(world), list(read_ledger(world.config.folder))
    with world.store.read() as tx:
        histories = {run.id: list(run_rows.list_transitions(tx, run.id)) for run in runs}
        since = find_since(tx, overdue_since=world.clock.now())
        broken = [f"invariant {one.number}: {found}" for one in INVARIANTS for found in one.find(tx, since)]
    unfinished = [f"slot {slot.name} is {slot.status}" for slot in due if slot.status is not SlotStatus.SUCCESS]
    breaches = [
        *unfinished[:SHOWN],
        *broken,
        *_find_doubles(runs),
        *_find_gaps(runs, histories),
        *_find_odd_calls(runs, calls),
    ]
    overlaps, unexplained = _count_overlaps(runs, calls)
    lost = {run.id for run in runs if run.status is RunStatus.TIMEOUT}
    return Verdict(
        slots=len(due),
        runs=Counter(run.status for run in runs),
        calls=len(calls),
        overlaps=overlaps,
        cut_off=sum(call.ended_at is None and call.run_id in lost for call in calls),
        breaches=(*breaches, *unexplained),
    )


def _find_doubles(runs: Iterable[Run]) -> Iterator[str]:
    """Every slot succeeded once."""
    succeeded = Counter(str(run.slot) for run in runs if run.status is RunStatus.SUCCESS)
    yield from (f"slot {slot} succeeded {times} times" for slot, times in succeeded.items() if times > 1)


def _find_gaps(runs: Iterable[Run], histories: dict[int, list[Transition]]) -> Iterator[str]:
    """Every run has its whole history: each entry follows from the one before, and the last says how it is."""
    for run in runs:
        history = histories[run.id]
        steps = [(entry.from_status, entry.to_status) for entry in history]
        follows = all(before.to_status is after.from_status for before, after in pairwise(history))
        legal = all((source, target) in _EDGES for source, target in steps if source is not None)
        if not (
            history and history[0].from_status is None and follows and legal and history[-1].to_status is run.status
        ):
            yield f"the history of run {run.id} has a gap: {steps}"
        if run.status not in FINAL_RUN_STATUSES:
            yield f"run {run.id} of {run.slot} is {run.status} though all is over"


def _find_odd_calls(runs: Iterable[Run], calls: Iterable[Call]) -> Iterator[str]:
    """No command was begun twice, and those of a run that succeeded came to their end."""
    status = {run.id: run.status for run in runs}
    begun = Counter((call.run_id, call.step) for call in calls)
    yield from (
        f"step {step} of run {run_id} was begun {times} times" for (run_id, step), times in begun.items() if times > 1
    )
    for call in calls:
        if call.ended_at is None and status[call.run_id] is RunStatus.SUCCESS:
            yield f"run {call.run_id} succeeded, but step {call.step} never came to its end"
    for run_id in {id for id, known in status.items() if known is RunStatus.SUCCESS} - {call.run_id for call in calls}:
        yield f"run {run_id} succeeded, but was never begun"


def _count_overlaps(runs: Iterable[Run], calls: Iterable[Call]) -> tuple[int, list[str]]:
    """Count the commands that were begun while another run of their slot was still being carried out.

    It is explained if that run had timed out: its agent was silent for longer than its lease.
    """
    status = {run.id: run.status for run in runs}
    by_slot: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in calls:
        by_slot[call.slot, call.step].append(call)
    overlaps, unexplained = 0, []
    for (slot, step), both in by_slot.items():
        for earlier, later in pairwise(sorted(both, key=lambda call: call.began_at)):
            if earlier.ended_at is not None and earlier.ended_at > later.began_at:
                overlaps += 1
                if status[earlier.run_id] is not RunStatus.TIMEOUT:
                    unexplained.append(
                        f"step {step} of {slot} ran twice at once: runs {earlier.run_id}, {later.run_id}"
                    )
    return overlaps, unexplained
