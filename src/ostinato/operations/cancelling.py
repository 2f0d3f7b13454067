"""Cancelling: a run that nobody carries out is cancelled at once, one that is running by the agent that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ostinato.errors import NotPossible
from ostinato.model.runs import Run
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus
from ostinato.operations.absence import show
from ostinato.operations.names import get_run, get_slot, parse_run
from ostinato.operations.people import Person, note_change
from ostinato.store import runs
from ostinato.store.database import Tx
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A run that was cancelled or, when it is still ``running``, that its agent was asked to cancel."""

    run: Run

    @property
    def at_once(self) -> bool:
        """Tell whether the run has ended already."""
        return self.run.status is RunStatus.CANCELLED


def cancel(world: World, target: str, *, by: Person, reason: str = "") -> Cancelled:
    """Cancel a run, by its number or as the present run of a slot; no further attempt follows.

    ``NotPossible`` when there is nothing to cancel: no run, one that has ended, or one that was to be cancelled before.
    """
    now = world.clock.now()
    cause = f"cancelled by {by.name}" + (f": {reason}" if reason else "")
    with world.store.write() as tx:
        run = _find_target(tx, world, target, now)
        done = runs.cancel_run(tx, run_id=run.id, actor=by.name, cause=cause, now=now)
        if not done and not runs.request_cancel(tx, run_id=run.id, actor=by.name, reason=reason, now=now):
            raise _refuse(get_run(tx, run.id))
        note_change(tx, by, "cancel", _name(run), reason=reason, now=now)
        return Cancelled(get_run(tx, run.id))


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
        return NotPossible(f"{_name(run)} has ended already{ended}: {run.status}", hint=hint)
    asked = f" at {show(run.cancel_requested_at)}" if run.cancel_requested_at else ""
    return NotPossible(
        f"{run.cancel_requested_by or 'somebody'} has asked{asked} to cancel run {run.id}; its agent is about to do it",
        hint=f"how far it is: ostinato show {run.id}",
    )


def _name(run: Run) -> str:
    return f"run {run.id}" + (f" of {run.slot}" if run.slot else "")
