"""Whether another attempt follows, worked out once more from what is declared and how the attempts before ended."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ostinato.model.statuses import FINAL_RUN_STATUSES, SlotStatus
from ostinato.simulation.pictures import Picture, RunRow, SlotRow
from ostinato.simulation.witness import Breach, Commit

LOST = frozenset({"lost", "stopped"})
"""How attempts end that nobody is to blame for."""

FOR_GOOD = frozenset({*LOST, "too_late"})
"""How attempts end after which the number of those that failed does not count."""


def check_retries(commit: Commit) -> Iterator[Breach]:
    """Check that a slot has as many attempts as it is granted, and not fewer [8]."""
    after = commit.after
    for former, run in commit.list_changed_runs():
        if former is None and run.slot_id is not None and run.origin == "retry" and run.attempt > 1:
            failed, granted = _count_failed(after, run.slot_id, run.series), _count_granted(after, run)
            last = _find_last(after, run.slot_id, run.series)
            if failed >= granted and last.end_kind not in LOST:
                name = after.name_slot(after.slots[run.slot_id])
                yield Breach(8, f"run {run.id} of {name} is one attempt too many: {failed} of {granted} have failed")
    for slot in _list_given_up(commit):
        last = _find_last(after, slot.id, slot.series)
        failed, granted = _count_failed(after, slot.id, slot.series), _count_granted(after, last)
        if failed < granted and last.end_kind not in FOR_GOOD:
            yield Breach(8, f"{after.name_slot(slot)} was given up, and {failed} of {granted} attempts have failed")


def _list_given_up(commit: Commit) -> Iterator[SlotRow]:
    before, after = commit.before.slots, commit.after.slots
    if before is not after:
        for id, slot in after.items():
            if slot.status == SlotStatus.FAILED and id in before and before[id].status == SlotStatus.RETRYING:
                yield slot


def _list_attempts(picture: Picture, slot_id: int, series: int) -> list[RunRow]:
    return [run for run in picture.runs.values() if (run.slot_id, run.series) == (slot_id, series)]


def _find_last(picture: Picture, slot_id: int, series: int) -> RunRow:
    """Return the attempt that ended last."""
    ended = [run for run in _list_attempts(picture, slot_id, series) if run.status in FINAL_RUN_STATUSES]
    return max(ended, key=lambda run: run.attempt)


def _count_failed(picture: Picture, slot_id: int, series: int) -> int:
    attempts = _list_attempts(picture, slot_id, series)
    return sum(run.end_kind is not None and run.end_kind not in LOST for run in attempts)


def _count_granted(picture: Picture, run: RunRow) -> int:
    """Return how many attempts may fail, the first one too."""
    spec = json.loads(picture.definitions[run.definition_id or 0].spec)
    granted: int = spec.get("retry", {}).get("attempts", 1)
    return granted
