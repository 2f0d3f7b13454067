"""The kit for tests of actions: plan, run and finalize one of them without a world.

``plan_of`` shows what a plan function plans. ``run_action`` carries out one action as an agent would, on a clock that
stands still; events, timers, cancelling and finalizing are brought about by its methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ostinato.actions.action import Action, to_action
from ostinato.actions.encoding import encode
from ostinato.actions.requests import build_plan, make_request
from ostinato.actions.runner import perform
from ostinato.actions.services import ChildCounts, ChildRequest
from ostinato.clock import ManualClock
from ostinato.errors import NotPossible
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import TIMER, Event, Json, Phase, Step
from ostinato.model.work import Failed, Outcome, Succeeded, Suspended, WorkItem, WorkKind

_RUN_ID = 1


# --- plans -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of a plan, with the names of others in place of their numbers."""

    step: Step
    needs: tuple[str, ...]
    after: tuple[str, ...]
    parent: str | None

    @property
    def name(self) -> str:
        """Return its name, which is unique in the plan."""
        return self.step.name

    @property
    def input(self) -> Any:
        """Return its input, in which references are as they are stored."""
        return self.step.input


class PlanOf(Mapping[str, PlannedStep]):
    """The steps of a plan by their names, in the order in which they were planned."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        names = {step.number: step.name for step in steps}
        self._planned = {
            step.name: PlannedStep(
                step,
                tuple(names[number] for number in step.needs),
                tuple(names[number] for number in step.after),
                None if step.parent is None else names[step.parent],
            )
            for step in steps
        }

    def __getitem__(self, name: str) -> PlannedStep:
        return self._planned[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._planned)

    def __len__(self) -> int:
        return len(self._planned)

    def list_uses(self, action: object) -> list[PlannedStep]:
        """List the steps that run ``action``, in order."""
        name = to_action(action).traits.name
        return [one for one in self.values() if one.step.action == name and one.step.phase is Phase.RUN]

    def list_phase(self, phase: Phase) -> list[str]:
        """List the names of the steps of one phase, in order."""
        return [one.name for one in self.values() if one.step.phase is phase]

    def __repr__(self) -> str:
        lines = [f"{one.name}({encode(one.input)}) needs {one.needs} after {one.after}" for one in self.values()]
        return "\n".join(["<plan", *lines, ">"])


def plan_of(target: object, *args: Any, **kwargs: Any) -> PlanOf:
    """Plan ``target`` with these arguments; it may be defined anywhere."""
    return PlanOf(build_plan(target, args, kwargs, storable=False))


# --- runs ------------------------------------------------------------------------------------------------------------


class LocalServices:
    """The services of one step, kept in memory. A test may look at what came of them, and end the children."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.progress: list[tuple[float, str]] = []
        self.emitted: list[Json] = []
        self.cancelled = False
        self.children: dict[int, ChildRequest] = {}
        self.batches: list[int] = []
        self.child_statuses: dict[int, RunStatus] = {}

    def now(self) -> datetime:
        return self.clock.now()

    def report_progress(self, run_id: int, step: int, fraction: float, message: str) -> None:
        self.progress.append((fraction, message))

    def emit(self, run_id: int, step: int, data: Json) -> None:
        self.emitted.append(data)

    def is_cancelled(self, run_id: int, step: int) -> bool:
        return self.cancelled

    def start_children(self, run_id: int, step: int, children: Sequence[ChildRequest]) -> None:
        new = {child.number: child for child in children if child.number not in self.children}
        self.children.update(new)
        self.child_statuses.update(dict.fromkeys(new, RunStatus.WAITING))
        self.batches.append(len(new))

    def count_children(self, run_id: int, step: int) -> ChildCounts:
        statuses = list(self.child_statuses.values())
        counts = {status: statuses.count(status) for status in set(statuses)}
        return ChildCounts(max(self.children, default=0), counts)


