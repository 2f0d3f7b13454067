"""Whatever happens to whatever plan, and whoever dies meanwhile: what must never happen does not, and every run ends.

A script is a list of numbers: each picks one of the things that may happen just then. When it is used up, all goes
well, and then all runs must come to an end. What is recorded is checked by the office as it is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ostinato.director.rescue import resume_failed_steps, skip_failed_step
from ostinato.model.definitions import RetryKind, RetryRule
from ostinato.model.evidence import EndKind
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import EventFate, Phase, Rescue, Step, StepError, StepRules
from ostinato.model.work import Cancelled, Failed, Outcome, Report, Succeeded, Suspended, WorkItem, WorkKind
from ostinato.testing.directing import BROKEN, KeptRun, Office, make_planned_step

MINUTE = timedelta(minutes=1)
QUEUES = ("default", "io")
MOST_ROUNDS = 2_000

LOST = StepError(EndKind.LOST, "its process is gone")
STOPPED = StepError(EndKind.STOPPED, "its agent was stopped")

retries = st.sampled_from(
    [
        RetryRule(),
        RetryRule(RetryKind.FIXED, attempts=2),
        RetryRule(RetryKind.FIXED, attempts=3, base=2 * MINUTE),
        RetryRule(RetryKind.SERIES, waits=(MINUTE, 0 * MINUTE), lost_attempts=1),
    ]
)
rules = st.builds(
    StepRules,
    retry=retries,
    rescue=st.sampled_from(Rescue),
    rescue_planned=st.none() | st.sampled_from(Rescue),
    idempotent=st.booleans(),
    heeds_skip=st.booleans(),
    heeds_cancel=st.booleans(),
)


@st.composite
def plans(draw: st.DrawFn, first: int = 1, parent: int | None = None) -> tuple[Step, ...]:
    """Draw a plan: a graph of at most 30 steps, a few of which finalize others."""
    size = draw(st.integers(1, 10)) * draw(st.integers(1, 3))
    steps: list[Step] = []
    for number in range(first, first + size):
        earlier = [step.number for step in steps if step.phase is Phase.RUN]
        some = st.lists(st.sampled_from(earlier), max_size=3) if earlier else st.just([])
        values: dict[str, Any] = {"rules": draw(rules), "parent": parent}
        if earlier and draw(st.integers(0, 7)) == 0:
            values |= {"phase": Phase.FINALIZE, "action_step": draw(st.sampled_from(earlier))}
        else:
            values |= {"after": tuple(draw(some)), "queue": draw(st.sampled_from([None, None, None, "io"]))}
        steps.append(make_planned_step(number, needs=tuple(draw(some)), **values))
    return tuple(steps)


def make_script(length: int, seed: int) -> list[int]:
    """Make a script; the shorter, the sooner all goes well."""
    chance = Random(seed)
    return [chance.getrandbits(16) for _ in range(length)]


class Fate:
    """What happens: a script says it, as long as it lasts; then all goes well."""

    def __init__(self, script: Sequence[int]) -> None:
        self._script = list(reversed(script))

    @property
    def is_sealed(self) -> bool:
        """Tell whether the script is used up."""
        return not self._script

    def choose(self, count: int) -> int:
        """Return which of so many things happens; the first is what happens when all goes well."""
        return self._script.pop() % count if self._script else 0


class Drama:
    """Runs of random plans, and all that happens to them."""

    def __init__(self, runs: Sequence[tuple[Step, ...]], script: Sequence[int], concurrency: int | None) -> None:
        self.fate = Fate(script)
        self.office = Office(concurrency=concurrency)
        self.concurrency = concurrency
        self.planned: dict[int, tuple[Step, ...]] = {}
        for run, steps in enumerate(runs, start=1):
            minutes = (1000, 1000, 20, 5)[self.fate.choose(4)]
            self.office.begin(*self.plan(run, steps), run=run, deadline_at=self.office.now + minutes * MINUTE)
            self.check()

    def plan(self, run: int, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Have every other plan be made on the way."""
        if run % 2:
            return steps
        planner = make_planned_step(1, phase=Phase.PLAN, rules=steps[0].rules)
        self.planned[run] = tuple(_renumber(step) for step in steps)
        return (planner,)

    # --- what may happen -----------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Have one thing happen."""
        if self.fate.is_sealed:
            happenings: list[Callable[[], None]] = [self.answer if self.office.under_way else self.go_on_by_itself]
        else:
            happenings = [self.answer, self.answer, self.answer, self.send, self.go_on_by_itself, self.pass_time]
            happenings += [self.tell, self.trouble, self.see_to_paused]
        happenings[self.fate.choose(len(happenings))]()
        self.office.hand_out()
        self.check()

    def answer(self) -> None:
        """Have some work end."""
        work = list(self.office.under_way.values())
        if not work:
            return
        item = work[self.fate.choose(len(work))]
        self.office.answer(item.step.number, self.choose_outcome(item), item.run_id)

    def choose_outcome(self, item: WorkItem) -> Outcome:
        """Have it end well, as a rule."""
        planned = self.planned.get(item.run_id, ()) if item.kind is WorkKind.PLAN else ()
        good = Succeeded({"by": item.step.number}, planned)
        now, some = self.office.now, self.fate.choose(4) * MINUTE
        outcomes: list[Outcome] = [good] * 6
        outcomes += [Failed(BROKEN), Failed(BROKEN, output={"kept": 1}), Failed(LOST), Failed(STOPPED)]
        outcomes += [
            Suspended(),
            Suspended(wake_at=now + some),
            Suspended(wake_at=now + some, deadline_at=now + MINUTE),
        ]
        outcomes += [Suspended(deadline_at=now + some, output={"kept": 2})]
        if self.fate.choose(20) == 19:
            outcomes += [Cancelled("by hand")] * 4
        return outcomes[self.fate.choose(len(outcomes))]

    def send(self) -> None:
        """Have an event be sent to some step of some live run. Its agent hears of it at once, or later."""
        live = [run for run in self.office.runs.values() if run.status not in FINAL_RUN_STATUSES]
        if live:
            run = live[self.fate.choose(len(live))]
            step = sorted(run.steps)[self.fate.choose(len(run.steps))]
            self.office.post(step, run=run.id, optional=bool(self.fate.choose(2)))
            if self.fate.choose(2):
                self.tell()

    def tell(self) -> None:
        """Have the agent hear of all open events, of those that it knows too."""
        for run_id in self.office.director.current_execution_plan_ids():
            for event in self.office.runs[run_id].list_open_events():
                if run_id in self.office.director.current_execution_plan_ids():
                    self.office.tell(event)

    def pass_time(self) -> None:
        """Let some minutes pass."""
        self.office.wait((1 + self.fate.choose(5)) * MINUTE)

    def go_on_by_itself(self) -> None:
        """Have an agent take a run up; else let time pass, and have all be answered that waits for an answer."""
        due = [run for run in self.office.runs.values() if self.is_due(run)]
        waiting = [run for run in due if self.office.serves(run.queue)]
        if due and not waiting and not self.office.director.current_execution_plan_ids():
            self.office.replace_agent()  # one that serves every queue
        elif waiting:
            run = waiting[self.fate.choose(len(waiting))]
            begun = self.fate.choose(3) != 2
            left = [step.number for step in run.steps.values() if begun and self.may_outlive_its_agent(step)]
            self.office.adopt(*left, run=run.id, begun=begun)
        else:
            if self.fate.is_sealed:
                self.see_to_paused()
                self.see_to_suspended()
            self.pass_time()

    def may_outlive_its_agent(self, step: Step) -> bool:
        """Choose whether the work for a step that is running goes on."""
        is_plain = step.phase is Phase.RUN and step.event_id is None and step.wake_at is None
        return step.status is StepStatus.RUNNING and is_plain and self.fate.choose(2) == 1

    def see_to_suspended(self) -> None:
        """Have every suspended step get an event."""
        for run in self.office.runs.values():
            for step in list(run.steps.values()):
                if step.status is StepStatus.SUSPENDED:
                    self.office.post(step.number, run=run.id)

    def is_due(self, run: KeptRun) -> bool:
        """Tell whether an agent takes a run up now."""
        if run.status is RunStatus.SUSPENDED and run.move is not None:
            has_news = any(run.is_deliverable(event) for event in run.events.values())
            return has_news or (run.move.wake_at is not None and run.move.wake_at <= self.office.now)
        return run.status is RunStatus.WAITING

    def see_to_paused(self) -> None:
        """Have a person resume a paused run, or skip a failed step of it first."""
        for run in self.office.runs.values():
            if run.status is RunStatus.PAUSED:
                failed = [step.number for step in run.steps.values() if step.status is StepStatus.ERROR]
                changes = resume_failed_steps(run.steps.values())
                if self.fate.choose(2):
                    changes = skip_failed_step(run.steps.values(), failed[0], self.office.now)
                self.office.change_steps(changes, run.id)
                run.status = RunStatus.WAITING

    def trouble(self) -> None:
        """Have something happen to the agent, or to a run as a whole."""
        runs = list(self.office.runs)
        run = runs[self.fate.choose(len(runs))]
        trouble = self.fate.choose(16)
        if trouble < 3:
            self.office.crash()
        elif trouble < 5:
            self.office.terminate()
            self.stop_agent()
        elif trouble < 9 and self.office.under_way:
            (run, step) = list(self.office.under_way)[self.fate.choose(len(self.office.under_way))]
            self.office.refuse(step, run=run)
        elif trouble == 9:
            self.office.cancel(run=run)
        elif trouble == 10:
            late = [step for of_run, step in self.office.under_way if of_run == run]
            self.office.halt(run=run)
            for step in late:
                self.office.record(self.office.director.work_finished(Report(run, step, Succeeded()), self.office.now))
            self.office.director.lift_halt(run)

    def stop_agent(self) -> None:
        """Have all that is under way be awaited or ended by force, and another agent begin."""
        while self.office.under_way:
            item = next(iter(self.office.under_way.values()))
            outcome = Failed(STOPPED) if self.fate.choose(2) else self.choose_outcome(item)
            self.office.answer(item.step.number, outcome, item.run_id)
        self.office.replace_agent(queues=[None, ("default",), ("io",), QUEUES][self.fate.choose(4)])

    # --- what must hold ------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check what must hold at any time."""
        office, director = self.office, self.office.director
        if self.concurrency is not None:
            assert director.free == self.concurrency - len(office.under_way)
        in_hand = set(director.current_execution_plan_ids())
        assert in_hand == {run.id for run in office.runs.values() if run.status is RunStatus.RUNNING}
        for run_id in in_hand:
            assert office.open_work(run_id) or director.free == 0, f"run {run_id} stands still"
            assert director._executions[run_id]._plan.steps == office.runs[run_id].steps
        for run in office.runs.values():
            if run.status in FINAL_RUN_STATUSES:
                assert not office.open_work(run.id)
                assert all(event.fate in (EventFate.DELIVERED, EventFate.DROPPED) for event in run.events.values())

    @property
    def is_over(self) -> bool:
        """Tell whether all runs have ended."""
        return all(run.status in FINAL_RUN_STATUSES for run in self.office.runs.values())


