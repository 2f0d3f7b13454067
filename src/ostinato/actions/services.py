"""Services: what a step may ask of whoever carries it out. The agent keeps this promise, and so does the test kit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ostinato.model.runs import RunRules
from ostinato.model.statuses import FINAL_RUN_STATUSES, SUCCEEDED_RUN_STATUSES, RunStatus
from ostinato.model.steps import Json


@dataclass(frozen=True, slots=True)
class ChildRequest:
    """A plan that a step wants started: its ``number`` among the children of the step, from 1, and what to plan.

    ``queue`` and ``rules`` are those of the action.
    """

    number: int
    action: str
    input: Mapping[str, Json]
    queue: str | None = None
    rules: RunRules = field(default_factory=RunRules)


@dataclass(frozen=True, slots=True)
class ChildCounts:
    """How the children of a step stand. ``started`` is the highest number that was ever started."""

    started: int = 0
    by_status: Mapping[RunStatus, int] = field(default_factory=dict)

    @property
    def success(self) -> int:
        """Return how many succeeded, with skipped steps or without."""
        return sum(count for status, count in self.by_status.items() if status in SUCCEEDED_RUN_STATUSES)

    @property
    def cancelled(self) -> int:
        """Return how many were cancelled."""
        return self.by_status.get(RunStatus.CANCELLED, 0)

    @property
    def failed(self) -> int:
        """Return how many failed or took too long."""
        ended = sum(count for status, count in self.by_status.items() if status in FINAL_RUN_STATUSES)
        return ended - self.success - self.cancelled

    @property
    def pending(self) -> int:
        """Return how many have not ended."""
        return sum(count for status, count in self.by_status.items() if status not in FINAL_RUN_STATUSES)


class Services(Protocol):
    """What the code of an action can reach while one work item is carried out. May be used by any thread."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        ...

    def report_progress(self, run_id: int, step: int, fraction: float, message: str) -> None:
        """Note how far a step is, from 0 to 1. It may be written down later, or only the last of several."""
        ...

    def emit(self, run_id: int, step: int, data: Json) -> None:
        """Add to the streamed output of a step. It may be written down later, but all of it, in order."""
        ...

    def is_cancelled(self, run_id: int, step: int) -> bool:
        """Tell whether the step is asked to end."""
        ...

    def start_children(self, run_id: int, step: int, children: Sequence[ChildRequest]) -> None:
        """Start these plans as children of the step, all or none. A number that was started before is left alone."""
        ...

    def count_children(self, run_id: int, step: int) -> ChildCounts:
        """Count the children of the step, as they are stored."""
        ...
