"""The definitions are those that the definition sources declare, and none waits for itself through others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ostinato.engine.context import Context, Desired
from ostinato.engine.declarations import follow, keep_states
from ostinato.model.definitions import DeclaredDefinition, Definition
from ostinato.model.engine import Changes, StepOutcome
from ostinato.policies.alignment import Load, RemovalLimit, SourcePlan, Standing, plan_alignment
from ostinato.policies.dependencies import derive_dependencies, find_circle
from ostinato.store import definitions, journal, slots
from ostinato.store.database import Tx
from ostinato.store.dialects import take_turn

Plans = list[SourcePlan[DeclaredDefinition]]


def ensure_definitions_exist(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Add, change and remove definitions as declared.

    A source that failed or is held back changes nothing; nor does one whose definitions would close a circle.
    """
    take_turn(tx)
    existing = {row.name: row for row in definitions.list_definitions(tx)}
    plans = _plan_without_circles(desired.definitions, existing, context.settings.removals)
    removed = [name for plan in plans for name in plan.remove]
    if removed:
        follow(context, slots.count_slots_of(tx, definitions=removed))
        definitions.remove_definitions(tx, removed)
        slots.wake_slots(tx, now=context.now)  # some waited for what is gone
    for plan in plans:
        definitions.change_definitions(tx, plan.change, source=plan.source, now=context.now)
        definitions.add_definitions(tx, plan.add, source=plan.source, now=context.now)
    keep_states(tx, "definitions", desired.definitions, plans, context)
    changes = Changes(
        add=tuple(row.name for plan in plans for row in plan.add),
        change=tuple(row.name for plan in plans for row in plan.change),
        remove=tuple(removed),
    )
    context.changes.rows["definitions"] = changes
    if changes.count:
        journal.raise_revision(tx, "declared")
        slots.wake_slots(tx, definitions=changes.change, now=context.now)
    return StepOutcome(
        "ensure_definitions_exist",
        examined=sum(plan.declared for plan in plans),
        changed=changes.count,
        blocked=sum(bool(plan.held_back) for plan in plans),
        failed=sum(bool(plan.error) for plan in plans),
    )


def _plan_without_circles(
    loads: Sequence[Load[DeclaredDefinition]], existing: Mapping[str, Definition], limit: RemovalLimit
) -> Plans:
    """Plan, and turn every load that would close a circle into a failed one."""
    standing = {name: Standing(row.source, row.version) for name, row in existing.items()}
    versions = {(load.source, key): row.version for load in loads for key, row in load.rows.items()}
    plans = plan_alignment(loads, standing, versions, limit)
    circle = find_circle(derive_dependencies(_outcome(plans, existing)))
    while circle is not None:
        guilty = {plan.source for plan in plans if any(row.name in circle for row in (*plan.add, *plan.change))}
        error = f"dependency circle: {' → '.join(circle)}"
        loads = [replace(load, rows={}, error=error) if load.source in guilty else load for load in loads]
        plans = plan_alignment(loads, standing, versions, limit)
        circle = find_circle(derive_dependencies(_outcome(plans, existing))) if guilty else None
    return plans


def _outcome(plans: Plans, existing: Mapping[str, Definition]) -> Iterable[DeclaredDefinition]:
    result = {name: row.declared for name, row in existing.items()}
    for plan in plans:
        for name in plan.remove:
            result.pop(name, None)
        result.update({row.name: row for row in (*plan.change, *plan.add)})
    return result.values()
