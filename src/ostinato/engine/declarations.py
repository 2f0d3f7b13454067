"""What the two steps that follow declarations share: the states of sources, and what goes with removed rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ostinato.engine.context import Context
from ostinato.model.engine import SourceState
from ostinato.policies.alignment import Load, SourcePlan
from ostinato.store import journal
from ostinato.store.database import Tx


def keep_states(
    tx: Tx, kind: str, loads: Sequence[Load[Any]], plans: Sequence[SourcePlan[Any]], context: Context
) -> None:
    """Store how each source fared, where that differs from what is stored, and note it in the pass's changes.

    A source that is declared no longer is forgotten, unless the removal of its rows is held back.
    """
    known = {state.name: state for state in journal.list_source_states(tx) if state.kind == kind}
    declared = {load.source for load in loads}
    kept = [plan for plan in plans if plan.source in declared or plan.held_back]
    for plan in kept:
        if plan.held_back:
            context.changes.held_back.append(f"{plan.source}: {plan.held_back}")
        if plan.error:
            context.changes.errors.append(f"{plan.source}: {plan.error}")
        before = known.get(plan.source)
        state = _state(kind, plan, before, context)
        if before is None or _changes(plan) or _told(before) != _told(state):
            journal.keep_source_state(tx, state)
    journal.remove_source_states(tx, kind=kind, keep=[plan.source for plan in kept])


def follow(context: Context, removed: tuple[int, int]) -> None:
    """Note how many slots and runs go with removed rows."""
    context.changes.removed_slots += removed[0]
    context.changes.removed_runs += removed[1]


def _changes(plan: SourcePlan[Any]) -> bool:
    return bool(plan.add or plan.change or plan.remove)


def _told(state: SourceState) -> tuple[int, str, str]:
    return state.rows, state.error, state.held_back


def _state(kind: str, plan: SourcePlan[Any], before: SourceState | None, context: Context) -> SourceState:
    """Return the state to store; a source that could not be loaded still has the rows it had."""
    rows_before = before.rows if before else 0
    return SourceState(
        name=plan.source,
        kind=kind,
        rows=rows_before if plan.error else plan.declared,
        loaded_at=context.now,
        succeeded_at=None if plan.error else context.now,
        error=plan.error,
        held_back=plan.held_back,
    )
