"""Handles: the face for programs. Trigger a plan, and hold on to its run: how it is, what came of it, what it asks.

A handle is nothing but the number of a run and the world it is in, so another process makes its own by the number. All
that it does is an operation; waiting is looking again and again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, Literal, ParamSpec, TypedDict, TypeVar, Unpack, overload

from ostinato.actions.uses import Use
from ostinato.errors import NotPossible, RunNotEnded, RunPaused, StoreUnavailable
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import Event
from ostinato.operations import cancelling, sending, triggering
from ostinato.operations.people import find_person
from ostinato.operations.results import Standing, find_result, find_standing
from ostinato.operations.triggering import TriggerOptions
from ostinato.world import World, current_world

P = ParamSpec("P")
T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 1.0
"""Who waits looks soon at first, for much is short, and then less and less often."""


@dataclass(frozen=True, slots=True)
class Handle:
    """A run, held by its number. It may be awaited: that gives its result."""

    id: int
    world: World = field(repr=False, hash=False)

    @classmethod
    def of(cls, run_id: int, world: World | None = None) -> Handle:
        """Return the handle of a run that was triggered elsewhere; without ``world``, of the current one."""
        return cls(run_id, world or current_world())

    @property
    def status(self) -> RunStatus:
        """Return how the run stands. ``NotFound`` when it was removed."""
        return find_standing(self.world, self.id).run.status

    def wait(self, timeout: float | None = None, *, through_pauses: bool = True) -> RunStatus:
        """Wait until the run has ended, and return how. ``timeout`` is in seconds; ``None`` waits as long as it takes.

        Raises ``RunNotEnded`` when that time is over, and ``RunPaused`` when the run waits for a person and
        ``through_pauses`` is false. A store that is away is waited for; ``StoreUnavailable`` is raised if it is still
        away when the time is over.
        """
        return self._wait(_Watch(self, _tell_status, timeout, through_pauses=through_pauses))

    async def wait_async(self, timeout: float | None = None, *, through_pauses: bool = True) -> RunStatus:
        """Wait as ``wait`` does, and let others go on meanwhile."""
        return await self._wait_async(_Watch(self, _tell_status, timeout, through_pauses=through_pauses))

    def result(self, timeout: float | None = None, *, through_pauses: bool = True) -> Any:
        """Wait for the end of the run, as ``wait`` does, and return what its plan returned, as JSON.

        Of a plan that returned nothing it is the output of each step by its name. Raises ``RunFailed`` with the error
        of its step, and the story of that, when the run did not succeed.
        """
        return self._wait(_Watch(self, self._tell_result, timeout, through_pauses=through_pauses))

    async def result_async(self, timeout: float | None = None, *, through_pauses: bool = True) -> Any:
        """Return the result as ``result`` does, and let others go on meanwhile."""
        return await self._wait_async(_Watch(self, self._tell_result, timeout, through_pauses=through_pauses))

    def __await__(self) -> Generator[Any, None, Any]:
        return self.result_async().__await__()

    def cancel(self, reason: str = "") -> bool:
        """Cancel the run; ``False`` when it has ended, or was to be cancelled before."""
        try:
            cancelling.cancel(self.world, str(self.id), by=find_person(), reason=reason)
        except NotPossible:
            return False
        return True

    def send_event(
        self,
        step: str | int,
        name: str,
        payload: object = None,
        *,
        due_at: datetime | None = None,
        optional: bool = False,
    ) -> Event:
        """Send an event to a step, by its name or number; return it as it was stored. See ``find_event``."""
        receipt = sending.send_event(
            self.world, str(self.id), str(step), name, payload, by=find_person(), due_at=due_at, optional=optional
        )
        return receipt.event

    def find_event(self, event: Event) -> Event:
        """Return what became by now of an event that was sent."""
        if event.id is None:
            return event
        return sending.find_receipt(self.world, event.id).event

    def answer(
        self, verdict: bool | Literal["yes", "no"], fields: Mapping[str, Any] | None = None, *, step: str | None = None
    ) -> Event:
        """Answer an approval with yes or no, and the values of the fields it asks for; ``step`` where several wait."""
        receipt = sending.answer(self.world, str(self.id), verdict, fields, step=step, by=find_person())
        return receipt.event

    def _wait(self, watch: _Watch[T]) -> T:
        while (pause := watch.look()) is not None:
            self.world.clock.sleep(pause)
        return watch.answer

    async def _wait_async(self, watch: _Watch[T]) -> T:
        while (pause := await asyncio.to_thread(watch.look)) is not None:
            await asyncio.sleep(pause)
        return watch.answer

    def _tell_result(self, standing: Standing) -> Any:
        return find_result(self.world, self.id)


def _tell_status(standing: Standing) -> RunStatus:
    return standing.run.status


class _Watch(Generic[T]):
    """Looks at a run until it has ended; ``answer`` is then what ``tell`` says of it. Who looks owns the waiting."""

    answer: T

    def __init__(
        self, handle: Handle, tell: Callable[[Standing], T], timeout: float | None, *, through_pauses: bool
    ) -> None:
        self._handle = handle
        self._tell = tell
        self._clock = handle.world.clock
        self._give_up_at = math.inf if timeout is None else self._clock.monotonic() + timeout
        self._through_pauses = through_pauses
        self._pause = FIRST_PAUSE_SECONDS

    def look(self) -> float | None:
        """Return for how many seconds to pause before looking again, or ``None`` when the run has ended."""
        try:
            if self._has_ended():
                return None
        except StoreUnavailable:
            if self._seconds_left <= 0:
                raise
        pause, self._pause = self._pause, min(self._pause * 1.5, LONGEST_PAUSE_SECONDS)
        return min(pause, self._seconds_left)

    def _has_ended(self) -> bool:
        run_id = self._handle.id
        standing = find_standing(self._handle.world, run_id)
        if standing.has_ended:
            self.answer = self._tell(standing)
            return True
        if standing.is_paused and not self._through_pauses:
            gate = standing.gates[0]
            raise RunPaused(gate.reason, run=run_id, hint=gate.clears)
        if self._seconds_left <= 0:
            status = standing.run.status
            raise RunNotEnded(f"run {run_id} is still {status}", run=run_id, status=status)
        return False

    @property
    def _seconds_left(self) -> float:
        return max(0.0, self._give_up_at - self._clock.monotonic())


class TriggeringOptions(TypedDict, total=False):
    """What may be said of one triggering.

    The plan starts at ``start_at``, not if that is ``start_before`` or later, and not before the runs in ``after`` have
    succeeded. ``singleton`` says what becomes of it while another run of its key lives; ``queue`` and ``priority`` are
    the run's; ``context`` is carried along to every step; ``reason`` is kept with the name of the user.
    """

    start_at: datetime | None
    start_before: datetime | None
    after: Sequence[Handle | int]
    singleton: Literal["wait", "refuse"] | None
    queue: str | None
    priority: int
    context: Mapping[str, Any]
    reason: str
    world: World | None


@dataclass(frozen=True, slots=True)
class Trigger:
    """Triggers plans. Call it with a plan and the arguments of that: ``trigger(refresh, account="acme")``.

    How it is to be triggered is said before, so that no argument of a plan can be taken for that:
    ``trigger.with_options(start_at=midnight)(refresh, account="acme")``.
    """

    options: TriggerOptions = field(default_factory=TriggerOptions)
    reason: str = ""
    world: World | None = None

    def with_options(self, **options: Unpack[TriggeringOptions]) -> Trigger:
        """Return the same with these options, which ``TriggeringOptions`` explains."""
        changes: dict[str, Any] = dict(options)
        reason, world = changes.pop("reason", self.reason), changes.pop("world", self.world)
        if "after" in changes:
            changes["after"] = tuple(one.id if isinstance(one, Handle) else one for one in changes["after"])
        return Trigger(replace(self.options, **changes), reason, world)

    @overload
    def __call__(self, target: Use[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Handle: ...
    @overload
    def __call__(self, target: object, /, *args: Any, **kwargs: Any) -> Handle: ...
    def __call__(self, target: object, /, *args: Any, **kwargs: Any) -> Handle:
        """Have a plan run, or an action, given itself or as ``package.module:name``; return at once.

        It is planned right here, and stored before anything of it runs. Raises ``PlanningError`` for arguments that do
        not fit, whatever the plan function raises, and ``NotPossible`` for a singleton that is refused.
        """
        world = self.world or current_world()
        triggered = triggering.trigger_plan(
            world, target, args, kwargs, by=find_person(), options=self.options, reason=self.reason
        )
        if triggered.error is not None:
            triggered.error.add_note(f"while it was planned; it is kept as run {triggered.run.id}")
            raise triggered.error
        return Handle(triggered.run.id, world)


trigger = Trigger()
"""Triggers plans, in the current world."""
