from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ostinato import Action, action, concurrence, plan, sequence
from ostinato.actions.planner import MAX_NESTING
from ostinato.errors import PlanningError
from ostinato.testing.actions import plan_of


@action
def extract(table: str) -> dict[str, Any]:
    """Read a table."""
    return {"table": table, "rows": [1, 2]}


@action
def load(files: Any = None, day: date | None = None) -> int:
    """Take files."""
    return 3


class Publish(Action):
    """Plans, runs and finalizes."""

    queue = "web"

    def plan(self, table: str) -> None:
        file = extract(table=table)
        self.plan_self(rows=file["rows"])

    def run(self, rows: list[int]) -> int:
        return len(rows)

    def finalize(self, rows: list[int]) -> None: ...


UNTYPED: Any = extract


def planned(body: Callable[[], Any]) -> Any:
    """Plan what ``body`` does."""
    return plan_of(plan(body))


# --- data -------------------------------------------------------------------------------------------------------------


def test_using_an_output_makes_the_dependency() -> None:
    """Any key, index or attribute path of a reference, anywhere in an input, and nothing else."""

    def body() -> None:
        one, two = extract("a"), extract(table="b")
        load(files=[one, {"first": two["rows"][0], "second": two.rows}])  # type: ignore[attr-defined]
        load(files="none")

    steps = planned(body)

    assert list(steps) == ["body", "extract", "extract-2", "load", "load-2"]
    assert steps["load"].needs == ("extract", "extract-2")
    assert steps["load"].input == {
        "files": [
            {"$ref": 2, "path": []},
            {"first": {"$ref": 3, "path": ["rows", 0]}, "second": {"$ref": 3, "path": ["rows"]}},
        ]
    }
    assert steps["load-2"].needs == steps["load-2"].after == ()


def test_the_plan_is_a_graph() -> None:
    """B and C, which both use A, run side by side; 4, which uses 1 and 2, does not wait for 3."""

    def body() -> None:
        a = extract("a")
        load(a)
        load(a)
        one, two = extract("1"), extract("2")
        extract(one["table"])
        load([one, two])

    steps = planned(body)

    assert [steps[name].needs for name in ("load", "load-2")] == [("extract",), ("extract",)]
    assert steps["load-3"].needs == ("extract-2", "extract-3")
    assert all(step.after == () for step in steps.values())


def test_a_users_own_mapping_is_never_taken_for_a_reference() -> None:
    """Its key happens to be one of our marks."""
    steps = planned(lambda: load({"$ref": 2, "path": []}))

    assert steps["load"].needs == ()
    assert steps["load"].input == {"files": {"$value": {"$ref": 2, "path": []}}}


def test_a_mapping_with_our_mark_holds_no_references() -> None:
    """They would never be resolved, so they are refused."""

    def body() -> None:
        load({"$ref": extract("a")})

    with pytest.raises(PlanningError, match=r"load: input\.files\.\$ref: <output of extract> cannot stand here"):
        planned(body)


@pytest.mark.parametrize(
    ("misuse", "deed"),
    [
        (list, "looped over"),
        (len, "counted"),
        (bool, "asked whether it is true"),
        (lambda ref: f"{ref}", "made a text"),
        (str, "made a text"),
        (lambda ref: ref == 3, "compared"),
        (lambda ref: 3 in ref, "looped over"),
        (lambda ref: ref.rows.append(1), "called"),
    ],
)
def test_an_output_that_is_not_there_cannot_be_looked_into(misuse: Callable[[Any], Any], deed: str) -> None:
    """The sentence says what was tried, and what to do instead."""

    def body() -> None:
        misuse(extract("a"))

    with pytest.raises(PlanningError, match=rf"is not known while planning, so it cannot be {deed}\n  use it as input"):
        planned(body)


def test_a_reference_cannot_be_cut() -> None:
    """A slice is no path."""
    with pytest.raises(PlanningError, match="cannot be cut by slice"):
        planned(lambda: load(extract("a")["rows"][1:]))


