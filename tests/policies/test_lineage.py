"""The lineage: layers, an order that can be read, and the same picture each time."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ostinato.policies.lineage import (
    LAYER_WIDTH,
    ROW_HEIGHT,
    Edge,
    Node,
    NodeKind,
    Reading,
    trace_lineage,
)


def definition(name: str) -> Node:
    """Return the node of a definition."""
    return Node(NodeKind.DEFINITION, name)


def data(name: str) -> Node:
    """Return the node of data."""
    return Node(NodeKind.DATA, name)


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    """Draw definitions without circles: each reads what those before it write, and perhaps what it writes itself."""
    names = [f"d{number}" for number in range(draw(st.integers(0, 9)))]
    found = []
    for number, name in enumerate(names):
        upstream = draw(st.lists(st.sampled_from([*names[: number + 1], "outside"]), unique=True, max_size=4))
        found.append(Reading(name, tuple(upstream), (name,) if draw(st.booleans()) else ()))
    return draw(st.permutations(found))


@given(readings())
def test_everything_leads_to_the_right(definitions: list[Reading]) -> None:
    """Every edge ends in a later layer than it begins, and no two nodes stand in one place."""
    lineage = trace_lineage(definitions)

    assert all(lineage.places[edge.source].x < lineage.places[edge.target].x for edge in lineage.edges)
    assert {node.name for node in lineage.places if node.kind is NodeKind.DEFINITION} == {
        one.name for one in definitions
    }
    by_layer: dict[int, list[int]] = {}
    for place in lineage.places.values():
        by_layer.setdefault(place.x, []).append(place.y)
    for heights in map(sorted, by_layer.values()):
        assert all(below - above >= ROW_HEIGHT - 1 for above, below in pairwise(heights))


@given(readings(), st.randoms())
def test_the_same_is_drawn_the_same(definitions: list[Reading], chance: random.Random) -> None:
    """In whatever order the definitions are given."""
    shuffled = list(definitions)
    chance.shuffle(shuffled)

    assert trace_lineage(shuffled) == trace_lineage(definitions)


@given(readings())
def test_what_is_waited_for_comes_before(definitions: list[Reading]) -> None:
    """In the order of the columns, whether or not they are neighbours."""
    order = trace_lineage(definitions).order()
    writers = {data: one.name for one in definitions for data in one.writes_to}

    for one in definitions:
        for upstream in {writers[data] for data in one.reads_from if data in writers} - {one.name}:
            assert order.index(upstream) < order.index(one.name)


def test_what_nobody_writes_stands_before_its_first_reader() -> None:
    """And not at the far left, where its edge would cross everything."""
    chain = [Reading("a", (), ("x",)), Reading("b", ("x",), ("y",)), Reading("c", ("y", "late"), ())]

    lineage = trace_lineage(chain)

    assert lineage.ranks == {"a": 0, "b": 1, "c": 2}
    assert lineage.places[definition("c")].x - lineage.places[data("late")].x == LAYER_WIDTH


def test_what_reads_itself_is_marked_and_not_drawn_as_a_circle() -> None:
    """It is drawn as the writer; where others write the same, as a reader of what they write."""
    alone = trace_lineage([Reading("total", ("total",), ("total",))])
    among = trace_lineage([Reading("load", (), ("total",)), Reading("sum", ("total",), ("total",))])

    assert alone.reads_itself == {"total"}
    assert alone.edges == (Edge(definition("total"), data("total")),)
    assert among.reads_itself == {"sum"}
    assert set(among.edges) == {Edge(definition("load"), data("total")), Edge(data("total"), definition("sum"))}
    assert among.ranks == {"load": 0, "sum": 1}


def test_neighbours_are_drawn_beside_each_other() -> None:
    """Chains that have nothing to do with one another do not cross."""
    chains = [
        Reading(f"{chain}{step}", (f"{chain}-{step - 1}",) if step else (), (f"{chain}-{step}",))
        for step in range(4)
        for chain in "dbca"
    ]

    places = trace_lineage(chains).places

    heights = {chain: {places[definition(f"{chain}{step}")].y for step in range(4)} for chain in "abcd"}
    assert all(len(one) == 1 for one in heights.values())
    assert len(set.union(*heights.values())) == 4


def test_nothing_is_an_empty_picture() -> None:
    """A project without definitions has a lineage too."""
    lineage = trace_lineage([])

    assert (lineage.places, lineage.edges, lineage.order()) == ({}, (), [])
