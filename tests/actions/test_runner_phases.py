from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ostinato import Action, action, plan
from ostinato.actions.runner import perform
from ostinato.clock import ManualClock
from ostinato.errors import NotPossible
from ostinato.model.runs import RunRules
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import Phase, Step, StepError
from ostinato.model.work import Failed, Succeeded, WorkItem, WorkKind
from ostinato.testing.actions import LocalServices, run_action

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


@action
def add(left: int, right: int) -> int:
    """Add two numbers."""
    return left + right


@plan
def twice(number: int) -> int:
    """Add a number to itself, then that to itself."""
    once = add(number, number)
    return add(once, once)


@plan
def broken(number: int) -> None:
    """Fail while planning."""
    raise LookupError("no such table")


class Publish(Action):
    """Finalizes with what it put out."""

    def run(self, name: str, day: date) -> dict[str, str]:
        return {"published": name}

    def finalize(self, day: date) -> None:
        session: list[Any] = self.step.session
        session.append((self.output["published"], day))
        if self.output["published"] == "broken":
            raise ValueError("the table is locked")


LEDGER: list[Any] = []


@contextlib.contextmanager
def ledger() -> Iterator[list[Any]]:
    """Keep what is noted in it if all goes well, and nothing else."""
    noted: list[Any] = []
    yield noted
    LEDGER.extend(noted)


@plan(session=ledger)
def publish_all(names: list[str]) -> None:
    """Have a session around all finalize steps."""
    for name in names:
        Publish(name=name, day=date(2026, 1, 2))


def carry_out(kind: WorkKind, step: Step, **values: Any) -> Any:
    """Carry out a work item of an action that can be found by its name."""
    return perform(WorkItem(1, kind, step, "default", **values), LocalServices(ManualClock(NOON)))


def failed_as(outcome: object) -> StepError:
    """Return the error of an outcome that must be a failure."""
    assert isinstance(outcome, Failed)
    return outcome.error


# --- planning ---------------------------------------------------------------------------------------------------------


def test_a_plan_step_is_planned_on_the_agent() -> None:
    """The steps from 2 on are its outcome, and what the plan returned is its output."""
    step = Step(1, "nightly", twice.action.traits.name, Phase.PLAN, input={"number": 3})

    outcome = carry_out(WorkKind.PLAN, step)

    assert isinstance(outcome, Succeeded)
    assert outcome.output == {"$ref": 3, "path": []}
    assert [(one.number, one.name, one.parent) for one in outcome.planned] == [(2, "add", 1), (3, "add-2", 1)]


@pytest.mark.parametrize(
    ("target", "given", "message"),
    [
        (broken, {"number": 3}, "no such table"),
        (twice, {}, "twice needs number"),
        (twice, {"number": "x"}, r"input.number: this should be a valid integer"),
    ],
    ids=["raises", "missing", "type"],
)
def test_a_planning_error_is_an_error_of_the_plan_step(target: Any, given: Any, message: str) -> None:
    """The plan function's own, or what is wrong with its input."""
    error = failed_as(carry_out(WorkKind.PLAN, Step(1, "x", target.action.traits.name, Phase.PLAN, input=given)))

    assert error.message.startswith(message)


# --- what actions declare of runs -------------------------------------------------------------------------------------


def tell(change: Any) -> None:
    """Be a hook."""


@plan(singleton="refuse", singleton_key=lambda day: day.year, hooks={"failed": tell})
def close_year(day: date) -> None:
    """Fail for years that are not over."""
    if day.year > 2025:
        raise ValueError("the year is not over")
    add(day.year, 1)


def plan_with(target: Any, given: Any) -> Any:
    """Carry out the planning of ``target`` with this input."""
    return carry_out(WorkKind.PLAN, Step(1, "x", target.action.traits.name, Phase.PLAN, input=given))


def test_planning_tells_what_the_action_declares_of_its_run() -> None:
    """The key is computed of the typed input; an action that declares nothing has no rules."""
    declared = plan_with(close_year, {"day": "2025-12-31"}).rules

    assert declared == RunRules({RunStatus.FAILED: (f"{__name__}:tell",)}, f"{__name__}:close_year 2025", refuses=True)
    assert not plan_with(publish_all, {"names": ["a"]}).rules


