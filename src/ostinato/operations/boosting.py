"""Boosting: another priority for a run that waits, so that it is taken before others, or after them."""

from __future__ import annotations

from dataclasses import dataclass

from ostinato.errors import InvalidValue, NotPossible
from ostinato.model.runs import Run
from ostinato.operations import command_lines
from ostinato.operations.absence import show
from ostinato.operations.names import get_run, get_run_of, name_run
from ostinato.operations.people import Person, note_change
from ostinato.store import runs
from ostinato.store.leases import lock_runs
from ostinato.world import World

HIGHEST = 1_000_000
"""Priorities go as far up and down as those that definitions may declare."""


@dataclass(frozen=True, slots=True)
class Boosted:
    """A run that has another priority now than ``before``."""

    run: Run
    before: int


def boost(world: World, target: str, priority: int, *, by: Person, reason: str) -> Boosted:
    """Give a run another priority: of those that could be taken, runs of a higher one are taken first.

    ``target`` is the run's number, or a slot for its present run. It holds for this run, and not for a next attempt.
    ``NotPossible`` for a run that is running, has ended, or has that priority. ``InvalidValue`` without a reason: it
    overtakes the work of others.
    """
    if not reason.strip():
        raise InvalidValue("a boost wants a reason: others wait the longer for it", hint="say why")
    if not -HIGHEST <= priority <= HIGHEST:
        raise InvalidValue(f"{priority} is no priority", hint=f"take one from {-HIGHEST:,} to {HIGHEST:,}")
    now = world.clock.now()
    with world.store.write() as tx:
        run_id = get_run_of(tx, world, target, now=now).id
        lock_runs(tx, [run_id])
        run = get_run(tx, run_id)
        if run.priority == priority:
            raise NotPossible(f"{name_run(run)} has priority {priority} already", hint="name another one")
        if not runs.set_priority(tx, run.id, priority):
            raise _refuse(run)
        changed = f"{name_run(run)}: {run.priority} to {priority}"
        line = command_lines.simple("boost", target, "--priority", str(priority))
        note_change(tx, by, "boost", changed, line=line, reason=reason, now=now)
        return Boosted(get_run(tx, run.id), run.priority)


def _refuse(run: Run) -> NotPossible:
    if run.finished_at is not None:
        said = f"{name_run(run)} has ended at {show(run.finished_at)}: {run.status}"
        return NotPossible(said, hint=f"how it ended: ostinato show {run.id}")
    said = f"{name_run(run)} is {run.status} already, so nothing is before it any more"
    return NotPossible(said, hint=f"what it is doing: ostinato show {run.id}")
