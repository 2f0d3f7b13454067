"""Lineage: what definitions read and write, laid out, with how each stands in a night."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ostinato.model.slots import SlotFace
from ostinato.operations.counting import Tally
from ostinato.operations.night import Nights
from ostinato.policies.lineage import Edge, Lineage, Node, NodeKind, Place
from ostinato.policies.risk import find_worst


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A definition with the slots that it has in the night, or data, which stand as the definitions that write them."""

    node: Node
    place: Place
    tally: Tally
    status: SlotFace | None
    reads_itself: bool


@dataclass(frozen=True, slots=True)
class DrawnLineage:
    """All of the lineage in the night of ``at``."""

    at: datetime
    nodes: tuple[DrawnNode, ...]
    edges: tuple[Edge, ...]


def find_lineage(nights: Nights, at: datetime | None = None) -> DrawnLineage:
    """Return the lineage, with the night of ``at``."""
    summary = nights.find_summary(at)
    lineage, names = summary.directory.lineage, summary.directory.definitions
    tallies = {names[id]: tally for id, tally in summary.tallies.columns.items()}
    nodes = tuple(_draw(node, place, lineage, tallies) for node, place in lineage.places.items())
    return DrawnLineage(summary.at, nodes, lineage.edges)


def _draw(node: Node, place: Place, lineage: Lineage, tallies: Mapping[str, Tally]) -> DrawnNode:
    if node.kind is NodeKind.DATA:
        writers = (edge.source.name for edge in lineage.edges if edge.target == node)
        return DrawnNode(node, place, Tally(), find_worst(_list_faces(writers, tallies)), reads_itself=False)
    tally, status = tallies.get(node.name, Tally()), find_worst(_list_faces([node.name], tallies))
    return DrawnNode(node, place, tally, status, reads_itself=node.name in lineage.reads_itself)


def _list_faces(names: Iterable[str], tallies: Mapping[str, Tally]) -> Iterable[SlotFace]:
    return (face for name in names if name in tallies for face in tallies[name].counts)
