"""What each verb does to one target: it calls one operation, and says in a sentence what that does.

A sentence reads the same before and after: "gives sales/acme/2026-01-31 another attempt".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ostinato.errors import InvalidValue, NotPossible
from ostinato.operations import (
    accepting,
    boosting,
    cancelling,
    draining,
    halting,
    noting,
    pausing,
    sending,
    starting,
    steering,
)
from ostinato.operations.acting.given import Given
from ostinato.operations.command_lines import write_verdict
from ostinato.operations.names import name_run
from ostinato.operations.pausing import Pausable
from ostinato.operations.people import Person
from ostinato.operations.starting import Started, describe_downstream
from ostinato.policies.verdict import Verdict
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of one target: by whom, why, and with what besides."""

    target: str
    given: Given
    by: Person
    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """What becomes of one target. ``before`` is what it had, for verbs that give it something else."""

    does: str
    before: Any = None


def trigger(world: World, order: Order) -> Done:
    """Start a slot, or run a definition once."""
    target = order.target.removeprefix("definition ")
    if "/" in target:
        if order.given:
            raise InvalidValue("a slot has its account and period already", hint="leave out what else is given")
        started = starting.trigger_slot(world, target, by=order.by, reason=order.reason)
        return Done(f"starts {started.run.slot} now{_gate(started.claim)}")
    if ":" in target:
        raise NotPossible(
            f"{target} is a plan: who triggers it plans it, and no code of a project runs here",
            hint=f"where the project is: ostinato trigger {target}",
        )
    once = starting.trigger_once(world, target, by=order.by, reason=order.reason, **order.given)
    whose = f" for {once.run.account}" if once.run.account else ""
    return Done(f"runs {once.run.definition} once{whose}{_gate(once.claim)}")


def retry(world: World, order: Order) -> Done:
    """Give a failed slot another attempt."""
    started = starting.retry(world, order.target, by=order.by, reason=order.reason)
    return Done(f"gives {_slot(started)} another attempt{_gate(started.claim)}")


def rerun(world: World, order: Order) -> Done:
    """Run a slot again that has ended, and maybe what was made from it."""
    downstream = order.given.get("downstream", False)
    started = starting.rerun(world, order.target, by=order.by, reason=order.reason, downstream=downstream)
    return Done(f"runs {_slot(started)} again{_after(started)}{_gate(started.claim)}")


def accept(world: World, order: Order) -> Done:
    """Let a slot count as done that failed or was cancelled."""
    slot = accepting.accept(world, order.target, by=order.by, reason=order.reason)
    return Done(f"lets {slot.name} count as done, with a warning; what waits for it goes on")


def note(world: World, order: Order) -> Done:
    """Note something down about a slot or a run."""
    noted = noting.note(world, order.target, order.reason, by=order.by)
    return Done(f"notes it down about {noted.target}")


def cancel(world: World, order: Order) -> Done:
    """Cancel a run and those it has started."""
    cancelled = cancelling.cancel(world, order.target, by=order.by, reason=order.reason)
    run = name_run(cancelled.run)
    children = f", and so it is with {cancelled.children} that it has started" if cancelled.children else ""
    if cancelled.at_once:
        return Done(f"cancels {run}{children}")
    agent = f"agent {cancelled.run.agent}" if cancelled.run.agent else "the agent that takes it up"
    return Done(f"asks {agent} to end {run}{children}")


def halt(world: World, order: Order) -> Done:
    """End a run at once, and keep its slot from running."""
    halted = halting.halt(world, order.target, by=order.by, reason=order.reason)
    return Done(f"ends {name_run(halted.run)} at once, and keeps it from running again")


def unhalt(world: World, order: Order) -> Done:
    """Let a slot be run again whose run was halted."""
    halted = halting.lift_halt(world, order.target, by=order.by, reason=order.reason)
    return Done(f"lets {halted.run.slot or name_run(halted.run)} be run again")


def pause(world: World, order: Order) -> Done:
    """Let nothing of a definition or an account start."""
    kind, name = read_pausable(order.target)
    pausing.pause(world, kind, name, by=order.by, reason=order.reason)
    return Done(f"keeps everything of {kind} {name} from starting; what runs goes on")