def test_planning_that_fails_tells_the_hooks_all_the_same() -> None:
    """Whether the plan function raises, or the input does not even fit."""
    for given in ({"day": "2026-12-31"}, {"day": "never"}):
        outcome = plan_with(close_year, given)

        assert isinstance(outcome, Failed)
        assert outcome.rules == RunRules({RunStatus.FAILED: (f"{__name__}:tell",)})


# --- finalizing -------------------------------------------------------------------------------------------------------


def finalize(names: list[str]) -> Any:
    """Run and finalize the plan ``publish_all``."""
    root = Step(1, "x", publish_all.action.traits.name, Phase.PLAN, input={"names": names})
    steps = carry_out(WorkKind.PLAN, root).planned
    outputs = {step.number: carry_out(WorkKind.RUN, step).output for step in steps if step.phase is Phase.RUN}
    last = tuple(step for step in steps if step.phase is Phase.FINALIZE)
    return carry_out(WorkKind.FINALIZE, last[0], steps=last, outputs=outputs), last


@pytest.fixture
def written() -> Iterator[list[Any]]:
    """Give what is kept in the ledger."""
    LEDGER.clear()
    yield LEDGER
    LEDGER.clear()


def test_all_finalize_in_order_in_one_session(written: list[Any]) -> None:
    """Each is given what it names of its input, and the output of its run."""
    outcome, _ = finalize(["a", "b"])

    assert outcome == Succeeded()
    assert written == [("a", date(2026, 1, 2)), ("b", date(2026, 1, 2))]


def test_an_error_in_finalizing_rolls_all_of_it_back(written: list[Any]) -> None:
    """The outcome says which step failed."""
    outcome, steps = finalize(["a", "broken", "b"])

    assert failed_as(outcome).message == "the table is locked"
    assert outcome.step == steps[1].number
    assert written == []


def test_finalizing_can_be_tried_in_a_session_of_ones_own() -> None:
    """It is as the caller lends it, and stays open: what was written can be looked at, and be rolled back."""
    run = run_action(Publish, "a", date(2026, 1, 2))
    with sqlite3.connect(":memory:") as session:
        session.execute("CREATE TABLE published (name TEXT)")

        class Enter(Publish):
            def finalize(self, day: date) -> None:
                self.step.session.execute("INSERT INTO published VALUES (?)", [self.output["published"]])

        entered = run_action(Enter, "b", date(2026, 1, 2)).finalize(session=session)
        rows = session.execute("SELECT name FROM published").fetchall()
        session.rollback()
        left = session.execute("SELECT name FROM published").fetchall()
    noted: list[Any] = []

    assert (entered, rows, left) == (Succeeded(), [("b",)], [])
    assert run.finalize(session=noted) == Succeeded()
    assert noted == [("a", date(2026, 1, 2))]


def test_finalizing_that_fails_in_a_session_of_ones_own_says_why() -> None:
    """And leaves it to the caller what becomes of the session."""
    noted: list[Any] = []

    outcome = run_action(Publish, "broken", date(2026, 1, 2)).finalize(session=noted)

    assert failed_as(outcome).message == "the table is locked"
    assert noted == [("broken", date(2026, 1, 2))]


def test_a_step_cannot_suspend_while_it_is_finalized() -> None:
    """The others would wait for it within their transaction."""

    class Publish(Action):
        def run(self) -> None: ...

        def finalize(self) -> None:
            self.step.suspend()

    outcome = run_action(Publish).finalize()

    assert failed_as(outcome).message == "a step cannot suspend itself while it is finalized"


def test_the_kit_finalizes_one_action(written: list[Any]) -> None:
    """With the output of its run."""
    seen: list[Any] = []

    class Publish(Action):
        def run(self, x: int) -> list[int]:
            return [x]

        def finalize(self) -> None:
            seen.append((self.output, self.input))

    assert run_action(Publish, x=3).finalize() == Succeeded()
    assert seen == [([3], {"x": 3})]


@pytest.mark.parametrize(
    "deed",
    [lambda run: run.reach_timer(), lambda run: run.send("x"), lambda run: run.cancel()],
    ids=["timer", "event", "cancel"],
)
def test_the_kit_refuses_what_cannot_happen(deed: Callable[[Any], Any]) -> None:
    """A step that is not suspended gets no events."""
    with pytest.raises(NotPossible, match="the step is not suspended"):
        deed(run_action(add, 1, 2))
