"""A definition depends on every definition that writes what it reads, and on no other."""

from __future__ import annotations

from ostinato.engine.context import Context, Desired
from ostinato.model.definitions import Dependency
from ostinato.model.engine import Changes, StepOutcome
from ostinato.policies.dependencies import derive_dependencies
from ostinato.store import definitions, journal, slots
from ostinato.store.database import Tx
from ostinato.store.dialects import take_turn

STEP = "ensure_definition_dependencies_exist"


def ensure_definition_dependencies_exist(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Derive the dependencies anew when a declaration has changed, and wake the slots whose wait has changed."""
    take_turn(tx)
    declared = journal.get_revision(tx, "declared")
    if journal.get_revision(tx, "dependencies") == declared:
        return StepOutcome(STEP)
    wanted = set(derive_dependencies(row.declared for row in definitions.list_definitions(tx)))
    standing = set(definitions.list_dependencies(tx))
    obsolete, missing = _ordered(standing - wanted), _ordered(wanted - standing)
    definitions.remove_dependencies(tx, obsolete)
    definitions.add_dependencies(tx, missing)
    concerned = {edge.definition for edge in (*obsolete, *missing)}
    if concerned:
        slots.wake_slots(tx, definitions=concerned, now=context.now)
    journal.set_revision(tx, "dependencies", declared)
    context.changes.rows["dependencies"] = Changes(add=_names(missing), remove=_names(obsolete))
    return StepOutcome(STEP, examined=len(wanted), changed=len(obsolete) + len(missing))


def _ordered(dependencies: set[Dependency]) -> list[Dependency]:
    return sorted(dependencies, key=lambda edge: (edge.definition, edge.upstream))


def _names(dependencies: list[Dependency]) -> tuple[str, ...]:
    return tuple(f"{edge.definition} ← {edge.upstream}" for edge in dependencies)
