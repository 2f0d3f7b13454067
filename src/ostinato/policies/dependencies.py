"""Dependencies: which definition waits for which, derived from what each reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ostinato.model.definitions import DeclaredDefinition, Dependency


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
    finished: set[str] = set()
    for start in upstreams:
        if start not in finished and (circle := _walk(start, upstreams, finished)):
            return circle
    return None


def _derive(definition: DeclaredDefinition, writers: dict[str, list[str]]) -> Iterator[Dependency]:
    through: dict[str, list[str]] = {}
    for data in dict.fromkeys(definition.reads_from):
        for upstream in writers.get(data, ()):
            through.setdefault(upstream, []).append(data)
    for upstream, data_between in through.items():
        yield Dependency(definition.name, upstream, tuple(data_between))


def _walk(start: str, upstreams: dict[str, list[str]], finished: set[str]) -> tuple[str, ...] | None:
    """Walk upstream from ``start``, depth first, until a definition comes up that is already on the way."""
    way = {start: iter(upstreams[start])}
    while way:
        here, ahead = next(reversed(way.items()))
        upstream = next(ahead, None)
        if upstream is None:
            finished.add(here)
            del way[here]
        elif upstream in way:
            names = list(way)
            return tuple(names[names.index(upstream) :])
        elif upstream not in finished:
            way[upstream] = iter(upstreams.get(upstream, ()))
    return None
