from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from ostinato import action, concurrence, plan, sequence
from ostinato.actions.requests import build_plan
from ostinato.errors import PlanningError
from ostinato.model.steps import StepRules
from ostinato.testing.actions import plan_of


@action
def extract(table: str) -> dict[str, Any]:
    """Read a table."""
    return {"table": table, "rows": [1, 2]}


@action
def load(files: Any = None) -> int:
    """Take files."""
    return 3


def planned(body: Callable[[], Any]) -> Any:
    """Plan what ``body`` does."""
    return plan_of(plan(body))


def test_members_of_a_sequence_run_one_after_the_other() -> None:
    """Each waits for the one before it alone."""

    def body() -> None:
        with sequence():
            for table in "abc":
                extract(table)
        extract("d")

    steps = planned(body)

    assert [one.after for one in steps.list_uses(extract)] == [(), ("extract",), ("extract-2",), ()]


def test_blocks_nest() -> None:
    """A concurrence is one member of its sequence, and a sequence one of its concurrence."""

    def body() -> None:
        with sequence():
            extract("first")
            with concurrence():
                extract("left")
                with sequence():
                    extract("right 1")
                    extract("right 2")
            extract("last")

    steps = planned(body)

    assert [one.after for one in steps.list_uses(extract)] == [
        (),
        ("extract",),
        ("extract",),
        ("extract-3",),
        ("extract-2", "extract-4"),
    ]


def test_an_empty_block_orders_nothing() -> None:
    """A loop over nothing leaves no hole in the sequence."""

    def body() -> None:
        with sequence():
            extract("a")
            with concurrence():
                pass
            extract("b")

    assert planned(body)["extract-2"].after == ("extract",)


def test_what_needs_a_step_of_its_own_member_waits_for_that_alone() -> None:
    """The edge to the member before would say nothing new."""

    def body() -> None:
        with sequence():
            extract("a")
            with concurrence():
                load(extract("b"))

    steps = planned(body)

    assert (steps["load"].needs, steps["load"].after) == (("extract-2",), ())
    assert steps["extract-2"].after == ("extract",)


def test_what_needs_a_step_from_before_still_waits_for_its_turn() -> None:
    """Data from two members ago does not set the order aside."""

    def body() -> None:
        with sequence():
            one = extract("a")
            extract("b")
            load(one)

    steps = planned(body)

    assert (steps["load"].needs, steps["load"].after) == (("extract",), ("extract-2",))


def test_after_adds_a_plain_edge() -> None:
    """It takes references in lists, and none twice."""

    def body() -> None:
        one, two = extract("a"), extract("b")
        load(one, after=[two, [one, two]])

    steps = planned(body)

    assert (steps["load"].needs, steps["load"].after) == (("extract",), ("extract-2",))


def test_after_takes_references_alone() -> None:
    """A name would silently order nothing."""
    with pytest.raises(PlanningError, match="expected what using an action returns, not 'extract'"):
        planned(lambda: load(after=["extract"]))


def test_many_after_many_make_few_edges() -> None:
    """Of n steps followed by m steps, few edges are made: a step that does nothing stands in between."""

    def body() -> None:
        with sequence():
            for _ in range(3):
                with concurrence():
                    for _ in range(50):
                        extract("a")

    steps = planned(body)
    edges = sum(len(step.after) for step in steps.values())

    assert edges == 2 * (2 * 50 + 49)
    assert steps["join"].step.rules == StepRules(idempotent=True, weight=0.0)
    assert reachable_from(steps, "extract-150") >= {f"extract-{number}" for number in range(51, 101)}


def reachable_from(steps: Any, name: str) -> set[str]:
    """Return all that a step waits for, directly or not."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        for before in (*steps[ahead[-1]].needs, *steps[ahead.pop()].after):
            if before not in found:
                found.add(before)
                ahead.append(before)
    return found


def test_a_plan_of_many_steps_plans_quickly() -> None:
    """100,000 steps in a few seconds, with edges in proportion."""

    def body() -> None:
        with sequence():
            for _ in range(10):
                with concurrence():
                    for _ in range(10_000):
                        extract("a")

    started = time.process_time()
    steps = build_plan(plan(body), storable=False)

    assert time.process_time() - started < 30
    assert len(steps) == 1 + 100_000 + 9
    assert sum(len(step.after) for step in steps) < 300_000
