"""What the two steps that follow declarations share: the states of sources, and what goes with removed rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ostinato.engine.context import Context
from ostinato.model.engine import SourceState
from ostinato.policies.alignment import SourcePlan
from ostinato.store import journal
from ostinato.store.database import Tx


def keep_states(tx: Tx, kind: str, plans: Sequence[SourcePlan[Any]], context: Context) -> None:
    """Store how each source fared, where that differs from what is stored, and note it in the pass's changes."""
    known = {state.name: state for state in journal.list_source_states(tx) if state.kind == kind}
    for plan in plans:
        if plan.held_back:
            context.changes.held_back.append(f"{plan.source}: {plan.held_back}")
        if plan.error:
            context.changes.errors.append(f"{plan.source}: {plan.error}")
        before = known.get(plan.source)
        if before is None or _differs(before, plan):
            journal.keep_source_state(tx, _state(kind, plan, context))
    journal.remove_source_states(tx, kind=kind, keep=[plan.source for plan in plans if _stands(plan)])


def follow(context: Context, removed: tuple[int, int]) -> None:
    """Note how many slots and runs go with removed rows."""
    context.changes.removed_slots += removed[0]
    context.changes.removed_runs += removed[1]


def _differs(before: SourceState, plan: SourcePlan[Any]) -> bool:
    changed = plan.add or plan.change or plan.remove
    return bool(changed) or (before.rows, before.error, before.held_back) != (
        plan.declared,
        plan.error,
        plan.held_back,
    )


def _state(kind: str, plan: SourcePlan[Any], context: Context) -> SourceState:
    return SourceState(
        name=plan.source,
        kind=kind,
        rows=plan.declared,
        loaded_at=context.now,
        succeeded_at=None if plan.error else context.now,
        error=plan.error,
        held_back=plan.held_back,
    )


def _stands(plan: SourcePlan[Any]) -> bool:
    """Tell whether a source still has something to say: it is declared, or its removal is held back."""
    return bool(plan.declared or plan.error or plan.held_back)
