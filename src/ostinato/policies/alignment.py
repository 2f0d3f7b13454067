"""How rows follow their declarations: what each source adds, changes and removes, and what is held back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Load(Generic[T]):
    """What one source declares, by key; or, with ``error``, that it could not be loaded."""

    source: str
    rows: Mapping[str, T] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A row as it stands: which source owns it, and the version of its content."""

    source: str
    version: str


@dataclass(frozen=True, slots=True)
class RemovalLimit:
    """A load that would remove more than ``share`` of its source's rows, and more than ``more_than``, is held back."""

    share: float = 0.2
    more_than: int = 3
    confirmed: bool = False

    def refuses(self, removed: int, owned: int) -> bool:
        """Tell whether removing ``removed`` of ``owned`` rows wants a confirmation."""
        return not self.confirmed and removed > self.more_than and removed > self.share * owned


@dataclass(frozen=True, slots=True)
class SourcePlan(Generic[T]):
    """What a source's load does to the rows. ``error`` or ``held_back`` says why it does nothing."""

    source: str
    declared: int
    add: tuple[T, ...] = ()
    change: tuple[T, ...] = ()
    remove: tuple[str, ...] = ()
    error: str = ""
    held_back: str = ""


def plan_alignment(
    loads: Sequence[Load[T]],
    standing: Mapping[str, Standing],
    versions: Mapping[tuple[str, str], str],
    limit: RemovalLimit,
) -> list[SourcePlan[T]]:
    """Compare what sources declare with what stands, and say source by source what is to be done.

    ``versions`` gives the content version of each declared row by (source, key). A source that failed keeps its
    rows. A key that two sources declare belongs to the first of them; the second is an error as a whole. A row whose
    source is declared no longer goes, unless another source declares it now. Removals beyond ``limit`` hold the
    whole load back.
    """
    owners = _owners(loads, standing)
    gone = sorted({row.source for row in standing.values()} - {load.source for load in loads})
    plans = [_plan_source(load, standing, versions, owners, limit) for load in loads]
    return plans + [_plan_source(Load(source), standing, versions, owners, limit) for source in gone]


def _owners(loads: Sequence[Load[T]], standing: Mapping[str, Standing]) -> dict[str, str]:
    failed = {load.source for load in loads if load.error}
    owners = {key: row.source for key, row in standing.items() if row.source in failed}
    for load in loads:
        for key in load.rows:
            owners.setdefault(key, load.source)
    return owners


def _plan_source(
    load: Load[T],
    standing: Mapping[str, Standing],
    versions: Mapping[tuple[str, str], str],
    owners: Mapping[str, str],
    limit: RemovalLimit,
) -> SourcePlan[T]:
    declared = len(load.rows)
    if load.error:
        return SourcePlan(load.source, declared, error=load.error)
    foreign = [key for key in load.rows if owners[key] != load.source]
    if foreign:
        return SourcePlan(load.source, declared, error=_describe_foreign(foreign, owners))
    owned = [key for key, row in standing.items() if row.source == load.source]
    remove = tuple(sorted(key for key in owned if key not in owners))
    if limit.refuses(len(remove), len(owned)):
        return SourcePlan(load.source, declared, held_back=_describe_removal(remove, len(owned)))
    changed = [
        row
        for key, row in load.rows.items()
        if key in standing and standing[key] != Standing(load.source, versions[load.source, key])
    ]
    added = [row for key, row in load.rows.items() if key not in standing]
    return SourcePlan(load.source, declared, tuple(added), tuple(changed), remove)


def _describe_foreign(keys: Sequence[str], owners: Mapping[str, str]) -> str:
    first = keys[0]
    others = f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
    return f"{first}{others} is declared by {owners[first]} too; declare it once"


def _describe_removal(keys: Iterable[str], owned: int) -> str:
    names = list(keys)
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return f"would remove {len(names)} of {owned}: {shown}; confirm with: ostinato apply --confirm-removals"
