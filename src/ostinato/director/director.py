"""The director: for everything that may happen to runs in hand, what is to be recorded and what is to be done.

It decides and does nothing: no clock but the ``now`` it is given, no store, no code of users. The changes of a decision
are to be recorded in one transaction before any of its work items is handed out. A run that cannot be recorded any
more, because its lease is gone, is to be forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ostinato.director import ending
from ostinato.director.decisions import Decision, Order
from ostinato.director.execution import Execution
from ostinato.director.room import Room
from ostinato.model.evidence import EndKind
from ostinato.model.steps import Event
from ostinato.model.work import Report


class Director:
    """Directs many runs at once.

    ``concurrency`` is for how many work items there is room at a time; ``queues`` are those that are served, the most
    urgent first. Without them there is no limit, and every queue is served.
    """

    def __init__(self, *, concurrency: int | None = None, queues: Sequence[str] | None = None) -> None:
        self._executions: dict[int, Execution] = {}
        self._halted: set[int] = set()
        self._room = Room(concurrency)
        self._ranks = None if queues is None else {queue: rank for rank, queue in enumerate(queues)}

    def start_execution(self, order: Order, now: datetime) -> Decision:
        """Begin to direct a run that was claimed: new, resumed, woken, handed over, or another attempt.

        Refuses one that is in hand already, or that was halted.
        """
        if order.run_id in self._executions:
            return Decision(order.run_id, refusal=f"run {order.run_id} is being executed here already")
        if order.halted or order.run_id in self._halted:
            return Decision(order.run_id, refusal=f"run {order.run_id} was halted")
        execution = Execution(order, self._room, self._ranks)
        self._executions[order.run_id] = execution
        execution.start(order, now)
        return self._conclude(execution, now)

    def handle_event(self, event: Event, now: datetime) -> Decision:
        """Give an event to its step, if that is suspended and free; else keep it for later.

        Refuses one that no step can ever take, with the reason; quietly where the event is optional.
        """
        execution = self._executions.get(event.run_id)
        if execution is None:
            return _refuse_event(event, f"run {event.run_id} is not executed here")
        reason = execution.take_event(event)
        return self._conclude(execution, now, "" if event.optional else reason)

    def work_finished(self, report: Report, now: datetime) -> Decision:
        """Take in what became of a work item. What comes too late, for a run no longer in hand, is ignored."""
        execution = self._executions.get(report.run_id)
        if execution is None or report.step not in execution.under_way:
            return Decision(report.run_id)
        execution.finish(report.step, report.outcome, now)
        return self._conclude(execution, now)

    def work_failed(self, run_id: int, step: int, reason: str, now: datetime) -> Decision:
        """Take in that a work item could not be carried out here at all, and was not begun.

        The run is left for another agent once nothing of it is under way.
        """
        execution = self._executions.get(run_id)
        if execution is None or step not in execution.under_way:
            return Decision(run_id)
        execution.give_back(step, reason, now)
        return self._conclude(execution, now)

    def wake(self, run_id: int, now: datetime) -> Decision:
        """Do what has become due in a run: timers, waits before another try, deadlines."""
        execution = self._executions.get(run_id)
        if execution is None:
            return Decision(run_id)
        return self._conclude(execution, now)

    def cancel(self, run_id: int, why: str, now: datetime) -> Decision:
        """Cancel a run: what is pending at once, what is suspended after it was told, what is under way when it ends.

        Refuses a run that is not in hand, or is being ended already.
        """
        execution = self._executions.get(run_id)
        if execution is None:
            return Decision(run_id, refusal=f"run {run_id} is not executed here")
        return self._conclude(execution, now, execution.end(ending.cancelled(why), now))

    def halt(self, run_id: int, why: str, now: datetime) -> Decision:
        """Cancel a run at once, whatever is under way. It cannot be started again until ``lift_halt``."""
        self._halted.add(run_id)
        execution = self._executions.get(run_id)
        if execution is None:
            return Decision(run_id, refusal=f"run {run_id} is not executed here")
        execution.halt(why, now)
        return self._conclude(execution, now)

    def lift_halt(self, run_id: int) -> None:
        """Let a run that was halted be started again."""
        self._halted.discard(run_id)

    def hand_out(self, now: datetime) -> list[Decision]:
        """Hand out what there is room for by now, in turn: the work of another run may have made some."""
        served: dict[int, Execution] = {}
        while (run_id := self._room.find_next()) is not None:
            served[run_id] = self._executions[run_id]
            served[run_id].hand_out_next(now)
        return [execution.take_decision() for execution in served.values()]

    def terminate(self, now: datetime) -> list[Decision]:
        """Hand nothing out any more: the agent stops. A run is handed over as soon as nothing of it is under way."""
        self._room.closed = True
        return [self._conclude(execution, now) for execution in list(self._executions.values())]

    def go_on(self, now: datetime) -> list[Decision]:
        """Hand work out again after ``terminate``: the agent stays."""
        self._room.closed = False
        return [self._conclude(execution, now) for execution in list(self._executions.values())]

    def stop_work(self, kind: EndKind, why: str, *, spare_commands: bool = False) -> list[Decision]:
        """Have all work that is under way ended, but commands if these are to be spared: another agent awaits them."""
        decisions = []
        for execution in self._executions.values():
            execution.under_way.stop(kind, why, spare_commands=spare_commands)
            decisions.append(execution.take_decision())
        return decisions

    def forget(self, run_id: int) -> list[int]:
        """Let a run go without a word: its lease is gone, or its row. Return the steps that were under way."""
        execution = self._executions.pop(run_id, None)
        return [] if execution is None else execution.let_go()

    def current_execution_plan_ids(self) -> list[int]:
        """Return the runs in hand."""
        return list(self._executions)

    def next_wake_at(self) -> datetime | None:
        """Return when ``wake`` has something to do at the earliest."""
        wakes = [execution.next_wake_at for execution in self._executions.values()]
        return min((at for at in wakes if at is not None), default=None)

    def list_due(self, now: datetime) -> list[int]:
        """List the runs in hand for which ``wake`` may have something to do by now."""
        return [
            run_id
            for run_id, execution in self._executions.items()
            if execution.next_wake_at is not None and execution.next_wake_at <= now
        ]

    @property
    def free(self) -> float:
        """Return for how many more work items there is room, beside those that are ready."""
        return self._room.free

    @property
    def is_busy(self) -> bool:
        """Tell whether any work is ready and waits for room."""
        return self._room.is_full

    def _conclude(self, execution: Execution, now: datetime, refusal: str = "") -> Decision:
        """Have a run draw its conclusions; return what was decided about it."""
        execution.advance(now)
        if execution.is_over:
            del self._executions[execution.run_id]
        return execution.take_decision(refusal)


def _refuse_event(event: Event, reason: str) -> Decision:
    """Refuse an event; where it was stored, it stays stored: whoever takes the run up will see it."""
    return Decision(event.run_id, refusal="" if event.optional else reason)
