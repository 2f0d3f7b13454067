"""Decisions: what directors have decided about runs is recorded here, each under its lease, and none twice.

All decisions that are due together are recorded in one transaction, kind by kind: what it costs grows with the kinds
of change, not with the runs. Every run counts the decisions recorded about it, so an agent that did not hear whether
a commit succeeded sends the same again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from sqlalchemy import bindparam, insert, update

from ostinato.errors import IllegalTransition
from ostinato.model.changes import Change, EventSettled, PlanMade, RulesMade, RunMoved, StepChanged, TryFailed
from ostinato.model.runs import RunRules
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import Step
from ostinato.model.transitions import Party
from ostinato.store import schema as t
from ostinato.store.claims import HeldMove, move_held_runs
from ostinato.store.database import Tx
from ostinato.store.events import next_due_at, settle_events
from ostinato.store.leases import LockedRun, lock_runs
from ostinato.store.plans import keep_survival, store_steps, tell_misplaced, write_steps
from ostinato.store.prepared import Prepared
from ostinato.store.rules import note_rules
from ostinato.store.step_rows import error_to_json, to_storable

_COUNT = Prepared(update(t.runs).where(t.runs.c.id == bindparam("of_run")).values(decision=bindparam("recorded")))
_KEEP_TRY = insert(t.tries)
_RESTING = (RunStatus.SUSPENDED, RunStatus.PAUSED)


@dataclass(frozen=True, slots=True)
class Recording:
    """What was decided about a run, to be recorded under a lease.

    ``decision`` is how many decisions about the run were recorded before this one.
    """

    run_id: int
    lease_token: int
    decision: int
    changes: tuple[Change, ...]

    @property
    def takes_turn(self) -> bool:
        """Tell whether the run leaves its agent for nothing but its singleton."""
        return any(isinstance(change, RunMoved) and change.takes_turn for change in self.changes)

    @property
    def lets_go(self) -> bool:
        """Tell whether the run leaves its agent by it."""
        return any(isinstance(change, RunMoved) for change in self.changes)


@dataclass(slots=True)
class _Changes:
    """The changes of many decisions, each with its run, by kind and in order."""

    plans: list[tuple[int, PlanMade]] = field(default_factory=list)
    rules: list[tuple[int, RunRules]] = field(default_factory=list)
    steps: list[tuple[int, StepChanged]] = field(default_factory=list)
    tries: list[tuple[int, TryFailed]] = field(default_factory=list)
    events: list[tuple[int, EventSettled]] = field(default_factory=list)
    moves: list[tuple[int, RunMoved]] = field(default_factory=list)


def record(tx: Tx, recordings: Sequence[Recording], *, actor: str, now: datetime) -> frozenset[int]:
    """Record decisions, and return the runs of which nothing was recorded because the lease is gone.

    A decision that was recorded before under the same lease is not written again. Raises ``IllegalTransition`` when a
    change does not follow from what is stored: then the director knows another run than the store, which is a bug.
    """
    if not recordings:
        return frozenset()
    locked = lock_runs(tx, {recording.run_id for recording in recordings})
    fresh, refused = _sort_out(recordings, locked)
    if fresh:
        recorded = {recording.run_id: recording.decision + 1 for recording in fresh}
        _COUNT.change(tx, [{"of_run": run_id, "recorded": count} for run_id, count in recorded.items()])
        changes = _sort_by_kind(fresh)
        _write_plans(tx, changes)
        _write_steps(tx, changes.steps)
        _note_rules(tx, changes, locked)
        _keep_tries(tx, changes.tries)
        settle_events(tx, changes.events, now=now)
        _move_runs(tx, changes.moves, locked, actor=actor, now=now)
    return refused


def _sort_out(
    recordings: Sequence[Recording], locked: Mapping[int, LockedRun]
) -> tuple[list[Recording], frozenset[int]]:
    """Return the recordings that are new, by run and in their order, and the runs whose lease is gone."""
    fresh: list[Recording] = []
    refused: set[int] = set()
    recorded = {run.id: run.decision for run in locked.values()}
    for recording in sorted(recordings, key=lambda recording: (recording.run_id, recording.decision)):
        run = locked.get(recording.run_id)
        if run is None or run.lease_token != recording.lease_token:
            refused.add(recording.run_id)
        elif recording.decision == recorded[run.id] and run.status is RunStatus.RUNNING:
            fresh.append(recording)
            recorded[run.id] += 1
        elif recording.decision >= recorded[run.id]:
            refused.add(run.id)
    return fresh, frozenset(refused)


def _sort_by_kind(recordings: Sequence[Recording]) -> _Changes:
    changes = _Changes()
    for recording in recordings:
        for change in recording.changes:
            match change:
                case StepChanged():
                    changes.steps.append((recording.run_id, change))
                case PlanMade():
                    changes.plans.append((recording.run_id, change))
                case RulesMade(rules):
                    changes.rules.append((recording.run_id, rules))
                case TryFailed():
                    changes.tries.append((recording.run_id, change))
                case EventSettled():
                    changes.events.append((recording.run_id, change))
                case RunMoved():
                    changes.moves.append((recording.run_id, change))
                case _:
                    assert_never(change)
    return changes


def _write_plans(tx: Tx, changes: _Changes) -> None:
    """Store new steps. Whether their run outlives its agent depends on the step that planned them as well."""
    if not changes.plans:
        return
    store_steps(tx, ((run_id, step) for run_id, plan in changes.plans for step in plan.steps))
    known: dict[int, dict[int, Step]] = {}
    for run_id, plan in changes.plans:
        known.setdefault(run_id, {}).update((step.number, step) for step in plan.steps)
    for run_id, change in changes.steps:
        if run_id in known:
            known[run_id][change.step.number] = change.step
    keep_survival(tx, {run_id: steps.values() for run_id, steps in known.items()})


def _write_steps(tx: Tx, changes: Sequence[tuple[int, StepChanged]]) -> None:
    if not write_steps(tx, changes, by=Party.AGENT):
        raise IllegalTransition(f"the store knows another plan than the director: {tell_misplaced(tx, changes)}")


def _note_rules(tx: Tx, changes: _Changes, locked: Mapping[int, LockedRun]) -> None:
    """Note what actions declare of runs. One that is to be cancelled waits for no singleton: it is let through."""
    moved = {run_id for run_id, _ in changes.moves}
    for run_id, rules in changes.rules:
        wanted = RunRules(rules.hooks) if locked[run_id].cancel_requested else rules
        note_rules(tx, run_id, wanted, stays=run_id not in moved)


def _keep_tries(tx: Tx, tries: Sequence[tuple[int, TryFailed]]) -> None:
    rows = [
        {"run_id": run_id, "step": failed.step, "number": failed.number, "error": error_to_json(failed.error)}
        | {"started_at": failed.started_at, "ended_at": failed.ended_at}
        for run_id, failed in tries
    ]
    if rows:
        tx.execute(_KEEP_TRY, rows)


def _move_runs(
    tx: Tx,
    moves: Sequence[tuple[int, RunMoved]],
    locked: Mapping[int, LockedRun],
    *,
    actor: str,
    now: datetime,
) -> None:
    if not moves:
        return
    due = next_due_at(tx, [run_id for run_id, move in moves if move.to is RunStatus.SUSPENDED])
    held_moves = [
        HeldMove(run.id, run.lease_token, _make_storable(_stay_awake(move, run, due.get(run.id), now)))
        for run, move in ((locked[run_id], move) for run_id, move in moves)
    ]
    move_held_runs(tx, held_moves, actor=actor, now=now)


def _stay_awake(move: RunMoved, run: LockedRun, due_at: datetime | None, now: datetime) -> RunMoved:
    """Have a run wait for an agent instead of resting when something came for it that its agent did not know of."""
    if move.to not in _RESTING:
        return move
    if run.cancel_requested:
        return RunMoved(RunStatus.WAITING, "it is to be cancelled")
    if move.to is not RunStatus.SUSPENDED or due_at is None:
        return move
    if due_at <= now:
        return RunMoved(RunStatus.WAITING, "an event came")
    return replace(move, wake_at=due_at if move.wake_at is None else min(due_at, move.wake_at))


def _make_storable(move: RunMoved) -> RunMoved:
    """Spell out what no database keeps: what a run says of its end is often what a failed program said."""
    evidence = move.evidence and replace(move.evidence, message=to_storable(move.evidence.message))
    return replace(move, cause=to_storable(move.cause), evidence=evidence, waits_for=to_storable(move.waits_for))
