"""Definitions, their versions, and which depends on which."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, insert, select, update

from ostinato.model.definitions import DeclaredDefinition, Definition, Dependency
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import insert_or_skip
from ostinato.store.moves import chunks, lock_work
from ostinato.store.pausing import pause_row, resume_row
from ostinato.store.records import to_declared_definition, to_definition, to_spec


def list_definitions(tx: Tx) -> list[Definition]:
    """List all definitions by name."""
    return [to_definition(row) for row in tx.execute(select(t.definitions).order_by(t.definitions.c.name))]


def find_definition(tx: Tx, name: str) -> Definition | None:
    """Return the definition of that name, or ``None``."""
    row = tx.execute(select(t.definitions).where(t.definitions.c.name == name)).one_or_none()
    return None if row is None else to_definition(row)


def find_version(tx: Tx, name: str, version: str) -> DeclaredDefinition | None:
    """Return what was declared of a definition in one of its versions, or ``None``."""
    row = tx.execute(
        select(t.definition_versions.c.spec)
        .join(t.definitions)
        .where(t.definitions.c.name == name, t.definition_versions.c.version == version)
    ).one_or_none()
    return None if row is None else to_declared_definition(row.spec)


def count_definitions(tx: Tx) -> int:
    """Count all definitions."""
    return tx.execute(select(func.count()).select_from(t.definitions)).scalar_one()


def add_definitions(tx: Tx, declared: Sequence[DeclaredDefinition], *, source: str, now: datetime) -> None:
    """Add definitions that ``source`` declares, each with its first version."""
    if declared:
        tx.execute(
            insert(t.definitions),
            [_to_row(definition) | {"source": source, "created_at": now} for definition in declared],
        )
        _keep_versions(tx, declared, now=now)


def change_definitions(tx: Tx, declared: Sequence[DeclaredDefinition], *, source: str, now: datetime) -> None:
    """Bring definitions to what ``source`` declares now, and keep the new versions."""
    if declared:
        rows = [_to_row(definition) | {"source": source} for definition in declared]
        statement = update(t.definitions).where(t.definitions.c.name == bindparam("key"))
        tx.execute(
            statement.values({name: bindparam(f"new_{name}") for name in rows[0]}),
            [{"key": row["name"]} | {f"new_{name}": value for name, value in row.items()} for row in rows],
        )
        _keep_versions(tx, declared, now=now)


def remove_definitions(tx: Tx, names: Collection[str]) -> None:
    """Remove definitions with their lanes, slots, runs and history."""
    for part in chunks(names):
        ids = select(t.definitions.c.id).where(t.definitions.c.name.in_(part))
        lanes = select(t.lanes.c.id).where(t.lanes.c.definition_id.in_(ids))
        lock_work(tx, t.runs.c.definition_id.in_(ids), t.slots.c.lane_id.in_(lanes), to_remove=True)
        tx.execute(delete(t.definitions).where(t.definitions.c.name.in_(part)))


def lengthen_periods(tx: Tx, frequency: str, longest: timedelta) -> None:
    """Note that definitions of ``frequency`` have periods as long as ``longest``: it bounds the search for overlaps.

    The bound only grows, for slots of a former, longer frequency stay.
    """
    tx.execute(
        update(t.definitions)
        .where(t.definitions.c.frequency == frequency, t.definitions.c.longest_period < longest)
        .values(longest_period=longest)
    )


def pause_definition(tx: Tx, name: str, *, actor: str, reason: str, now: datetime) -> bool:
    """Let nothing of the definition start until it is resumed; ``False`` when it is paused already."""
    return pause_row(tx, t.definitions, t.definitions.c.name == name, actor=actor, reason=reason, now=now)


def resume_definition(tx: Tx, name: str) -> bool:
    """End the pause of a definition; ``False`` when it is not paused."""
    return resume_row(tx, t.definitions, t.definitions.c.name == name)


def list_dependencies(tx: Tx) -> list[Dependency]:
    """List all dependencies, by definition and upstream."""
    definition, upstream = t.definitions.alias("definition"), t.definitions.alias("upstream")
    rows = tx.execute(
        select(definition.c.name, upstream.c.name.label("upstream"), t.dependencies.c.through)
        .select_from(t.dependencies)
        .join(definition, definition.c.id == t.dependencies.c.definition_id)
        .join(upstream, upstream.c.id == t.dependencies.c.upstream_id)
        .order_by(definition.c.name, upstream.c.name)
    )
    return [Dependency(row.name, row.upstream, tuple(row.through)) for row in rows]


def add_dependencies(tx: Tx, dependencies: Sequence[Dependency]) -> None:
    """Add dependencies between definitions that exist."""
    if dependencies:
        ids = _ids(tx)
        tx.execute(
            insert(t.dependencies),
            [
                {"definition_id": ids[edge.definition], "upstream_id": ids[edge.upstream]}
                | {"through": list(edge.through)}
                for edge in dependencies
            ],
        )


def remove_dependencies(tx: Tx, dependencies: Sequence[Dependency]) -> None:
    """Remove dependencies; what has been removed already is passed over."""
    if dependencies:
        ids = _ids(tx)
        tx.execute(
            delete(t.dependencies).where(
                t.dependencies.c.definition_id == bindparam("definition"),
                t.dependencies.c.upstream_id == bindparam("upstream"),
            ),
            [{"definition": ids[edge.definition], "upstream": ids[edge.upstream]} for edge in dependencies],
        )


def _ids(tx: Tx) -> dict[str, int]:
    return {row.name: row.id for row in tx.execute(select(t.definitions.c.name, t.definitions.c.id))}


def _keep_versions(tx: Tx, declared: Sequence[DeclaredDefinition], *, now: datetime) -> None:
    ids = _ids(tx)
    tx.execute(
        insert_or_skip(tx, t.definition_versions),
        [
            {"definition_id": ids[definition.name], "version": definition.version, "created_at": now}
            | {"spec": to_spec(definition)}
            for definition in declared
        ],
    )


def _to_row(definition: DeclaredDefinition) -> dict[str, object]:
    return {
        "name": definition.name,
        "matrix": definition.matrix,
        "frequency": definition.frequency,
        "time_zone": definition.time_zone,
        "starts_on": definition.starts_on,
        "ends_on": definition.ends_on,
        "start_kind": definition.start.kind,
        "delay": definition.start.delay,
        "active": definition.active,
        "concurrency": definition.concurrency,
        "uses": dict(definition.uses) or None,
        "spec": to_spec(definition),
        "version": definition.version,
    }
