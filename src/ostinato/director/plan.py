"""The steps of a run in hand, and every way in which one may change.

All changes of steps are made here and noted for the record, together with what they mean for the others: who waits for
the step, what can be handed out, which events are delivered or dropped. Why a step changes is for the execution to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ostinato.director import rescue
from ostinato.director.agenda import Agenda, Timers
from ostinato.director.graph import Graph
from ostinato.director.inbox import Inbox
from ostinato.model.changes import Change, PlanMade, StepChanged, TryFailed
from ostinato.model.statuses import FINAL_STEP_STATUSES, StepStatus
from ostinato.model.steps import Event, Json, Phase, Step, StepError, WakeKind, change_step

_AT_REST: Mapping[str, Any] = {"wake_at": None, "wake_kind": None, "deadline_at": None, "event_id": None}
_UNFINISHED = frozenset(StepStatus) - FINAL_STEP_STATUSES - {StepStatus.ERROR}


class Plan:
    """The plan of a run: ``steps`` by number, and the books that are kept of them. ``changes`` is where all is noted.

    ``queue`` is that of steps which have none of their own.
    """

    def __init__(self, queue: str, ranks: Mapping[str, int] | None, changes: list[Change]) -> None:
        self.steps: dict[int, Step] = {}
        self.agenda = Agenda(ranks)
        self.inbox = Inbox(changes.append)
        self.timers = Timers()
        self._queue = queue
        self._changes = changes
        self._graph = Graph()
        self._suspended: set[int] = set()
        self._failed: set[int] = set()
        self._finalize_steps: list[int] = []

    # --- what stands where ---------------------------------------------------------------------------------------

    def list_suspended(self) -> list[Step]:
        """List the suspended steps, in order."""
        return [self.steps[number] for number in sorted(self._suspended)]

    def list_failed(self) -> list[Step]:
        """List the steps in error, in order."""
        return [self.steps[number] for number in sorted(self._failed)]

    def list_to_finalize(self) -> list[Step]:
        """List the finalize steps that are still to be done, in order."""
        steps = [self.steps[number] for number in self._finalize_steps]
        return [step for step in steps if step.status is StepStatus.PENDING]

    def can_take_event(self, step: Step) -> bool:
        """Tell whether an event waits for a step that can be given it now."""
        is_free = step.status is StepStatus.SUSPENDED and step.wake_kind is not WakeKind.RETRY
        return is_free and self.inbox.has_waiting(step.number)

    def pop_due(self, now: datetime) -> Iterator[Step]:
        """Yield the suspended steps that are to be looked at because of the time, each as often as it is due."""
        for number in self.timers.pop_due(now):
            step = self.steps[number]
            if step.status is StepStatus.SUSPENDED:
                yield step

    # --- planning ------------------------------------------------------------------------------------------------

    def enter(self, steps: Sequence[Step]) -> None:
        """Take in steps, in whatever state they are."""
        self.steps.update((step.number, step) for step in steps)
        for step in steps:
            self._keep_books(step)
            if step.phase is Phase.FINALIZE:
                self._finalize_steps.append(step.number)
            if step.status is StepStatus.PENDING:
                self._link(step)
            elif step.status is StepStatus.SKIPPED and not _has_finished(step):
                self.agenda.add_urgent(step.number)

    def add(self, steps: Sequence[Step]) -> None:
        """Take in steps that are new to the store."""
        self._changes.append(PlanMade(tuple(steps)))
        self.enter(steps)

    # --- handing out ---------------------------------------------------------------------------------------------

    def make_ready(self, step: Step) -> None:
        """Have a step handed out by itself. Finalize steps never are: they are done together, at the end."""
        if step.phase is not Phase.FINALIZE:
            self.agenda.add(step.number, step.queue or self._queue)

    def begin_try(self, step: Step, now: datetime) -> Step:
        """Have a try of a step begin."""
        started_at = step.started_at or now
        return self._change(step, StepStatus.RUNNING, tries=step.tries + 1, started_at=started_at, **_AT_REST)

    def begin_event(self, step: Step, event: Event | None = None) -> Step:
        """Have a step go on with an event. What it was suspended for is kept until the end of that is recorded."""
        return self._change(step, StepStatus.RUNNING, event_id=None if event is None else event.id)

    def put_back_try(self, step: Step, *, was_made: bool) -> None:
        """Have a step whose try led to nothing be handed out again. A try that was not made is not counted."""
        tries = step.tries if was_made else step.tries - 1
        started_at = step.started_at if tries else None
        self.make_ready(self._change(step, StepStatus.PENDING, tries=tries, started_at=started_at))

    def put_back_event(self, step: Step) -> None:
        """Have a step that was given an event, and has not dealt with it, be suspended as before."""
        self.inbox.put_back(step.number)
        self._change(step, StepStatus.SUSPENDED, event_id=None)

    # --- what becomes of a step ----------------------------------------------------------------------------------

    def succeed(self, step: Step, output: Json, planned: Sequence[Step], now: datetime) -> None:
        """Have a step end well, with the steps that it planned."""
        succeeded = self._change(step, StepStatus.SUCCESS, output=output, error=None, finished_at=now, **_AT_REST)
        if planned:
            self.add(planned)
        self._finish(succeeded)

    def suspend(self, step: Step, *, wake_at: datetime | None, deadline_at: datetime | None, output: Json) -> None:
        """Have a step wait for an event, and until ``wake_at`` at most."""
        self._change(
            step,
            StepStatus.SUSPENDED,
            wake_at=wake_at,
            wake_kind=None if wake_at is None else WakeKind.TIMER,
            deadline_at=deadline_at,
            event_id=None,
            output=step.output if output is None else output,
        )

    def fail(self, step: Step, error: StepError, now: datetime, *, output: Json = None) -> None:
        """Have a try of a step fail, and the step with it. An event that it still has in hand it keeps."""
        self._note_failure(step, error, now)
        event_id = step.event_id if self.inbox.has_in_hand(step.number) else None
        values = {**_AT_REST, "event_id": event_id, "output": step.output if output is None else output}
        self._change(step, StepStatus.ERROR, error=error, failures=step.failures + 1, finished_at=now, **values)

    def fail_for_now(self, step: Step, error: StepError, now: datetime, *, next_at: datetime, output: Json) -> None:
        """Have a try of a step fail, and the step wait for the next one."""
        self._note_failure(step, error, now)
        values = {**_AT_REST, "wake_at": next_at, "wake_kind": WakeKind.RETRY}
        values["output"] = step.output if output is None else output
        self._change(step, StepStatus.SUSPENDED, error=error, failures=step.failures + 1, **values)

    def give_up(self, step: Step, now: datetime) -> None:
        """Have a step that waits for another try fail of what its last one failed of."""
        self._change(step, StepStatus.ERROR, finished_at=now, **_AT_REST)

    def cancel(self, step: Step, now: datetime, *, output: Json = None) -> None:
        """Cancel a step."""
        values = {**_AT_REST, "output": step.output if output is None else output}
        self._drop_events(self._change(step, StepStatus.CANCELLED, finished_at=now, **values))

    def cancel_rest(self, now: datetime) -> None:
        """Cancel all that has not ended, and tell nobody any more."""
        for step in list(self.steps.values()):
            if step.status in _UNFINISHED:
                self.cancel(step, now)
            elif step.status is StepStatus.SKIPPED and not _has_finished(step):
                self._change(step, StepStatus.SKIPPED, finished_at=now)

    # --- rescue --------------------------------------------------------------------------------------------------

    def skip_failed(self, now: datetime) -> None:
        """Skip the failed steps, and all that needs them. What is only ordered after them goes on."""
        skipped = rescue.list_to_skip(self._failed, self.steps, self._graph.needing)
        changes = list(rescue.skip(skipped, now))
        for change in changes:
            self._note(change.before, change.step)
        for change in changes:
            if _has_finished(change.step):
                self._finish(change.step)
            else:
                self._drop_events(change.step)
                self.agenda.add_urgent(change.step.number)

    def finish_skipping(self, step: Step, *, error: StepError | None, output: Json, now: datetime) -> None:
        """Note that a skipped step's action has been told."""
        self._finish(self._change(step, StepStatus.SKIPPED, error=error, output=output, finished_at=now))

    def mark_rescued(self, steps: Iterable[Step]) -> None:
        """Remember of failed steps that a rescue has dealt with them."""
        for step in steps:
            if not step.rescued:
                self._change(step, StepStatus.ERROR, rescued=True)

    # --- events --------------------------------------------------------------------------------------------------

    def receive(self, event: Event) -> str:
        """Take an event in, once; return why no step can ever take it, or nothing."""
        if not self.inbox.notice(event):
            return ""
        step = self.steps.get(event.step)
        if step is None or step.status in FINAL_STEP_STATUSES:
            reason = f"there is no step {event.step}" if step is None else _say_ended(step)
            self.inbox.refuse(event, reason)
            return reason
        self.inbox.put(event)
        if self.can_take_event(step):
            self.make_ready(step)
        return ""

    def drop_all_events(self, reason: str) -> None:
        """Drop the events that nobody will take any more, those that steps have in hand among them."""
        for number in self.inbox.list_holders():
            self._change(self.steps[number], self.steps[number].status, event_id=None)
        self.inbox.drop_all(reason)

    # --- the books -----------------------------------------------------------------------------------------------

    def _link(self, step: Step) -> None:
        needs = step.needs if step.action_step is None else (*step.needs, step.action_step)
        if self._graph.add(step.number, self._list_unfinished(needs), self._list_unfinished(step.after)):
            self.make_ready(step)

    def _list_unfinished(self, numbers: Sequence[int]) -> list[int]:
        return [number for number in numbers if not _has_finished(self.steps[number])]

    def _finish(self, step: Step) -> None:
        """Let those go on that waited for a step that has finished."""
        self._drop_events(step)
        for number in self._graph.finish(step.number):
            freed = self.steps[number]
            if freed.status is StepStatus.PENDING:
                self.make_ready(freed)

    def _drop_events(self, step: Step) -> None:
        self.inbox.drop(step.number, _say_ended(step))

    def _note_failure(self, step: Step, error: StepError, now: datetime) -> None:
        self._changes.append(TryFailed(step.number, step.tries, error, step.started_at, now))

    def _change(self, step: Step, status: StepStatus, **values: Any) -> Step:
        """Put a step into another state."""
        changed = change_step(step, status=status, **values)
        self._note(step.status, changed)
        return changed

    def _note(self, before: StepStatus, step: Step) -> None:
        self._changes.append(StepChanged(before, step))
        self.steps[step.number] = step
        if before is StepStatus.SUSPENDED:
            self._suspended.discard(step.number)
            self.agenda.discard(step.number)
        elif before is StepStatus.ERROR:
            self._failed.discard(step.number)
        self._keep_books(step)

    def _keep_books(self, step: Step) -> None:
        if step.status is StepStatus.SUSPENDED:
            self._suspended.add(step.number)
            for at in (step.wake_at, step.deadline_at):
                if at is not None:
                    self.timers.add(at, step.number)
            if self.can_take_event(step):
                self.make_ready(step)
        elif step.status is StepStatus.ERROR:
            self._failed.add(step.number)


def _has_finished(step: Step) -> bool:
    """Tell whether others need not wait for a step any more: of a skipped one, its action may have to be told first."""
    is_skipped = step.status is StepStatus.SKIPPED
    return step.status is StepStatus.SUCCESS or (is_skipped and step.finished_at is not None)


def _say_ended(step: Step) -> str:
    return f"the step has ended: {step.status}"
