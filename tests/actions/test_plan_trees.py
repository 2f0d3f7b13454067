from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from ostinato import Action, action, exponential, plan, sequence
from ostinato.errors import PlanningError
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import Phase, Rescue, StepRules
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


def planned(body: Callable[[], Any]) -> Any:
    """Plan what ``body`` does."""
    return plan_of(plan(body))


# --- the tree ---------------------------------------------------------------------------------------------------------


def test_the_root_is_a_plan_step_that_is_done() -> None:
    """What it returned is its output, with references where the rest will be known."""

    def body(day: str) -> dict[str, Any]:
        return {"rows": extract("a")["rows"], "day": date.fromisoformat(day)}

    steps = plan_of(plan(body), day="2026-01-02")
    root = steps["body"].step

    assert (root.number, root.phase, root.status, root.parent) == (1, Phase.PLAN, StepStatus.SUCCESS, None)
    assert root.input == {"day": "2026-01-02"}
    assert root.output == {"rows": {"$ref": 2, "path": ["rows"]}, "day": "2026-01-02"}


def test_an_action_alone_is_a_plan_of_one_step() -> None:
    """Its output is that of the plan."""
    steps = plan_of(extract, "a")

    assert list(steps) == ["extract", "extract.run"]
    assert steps["extract"].step.output == {"$ref": 2, "path": []}
    assert steps["extract.run"].input == {"table": "a"}


def test_an_action_that_plans_has_a_step_for_each_phase() -> None:
    """The steps that it plans are its own in the tree; finalizing needs what its run needed."""

    def body() -> None:
        load(Publish(table="a"))

    steps = planned(body)

    assert list(steps) == ["body", "Publish", "extract", "Publish.run", "Publish.finalize", "load"]
    assert [step.parent for step in steps.values()] == [None, "body", "Publish", "Publish", "Publish", "body"]
    assert steps.list_phase(Phase.FINALIZE) == ["Publish.finalize"]
    finalize = steps["Publish.finalize"]
    assert (finalize.step.action_step, finalize.needs) == (steps["Publish.run"].step.number, ("extract",))
    assert finalize.input == {"input": steps["Publish.run"].input, "session_of": None}
    assert steps["load"].needs == ("Publish.run",)


def test_a_plan_nests_with_its_own_order() -> None:
    """It is one member of a sequence, its body is a concurrence, and who comes after waits for all of it."""

    @plan
    def inner() -> None:
        extract("a")
        extract("b")

    def body() -> None:
        with sequence():
            load()
            done = inner()
            load()
        load(after=[done])

    steps = planned(body)

    assert steps["inner"].step.phase is Phase.PLAN
    assert [one.after for one in steps.list_uses(extract)] == [("load",), ("load",)]
    assert steps["load-2"].after == steps["load-3"].after == ("extract", "extract-2")


def test_a_plan_may_return_what_another_returned() -> None:
    """Also if that is nothing."""

    @plan
    def inner(count: int) -> Any:
        files = [extract("a") for _ in range(count)]
        return files or None

    assert planned(lambda: inner(1))["<lambda>"].step.output == [{"$ref": 3, "path": []}]
    assert planned(lambda: inner(0))["<lambda>"].step.output is None


def test_all_of_a_nested_plan_comes_after_what_it_is_put_after() -> None:
    """``after`` of a plan holds for each of its steps."""

    @plan
    def inner() -> None:
        with sequence():
            extract("a")
            extract("b")

    def body() -> None:
        inner(after=[load()])

    steps = planned(body)

    assert [one.after for one in steps.list_uses(extract)] == [("load",), ("extract",)]


def test_what_a_nested_plan_returns_may_be_used() -> None:
    """It is known as far as it holds no references."""

    @plan
    def inner() -> dict[str, Any]:
        return {"files": [extract(table) for table in "ab"], "count": 2}

    def body() -> None:
        found = inner()
        assert found["count"] == len(found["files"]) == 2
        load([file["rows"] for file in found["files"]])
        load(found)

    steps = planned(body)

    assert steps["load"].needs == steps["load-2"].needs == ("extract", "extract-2")


