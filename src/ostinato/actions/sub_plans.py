"""Sub-plans: an action that starts many plans of its own and waits for them, holding nothing while it does."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from ostinato.actions.action import Action
from ostinato.actions.requests import make_request
from ostinato.actions.services import ChildCounts, ChildRequest
from ostinato.errors import StepFailed
from ostinato.model.steps import Event

BATCH = 100
"""So many plans are started at a time."""


@dataclass(frozen=True, slots=True)
class Child:
    """A plan that is to be started, as it was asked for."""

    target: object
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class SubPlans(Action, ABC):
    """The base of actions that start plans of their own. A subclass defines ``create_plans``.

    At most ``concurrency`` of them live at a time. Whenever one has ended they are counted anew, as they are stored.
    The output is how many there are in total, and how many of them succeeded, failed, were cancelled, are pending.
    """

    input_from = "create_plans"
    idempotent = True

    concurrency: ClassVar[int | None] = None

    @abstractmethod
    def create_plans(self, *args: Any, **kwargs: Any) -> Iterable[Child]:
        """Yield ``self.trigger(plan, …)`` for each plan.

        It is called again whenever more can be started, and must yield the same plans in the same order: those that
        were started before are passed over by their number.
        """

    def judge(self, counts: ChildCounts) -> None:
        """Raise an exception if the step has failed, given what became of all plans: by default if any failed.

        One that was cancelled has not succeeded, and counts as failed here.
        """
        if counts.failed or counts.cancelled:
            ended = {"failed": counts.failed, "were cancelled": counts.cancelled}
            said = " and ".join(f"{count} {verb}" for verb, count in ended.items() if count)
            raise StepFailed(f"of {counts.started} plans {said}")

    def trigger(self, target: object, *args: Any, **kwargs: Any) -> Child:
        """Ask for a plan to be started, with these arguments."""
        return Child(target, args, kwargs)

    def run(self, **kwargs: Any) -> Any:
        return self._go_on()

    def on_event(self, event: Event) -> Any:
        return self._go_on()

    def _go_on(self) -> Any:
        """Count, start what there is room for, and wait unless all have ended."""
        all_started = self._start_more(self._count())
        counts = self._count()
        self.output = {
            "total": counts.started,
            "success": counts.success,
            "failed": counts.failed,
            "cancelled": counts.cancelled,
            "pending": counts.pending,
        }
        if all_started and counts.pending == 0:
            self.judge(counts)
            return self.output
        done = counts.started - counts.pending
        share = done / counts.started if all_started else 0.0  # of how many is not known before
        self.step.progress(share, f"{done} of {counts.started} plans have ended")
        return self.step.suspend()

    def _count(self) -> ChildCounts:
        return self.step.services.count_children(self.step.run_id, self.step.number)

    def _start_more(self, counts: ChildCounts) -> bool:
        """Start plans as far as there is room for them; tell whether all are started."""
        room = math.inf if self.concurrency is None else self.concurrency - counts.pending
        ahead = islice(enumerate(self.create_plans(**self.input), start=1), counts.started, None)
        while room > 0:
            wanted = int(min(BATCH, room))
            batch = [_make_request(number, child) for number, child in islice(ahead, wanted)]
            if batch:
                self.step.services.start_children(self.step.run_id, self.step.number, batch)
            if len(batch) < wanted:
                return True
            room -= wanted
        return False


def _make_request(number: int, child: Child) -> ChildRequest:
    request = make_request(child.target, child.args, child.kwargs)
    return ChildRequest(
        number=number,
        action=request.action,
        input=request.input,
        queue=request.queue,
        rules=request.rules,
    )
