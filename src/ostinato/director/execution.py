"""One run in hand: what every occurrence makes of it, what is handed out, and when and how its agent lets go of it.

Each method takes one occurrence in. Then ``advance`` draws the conclusions, and ``take_decision`` returns what is to be
recorded and to be handed out. Nothing but the run's own plan is changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from ostinato.director import ending, rescue
from ostinato.director.decisions import Decision, Order
from ostinato.director.plan import Plan
from ostinato.director.room import Room
from ostinato.director.tries import may_begin_again, wait_before_next_try, was_suspended
from ostinato.director.under_way import UnderWay
from ostinato.model.changes import Change, RulesMade, RunMoved
from ostinato.model.evidence import LOST_KINDS, EndKind
from ostinato.model.runs import RunRules
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import TIMER, Event, Json, Phase, Rescue, Step, StepError, WakeKind
from ostinato.model.work import Cancelled, Failed, Outcome, Succeeded, Suspended, WorkItem, WorkKind


class Execution:
    """The execution of one run. It is over when the run has left its agent.

    ``ranks`` are the queues that are served, with their ranks; ``None`` serves all alike.
    """

    def __init__(self, order: Order, room: Room, ranks: Mapping[str, int] | None) -> None:
        self.run_id = order.run_id
        self.under_way = UnderWay(order.run_id, room)
        self.is_over = False
        self._queue = order.queue
        self._deadline_at = order.deadline_at
        self._time_limit = order.time_limit
        self._room = room
        self._changes: list[Change] = []
        self._plan = Plan(order.queue, ranks, self._changes)
        self._ending: ending.Ending | None = None
        self._asked_for = order.asked_for
        self._leaving: RunMoved | None = None

    # --- occurrences ---------------------------------------------------------------------------------------------

    def start(self, order: Order, now: datetime) -> None:
        """Take in the plan, what goes on of it or was interrupted, and the events that came while nobody had it."""
        if order.stored:
            self._plan.enter(order.steps)
        else:
            self._plan.add(order.steps)
        self._take_rules(order.rules)
        in_hand = {step.event_id for step in order.steps if step.event_id is not None}
        for event in order.events:
            if event.id in in_hand:
                self._plan.inbox.hold(event)
        for step in order.steps:
            if step.number in order.under_way:
                self.under_way.adopt(WorkItem(self.run_id, WorkKind.RUN, step, step.queue or self._queue))
            elif step.status is StepStatus.RUNNING:
                self._interrupt(step, StepError(EndKind.LOST, order.interrupted), now, was_begun=order.begun)
        for event in order.events:
            self._plan.receive(event)
        cancelled = [step.name for step in order.steps if step.status is StepStatus.CANCELLED]
        if order.cancel or cancelled:
            self.end(ending.cancelled(order.cancel or f"step {cancelled[0]} was cancelled"), now)

    def take_event(self, event: Event) -> str:
        """Take an event in, once; return why no step can ever take it, or nothing."""
        return self._plan.receive(event)

    def finish(self, number: int, outcome: Outcome, now: datetime) -> None:
        """Take in what became of the work item for a step."""
        item = self.under_way.take_back(number)
        step = self._plan.steps[number]
        match item.kind:
            case WorkKind.PLAN | WorkKind.RUN | WorkKind.EVENT:
                self._finish_step(step, outcome, now)
            case WorkKind.CANCEL:
                self._finish_cancelling(step, outcome, now)
            case WorkKind.SKIP:
                self._finish_skipping(step, outcome, now)
            case WorkKind.FINALIZE:
                self._finish_finalizing(item, outcome, now)
            case _:
                assert_never(item.kind)

    def give_back(self, number: int, reason: str, now: datetime) -> None:
        """Take in that a work item cannot be carried out here, and was not begun: the run is for another agent."""
        item = self.under_way.take_back(number)
        step = self._plan.steps[number]
        self._leaving = ending.unfit(reason)
        match item.kind:
            case WorkKind.PLAN | WorkKind.RUN:
                self._plan.put_back_try(step, was_made=False)
            case WorkKind.EVENT:
                self._plan.put_back_event(step)
            case WorkKind.CANCEL:  # that nobody can be told is no reason to go on
                self._plan.cancel(step, now)
            case WorkKind.SKIP:
                pass  # as long as it has not been told, it is to be
            case WorkKind.FINALIZE:
                for finalized in item.steps:
                    self._plan.put_back_try(self._plan.steps[finalized.number], was_made=False)
            case _:
                assert_never(item.kind)
        if self._ending is not None:
            self._end_suspended(self._ending, now)

    def end(self, wanted: ending.Ending, now: datetime) -> str:
        """Begin to end the whole run; return why not, or nothing. An end that was begun before stays what it is."""
        if self._ending is not None:
            return f"it is being ended already: {self._ending.why}"
        self._ending = wanted
        self._plan.agenda.close()
        self.under_way.stop(wanted.kind, wanted.why)
        self._end_suspended(wanted, now)
        return ""

    def halt(self, why: str, now: datetime) -> None:
        """Cancel the run now, whatever is under way; nothing that comes of that counts any more."""
        self.under_way.stop(EndKind.CANCELLED, why)
        self.under_way.take_all_back()
        self._conclude(ending.cancelled(why), now)

    # --- conclusions ---------------------------------------------------------------------------------------------

    def advance(self, now: datetime) -> None:
        """Do what is due, hand out what can be; when nothing can and nothing is under way, decide about the run."""
        while not self.is_over:
            self._wake(now)
            while self._has_ready and self._room.admits(self.run_id):
                self._hand_out(now)
            if self._has_ready or self.under_way:
                break
            self._decide(now)
        self._line_up()

    def hand_out_next(self, now: datetime) -> None:
        """Hand out what is next, it being this run's turn."""
        self._hand_out(now)
        self._line_up()

    def let_go(self) -> list[int]:
        """Take up no room any more, and wait for none; return the steps that were under way."""
        self._room.leave_line(self.run_id)
        return self.under_way.take_all_back()

    @property
    def next_wake_at(self) -> datetime | None:
        """Return when something may be due although nothing happens."""
        if self._ending is not None:
            return None
        times = (self._plan.timers.next_at, self._deadline_at)
        return min((at for at in times if at is not None), default=None)

    def take_decision(self, refusal: str = "") -> Decision:
        """Return what was decided since it was last asked."""
        work, stops = self.under_way.work, self.under_way.stops
        decision = Decision(self.run_id, tuple(self._changes), tuple(work), tuple(stops), refusal)
        for decided in (self._changes, work, stops):
            decided.clear()
        return decision

    @property
    def _has_ready(self) -> bool:
        """Tell whether there is something to hand out as soon as there is room. Who is leaving can still cancel."""
        may_hand_out = not self._room.closed and (self._leaving is None or self._ending is not None)
        return may_hand_out and len(self._plan.agenda) > 0

    def _line_up(self) -> None:
        if self._has_ready and not self.is_over:
            self._room.line_up(self.run_id, self._plan.agenda.rank)
        else:
            self._room.leave_line(self.run_id)

    def _wake(self, now: datetime) -> None:
        """Do what has become due: timers, waits before another try, deadlines."""
        if self._ending is not None:
            return
        if self._deadline_at is not None and self._deadline_at <= now:
            self.end(ending.out_of_time(ending.describe_limit(self._time_limit)), now)
            return
        for step in self._plan.pop_due(now):
            if self._plan.can_take_event(step):
                continue  # what has come goes before what has not come in time
            if step.deadline_at is not None and step.deadline_at <= now:
                self._fail(step, StepError(EndKind.TIME_LIMIT, "no event came before its deadline"), None, now)
            elif step.wake_at is not None and step.wake_at <= now:
                self._plan.make_ready(step)

    # --- handing out ---------------------------------------------------------------------------------------------

    def _hand_out(self, now: datetime) -> None:
        """Hand out what is most urgent. How its step stands tells what there is to do for it."""
        step = self._plan.steps[self._plan.agenda.pop()]
        if step.status is StepStatus.SKIPPED:
            self._send_out(WorkKind.SKIP, step)
        elif step.status is StepStatus.SUSPENDED:
            self._hand_out_suspended(step, now)
        elif step.phase is Phase.FINALIZE:
            begun = tuple(self._plan.begin_try(one, now) for one in self._plan.list_to_finalize())
            self._send_out(WorkKind.FINALIZE, begun[0], steps=begun)
        elif step.event_id is not None:  # it was interrupted with that in hand, and a person resumed it
            self._begin_event(step, self._plan.inbox.see_in_hand(step.number))
        else:
            kind = WorkKind.PLAN if step.phase is Phase.PLAN else WorkKind.RUN
            self._send_out(kind, self._plan.begin_try(step, now))

    def _hand_out_suspended(self, step: Step, now: datetime) -> None:
        """Hand out what a suspended step is due: the end, another try, the next event, or that its time has come."""
        if self._ending is not None:
            self._send_out(WorkKind.CANCEL, self._plan.begin_event(step))
        elif step.wake_kind is WakeKind.RETRY:
            self._send_out(WorkKind.RUN, self._plan.begin_try(step, now))
        elif self._plan.can_take_event(step):
            self._begin_event(step, self._plan.inbox.take(step.number))
        else:
            self._begin_event(step, Event(self.run_id, step.number, TIMER, sent_at=now))

    def _begin_event(self, step: Step, event: Event) -> None:
        self._send_out(WorkKind.EVENT, self._plan.begin_event(step, event), event)

    def _send_out(self, kind: WorkKind, step: Step, event: Event | None = None, steps: tuple[Step, ...] = ()) -> None:
        referred = {number for one in steps or (step,) for number in one.needs}
        referred |= {one.action_step for one in steps if one.action_step is not None}
        outputs = {number: self._plan.steps[number].output for number in referred}
        queue = step.queue or self._queue
        self.under_way.add(WorkItem(self.run_id, kind, step, queue, outputs, event, steps))

    # --- what became of a work item ------------------------------------------------------------------------------

    def _finish_step(self, step: Step, outcome: Outcome, now: datetime) -> None:
        if isinstance(outcome, Failed) and outcome.error.kind in LOST_KINDS:
            self._interrupt(step, outcome.error, now)
            return
        self._plan.inbox.deliver(step.number)
        if isinstance(outcome, Succeeded | Failed) and not self._asked_for:
            self._take_rules(outcome.rules)
        match outcome:
            case Succeeded(output, planned, _):
                self._plan.succeed(step, output, planned, now)
            case Failed(error, _, output, _):
                self._fail(step, error, output, now)
            case Suspended(wake_at, deadline_at, output):
                self._plan.suspend(step, wake_at=wake_at, deadline_at=deadline_at, output=output)
                if self._ending is not None:
                    self._end_suspended(self._ending, now)
            case Cancelled():
                self._plan.cancel(step, now)
                self._end_cancelled(outcome, now)
            case _:
                assert_never(outcome)

    def _take_rules(self, rules: RunRules) -> None:
        """Note what the run's action declares of it. A singleton begins with nothing before it is claimed as one."""
        if rules:
            self._changes.append(RulesMade(rules))
        if rules.singleton_key is not None:
            self._leaving = ending.takes_turn(rules.singleton_key)

    def _fail(self, step: Step, error: StepError, output: Json, now: datetime) -> None:
        """Have a try of a step fail; there may be another."""
        wait = None if self._ending is not None else wait_before_next_try(self.run_id, step, error)
        if wait is None:
            self._plan.fail(step, error, now, output=output)
        else:
            self._plan.fail_for_now(step, error, now, next_at=now + wait, output=output)

    def _interrupt(self, step: Step, error: StepError, now: datetime, *, was_begun: bool = True) -> None:
        """Decide on a step that was under way when its agent ended, or its process was lost.

        Where it may not be done again, it has failed, and keeps the event that it had in hand.
        """
        if self._ending is not None or (was_begun and not may_begin_again(step)):
            self._plan.fail(step, error, now)
        elif was_suspended(step):
            self._plan.put_back_event(step)
        else:
            self._plan.put_back_try(step, was_made=was_begun)

    def _finish_cancelling(self, step: Step, outcome: Outcome, now: datetime) -> None:
        """Note that a suspended step was told that the run is cancelled. It is, or has failed."""
        if isinstance(outcome, Failed):
            self._plan.fail(step, outcome.error, now, output=outcome.output)
        else:
            self._plan.cancel(step, now, output=None if isinstance(outcome, Cancelled) else outcome.output)

    def _finish_skipping(self, step: Step, outcome: Outcome, now: datetime) -> None:
        """Note that a skipped step's action has been told. An error in that is kept, and changes nothing else."""
        error = outcome.error if isinstance(outcome, Failed) else step.error
        output = outcome.output if isinstance(outcome, Succeeded) else step.output
        self._plan.finish_skipping(step, error=error, output=output, now=now)

    def _finish_finalizing(self, item: WorkItem, outcome: Outcome, now: datetime) -> None:
        """Note how finalizing went: well for all steps, or for none of them."""
        steps = [self._plan.steps[step.number] for step in item.steps]
        match outcome:
            case Succeeded():
                for step in steps:
                    self._plan.succeed(step, step.output, (), now)
            case Cancelled():
                for step in steps:
                    self._plan.cancel(step, now)
                self._end_cancelled(outcome, now)
            case Failed(error) if error.kind in LOST_KINDS:
                for step in steps:
                    self._interrupt(step, error, now)
            case Failed(error, number):
                self._fail_finalizing(steps, number, error, now)
            case Suspended():
                error = StepError(EndKind.RAISED, "a step cannot suspend itself while it is finalized")
                self._fail_finalizing(steps, None, error, now)
            case _:
                assert_never(outcome)

    def _fail_finalizing(self, steps: list[Step], number: int | None, error: StepError, now: datetime) -> None:
        """Have one step fail, the first if it is not known which; all others are as if nothing had been done."""
        culprit = next((step for step in steps if step.number == number), steps[0])
        for step in steps:
            if step is culprit:
                self._plan.fail(step, error, now)
            else:
                self._plan.put_back_try(step, was_made=True)

    # --- the end -------------------------------------------------------------------------------------------------

    def _decide(self, now: datetime) -> None:
        """Decide what becomes of a run of which nothing is under way and nothing can be handed out here."""
        plan = self._plan
        if self._ending is not None and not plan.agenda:
            self._conclude(self._ending, now)
        elif self._leaving is not None:
            self._leave(self._leaving)
        elif plan.agenda:
            self._leave(ending.handed_over())
        elif plan.agenda.elsewhere:
            self._leave(ending.sent_elsewhere(plan.agenda.elsewhere))
        elif suspended := plan.list_suspended():
            self._leave(ending.suspended(suspended, self._deadline_at))
        elif failed := plan.list_failed():
            self._rescue(failed, now)
        elif to_finalize := plan.list_to_finalize():
            plan.agenda.add_urgent(to_finalize[0].number)
        else:
            self._leave(ending.done(plan.steps))

    def _rescue(self, failed: list[Step], now: datetime) -> None:
        """Do about the failed steps what the strategies say."""
        strategy = rescue.choose_rescue(failed, self._plan.steps)
        match strategy:
            case Rescue.SKIP:
                self._plan.skip_failed(now)
            case Rescue.FAIL:
                self._leave(ending.failed(failed, self._plan.steps))
            case Rescue.PAUSE:
                self._plan.mark_rescued(failed)
                self._leave(ending.paused(failed))
            case _:
                assert_never(strategy)

    def _end_cancelled(self, outcome: Cancelled, now: datetime) -> None:
        """End the run because work for it was cancelled. Of a run of one step, that says it all."""
        self.end(ending.cancelled(outcome.message), now)
        if len(self._plan.steps) == 1 and self._ending is not None and self._ending.to is RunStatus.CANCELLED:
            self._ending = ending.cancelled(outcome.message, outcome.exit_code, outcome.signal)

    def _end_suspended(self, wanted: ending.Ending, now: datetime) -> None:
        """End the suspended steps as is wished for the run; those that heed a cancellation are told first."""
        for step in self._plan.list_suspended():
            if wanted.to is RunStatus.CANCELLED:
                if step.rules.heeds_cancel:
                    self._plan.agenda.add_urgent(step.number)
                else:
                    self._plan.cancel(step, now)
            elif step.wake_kind is WakeKind.RETRY:
                self._plan.give_up(step, now)
            else:
                self._plan.fail(step, StepError(wanted.kind, wanted.why), now)

    def _conclude(self, wanted: ending.Ending, now: datetime) -> None:
        """End the run as was wished; of one that is cancelled, also the steps that have not ended."""
        if wanted.to is RunStatus.CANCELLED:
            self._plan.cancel_rest(now)
        self._leave(ending.ended(wanted, self._plan.steps))

    def _leave(self, move: RunMoved) -> None:
        """Let go of the run. Events that nobody will take any more are dropped when it has ended."""
        if move.evidence is not None:
            self._plan.drop_all_events(f"the run has ended: {move.to}")
        self._changes.append(move)
        self.is_over = True
