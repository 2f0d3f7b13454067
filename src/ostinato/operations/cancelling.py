"""Cancelling: a run that nobody carries out is cancelled at once, any other by the agent that has it or takes it up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ostinato.errors import NotPossible
from ostinato.model.runs import Run
from ostinato.model.statuses import FINAL_RUN_STATUSES, LIVE_RUN_STATUSES, RunStatus
from ostinato.operations import command_lines
from ostinato.operations.absence import show
from ostinato.operations.names import get_run, get_slot, name_run, parse_run
from ostinato.operations.people import Person, note_change
from ostinato.store import stopping
from ostinato.store.database import Tx
from ostinato.store.plan_lists import count_children_by_step
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A run that was cancelled, or that an agent was asked to cancel: its own, or the one that takes it up next.

    ``children`` is how many runs live that it has started; they are cancelled with it.
    """

    run: Run
    children: int = 0

    @property
    def at_once(self) -> bool:
        """Tell whether the run has ended already."""
        return self.run.status is RunStatus.CANCELLED


def cancel(world: World, target: str, *, by: Person, reason: str = "") -> Cancelled:
    """Cancel a run and those that it has started, by its number or as the present run of a slot; no attempt follows.

    ``NotPossible`` when there is nothing to cancel: no run, one that has ended, or one that was to be cancelled before.
    """
    now = world.clock.now()
    cause = f"cancelled by {by.name}" + (f": {reason}" if reason else "")
    with world.store.write() as tx:
        run = _find_target(tx, world, target, now)
        children = _count_live_children(tx, run)
        if not stopping.cancel_run(tx, run_id=run.id, actor=by.name, reason=reason, cause=cause, now=now):
            raise _refuse(get_run(tx, run.id))
        line = command_lines.simple("cancel", target)
        note_change(tx, by, "cancel", name_run(run), line=line, reason=reason, now=now)
        return Cancelled(get_run(tx, run.id), children)


def _count_live_children(tx: Tx, run: Run) -> int:
    counts = count_children_by_step(tx, run.id).values()
    return sum(count for by_status in counts for status, count in by_status.items() if status in LIVE_RUN_STATUSES)


def _find_target(tx: Tx, world: World, target: str, now: datetime) -> Run:
    run_id = parse_run(target)
    if run_id is None:
        slot = get_slot(tx, world, target, now=now)
        if slot.run_id is None:
            hint = f"to keep it from starting: ostinato pause definition {slot.name.definition}"
            raise NotPossible(f"{slot.name} has no run that could be cancelled", hint=hint)
        run_id = slot.run_id
    return get_run(tx, run_id)


def _refuse(run: Run) -> NotPossible:
    if run.status in FINAL_RUN_STATUSES:
        ended = f" at {show(run.finished_at)}" if run.finished_at else ""
        hint = f"how it ended: ostinato show {run.id}"
        return NotPossible(f"{name_run(run)} has ended already{ended}: {run.status}", hint=hint)
    asked = f" at {show(run.cancel_requested_at)}" if run.cancel_requested_at else ""
    return NotPossible(
        f"{run.cancel_requested_by or 'somebody'} has asked{asked} to cancel run {run.id}; its agent is about to do it",
        hint=f"how far it is: ostinato show {run.id}",
    )
