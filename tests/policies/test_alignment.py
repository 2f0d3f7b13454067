"""Rows follow their sources, and no broken or shrunken source takes rows with it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.policies.alignment import Load, RemovalLimit, SourcePlan, Standing, plan_alignment

NO_LIMIT = RemovalLimit(confirmed=True)


@dataclass(frozen=True)
class Row:
    """A declared row: its key and the version of its content."""

    key: str
    version: str = "v1"


def load(source: str, *rows: Row, error: str = "") -> Load[Row]:
    """Make what a source declares."""
    return Load(source, {row.key: row for row in rows}, error)


def plan(
    loads: list[Load[Row]], standing: dict[str, Standing], limit: RemovalLimit = NO_LIMIT
) -> dict[str, SourcePlan[Row]]:
    """Plan, and return the plan of each source by name."""
    versions = {(one.source, key): row.version for one in loads for key, row in one.rows.items()}
    return {one.source: one for one in plan_alignment(loads, standing, versions, limit)}


def test_rows_are_added_changed_and_removed_as_declared() -> None:
    """What is declared alike is left alone."""
    standing = {"a": Standing("f", "v1"), "b": Standing("f", "v1"), "c": Standing("f", "v1")}

    result = plan([load("f", Row("a"), Row("b", "v2"), Row("d"))], standing)["f"]

    assert (result.add, result.change, result.remove) == ((Row("d"),), (Row("b", "v2"),), ("c",))


def test_a_source_that_failed_keeps_its_rows() -> None:
    """Its error is handed on; nothing is removed."""
    result = plan([load("f", error="line 3: …")], {"a": Standing("f", "v1")})["f"]

    assert (result.error, result.remove) == ("line 3: …", ())


def test_a_source_removes_only_its_own_rows() -> None:
    """An empty source next to a full one takes nothing of it."""
    standing = {"a": Standing("f", "v1"), "b": Standing("g", "v1")}

    result = plan([load("f"), load("g", Row("b"))], standing)

    assert result["f"].remove == ("a",)
    assert result["g"].remove == ()


def test_a_source_that_is_declared_no_longer_takes_its_rows_with_it() -> None:
    """The rows of a source that stands in no configuration any more are removed like any other."""
    assert plan([], {"a": Standing("gone", "v1")})["gone"].remove == ("a",)


def test_a_row_that_moves_to_another_source_is_changed_and_not_removed() -> None:
    """Moving a definition from one file to another keeps its slots and runs."""
    result = plan([load("f"), load("g", Row("a"))], {"a": Standing("f", "v1")})

    assert result["f"].remove == ()
    assert result["g"].change == (Row("a"),)


def test_what_two_sources_declare_is_an_error_of_the_second() -> None:
    """The first stays in force; the second changes nothing at all until it is mended."""
    result = plan([load("f", Row("a")), load("g", Row("a"), Row("b"))], {})

    assert result["f"].add == (Row("a"),)
    assert result["g"].add == ()
    assert result["g"].error == "a is declared by f too; declare it once"


def test_a_row_of_a_failed_source_cannot_be_taken_over() -> None:
    """Nobody knows whether the failed source still declares it."""
    result = plan([load("f", error="broken"), load("g", Row("a"))], {"a": Standing("f", "v1")})

    assert "declared by f too" in result["g"].error


@pytest.mark.parametrize(
    ("owned", "removed", "held"),
    [(100, 21, True), (100, 20, False), (10, 3, False), (10, 4, True), (4, 4, True), (3, 3, False)],
)
def test_a_load_that_would_remove_too_much_is_held_back_as_a_whole(owned: int, removed: int, held: bool) -> None:
    """More than the share and more than the number: nothing of that load happens until it is confirmed."""
    standing = {f"k{number}": Standing("f", "v1") for number in range(owned)}
    kept = [Row(f"k{number}") for number in range(removed, owned)]

    result = plan([load("f", *kept, Row("new"))], standing, RemovalLimit())["f"]

    assert bool(result.held_back) == held
    assert len(result.remove) == (0 if held else removed)
    assert len(result.add) == (0 if held else 1)


sources = st.lists(
    st.tuples(
        st.sampled_from("fgh"),
        st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["v1", "v2"])),
        st.booleans(),
    ),
    unique_by=lambda one: one[0],
)
rows = st.dictionaries(st.sampled_from("abcdef"), st.builds(Standing, st.sampled_from("fghi"), st.just("v1")))


@given(sources, rows)
def test_following_the_plans_makes_rows_true_and_a_second_time_changes_nothing(
    declared: list[tuple[str, dict[str, str], bool]], standing: dict[str, Standing]
) -> None:
    """Whatever is declared: no plan touches a row of a failed source, and the outcome needs no further change."""
    loads = [
        load(name, *(Row(key, version) for key, version in content.items()), error="broken" if broken else "")
        for name, content, broken in declared
    ]
    failed = {one.source for one in loads if one.error}

    after = dict(standing)
    for source, result in plan(loads, standing).items():
        for key in result.remove:
            assert standing[key].source == source
            assert source not in failed
            del after[key]
        for row in (*result.add, *result.change):
            after[row.key] = Standing(source, row.version)
    again = plan(loads, after).values()

    assert {key: row for key, row in standing.items() if row.source in failed}.items() <= after.items()
    assert not any(one.add or one.change or one.remove for one in again)