class ActionRun:
    """One step that runs an action, from call to call. ``outcome`` is what became of the last call."""

    def __init__(self, action: type[Action], step: Step, context: Mapping[str, Any], now: datetime) -> None:
        self.services = LocalServices(ManualClock(now))
        self.step = step
        self._action = action
        self._context = context
        self.outcome: Outcome = self._perform(WorkKind.RUN)

    @property
    def output(self) -> Any:
        """Return its output, or what it has kept so far."""
        return self.step.output

    @property
    def error(self) -> str:
        """Return what went wrong in the last call, if anything did."""
        return self.outcome.error.message if isinstance(self.outcome, Failed) else ""

    def send(self, name: str, payload: Json = None, *, by: str = "tester") -> Outcome:
        """Send an event to the step, which must be suspended."""
        self._check_suspended()
        event = Event(_RUN_ID, self.step.number, name, payload, id=1, sent_by=by, sent_at=self.services.now())
        return self._perform(WorkKind.EVENT, event)

    def reach_timer(self) -> Outcome:
        """Move the clock on to when the suspended step wants to be told the time, and tell it."""
        wake_at = self._check_suspended().wake_at
        if wake_at is None:
            raise NotPossible("the step waits for an event, and for no time")
        self.services.clock.set(max(wake_at, self.services.now()))
        return self._perform(WorkKind.EVENT, Event(_RUN_ID, self.step.number, TIMER, sent_at=self.services.now()))

    def cancel(self) -> Outcome:
        """Cancel the suspended step."""
        self._check_suspended()
        return self._perform(WorkKind.CANCEL)

    def skip(self) -> Outcome:
        """Skip the failed step."""
        return self._perform(WorkKind.SKIP)

    def try_again(self) -> Outcome:
        """Run the step again, as after a failure; it has what it kept."""
        return self._perform(WorkKind.RUN)

    def finalize(self, *, session: object | None = None) -> Outcome:
        """Finalize the action, which has run.

        What it finalizes in is ``session``, if one is given; what is written there stays open, for the caller to look
        at, and to commit or roll back. Without it, it is what the action itself declares: entered, and left.
        """
        planner = self._action if session is None else _make_planner(session)
        written = {"input": self.step.input, "session_of": planner.traits.name}
        step = Step(3, f"{self.step.name}.finalize", self.step.action, Phase.FINALIZE, action_step=2, input=written)
        item = WorkItem(_RUN_ID, WorkKind.FINALIZE, step, "default", {2: self.step.output}, steps=(step,))
        actions = {self._action.traits.name: self._action, planner.traits.name: planner}
        self.outcome = perform(item, self.services, self._context, find=actions.__getitem__)
        return self.outcome

    def _perform(self, kind: WorkKind, event: Event | None = None) -> Outcome:
        self.step = replace(self.step, tries=self.step.tries + (kind is WorkKind.RUN))
        item = WorkItem(_RUN_ID, kind, self.step, "default", event=event)
        self.outcome = perform(item, self.services, self._context, find=lambda name: self._action)
        if isinstance(self.outcome, Succeeded | Suspended | Failed) and self.outcome.output is not None:
            self.step = replace(self.step, output=self.outcome.output)
        return self.outcome

    def _check_suspended(self) -> Suspended:
        if not isinstance(self.outcome, Suspended):
            raise NotPossible(f"the step is not suspended: {self.outcome}")
        return self.outcome


def _make_planner(session: object) -> type[Action]:
    """Make an action as a plan is one that finalizes in ``session``; that is lent, and is not closed at the end."""
    return type("Planner", (Action,), {"session": staticmethod(lambda: nullcontext(session))})


def run_action(
    target: object,
    *args: Any,
    context: Mapping[str, Any] | None = None,
    now: datetime = datetime(2026, 1, 10, 12, tzinfo=UTC),
    **kwargs: Any,
) -> ActionRun:
    """Run one action with these arguments, which hold no references, in this thread; it may be defined anywhere.

    Of an action that plans, this is its own run, and the arguments are those of ``plan_self``.
    """
    action = to_action(target)
    traits = action.traits
    if traits.has_plan:
        given = encode(traits.own.bind(args, kwargs), "input")
    else:
        given = make_request(action, args, kwargs, storable=False).input
    step = Step(2, traits.title, traits.name, input=given, status=StepStatus.RUNNING, parent=1)
    return ActionRun(action, step, context or {}, now)
