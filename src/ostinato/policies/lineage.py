"""Lineage: what definitions read and write as a graph in layers, and where each node of it is drawn.

The layers follow the longest way from what nobody writes; within a layer a node stands near what it is joined with.
The same declarations are laid out the same way each time. A definition that reads what it writes itself is marked so:
there are no circles, and none is drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

LAYER_WIDTH = 260
ROW_HEIGHT = 56
SWEEPS = 8
"""How often the layers are gone through, there and back, to bring together what is joined."""


class NodeKind(StrEnum):
    """What a node stands for."""

    DEFINITION = "definition"
    DATA = "data"


class Node(NamedTuple):
    """One definition, or the data that definitions read and write."""

    kind: NodeKind
    name: str

    @property
    def id(self) -> str:
        """Return what names it among all nodes."""
        return f"{self.kind}:{self.name}"


class Edge(NamedTuple):
    """A definition writes data, or reads it."""

    source: Node
    target: Node


class Reading(NamedTuple):
    """What a definition reads and writes."""

    name: str
    reads_from: tuple[str, ...]
    writes_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is drawn: the middle of it, in pixels, from the left and from the top."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """The graph, laid out.

    ``ranks`` tells of each definition how many others stand one behind the other before it. ``reads_itself`` are the
    definitions that read what they write.
    """

    places: Mapping[Node, Place]
    edges: tuple[Edge, ...]
    ranks: Mapping[str, int]
    reads_itself: frozenset[str]

    def order(self) -> list[str]:
        """Return the definitions in the order of the lineage: what comes before is on the left, what is joined near."""
        places = {node.name: place for node, place in self.places.items() if node.kind is NodeKind.DEFINITION}
        return sorted(places, key=lambda name: (self.ranks[name], places[name].y, name))


def trace_lineage(definitions: Iterable[Reading]) -> Lineage:
    """Lay out what these definitions read and write. They are without circles, but for what reads itself."""
    known = sorted(definitions)
    writers: dict[str, list[str]] = defaultdict(list)
    for one in known:
        for data in one.writes_to:
            writers[data].append(one.name)
    edges = tuple(dict.fromkeys(edge for one in known for edge in _list_edges(one, writers)))
    upstreams = {
        one.name: {name for data in one.reads_from for name in writers.get(data, ()) if name != one.name}
        for one in known
    }
    nodes = {Node(NodeKind.DEFINITION, one.name) for one in known} | {node for edge in edges for node in edge}
    return Lineage(
        places=_lay_out(sorted(nodes), edges),
        edges=edges,
        ranks=_rank(upstreams),
        reads_itself=frozenset(one.name for one in known if set(one.reads_from) & set(one.writes_to)),
    )


def _list_edges(one: Reading, writers: Mapping[str, Sequence[str]]) -> Iterator[Edge]:
    """Yield the edges of a definition. Of data that it both reads and writes it is drawn only on one side.

    That is as a reader if others write it as well, for it waits for these.
    """
    here = Node(NodeKind.DEFINITION, one.name)
    for data in one.reads_from:
        if data not in one.writes_to or len(writers[data]) > 1:
            yield Edge(Node(NodeKind.DATA, data), here)
    for data in one.writes_to:
        if data not in one.reads_from or len(writers[data]) == 1:
            yield Edge(here, Node(NodeKind.DATA, data))


def _rank(before: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Return how many stand one behind the other before each, at most."""
    waiting = {name: set(others) for name, others in before.items()}
    after: dict[str, list[str]] = defaultdict(list)
    for name, others in waiting.items():
        for other in others:
            after[other].append(name)
    ranks = dict.fromkeys(waiting, 0)
    free = [name for name, others in waiting.items() if not others]
    for name in free:
        for later in after[name]:
            ranks[later] = max(ranks[later], ranks[name] + 1)
            waiting[later].discard(name)
            if not waiting[later]:
                free.append(later)
    return ranks


def _lay_out(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[Node, Place]:
    before, after = _neighbours(nodes, edges)
    layers = _cut(nodes, before, after)
    for sweep in range(SWEEPS):
        beside = before if sweep % 2 == 0 else after
        position = {node: _middle(row, len(layer)) for layer in layers for row, node in enumerate(layer)}
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            layer.sort(key=lambda node: (_mean(position, beside[node], position[node]), node))
            position |= {node: _middle(row, len(layer)) for row, node in enumerate(layer)}
    return _place(layers, before, after)


def _neighbours(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    before: dict[Node, list[Node]] = {node: [] for node in nodes}
    after: dict[Node, list[Node]] = {node: [] for node in nodes}
    for edge in edges:
        before[edge.target].append(edge.source)
        after[edge.source].append(edge.target)
    return before, after


def _cut(
    nodes: Sequence[Node], before: Mapping[Node, list[Node]], after: Mapping[Node, list[Node]]
) -> list[list[Node]]:
    """Cut the graph into layers. What nobody writes stands right before the first that reads it."""
    by_id = {node.id: node for node in nodes}
    ranks = _rank({node.id: [one.id for one in before[node]] for node in nodes})
    layer_of = {by_id[id]: rank for id, rank in ranks.items()}
    for node in nodes:
        if not before[node] and after[node]:
            layer_of[node] = min(layer_of[one] for one in after[node]) - 1
    layers: list[list[Node]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for node in nodes:
        layers[layer_of[node]].append(node)
    return layers


def _place(
    layers: Sequence[Sequence[Node]], before: Mapping[Node, list[Node]], after: Mapping[Node, list[Node]]
) -> dict[Node, Place]:
    """Keep the order within each layer, and draw every node as near to its neighbours as the others let it."""
    y = {node: _middle(row, len(layer)) for layer in layers for row, node in enumerate(layer)}
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [_mean(y, [*before[node], *after[node]], y[node]) for node in layer]
            y |= dict(zip(layer, _push_apart(wanted), strict=True))
    top = min(y.values(), default=0.0)
    return {
        node: Place(index * LAYER_WIDTH, round((y[node] - top) * ROW_HEIGHT))
        for index, layer in enumerate(layers)
        for node in layer
    }


def _push_apart(wanted: Sequence[float]) -> list[float]:
    """Move heights apart, in their order, until each is one row from the next; their mean stays where it was."""
    heights: list[float] = []
    for height in wanted:
        heights.append(height if not heights else max(height, heights[-1] + 1))
    shift = (sum(wanted) - sum(heights)) / len(heights) if heights else 0.0
    return [height + shift for height in heights]


def _middle(row: int, rows: int) -> float:
    """Return the height of a row among so many, counted from their middle."""
    return row - (rows - 1) / 2


def _mean(position: Mapping[Node, float], nodes: Sequence[Node], otherwise: float) -> float:
    return sum(position[node] for node in nodes) / len(nodes) if nodes else otherwise
