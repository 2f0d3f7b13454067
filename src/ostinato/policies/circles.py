"""Circles: whether things that wait for one another ever get to begin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def find_circle(waits_for: Mapping[str, Iterable[str]]) -> tuple[str, ...] | None:
    """Return the names of one circle, or ``None``: each waits for the next, and the last for the first."""
    finished: set[str] = set()
    for start in waits_for:
        if start not in finished and (circle := _walk(start, waits_for, finished)):
            return circle
    return None


def _walk(start: str, waits_for: Mapping[str, Iterable[str]], finished: set[str]) -> tuple[str, ...] | None:
    """Walk from ``start``, depth first, until a name comes up that is already on the way."""
    way = {start: iter(waits_for[start])}
    while way:
        here, ahead = next(reversed(way.items()))
        name = next(ahead, None)
        if name is None:
            finished.add(here)
            del way[here]
        elif name in way:
            names = list(way)
            return tuple(names[names.index(name) :])
        elif name not in finished:
            way[name] = iter(waits_for.get(name, ()))
    return None