def test_a_reference_of_another_plan_is_refused_by_name() -> None:
    """Also one that was kept from an earlier planning of the same function."""
    kept: list[Any] = []

    def keep() -> None:
        kept.append(extract("a"))

    planned(keep)
    with pytest.raises(PlanningError, match="load refers to extract, which belongs to another plan"):
        planned(lambda: load(kept[0]))
    with pytest.raises(PlanningError, match="load refers to extract, which belongs to another plan"):
        planned(lambda: load(after=kept))
    with pytest.raises(PlanningError, match="belongs to a plan, and cannot be the input of another"):
        plan_of(load, kept[0])


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (UNTYPED, r"^extract needs table$"),
        (lambda: UNTYPED(tabel="a"), r"^extract takes no 'tabel'\n  did you mean table"),
        (lambda: UNTYPED(table=3), r"^extract: input\.table: this should be a valid string"),
        (lambda: load(after=(), day="soon"), r"^load: input\.day: this should be a valid date"),
        (lambda: load([{"a": {1}}]), r"^load: input\.files\[0\]\.a: a set is not JSON"),
        (lambda: Publish(rows=[1]), r"^Publish takes no 'rows'"),
    ],
)
def test_arguments_are_checked_when_planning(misuse: Callable[[], Any], message: str) -> None:
    """Long before anything runs, with the names."""
    with pytest.raises(PlanningError, match=message):
        planned(named_body(misuse))


def test_what_a_plan_returns_must_be_json() -> None:
    """It is stored as its output."""
    with pytest.raises(PlanningError, match="body: output: a set is not JSON"):
        planned(named_body(lambda: {1}))


def named_body(function: Callable[[], Any]) -> Callable[[], Any]:
    """Return a plan function named body that does what ``function`` does."""

    def body() -> Any:
        return function()

    return body


def test_a_plan_that_uses_itself_for_ever_is_refused_by_name() -> None:
    """Before Python itself gives up."""

    @plan
    def endless(depth: int) -> None:
        endless(depth=depth + 1)

    with pytest.raises(PlanningError, match="plans use plans too deeply: endless-36 -> endless-37"):
        plan_of(endless, 1)


def test_a_plan_may_use_itself_as_often_as_it_needs() -> None:
    """A plan that halves its work ends."""

    @plan
    def halve(count: int) -> None:
        if count > 1:
            halve(count // 2)
            halve(count - count // 2)
        else:
            extract("a")

    assert len(plan_of(halve, 64).list_uses(extract)) == 64
    assert MAX_NESTING > 7


def test_an_action_plans_itself_once() -> None:
    """Its run is one step."""

    class Twice(Action):
        def plan(self) -> None:
            self.plan_self()
            self.plan_self()

        def run(self) -> None: ...

    with pytest.raises(PlanningError, match="Twice has planned itself already"):
        plan_of(Twice)


def test_only_the_action_that_plans_can_plan_itself() -> None:
    """Another one would end up in the wrong place of the tree."""

    class Foreign(Action):
        def plan(self) -> None:
            object.__new__(Publish).plan_self(rows=[])

        def run(self, rows: Any) -> None: ...

    with pytest.raises(PlanningError, match="Publish cannot plan itself while Foreign is planned"):
        plan_of(Foreign)


def test_an_error_in_the_plan_function_reaches_the_caller() -> None:
    """As it is."""

    def body() -> None:
        raise LookupError("no such table")

    with pytest.raises(LookupError, match="no such table"):
        planned(body)


def test_planning_ends_with_its_plan() -> None:
    """Also after an error: then calling an action is just calling it again."""

    def body() -> None:
        with sequence():
            raise LookupError

    with pytest.raises(LookupError):
        planned(body)
    assert extract("a") == {"table": "a", "rows": [1, 2]}


@pytest.mark.parametrize("word", [sequence, concurrence])
def test_blocks_are_for_plans(word: Callable[[], Any]) -> None:
    """Elsewhere there is nothing to order."""
    with pytest.raises(PlanningError, match="orders the actions of a plan, and no plan is being made here"):
        word()
