"""Sending: events for the steps of runs, what became of them, and the answers that approvals wait for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ostinato.actions.approval import ANSWER, read_answer
from ostinato.actions.encoding import encode
from ostinato.errors import InvalidValue, NotFound, NotPossible
from ostinato.model.runs import Run
from ostinato.model.steps import Event, EventFate, Json, Step
from ostinato.operations import command_lines
from ostinato.operations.absence import show
from ostinato.operations.names import get_run, get_run_of, get_step, name_run
from ostinato.operations.people import Person, note_change
from ostinato.operations.questions import Question, read_question
from ostinato.store import events, plans
from ostinato.store.database import Tx
from ostinato.store.leases import lock_runs
from ostinato.store.plan_lists import list_suspended_steps
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event by now. ``event.id`` is what to ask for later; without it the event was not stored."""

    event: Event
    step: str


def send_event(
    world: World,
    target: str,
    step: str,
    name: str,
    payload: object = None,
    *,
    by: Person,
    due_at: datetime | None = None,
    optional: bool = False,
    reason: str = "",
) -> Receipt:
    """Send an event to a step, by its name or number, to be delivered when ``due_at`` has come.

    ``NotPossible`` when the step can never take it; one that is ``optional`` is answered as dropped then.
    """
    now = world.clock.now()
    if not name:
        raise NotPossible("an event has a name", hint="its step looks at that first")
    try:
        given: Json = encode(payload, "payload")
    except InvalidValue as error:
        raise NotPossible(error.message, hint=error.hint) from None
    with world.store.write() as tx:
        run = get_run_of(tx, world, target, now=now)
        chosen = get_step(tx, run, step).step
        event = events.send_event(
            tx,
            run_id=run.id,
            step=chosen.number,
            name=name,
            payload=given,
            sent_by=by.name,
            now=now,
            due_at=due_at,
            optional=optional,
        )
        if event.id is not None:
            line = command_lines.send_event(target, step, name, given, due_at=due_at, optional=optional)
            note_change(tx, by, "send-event", f"{_name(run, chosen)}: {name}", line=line, reason=reason, now=now)
    return Receipt(event, chosen.name)


def find_receipt(world: World, event_id: int) -> Receipt:
    """Return what became of the event with this number; ``NotFound`` when there is none, or its run was removed."""
    with world.store.read() as tx:
        event = events.find_event(tx, event_id)
        step = None if event is None else plans.find_step(tx, event.run_id, event.step)
    if event is None or step is None:
        raise NotFound(f"there is no event {event_id}", hint="the events of a run are shown by: ostinato show RUN")
    return Receipt(event, step.step.name)


def answer(
    world: World,
    target: str,
    verdict: str | bool,
    fields: Mapping[str, Any] | None = None,
    *,
    step: str | None = None,
    by: Person,
    reason: str = "",
) -> Receipt:
    """Answer an approval: yes or no, with the values of the fields that it asks for.

    ``step`` may be left out where one alone waits for an answer. ``NotPossible`` when none does, when the answer does
    not fit what was asked, and when somebody has answered before.
    """
    now = world.clock.now()
    with world.store.write() as tx:
        run = get_run_of(tx, world, target, now=now)
        lock_runs(tx, [run.id])
        run = get_run(tx, run.id)
        question = _find_question(tx, run, step)
        payload = {ANSWER: verdict, **(fields or {})}
        try:
            checked = read_answer(payload, question.fields)
        except InvalidValue as error:
            raise NotPossible(
                f"{question.step.name} cannot take this answer: {error.message}", hint=error.hint
            ) from None
        _refuse_second(tx, run, question)
        number = question.step.number
        event = events.send_event(
            tx, run_id=run.id, step=number, name=ANSWER, payload=checked, sent_by=by.name, now=now
        )
        said = f"{_name(run, question.step)}: {checked[ANSWER]}"
        line = command_lines.answer(target, verdict, step, fields or {})
        note_change(tx, by, "answer", said, line=line, reason=reason, now=now)
    return Receipt(event, question.step.name)


def _find_question(tx: Tx, run: Run, which: str | None) -> Question:
    suspended = list_suspended_steps(tx, [run.id]).get(run.id, [])
    asked = [question for step in suspended if (question := read_question(step)) is not None]
    if which is not None:
        chosen = get_step(tx, run, which).step
        for question in asked:
            if question.step.number == chosen.number:
                return question
        raise NotPossible(
            f"step {chosen.name} waits for no answer: it is {chosen.status}", hint=f"look: ostinato show {run.id}"
        )
    match asked:
        case [question]:
            return question
        case []:
            hint = f"what it waits for: ostinato show {run.id}"
            raise NotPossible(f"{name_run(run)} waits for no answer: it is {run.status}", hint=hint)
    names = ", ".join(question.step.name for question in asked)
    raise NotPossible(f"several steps wait for an answer: {names}", hint="name the one that is meant")


def _refuse_second(tx: Tx, run: Run, question: Question) -> None:
    """Refuse an answer while another is about to be taken in."""
    for event in events.list_events(tx, run.id):
        if (event.step, event.name) == (question.step.number, ANSWER) and event.fate is EventFate.WAITING:
            at = f" at {show(event.sent_at)}" if event.sent_at else ""
            raise NotPossible(
                f"{event.sent_by} has answered {question.step.name}{at}; that is about to be taken in",
                hint=f"what came of it: ostinato show {run.id}",
            )


def _name(run: Run, step: Step) -> str:
    return f"{name_run(run)}, step {step.name}"
