"""Halting: the end of a run whatever it does, at once; its slot does not run again until the halt is lifted."""

from __future__ import annotations

from dataclasses import dataclass

from ostinato.errors import NotPossible
from ostinato.model.runs import Run
from ostinato.operations import command_lines
from ostinato.operations.absence import show
from ostinato.operations.names import get_run, get_run_of, name_run
from ostinato.operations.people import Person, note_change
from ostinato.store import stopping
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class Halted:
    """A run that was halted, or whose halt was lifted: then ``run.halted_by`` is ``None``."""

    run: Run


def halt(world: World, target: str, *, by: Person, reason: str = "") -> Halted:
    """End a run and its children now, without asking the agents that carry them out.

    What comes of their work is not recorded any more, and they kill it as soon as they notice. ``target`` is the run's
    number, or a slot for its present run. ``NotPossible`` when it has ended.
    """
    now = world.clock.now()
    cause = f"halted by {by.name}" + (f": {reason}" if reason else "")
    with world.store.write() as tx:
        run = get_run_of(tx, world, target, now=now)
        if not stopping.halt_run(tx, run_id=run.id, actor=by.name, cause=cause, now=now):
            raise _refuse(get_run(tx, run.id))
        line = command_lines.simple("halt", target)
        note_change(tx, by, "halt", name_run(run), line=line, reason=reason, now=now)
        return Halted(get_run(tx, run.id))


def lift_halt(world: World, target: str, *, by: Person, reason: str = "") -> Halted:
    """Let the slot of a halted run be run again. ``NotPossible`` when it is not halted."""
    now = world.clock.now()
    with world.store.write() as tx:
        run = get_run_of(tx, world, target, now=now)
        if not stopping.lift_halt(tx, run_id=run.id):
            raise NotPossible(
                f"{name_run(run)} is not halted: it is {run.status}", hint=f"look: ostinato show {run.id}"
            )
        line = command_lines.simple("halt", target, "--lift")
        note_change(tx, by, "lift-halt", name_run(run), line=line, reason=reason, now=now)
        return Halted(get_run(tx, run.id))


def refuse_halted(run: Run) -> NotPossible:
    """Return the error for whoever wants to run again what was halted."""
    return NotPossible(
        f"{name_run(run)} was halted by {run.halted_by}: {run.reason}",
        hint=f"to let it run again: ostinato halt {run.id} --lift",
    )


def _refuse(run: Run) -> NotPossible:
    if run.halted_by is not None:
        return NotPossible(
            f"{name_run(run)} is halted already, by {run.halted_by}",
            hint=f"to let it run again: ostinato halt {run.id} --lift",
        )
    ended = f" at {show(run.finished_at)}" if run.finished_at else ""
    return NotPossible(
        f"{name_run(run)} has ended already{ended}: {run.status}", hint=f"how it ended: ostinato show {run.id}"
    )
