from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ostinato import Action, Middleware, action, plan, use_middleware
from ostinato.actions.hooks import StatusChange, call_hook
from ostinato.actions.middleware import Call, Next, drop_middleware, order_middleware
from ostinato.actions.requests import build_plan
from ostinato.errors import ActionNotFound, PlanningError
from ostinato.model.statuses import RunStatus
from ostinato.model.work import Suspended
from ostinato.testing.actions import run_action

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)

TOLD: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    """Forget what was told in other tests."""
    TOLD.clear()


class Outer(Middleware):
    """Tells what it surrounds."""

    def plan(self, call: Call, next: Next) -> Any:  # noqa: A002
        return self._tell(call, next)

    def run(self, call: Call, next: Next) -> Any:  # noqa: A002
        return self._tell(call, next)

    def finalize(self, call: Call, next: Next) -> Any:  # noqa: A002
        return self._tell(call, next)

    def hook(self, call: Call, next: Next) -> Any:  # noqa: A002
        return self._tell(call, next)

    def _tell(self, call: Call, inwards: Next) -> Any:
        name = type(self).__name__
        TOLD.append((name, call.kind, call.name.rpartition(":")[2]))
        returned = inwards(call)
        TOLD.append((name, "done"))
        return returned


class Inner(Outer):
    """Is surrounded by the other."""

    after = (Outer,)


class Instead(Outer):
    """Stands in the place of the other."""

    replaces = (Outer,)


class Before(Outer):
    """Surrounds the inner one."""

    before = (Inner,)


class Circular(Middleware):
    """Wants to be within what it surrounds."""

    before = (Inner,)
    after = (Inner,)


class Doubling(Middleware):
    """Changes what goes in and what comes out."""

    def run(self, call: Call, next: Next) -> Any:  # noqa: A002
        return next(replace(call, input={**call.input, "number": call.input["number"] * 2})) + call.context["more"]


@action(middleware=(Inner, Outer))
def load(number: int) -> int:
    """Put out what it is given."""
    TOLD.append("load")
    return number


@action(middleware=(Doubling,))
def double(number: int) -> int:
    """Put out what it is given."""
    return number


@plan(middleware=(Outer,))
def refresh() -> None:
    """Use an action."""
    TOLD.append("refresh")
    load(1)


def remember(change: StatusChange) -> None:
    """Be a hook."""
    TOLD.append((change.run_id, change.status))


def fail(change: StatusChange) -> None:
    """Be a hook that fails."""
    raise SystemExit(f"no mail server for {change.work}")


def test_middleware_surrounds_a_call_in_its_order() -> None:
    """Whatever the order in which it was given."""
    run_action(load, 1)

    assert TOLD == [
        ("Outer", "run", "load"),
        ("Inner", "run", "load"),
        "load",
        ("Inner", "done"),
        ("Outer", "done"),
    ]


def test_middleware_surrounds_planning() -> None:
    """Of each plan, on whatever machine."""
    build_plan(refresh, storable=False)

    assert TOLD == [("Outer", "plan", "refresh"), "refresh", ("Outer", "done")]


def test_middleware_surrounds_finalizing_and_each_call() -> None:
    """The kind of a call tells what it is."""

    class Publish(Action):
        middleware = (Outer,)

        def run(self) -> None:
            self.step.suspend()

        def on_event(self, event: Any) -> None: ...

        def on_cancel(self) -> None: ...

        def finalize(self) -> None: ...

    run = run_action(Publish)
    assert isinstance(run.outcome, Suspended)
    run.send("go")
    run.finalize()
    run.skip()
    run_action(Publish).cancel()

    kinds = [entry[1] for entry in TOLD if entry[1] != "done"]
    assert kinds == ["run", "event", "finalize", "skip", "run", "cancel"]


def test_middleware_may_change_input_and_output() -> None:
    """And sees what the caller wants carried along."""
    assert run_action(double, 3, context={"more": 100}).output == 106


def test_world_wide_middleware_surrounds_everything() -> None:
    """Until it is taken back; using it twice is using it once."""
    use_middleware(use_middleware(Before))
    try:
        run_action(double, 3, context={"more": 0})
    finally:
        drop_middleware(Before)
    run_action(double, 3, context={"more": 0})

    assert TOLD == [("Before", "run", "double"), ("Before", "done")]


@pytest.mark.parametrize(
    ("chosen", "order"),
    [
        ((Inner, Outer), (Outer, Inner)),
        ((Inner, Before, Outer), (Before, Outer, Inner)),
        ((Outer, Inner, Instead), (Inner, Instead)),
        ((Doubling, Inner, Doubling), (Doubling, Inner)),
        ((), ()),
    ],
    ids=["after", "before", "replaces", "twice", "none"],
)
def test_the_order_is_as_declared_and_else_as_given(chosen: Any, order: Any) -> None:
    """From the outside in."""
    assert order_middleware(chosen) == order


def test_a_circle_is_refused_by_name() -> None:
    """There is no order to it."""
    with pytest.raises(PlanningError, match=r"in a circle: (Inner -> Circular -> Inner|Circular -> Inner -> Circular)"):
        order_middleware((Inner, Circular))


# --- hooks -----------------------------------------------------------------------------------------------------------


def change(status: RunStatus = RunStatus.PAUSED, **values: Any) -> StatusChange:
    """Make the change of a run."""
    return StatusChange(7, "sales", status, NOON, **values)


def test_a_hook_is_called_by_its_name() -> None:
    """Within the world's middleware, with what has changed."""
    use_middleware(Outer)
    try:
        assert call_hook(f"{__name__}:remember", change(), {"user": "eva"}) is None
    finally:
        drop_middleware(Outer)

    assert TOLD == [("Outer", "hook", "remember"), (7, RunStatus.PAUSED), ("Outer", "done")]


def test_an_error_in_a_hook_is_returned_and_nothing_else() -> None:
    """Even one that would end the program."""
    error = call_hook(f"{__name__}:fail", change())

    assert error is not None
    assert (error.type, error.message) == ("SystemExit", "no mail server for sales")


def test_a_hook_that_cannot_be_imported_is_said_to_be_missing() -> None:
    """Another agent may have it."""
    with pytest.raises(ActionNotFound, match="cannot import nowhere:hook"):
        call_hook("nowhere:hook", change())


def test_what_is_surrounded_knows_the_context() -> None:
    """A mapping, empty unless the caller gave one."""
    seen: list[Mapping[str, Any]] = []

    class Seeing(Middleware):
        def run(self, call: Call, next: Next) -> Any:  # noqa: A002
            seen.append(call.context)
            return next(call)

    run_action(action(middleware=(Seeing,))(lambda: None))

    assert seen == [{}]
