"""An office for tests of the director: what it decides is kept as the store would keep it, and work waits for answers.

Every decision is checked as it is recorded: each change must follow from what is kept, by the transition tables, and
each work item must be one that may be handed out then. It decides nothing: what becomes of work is for the test to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ostinato.director.decisions import Decision, Order, Stop
from ostinato.director.director import Director
from ostinato.director.rescue import resume_failed_steps
from ostinato.model.changes import Change, EventSettled, PlanMade, RulesMade, RunMoved, StepChanged, TryFailed
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.runs import RunRules
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import Event, EventFate, Json, Phase, Step, StepError, StepRules, WakeKind
from ostinato.model.transitions import Party, check_run_transition, check_step_transition
from ostinato.model.work import Cancelled, Failed, Outcome, Report, Succeeded, Suspended, WorkItem, WorkKind
from ostinato.testing.factories import NOON

RUN = 1
"""The run that is meant where none is named."""

BROKEN = StepError(EndKind.RAISED, "no such table: sales", "sqlite3.OperationalError")

_NO_RULES = RunRules()
_OPEN = frozenset({EventFate.WAITING, EventFate.TAKEN})


def make_planned_step(number: int, *, rules: StepRules | None = None, **values: Any) -> Step:
    """Make a step as it is planned, with rules made of those among ``values`` that are such."""
    given = {name: values.pop(name) for name in StepRules.__dataclass_fields__ if name in values}
    return Step(number, f"step-{number}", "shop.flows:refresh", rules=rules or StepRules(**given), **values)


@dataclass(slots=True)
class KeptRun:
    """A run as the store would keep it. ``told`` are the events that a director has been told of."""

    id: int
    queue: str = "default"
    deadline_at: datetime | None = None
    status: RunStatus = RunStatus.RUNNING
    move: RunMoved | None = None
    steps: dict[int, Step] = field(default_factory=dict)
    tries: list[TryFailed] = field(default_factory=list)
    events: dict[int, Event] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)
    rules: RunRules = field(default_factory=RunRules)

    @property
    def evidence(self) -> Evidence | None:
        """Return how it ended."""
        return None if self.move is None else self.move.evidence

    def list_open_events(self) -> tuple[Event, ...]:
        """List the events of which it is not decided what becomes of them."""
        return tuple(event for event in self.events.values() if event.fate in _OPEN)

    def has_finished(self, number: int) -> bool:
        """Tell whether those that wait for a step may go on."""
        step = self.steps[number]
        return step.status is StepStatus.SUCCESS or (step.status is StepStatus.SKIPPED and step.finished_at is not None)

    def is_deliverable(self, event: Event) -> bool:
        """Tell whether an event can be delivered to its step now."""
        step = self.steps.get(event.step)
        is_free = step is not None and step.status is StepStatus.SUSPENDED and step.wake_kind is not WakeKind.RETRY
        return event.fate is EventFate.WAITING and is_free

    def record(self, change: Change) -> None:
        """Keep a change; raises ``AssertionError`` when it does not follow from what is kept."""
        _require(self.status is RunStatus.RUNNING, f"{change} comes when run {self.id} is {self.status}")
        match change:
            case PlanMade(steps):
                _require(not self.steps.keys() & {step.number for step in steps}, f"{change} makes steps again")
                self.steps |= {step.number: step for step in steps}
            case StepChanged(before, step):
                self._change_step(before, step)
            case TryFailed():
                self.tries.append(change)
            case RulesMade(rules):
                self.rules = rules
            case EventSettled():
                self._settle(change)
            case RunMoved():
                self._move_run(change)

    def _change_step(self, before: StepStatus, step: Step) -> None:
        kept = self.steps[step.number]
        _require(kept.status is before, f"step {step.number} is {kept.status}, not {before}")
        _require(
            kept.status is not StepStatus.SKIPPED or kept.finished_at is None, f"step {step.number} was skipped before"
        )
        _require(kept.status not in (StepStatus.SUCCESS, StepStatus.CANCELLED), f"step {step.number} has ended")
        _require(step.status is not StepStatus.ERROR or step.error is not None, f"step {step.number} lacks its error")
        check_step_transition(before, step.status, Party.AGENT)
        self.steps[step.number] = step

    def _settle(self, change: EventSettled) -> None:
        number, fate = change.event_id, change.fate
        event = self.events[number]
        earlier = [other for id, other in self.events.items() if id in self.told and id < number]
        passed = [other.id for other in earlier if other.step == event.step and other.fate is EventFate.WAITING]
        _require(event.fate in _OPEN, f"event {number} was settled before")
        _require(fate is not EventFate.DELIVERED or event.fate is EventFate.TAKEN, f"event {number} was not taken")
        _require(fate is not EventFate.DROPPED or bool(change.reason), f"event {number} was dropped without a reason")
        _require(fate is not EventFate.TAKEN or not passed, f"event {number} is taken before {passed}")
        self.events[number] = replace(event, fate=fate, reason=change.reason)

    def check_hands(self) -> None:
        """Raise ``AssertionError`` unless each event that is taken is in the hands of a step, and no other is."""
        taken = {(event.id, event.step) for event in self.events.values() if event.fate is EventFate.TAKEN}
        held = {(step.event_id, step.number) for step in self.steps.values() if step.event_id is not None}
        _require(taken == held, f"events {taken} are taken, and {held} are in hand")

    def _move_run(self, move: RunMoved) -> None:
        check_run_transition([self.status], move.to, Party.AGENT)
        is_final = move.to in FINAL_RUN_STATUSES
        _require(is_final == (move.evidence is not None), f"{move} and its evidence contradict each other")
        self.status, self.move = move.to, move
        self.queue = move.queue or self.queue
        if move.to is RunStatus.SUSPENDED and any(self.is_deliverable(event) for event in self.events.values()):
            self.status = RunStatus.WAITING  # as the store does: an event came that the director did not know of
        if is_final:
            self._close_events()

    def _close_events(self) -> None:
        """Drop what came when the run was just ending, as the store does. What was told had to be settled before."""
        for number, event in self.events.items():
            if event.fate in _OPEN:
                _require(number not in self.told, f"event {number} was told, and is {event.fate} when the run ends")
                self.events[number] = replace(event, fate=EventFate.DROPPED, reason="the run has ended")


class Office:
    """A director, what is kept of the runs that it directs, and the work that is under way for them."""

    def __init__(self, *, concurrency: int | None = None, queues: Sequence[str] | None = None) -> None:
        self.now = NOON
        self.runs: dict[int, KeptRun] = {}
        self.under_way: dict[tuple[int, int], WorkItem] = {}
        self.stops: list[Stop] = []
        self._size = concurrency
        self._queues = queues
        self._event_ids = 0
        self.director = self._hire()

    # --- beginning -----------------------------------------------------------------------------------------------

    def begin(
        self, *steps: Step, run: int = RUN, queue: str = "default", stored: bool = False, **order: Any
    ) -> Decision:
        """Begin with a run of these steps, that nobody has seen before unless they are ``stored``."""
        kept = self.runs[run] = KeptRun(run, queue, order.get("deadline_at"))
        if stored:
            kept.steps = {step.number: step for step in steps}
        return self._start(Order(run, queue, steps, stored=stored, **order))

    def begin_with_event(self, *, deadline_at: datetime | None = None, **rules: Any) -> None:
        """Begin with a run of which step 1 is busy with event 1, and was suspended for a timer and a deadline."""
        self.begin(make_planned_step(1, **rules), make_planned_step(2), deadline_at=deadline_at)
        self.suspend(1, wake_in=timedelta(minutes=5), deadline_in=timedelta(minutes=9))
        self.send(1)
        self.succeed(2)

    def adopt(self, *steps: int, run: int = RUN, **order: Any) -> Decision:
        """Begin anew with a run of which the work for these steps has outlived the agent that began it."""
        kept = self.runs[run]
        for number in steps:
            self.under_way[run, number] = WorkItem(run, WorkKind.RUN, kept.steps[number], kept.queue)
        return self.claim(run, under_way=frozenset(steps), **order)

    def claim(self, run: int = RUN, **order: Any) -> Decision:
        """Begin anew with a run of which steps and events are kept."""
        kept = self.runs[run]
        kept.status = RunStatus.RUNNING
        events = kept.list_open_events()
        kept.told |= {event.id for event in events if event.id is not None}
        steps = tuple(kept.steps[number] for number in sorted(kept.steps))
        values = {"events": events, "deadline_at": kept.deadline_at, **order}
        return self._start(Order(run, kept.queue, steps, **values))

    def crash(self) -> None:
        """Have the agent die with all that is under way, and another take its place. It has claimed nothing yet."""
        for kept in self.runs.values():
            if kept.status is RunStatus.RUNNING:
                kept.status = RunStatus.WAITING
        self.under_way.clear()
        self.director = self._hire()

    def terminate(self) -> None:
        """Have the agent stop."""
        self._record_all(self.director.terminate(self.now))

    def replace_agent(self, *, queues: Sequence[str] | None = None) -> None:
        """Have another agent take the place of one that has let go of everything."""
        _require(not self.director.current_execution_plan_ids(), "the agent still has runs in hand")
        self._queues = queues
        self.director = self._hire()

    # --- occurrences ---------------------------------------------------------------------------------------------

    def answer(self, step: int, outcome: Outcome, run: int = RUN) -> Decision:
        """Tell what became of the work for a step, and have what there is room for then be handed out."""
        del self.under_way[run, step]
        decision = self.record(self.director.work_finished(Report(run, step, outcome), self.now))
        self.hand_out()
        return decision

    def succeed(
        self,
        step: int = 1,
        output: Json = None,
        *,
        planned: tuple[Step, ...] = (),
        rules: RunRules = _NO_RULES,
        run: int = RUN,
    ) -> Decision:
        """Have the work for a step succeed."""
        return self.answer(step, Succeeded(output, planned, rules), run)

    def fail(self, step: int = 1, error: StepError = BROKEN, *, run: int = RUN) -> Decision:
        """Have the work for a step fail."""
        return self.answer(step, Failed(error), run)

    def suspend(
        self,
        step: int = 1,
        *,
        wake_in: timedelta | None = None,
        deadline_in: timedelta | None = None,
        output: Json = None,
        run: int = RUN,
    ) -> Decision:
        """Have a step suspend itself."""
        wake_at = None if wake_in is None else self.now + wake_in
        deadline_at = None if deadline_in is None else self.now + deadline_in
        return self.answer(step, Suspended(wake_at, deadline_at, output), run)

    def be_cancelled(self, step: int = 1, message: str = "killed", *, run: int = RUN) -> Decision:
        """Have the work for a step end because it was told to."""
        return self.answer(step, Cancelled(message), run)

    def refuse(self, step: int = 1, reason: str = "cannot import it", *, run: int = RUN) -> Decision:
        """Have the work for a step be impossible here."""
        del self.under_way[run, step]
        return self.record(self.director.work_failed(run, step, reason, self.now))

    def post(self, step: int = 1, *, run: int = RUN, **values: Any) -> Event:
        """Have an event be stored, without anybody being told."""
        self._event_ids += 1
        event = Event(run, step, "ping", id=self._event_ids, sent_at=self.now, due_at=self.now, **values)
        self.runs[run].events[self._event_ids] = event
        return event

    def send(self, step: int = 1, *, run: int = RUN, **values: Any) -> Decision:
        """Have an event be stored, and tell the director."""
        return self.tell(self.post(step, run=run, **values))

    def tell(self, event: Event) -> Decision:
        """Tell the director of an event."""
        if event.id is not None and event.run_id in self.director.current_execution_plan_ids():
            self.runs[event.run_id].told.add(event.id)
        return self.record(self.director.handle_event(event, self.now))

    def wait(self, time: timedelta) -> None:
        """Let time pass, and have the director look at what is due by then."""
        self.now += time
        self._record_all(self.director.wake(run, self.now) for run in self.director.list_due(self.now))

    def change_steps(self, changes: Iterable[StepChanged], run: int = RUN) -> None:
        """Have a person change steps of a run that nobody carries out."""
        kept = self.runs[run]
        _require(kept.status is RunStatus.PAUSED, f"run {run} is {kept.status}")
        for change in changes:
            check_step_transition(change.before, change.step.status, Party.PERSON)
            kept.steps[change.step.number] = change.step

    def resume(self) -> None:
        """Have a person resume the paused run, and an agent take it up."""
        self.change_steps(resume_failed_steps(self.run.steps.values()))
        self.claim()

    def cancel(self, why: str = "cancelled by ada", run: int = RUN) -> Decision:
        """Ask to cancel a run."""
        return self.record(self.director.cancel(run, why, self.now))

    def halt(self, why: str = "halted by ada", run: int = RUN) -> Decision:
        """Halt a run. What is under way for it counts no more."""
        decision = self.record(self.director.halt(run, why, self.now))
        self.under_way = {key: item for key, item in self.under_way.items() if key[0] != run}
        return decision

    def hand_out(self) -> list[Decision]:
        """Have what there is room for be handed out."""
        return self._record_all(self.director.hand_out(self.now))

    # --- asking --------------------------------------------------------------------------------------------------

    def step(self, number: int = 1, run: int = RUN) -> Step:
        """Return a step as it is kept."""
        return self.runs[run].steps[number]

    def status(self, number: int = 1, run: int = RUN) -> StepStatus:
        """Return the status of a step."""
        return self.step(number, run).status

    def list_statuses(self) -> list[StepStatus]:
        """Return the statuses of all steps, in order."""
        return [self.status(number) for number in sorted(self.run.steps)]

    def fate(self, event: int = 1, run: int = RUN) -> EventFate:
        """Return what became of an event."""
        return self.runs[run].events[event].fate

    def serves(self, queue: str) -> bool:
        """Tell whether the agent serves a queue."""
        return self._queues is None or queue in self._queues

    def open_work(self, run: int = RUN) -> dict[int, WorkKind]:
        """Return what is under way for a run, by step."""
        return {step: item.kind for (of_run, step), item in self.under_way.items() if of_run == run}

    @property
    def run(self) -> KeptRun:
        """Return the run that is meant where none is named."""
        return self.runs[RUN]

    # --- recording -----------------------------------------------------------------------------------------------

    def record(self, decision: Decision) -> Decision:
        """Keep what was decided, and take in the work; all of it is checked."""
        kept = self.runs.get(decision.run_id)
        for change in decision.changes:
            _require(kept is not None, f"nothing is kept of run {decision.run_id}")
            if kept is not None:
                kept.record(change)
        if kept is not None and decision.changes:
            kept.check_hands()
        for item in decision.work:
            self._check(item)
            self.under_way[item.key] = item
        self.stops += decision.stops
        if self._size is not None and decision.work:
            _require(len(self.under_way) <= self._size, f"{len(self.under_way)} work items, room for {self._size}")
        return decision

    def _record_all(self, decisions: Iterable[Decision]) -> list[Decision]:
        return [self.record(decision) for decision in decisions]

    def _start(self, order: Order) -> Decision:
        return self.record(self.director.start_execution(order, self.now))

    def _hire(self) -> Director:
        return Director(concurrency=self._size, queues=self._queues)

    def _check(self, item: WorkItem) -> None:
        kept = self.runs[item.run_id]
        _require(kept.status is RunStatus.RUNNING, f"{item} is handed out when the run is {kept.status}")
        _require(item.key not in self.under_way, f"{item} is handed out while other work for the step is under way")
        for step in item.steps or (item.step,):
            awaited = StepStatus.SKIPPED if item.kind is WorkKind.SKIP else StepStatus.RUNNING
            _require(step == kept.steps[step.number], f"{item} has another step than is kept")
            _require(step.status is awaited, f"{item} is handed out when the step is {step.status}")
            for number in _list_awaited(step, item.kind, kept):
                _require(kept.has_finished(number), f"{item} is handed out before step {number} has finished")


def _list_awaited(step: Step, kind: WorkKind, kept: KeptRun) -> Iterator[int]:
    """Yield the steps that must have finished before this one is handed out."""
    if kind is not WorkKind.SKIP:
        yield from step.needs
        yield from step.after
    if kind is WorkKind.FINALIZE:
        yield from (number for number, other in kept.steps.items() if other.phase is not Phase.FINALIZE)


def _require(holds: bool, story: str) -> None:
    if not holds:
        raise AssertionError(story)
