"""Dependencies: which definition waits for which, derived from what each reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ostinato.model.definitions import DeclaredDefinition, Dependency
from ostinato.policies import circles


def derive_dependencies(definitions: Iterable[DeclaredDefinition]) -> tuple[Dependency, ...]:
    """Return a dependency for each pair of definitions of which one reads what the other writes.

    A definition that reads what it writes itself depends on itself: on its own previous slot. The order is that of
    ``definitions``, and of what each reads.
    """
    known = list(definitions)
    writers: dict[str, list[str]] = {}
    for definition in known:
        for data in dict.fromkeys(definition.writes_to):
            writers.setdefault(data, []).append(definition.name)
    return tuple(dependency for definition in known for dependency in _derive(definition, writers))


def find_circle(dependencies: Iterable[Dependency]) -> tuple[str, ...] | None:
    """Return the definitions of one circle, or ``None``: each depends on the next, and the last on the first.

    A definition that depends on itself alone is no circle.
    """
    upstreams: dict[str, list[str]] = {}
    for dependency in dependencies:
        if dependency.upstream != dependency.definition:
            upstreams.setdefault(dependency.definition, []).append(dependency.upstream)
    return circles.find_circle(upstreams)


def _derive(definition: DeclaredDefinition, writers: dict[str, list[str]]) -> Iterator[Dependency]:
    through: dict[str, list[str]] = {}
    for data in dict.fromkeys(definition.reads_from):
        for upstream in writers.get(data, ()):
            through.setdefault(upstream, []).append(data)
    for upstream, data_between in through.items():
        yield Dependency(definition.name, upstream, tuple(data_between))