def unpause(world: World, order: Order) -> Done:
    """Let a definition or an account go on."""
    kind, name = read_pausable(order.target)
    pausing.resume(world, kind, name, by=order.by, reason=order.reason)
    return Done(f"lets {kind} {name} go on")


def resume(world: World, order: Order) -> Done:
    """Let a paused run go on."""
    resumed = steering.resume(world, order.target, by=order.by, reason=order.reason)
    again = f", and tries again: {', '.join(resumed.steps)}" if resumed.steps else ""
    return Done(f"lets {name_run(resumed.run)} go on{again}{_gate(resumed.claim)}")


def skip(world: World, order: Order) -> Done:
    """Skip a failed step of a paused run."""
    skipped = steering.skip(world, order.target, order.given["step"], by=order.by, reason=order.reason)
    return Done(f"skips of {name_run(skipped.run)}: {', '.join(skipped.steps)}")


def edit_input(world: World, order: Order) -> Done:
    """Give a step another input."""
    step, given = order.given["step"], order.given["input"]
    edited = steering.edit_input(world, order.target, step, given, by=order.by, reason=order.reason)
    but = f"; but {edited.warning}" if edited.warning else ""
    return Done(
        f"gives step {edited.step.name} of {name_run(edited.run)} this input{but}", (edited.step.name, edited.before)
    )


def fail(world: World, order: Order) -> Done:
    """Give a paused run up."""
    given_up = steering.fail(world, order.target, by=order.by, reason=order.reason)
    return Done(f"gives {name_run(given_up.run)} up: it fails")


def send_event(world: World, order: Order) -> Done:
    """Send an event to a step."""
    given = order.given
    receipt = sending.send_event(
        world,
        order.target,
        given["step"],
        given["event"],
        given.get("payload"),
        by=order.by,
        due_at=given.get("at"),
        optional=given.get("optional", False),
        reason=order.reason,
    )
    if receipt.event.id is None:
        return Done(f"tells nobody of {receipt.event.name}: {receipt.event.reason}")
    return Done(f"sends {receipt.event.name} to step {receipt.step} of run {receipt.event.run_id}")


def answer(world: World, order: Order) -> Done:
    """Answer a plan that waits for a person."""
    given = order.given
    fields, step = given.get("fields"), given.get("step")
    receipt = sending.answer(world, order.target, given["answer"], fields, step=step, by=order.by, reason=order.reason)
    return Done(f"answers step {receipt.step} of run {receipt.event.run_id}: {write_verdict(given['answer'])}")


def drain(world: World, order: Order) -> Done:
    """Have an agent take no more runs."""
    drained = draining.drain(world, order.target, by=order.by, reason=order.reason)
    return Done(f"keeps agent {drained.agent.name} from taking runs; it has {drained.agent.running}")


def undrain(world: World, order: Order) -> Done:
    """Let an agent take runs again."""
    drained = draining.undo_drain(world, order.target, by=order.by, reason=order.reason)
    return Done(f"lets agent {drained.agent.name} take runs again")


def boost(world: World, order: Order) -> Done:
    """Give a run that waits another priority."""
    boosted = boosting.boost(world, order.target, read_priority(order), by=order.by, reason=order.reason)
    said = f"gives {name_run(boosted.run)} priority {boosted.run.priority}; it had {boosted.before}"
    return Done(said, boosted.before)


def read_pausable(target: str) -> tuple[Pausable, str]:
    """Read which definition or account is meant."""
    kind, _, name = target.partition(" ")
    if kind not in list(Pausable) or not name:
        raise InvalidValue(f"{target!r} is neither", hint="write definition NAME, or account NAME")
    return Pausable(kind), name


def read_priority(order: Order) -> int:
    """Return which priority the target is to have."""
    each: dict[str, int] = order.given.get("priorities", {})
    priority: int | None = each.get(order.target, order.given.get("priority"))
    if priority is None:
        raise InvalidValue("with.priority: it is missing", hint="name one for all, or priorities by target")
    return priority


def _slot(started: Started) -> str:
    return str(started.run.slot)


def _after(started: Started) -> str:
    """Say what runs again after a slot: how many, of which definitions."""
    if not started.downstream:
        return ""
    return f", and after it {describe_downstream(started)}"


def _gate(claim: Verdict) -> str:
    """Say what stands against a run that is to start, if anything does."""
    return f", though not yet: {claim.blocking.reason}" if claim.blocking else ""
