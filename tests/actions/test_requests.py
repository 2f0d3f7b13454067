from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ostinato import Action, action, plan
from ostinato.actions.names import name_callable
from ostinato.actions.registry import check_findable, find_action
from ostinato.actions.requests import PlanRequest, build_plan, make_request
from ostinato.errors import ActionNotFound, PlanningError
from ostinato.model.runs import RunRules
from ostinato.model.statuses import RunStatus


def notify(change: Any) -> None:
    """Be a hook."""


@action
def extract(table: str) -> str:
    """Put out what it is given."""
    return table


@plan(queue="io", singleton="refuse", singleton_key=lambda account: account, hooks={"failed": notify})
def refresh(account: str, day: date) -> None:
    """Use an action."""
    extract(account)


@plan(singleton=True)
def alone(day: date) -> None:
    """Be the only one of its kind."""


class Outer:
    """Holds an action."""

    class Inner(Action):
        """Is found by the path to it."""

        def run(self) -> None: ...


extract_under_another_name = extract


@plan
def hidden() -> None:
    """Use an action that agents cannot find."""

    @action
    def local() -> None: ...

    local()


def test_a_request_says_what_is_to_be_planned_and_how() -> None:
    """Its input is JSON; the key of a singleton is computed from the typed values."""
    request = make_request(refresh, ("acme",), {"day": date(2026, 1, 2)})

    assert request == PlanRequest(
        action=f"{__name__}:refresh",
        input={"account": "acme", "day": "2026-01-02"},
        queue="io",
        rules=RunRules({RunStatus.FAILED: (f"{__name__}:notify",)}, f'{__name__}:refresh "acme"', refuses=True),
    )
    assert make_request(f"{__name__}:refresh", ("acme",), {"day": "2026-01-02"}) == request


def test_a_singleton_without_a_key_is_one_for_all_inputs() -> None:
    """Its key is its name."""
    request = make_request(alone, (date(2026, 1, 2),))

    assert request.rules == RunRules(singleton_key=f"{__name__}:alone")
    assert not make_request(extract, ("a",)).rules


def test_a_request_protects_what_could_be_taken_for_a_reference() -> None:
    """The stored input of a plan step is read like any other."""

    @action
    def keep(given: dict[str, int]) -> None: ...

    request = make_request(keep, ({"$ref": 1},), storable=False)

    assert request.input == {"given": {"$value": {"$ref": 1}}}


@pytest.mark.parametrize(
    ("target", "args", "message"),
    [
        (refresh, (), "refresh needs account, day"),
        (refresh, ("acme", "soon"), r"refresh: input\.day: this should be a valid date"),
        (refresh, ("acme", {1}), r"refresh: input\.day: a set is not JSON"),
        (extract.with_options(queue="io"), ("a",), "has options of one use, and those are for uses within a plan"),
        (print, (), "<built-in function print> is no action"),
    ],
    ids=["missing", "type", "json", "use", "function"],
)
def test_what_cannot_be_planned_is_refused(target: object, args: tuple[Any, ...], message: str) -> None:
    """Before anything is stored."""
    with pytest.raises(PlanningError, match=message):
        make_request(target, args)


def test_actions_are_found_by_their_names() -> None:
    """Also within a class, and under the one name that they have."""
    assert find_action(f"{__name__}:extract") is extract.action
    assert find_action(f"{__name__}:Outer.Inner") is Outer.Inner
    check_findable(extract_under_another_name.action)
    check_findable(Outer.Inner)
    with pytest.raises(ActionNotFound, match="is no action, but function"):
        find_action(f"{__name__}:notify")


def test_what_agents_cannot_find_is_refused_with_a_hint() -> None:
    """Local actions, those of the program that was started, and those whose name means something else by now."""

    @action
    def local() -> None: ...

    class Main(Action):
        __module__ = "__main__"
        __qualname__ = "Main"

        def run(self) -> None: ...

    class Replaced(Action):
        __qualname__ = "extract"

        def run(self) -> None: ...

    class Gone(Action):
        __qualname__ = "Gone"

        def run(self) -> None: ...

    for target, message in (
        (local, "local is defined within a function, where agents cannot find it\n  define it at the top"),
        (Main, "Main is defined in the program that was started, where agents cannot find it\n  move it"),
        (Replaced, "names another action than the one that is used here"),
        (Gone, "Gone would not be found by an agent: cannot import .*: AttributeError"),
        (hidden, "local is defined within a function"),
    ):
        with pytest.raises(PlanningError, match=message):
            build_plan(target)


def test_a_hook_that_nobody_can_find_is_refused() -> None:
    """It would never be called."""
    refused = plan(hooks={"failed": lambda change: None})(lambda: None)

    with pytest.raises(PlanningError, match="is defined within a function"):
        make_request(refused)


def test_only_what_has_a_name_can_be_a_hook() -> None:
    """Agents call hooks by their names."""
    with pytest.raises(PlanningError, match="has no name"):
        name_callable(object())  # type: ignore[arg-type]
