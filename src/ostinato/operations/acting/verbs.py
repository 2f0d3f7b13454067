"""The verbs: for each what it calls, what it is about, what it may be given, when it wants a reason, what undoes it.

And how the command line writes the same, in the words that the operation notes in the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from ostinato.errors import NotFound
from ostinato.model.slots import SlotFace
from ostinato.operations import command_lines
from ostinato.operations.acting import acts, given
from ostinato.operations.acting.acts import Done, Order
from ostinato.operations.command_lines import CommandLine
from ostinato.operations.explaining import explain
from ostinato.world import World

BY_HAND = "by_hand"
"""The gate of slots that wait for somebody to trigger them."""


class About(StrEnum):
    """What a verb is about."""

    SLOT_OR_RUN = "slot or run"
    SLOT_OR_DEFINITION = "slot or definition"
    DEFINITION_OR_ACCOUNT = "definition or account"
    AGENT = "agent"

    @property
    def can_be_found(self) -> bool:
        """Tell whether a query, which means slots, finds such targets."""
        return self in (About.SLOT_OR_RUN, About.SLOT_OR_DEFINITION)


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes back what was done: another action."""

    verb: str
    targets: tuple[str, ...]
    given: Mapping[str, Any] = field(default_factory=dict)


DoneTo: TypeAlias = Sequence[tuple[str, Done]]
"""What was done, by target."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb. ``wants_reason`` tells of a target whether it is not done without one, and ``because`` why."""

    name: str
    act: Callable[[World, Order], Done]
    about: About
    line: Callable[[Order], CommandLine]
    form: type = given.Nothing
    wants_reason: Callable[[World, str], bool] = lambda world, target: False
    because: str = "goes against what is declared, and wants a reason"
    undo: Callable[[DoneTo], Undo | None] = lambda done: None


def _always(world: World, target: str) -> bool:
    return True


def _is_held_back(world: World, target: str) -> bool:
    """Tell whether a slot that is to be triggered waits for more than somebody who triggers it."""
    if "/" not in target:
        return False
    try:
        explanation = explain(world, target)
    except NotFound:
        return False  # the operation says so
    if explanation.status not in (SlotFace.FUTURE, SlotFace.BLOCKED):
        return False
    return any(not gate.satisfied and gate.kind != BY_HAND for gate in explanation.gates)


def _by(verb: str) -> Callable[[DoneTo], Undo | None]:
    return lambda done: Undo(verb, tuple(target for target, _ in done))


def _undo_edit(done: DoneTo) -> Undo | None:
    """Return what gives a step its input back; of several runs, each has had another."""
    match done:
        case [(target, Done(before=(step, before)))]:
            return Undo("edit-input", (target,), {"step": step, "input": before})
    return None


def _undo_boost(done: DoneTo) -> Undo:
    return Undo("boost", tuple(target for target, _ in done), {"priorities": {to: one.before for to, one in done}})


def _write(verb: str, *options: str) -> Callable[[Order], CommandLine]:
    """Return how a command is written that takes the target alone."""
    return lambda order: command_lines.simple(verb, order.target, *options)


def _write_skip(order: Order) -> CommandLine:
    return command_lines.simple("skip", order.target, order.given["step"])


def _write_rerun(order: Order) -> CommandLine:
    return command_lines.rerun(order.target, downstream=order.given.get("downstream", False))


def _write_pausing(verb: str) -> Callable[[Order], CommandLine]:
    return lambda order: command_lines.simple(verb, *acts.read_pausable(order.target))


def _write_trigger(order: Order) -> CommandLine:
    target = order.target.removeprefix("definition ")
    return command_lines.trigger_once(target, **order.given)


def _write_edit(order: Order) -> CommandLine:
    return command_lines.edit_input(order.target, order.given["step"], order.given["input"])


def _write_event(order: Order) -> CommandLine:
    it = order.given
    return command_lines.send_event(
        order.target,
        it["step"],
        it["event"],
        it.get("payload"),
        due_at=it.get("at"),
        optional=it.get("optional", False),
    )


def _write_answer(order: Order) -> CommandLine:
    it = order.given
    return command_lines.answer(order.target, it["answer"], it.get("step"), it.get("fields", {}))


def _write_boost(order: Order) -> CommandLine:
    return command_lines.simple("boost", order.target, "--priority", str(acts.read_priority(order)))


VERBS: Mapping[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb(
            "trigger",
            acts.trigger,
            About.SLOT_OR_DEFINITION,
            _write_trigger,
            form=given.ForTrigger,
            wants_reason=_is_held_back,
        ),
        Verb("retry", acts.retry, About.SLOT_OR_RUN, _write("retry")),
        Verb("rerun", acts.rerun, About.SLOT_OR_RUN, _write_rerun, form=given.ForRerun, wants_reason=_always),
        Verb("accept", acts.accept, About.SLOT_OR_RUN, _write("accept"), wants_reason=_always),
        Verb(
            "note",
            acts.note,
            About.SLOT_OR_RUN,
            lambda order: command_lines.note(order.target),
            wants_reason=_always,
            because="says nothing yet",
        ),
        Verb("cancel", acts.cancel, About.SLOT_OR_RUN, _write("cancel")),
        Verb("halt", acts.halt, About.SLOT_OR_RUN, _write("halt"), wants_reason=_always),
        Verb("unhalt", acts.unhalt, About.SLOT_OR_RUN, _write("halt", "--lift")),
        Verb("pause", acts.pause, About.DEFINITION_OR_ACCOUNT, _write_pausing("pause"), undo=_by("unpause")),
        Verb("unpause", acts.unpause, About.DEFINITION_OR_ACCOUNT, _write_pausing("resume"), undo=_by("pause")),
        Verb("resume", acts.resume, About.SLOT_OR_RUN, _write("resume")),
        Verb("skip", acts.skip, About.SLOT_OR_RUN, _write_skip, form=given.ForSkip),
        Verb(
            "edit-input",
            acts.edit_input,
            About.SLOT_OR_RUN,
            _write_edit,
            form=given.ForEditInput,
            undo=_undo_edit,
        ),
        Verb("fail", acts.fail, About.SLOT_OR_RUN, _write("fail"), wants_reason=_always),
        Verb("send-event", acts.send_event, About.SLOT_OR_RUN, _write_event, form=given.ForSendEvent),
        Verb("answer", acts.answer, About.SLOT_OR_RUN, _write_answer, form=given.ForAnswer),
        Verb("drain", acts.drain, About.AGENT, _write("drain"), undo=_by("undrain")),
        Verb("undrain", acts.undrain, About.AGENT, _write("drain", "--undo"), undo=_by("drain")),
        Verb(
            "boost",
            acts.boost,
            About.SLOT_OR_RUN,
            _write_boost,
            form=given.ForBoost,
            wants_reason=_always,
            undo=_undo_boost,
        ),
    )
}
