from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.model.definitions import DeclaredDefinition, Dependency
from ostinato.policies.dependencies import derive_dependencies, find_circle


def make_definition(name: str, reads: str = "", writes: str = "") -> DeclaredDefinition:
    """Make a definition that reads and writes what is named, separated by blanks."""
    return DeclaredDefinition(name, ("true",), reads_from=tuple(reads.split()), writes_to=tuple(writes.split()))


def make_dependencies(*pairs: str) -> list[Dependency]:
    """Make a dependency of each pair ``ab``: a depends on b."""
    return [Dependency(pair[0], pair[1], ("data",)) for pair in pairs]


@pytest.mark.parametrize(
    ("definitions", "dependencies"),
    [
        ([], ()),
        ([("a", "x", "y")], ()),
        ([("a", "", "x"), ("b", "x", "")], (Dependency("b", "a", ("x",)),)),
        ([("b", "x", ""), ("a", "", "x")], (Dependency("b", "a", ("x",)),)),
        ([("a", "", "x y z"), ("b", "y w x", "")], (Dependency("b", "a", ("y", "x")),)),
        (
            [("a", "", "x"), ("b", "", "x"), ("c", "x", "")],
            (Dependency("c", "a", ("x",)), Dependency("c", "b", ("x",))),
        ),
        ([("a", "x", "x")], (Dependency("a", "a", ("x",)),)),
        ([("a", "x x", "x x")], (Dependency("a", "a", ("x",)),)),
        (
            [("a", "", "x"), ("b", "x y", "y")],
            (Dependency("b", "a", ("x",)), Dependency("b", "b", ("y",))),
        ),
    ],
)
def test_who_reads_depends_on_who_writes(
    definitions: list[tuple[str, str, str]], dependencies: tuple[Dependency, ...]
) -> None:
    """A dependency for each pair, through all data between them; on itself, where a definition reads its own."""
    assert derive_dependencies(make_definition(*each) for each in definitions) == dependencies


@pytest.mark.parametrize(
    ("pairs", "circle"),
    [
        ([], None),
        (["aa"], None),
        (["ab", "bc", "ac"], None),
        (["ab", "ac", "bd", "cd"], None),
        (["ab", "ba"], ("a", "b")),
        (["ab", "bc", "ca"], ("a", "b", "c")),
        (["xa", "ab", "bc", "cb", "aa"], ("b", "c")),
        (["ab", "ac", "cd", "dc"], ("c", "d")),
        (["ab", "cd", "dc", "ef", "fe"], ("c", "d")),
    ],
)
def test_a_circle_is_named_in_full_and_in_order(pairs: list[str], circle: tuple[str, ...] | None) -> None:
    """Each definition of a circle depends on the next; one on itself alone is none."""
    assert find_circle(make_dependencies(*pairs)) == circle


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_a_circle_is_found_if_and_only_if_there_is_one(pairs: list[tuple[int, int]]) -> None:
    """What is found is a circle; where none is found, taking away whoever depends on nothing leaves nobody."""
    dependencies = [Dependency(str(here), str(upstream), ()) for here, upstream in pairs]
    edges = {(each.definition, each.upstream) for each in dependencies if each.definition != each.upstream}

    circle = find_circle(dependencies)

    if circle is not None:
        assert len(set(circle)) == len(circle) >= 2
        assert edges.issuperset(zip(circle, (*circle[1:], circle[0]), strict=True))
    while circle is None and edges:
        waiting = {here for here, _ in edges}
        left = {(here, upstream) for here, upstream in edges if upstream in waiting}
        assert len(left) < len(edges)
        edges = left


def test_a_long_chain_takes_no_time() -> None:
    """The cost grows with the number of definitions, and depth is no limit."""
    count = 50_000
    definitions = [make_definition(f"d{n}", f"t{n}", f"t{n + 1}") for n in range(count)]
    began = time.perf_counter()

    chain = derive_dependencies(definitions)

    assert len(chain) == count - 1
    assert find_circle(chain) is None
    assert len(find_circle([*chain, Dependency("d0", f"d{count - 1}", ("t0",))]) or ()) == count
    assert time.perf_counter() - began < 10