def _renumber(step: Step) -> Step:
    """Return a step as one that was planned by step 1."""
    return make_planned_step(
        step.number + 1,
        phase=step.phase,
        parent=1,
        action_step=None if step.action_step is None else step.action_step + 1,
        needs=tuple(number + 1 for number in step.needs),
        after=tuple(number + 1 for number in step.after),
        queue=step.queue,
        rules=step.rules,
    )


@given(
    runs=st.lists(plans(), min_size=1, max_size=3),
    script=st.builds(make_script, st.integers(0, 600), st.integers(0, 2**32)),
    concurrency=st.none() | st.integers(1, 4),
)
@settings(max_examples=300)
def test_whatever_happens_nothing_is_lost_or_done_twice_and_every_run_ends(
    runs: list[tuple[Step, ...]], script: list[int], concurrency: int | None
) -> None:
    """Steps in their order, each done once; events delivered once or dropped with a reason; room is given back."""
    drama = Drama(runs, script, concurrency)

    rounds = 0
    while not drama.is_over:
        drama.go_on()
        rounds += 1
        assert rounds < MOST_ROUNDS + len(script), "it does not come to an end"

    for run in drama.office.runs.values():
        if run.status in (RunStatus.SUCCESS, RunStatus.WARNING):
            assert all(run.has_finished(number) for number in run.steps)
        for step in run.steps.values():
            if step.status is StepStatus.SUCCESS:
                needed = [*step.needs, *([] if step.action_step is None else [step.action_step])]
                assert all(run.steps[number].status is StepStatus.SUCCESS for number in needed), f"{step} lacks data"
