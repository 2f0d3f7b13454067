"""People: what they ask for in a simulation. Each asks for what makes sense by the picture that they have seen last.

That may have changed since: to be refused is a normal answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

from ostinato.errors import NotFound, NotPossible, StoreUnavailable
from ostinato.model.statuses import LIVE_RUN_STATUSES, RunStatus, SlotStatus, StepStatus
from ostinato.operations import accepting, cancelling, halting, pausing, sending, starting, steering, triggering
from ostinato.operations.pausing import Pausable
from ostinato.operations.people import Person
from ostinato.simulation.flows import FLOWS
from ostinato.simulation.incidents import PERSON_NAME, Incident, Kind
from ostinato.simulation.pictures import Picture, RunRow, StepRow
from ostinato.world import World

PERSON = Person(PERSON_NAME)
LATER = timedelta(seconds=45)
SINGLE_ASKS = (f"{FLOWS}:Ask", f"{FLOWS}:PatientAsk")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks: an incident, and the picture that it is asked by.

    ``acknowledge`` is told of each event that was sent, with the run that it is for.
    """

    world: World
    picture: Picture
    incident: Incident
    acknowledge: Callable[[int, int], None]

    def pick(self, candidates: Sequence[T]) -> T | None:
        """Return the one that is meant, if there is any."""
        return candidates[self.incident.amount % len(candidates)] if candidates else None

    def pick_run(self, *statuses: RunStatus) -> RunRow | None:
        """Return the run that is meant among those that stand so."""
        return self.pick([run for run in self.picture.runs.values() if run.status in statuses])


Act = Callable[[Request], str]
"""Asks for something, and says for what; nothing where there is nothing to ask for."""


def act(request: Request) -> str:
    """Have a person ask for what the incident says; return what was asked, and what came of it."""
    try:
        return _ACTS[request.incident.kind](request)
    except (NotPossible, NotFound) as error:
        return f"is refused: {error.message}"
    except StoreUnavailable:
        return "hears nothing of the store"


def find_asking(picture: Picture) -> list[StepRow]:
    """List the steps that wait for an answer of somebody."""
    return [
        step for step in picture.steps.values() if step.action in SINGLE_ASKS and step.status == StepStatus.SUSPENDED
    ]


def _trigger(request: Request) -> str:
    plan = request.incident.target
    triggered = triggering.trigger_plan(request.world, f"{FLOWS}:{plan}", by=PERSON)
    return f"triggers {plan}: run {triggered.run.id}"


def _send(request: Request, *, times: int = 1, later: timedelta | None = None) -> str:
    step = request.pick(find_asking(request.picture))
    if step is None:
        return ""
    due_at = None if later is None else request.world.clock.now() + later
    ids = []
    for _ in range(times):
        target = (str(step.run_id), str(step.number))
        receipt = sending.send_event(request.world, *target, "answer", by=PERSON, due_at=due_at)
        if receipt.event.id is not None:
            request.acknowledge(receipt.event.id, step.run_id)
        ids.append(str(receipt.event.id))
    return f"sends event {' and '.join(ids)} to step {step.number} of run {step.run_id}"


def _cancel(request: Request) -> str:
    run = request.pick_run(*sorted(LIVE_RUN_STATUSES))
    if run is None:
        return ""
    cancelling.cancel(request.world, str(run.id), by=PERSON)
    return f"cancels run {run.id}"


def _halt(request: Request) -> str:
    run = request.pick_run(*sorted(LIVE_RUN_STATUSES))
    if run is None:
        return ""
    halting.halt(request.world, str(run.id), by=PERSON)
    return f"halts run {run.id}"


def _resume(request: Request) -> str:
    run = request.pick_run(RunStatus.PAUSED)
    if run is None:
        return ""
    steering.resume(request.world, str(run.id), by=PERSON)
    return f"resumes run {run.id}"


def _skip(request: Request) -> str:
    run = request.pick_run(RunStatus.PAUSED)
    if run is None:
        return ""
    failed = [step for step in request.picture.steps.values() if step[0] == run.id and step.status == StepStatus.ERROR]
    if not failed:
        return ""
    steering.skip(request.world, str(run.id), str(failed[0].number), by=PERSON)
    return f"skips step {failed[0].number} of run {run.id}"


def _give_up(request: Request) -> str:
    run = request.pick_run(RunStatus.PAUSED)
    if run is None:
        return ""
    steering.fail(request.world, str(run.id), by=PERSON)
    return f"gives run {run.id} up"


def _ask_about(request: Request, status: SlotStatus, start: Callable[..., object], word: str) -> str:
    slot = request.pick([slot for slot in request.picture.slots.values() if slot.status == status])
    if slot is None:
        return ""
    name = request.picture.name_slot(slot)
    start(request.world, name, by=PERSON)
    return f"{word} {name}"


def _retry(request: Request) -> str:
    return _ask_about(request, SlotStatus.FAILED, starting.retry, "retries")


def _rerun(request: Request) -> str:
    return _ask_about(request, SlotStatus.SUCCESS, starting.rerun, "runs again")


def _rerun_downstream(request: Request) -> str:
    rerun = partial(starting.rerun, downstream=True)
    return _ask_about(request, SlotStatus.SUCCESS, rerun, "runs again, with all that was made from it,")


def _accept(request: Request) -> str:
    return _ask_about(request, SlotStatus.FAILED, accepting.accept, "accepts")


def _list_pausable(picture: Picture, *, paused: bool) -> Iterator[tuple[Pausable, str]]:
    for definition in picture.definitions.values():
        if (definition.paused_at is not None) is paused:
            yield Pausable.DEFINITION, definition.name
    for account in picture.accounts.values():
        if (account.paused_at is not None) is paused:
            yield Pausable.ACCOUNT, account.token


def _pause(request: Request) -> str:
    meant = request.pick(list(_list_pausable(request.picture, paused=False)))
    if meant is None:
        return ""
    pausing.pause(request.world, *meant, by=PERSON)
    return f"pauses {meant[0]} {meant[1]}"


def _unpause(request: Request) -> str:
    meant = request.pick(list(_list_pausable(request.picture, paused=True)))
    if meant is None:
        return ""
    pausing.resume(request.world, *meant, by=PERSON)
    return f"lets {meant[0]} {meant[1]} go on"


_ACTS: Mapping[Kind, Act] = {
    Kind.TRIGGER: _trigger,
    Kind.SEND: _send,
    Kind.SEND_TWICE: lambda request: _send(request, times=2),
    Kind.SEND_LATER: lambda request: _send(request, later=LATER),
    Kind.CANCEL: _cancel,
    Kind.HALT: _halt,
    Kind.RESUME: _resume,
    Kind.SKIP: _skip,
    Kind.GIVE_UP: _give_up,
    Kind.RETRY: _retry,
    Kind.RERUN: _rerun,
    Kind.RERUN_DOWNSTREAM: _rerun_downstream,
    Kind.ACCEPT: _accept,
    Kind.PAUSE: _pause,
    Kind.UNPAUSE: _unpause,
}

ACTS = frozenset(_ACTS)
"""What people do."""