def test_a_nested_plan_that_returns_nothing_has_no_output() -> None:
    """The sentence says what to do about it."""

    @plan
    def inner() -> Any:
        extract("a")

    with pytest.raises(PlanningError, match="inner returns nothing, so there is no 'rows' to refer to"):
        planned(lambda: load(inner()["rows"]))
    with pytest.raises(PlanningError, match=r"load: input\.files: <output of inner> is nothing"):
        planned(lambda: load(inner()))


def test_values_reach_plan_functions_in_their_types() -> None:
    """Except where they hold references: those are not known yet."""
    seen: list[Any] = []

    @plan
    def inner(day: date, files: list[Any]) -> None:
        seen.extend([day, files[0]["rows"]])
        load(files, day=day)

    untyped: Any = inner

    def body(day: date) -> None:
        seen.append(day)
        untyped(day=day.isoformat(), files=[extract("a")])

    steps = plan_of(plan(body), day="2026-01-02")

    assert seen[:2] == [date(2026, 1, 2)] * 2
    assert repr(seen[2]) == "<output of extract>['rows']"
    assert steps["load"].needs == ("extract",)
    assert steps["inner"].needs == ()


def test_queues_come_from_the_nearest_planner() -> None:
    """The action's own, else that of the planner, else that of the run."""

    def body() -> None:
        extract("a")
        Publish(table="b")
        Publish.with_options(queue="other")(table="c")

    steps = planned(body)

    assert [steps[name].step.queue for name in ("extract", "extract-2", "extract-3")] == [None, "web", "other"]


def test_rules_are_those_of_the_action_and_of_the_use() -> None:
    """A planner's answer for its steps stands on its plan step."""

    @action(retry=exponential(attempts=3), retry_on=(OSError, KeyError), timeout="10m", rescue="skip", weight=2)
    def careful() -> None: ...

    @plan(rescue_planned=Rescue.FAIL)
    def body() -> None:
        careful()
        careful.with_options(name="quick", timeout="1s", retry=None)()

    steps = plan_of(body)
    rules = steps["careful"].step.rules

    assert (rules.retry.attempts, rules.retry_on, rules.timeout) == (3, ("OSError", "KeyError"), timedelta(minutes=10))
    assert (rules.rescue, rules.weight, rules.idempotent) == (Rescue.SKIP, 2.0, False)
    assert (steps["quick"].step.rules.timeout, steps["quick"].step.rules.retry.attempts) == (timedelta(seconds=1), 1)
    assert steps["body"].step.rules == StepRules(rescue_planned=Rescue.FAIL)


def test_names_are_unique() -> None:
    """Whatever they would be without."""

    def body() -> None:
        extract.with_options(name="extract-2")("a")
        extract("b")
        extract("c")
        extract.with_options(name="extract-2")("d")

    assert list(planned(body))[1:] == ["extract-2", "extract", "extract-3", "extract-2-2"]


# --- subscriptions ----------------------------------------------------------------------------------------------------


def test_a_subscriber_is_planned_with_the_same_arguments() -> None:
    """Whenever the action that it subscribes to is, side by side with it."""

    @action
    def sell(item: str) -> int:
        return 1

    @action(subscribes_to=sell)
    def bill(item: str) -> None: ...

    def body() -> None:
        with sequence():
            load()
            sold = sell(item="pen")
            load(sold)

    steps = planned(body)

    assert steps["bill"].input == {"item": "pen"}
    assert steps["bill"].after == steps["sell"].after == ("load",)
    assert steps["load-2"].after == ("bill",)
    assert list(plan_of(sell, "ink")) == ["sell", "sell.run", "bill"]


def test_subscribing_in_a_circle_is_refused_by_name() -> None:
    """Whoever plans one of them would never be done."""

    @action
    def ask() -> None: ...

    @action(subscribes_to=ask)
    def answer() -> None: ...

    class Again(Action):
        subscribes_to = answer

        def plan(self) -> None:
            ask()

        def run(self) -> None: ...

    with pytest.raises(PlanningError, match="actions subscribe in a circle: ask -> answer -> ask"):
        plan_of(ask)
