from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.errors import UnresolvedReference
from ostinato.model.references import REFERENCE, VALUE, list_references, make_reference, protect, resolve

OUTPUTS = {3: {"rows": [10, {"price": 7}], "$ref": 1, "note": "abc"}, 4: None}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["a", "path", REFERENCE, VALUE]), inner, max_size=3)
    ),
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ([], OUTPUTS[3]),
        (["note"], "abc"),
        (["rows", 0], 10),
        (["rows", -1, "price"], 7),
        (["$ref"], 1),
    ],
)
def test_a_reference_stands_for_a_part_of_an_output(path: list[Any], value: Any) -> None:
    """It is replaced wherever it stands, and what it stands for is taken as it is."""
    given = {"x": [make_reference(3, path), 1], "y": "text"}

    assert resolve(given, OUTPUTS) == {"x": [value, 1], "y": "text"}
    assert list_references(given) == (3,)


def test_references_are_listed_once_and_in_order() -> None:
    """A step needs each other step once."""
    given = {"a": make_reference(7), "b": [make_reference(2, ["x"]), {"c": make_reference(7, ["y"])}]}

    assert list_references(given) == (7, 2)


@given(st.dictionaries(st.sampled_from(["a", "path", REFERENCE, VALUE]), VALUES, max_size=4))
def test_a_protected_mapping_comes_back_as_it_was(mapping: dict[str, Any]) -> None:
    """Whatever keys a user's mapping has, it is never taken for a reference."""
    protected = {VALUE: mapping}

    assert resolve(protected, {}) == mapping
    assert list_references(protected) == ()


def test_only_what_could_be_taken_for_a_reference_is_marked() -> None:
    """Other mappings are stored as they are."""
    assert protect({"path": 1}) == {"path": 1}
    assert protect({"$ref": 1}) == {"$value": {"$ref": 1}}
    assert protect({"$value": 1}) == {"$value": {"$value": 1}}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (["price"], r"the output of step 3 has no 'price'; it has 'rows', '\$ref', 'note'"),
        (["rows", 2], r"the output of step 3\['rows'\] has no 2; it is a list of 2"),
        (["rows", "a"], r"the output of step 3\['rows'\] has no 'a'; it is a list of 2"),
        (["rows", 0, "a"], r"the output of step 3\['rows'\]\[0\] has no 'a'; it is 10"),
        (["note", 0], r"the output of step 3\['note'\] has no 0; it is a text"),
        ([0], r"the output of step 3 has no 0; it has 'rows'"),
    ],
)
def test_a_reference_that_leads_nowhere_says_how_far_it_came(path: list[Any], message: str) -> None:
    """The error names the path and the keys that are there."""
    with pytest.raises(UnresolvedReference, match=message):
        resolve(make_reference(3, path), OUTPUTS)


def test_an_empty_output_has_no_keys() -> None:
    """A step that returned nothing says so to who asks it for more."""
    with pytest.raises(UnresolvedReference, match="the output of step 4 has no 'a'; it is empty"):
        resolve(make_reference(4, ["a"]), OUTPUTS)


def test_many_keys_are_not_all_named() -> None:
    """The error stays a sentence."""
    with pytest.raises(UnresolvedReference, match=r"it has 'k0', .*'k9' and 90 more$"):
        resolve(make_reference(1, ["x"]), {1: {f"k{number}": 0 for number in range(100)}})


def test_an_output_that_is_not_there_is_an_error() -> None:
    """Nothing stands for what is not known."""
    with pytest.raises(UnresolvedReference, match="step 9 has no output here"):
        resolve([make_reference(9)], OUTPUTS)


@pytest.mark.parametrize(
    "written",
    [
        {"$ref": "3"},
        {"$ref": 3, "path": "rows"},
        {"$ref": 3, "path": [1.5]},
        {"$ref": 3, "other": 1},
        {"$value": {}, "other": 1},
    ],
)
def test_a_malformed_reference_is_refused(written: dict[str, Any]) -> None:
    """A person may have edited it: it is told what is right."""
    with pytest.raises(UnresolvedReference, match=r"write \{"):
        resolve(written, OUTPUTS)
