from __future__ import annotations

import graphlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.policies.circles import find_circle


@pytest.mark.parametrize(
    ("waits_for", "circle"),
    [
        ({}, None),
        ({"a": ["b"], "b": ["c"]}, None),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, None),
        ({"a": ["a"]}, ("a",)),
        ({"x": ["a"], "a": ["c"], "b": ["a"], "c": ["b"]}, ("a", "c", "b")),
    ],
)
def test_a_circle_is_named_without_what_leads_to_it(
    waits_for: dict[str, list[str]], circle: tuple[str, ...] | None
) -> None:
    """Each waits for the next, and the last for the first."""
    assert find_circle(waits_for) == circle


names = st.sampled_from("abcdef")


@given(st.dictionaries(names, st.lists(names, max_size=3)))
def test_a_circle_is_found_where_there_is_one(waits_for: dict[str, list[str]]) -> None:
    """The standard library's sorter agrees, and what is found is a circle."""
    circle = find_circle(waits_for)

    try:
        graphlib.TopologicalSorter(waits_for).prepare()
    except graphlib.CycleError:
        assert circle is not None
        assert all(after in waits_for[name] for name, after in zip(circle, (*circle[1:], circle[0]), strict=True))
    else:
        assert circle is None
