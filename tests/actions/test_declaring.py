from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import ostinato
from ostinato import Action, Fail, Pause, Polling, Skip, action, exponential, fixed, plan, series
from ostinato.actions.options import Singleton
from ostinato.actions.retries import read_duration
from ostinato.errors import PlanningError
from ostinato.model.definitions import RetryKind, RetryRule
from ostinato.model.steps import Rescue
from ostinato.testing.actions import plan_of


@action
def extract(table: str) -> str:
    """Read a table."""
    return table


def notify(change: Any) -> None:
    """Be a hook."""


def define_with(**options: Any) -> Any:
    """Define an action with options that no type checker would let pass."""
    return action(**options)(lambda: None)


# --- functions -------------------------------------------------------------------------------------------------------


def test_an_action_function_is_still_that_function() -> None:
    """Outside of a plan calling it just calls it, and it keeps its name and docstring."""
    assert extract("a") == extract(table="a") == "a"
    assert (extract.__name__, extract.__doc__) == ("extract", "Read a table.")  # type: ignore[attr-defined]
    assert extract.action.traits.name == f"{__name__}:extract"


def test_a_plan_cannot_be_called() -> None:
    """It is triggered, and the sentence says so."""

    @plan
    def refresh() -> None: ...

    with pytest.raises(PlanningError, match=r"refresh is a plan: it cannot be called\n  trigger it: trigger\(refresh"):
        refresh()


def test_what_does_nothing_when_called_is_refused() -> None:
    """Coroutines and generators only look like functions."""

    async def later() -> None: ...

    def bit_by_bit() -> Any:
        yield 1

    with pytest.raises(PlanningError, match="later is a coroutine or generator"):
        action(later)
    with pytest.raises(PlanningError, match="bit_by_bit is a coroutine or generator"):
        plan(bit_by_bit)
    with pytest.raises(PlanningError, match="3 is no function"):
        action(3)  # type: ignore[call-overload]


# --- classes ---------------------------------------------------------------------------------------------------------


def test_outside_of_a_plan_a_class_makes_an_instance() -> None:
    """Its methods can be tested as they are."""

    class Publish(Action):
        def run(self, x: int) -> int:
            self.output["seen"] = x
            return x + 1

    publish = Publish(x=1)

    assert publish.input == {"x": 1}
    assert publish.run(x=1) == 2
    assert publish.output == {"seen": 1}
    with pytest.raises(ostinato.errors.NotPossible, match="no step is being carried out here"):
        _ = publish.step


def test_an_action_has_no_constructor_of_its_own() -> None:
    """No agent could call it."""
    with pytest.raises(PlanningError, match="Publish has an __init__ of its own"):

        class Publish(Action):
            def __init__(self, x: int) -> None: ...

            def run(self) -> None: ...


def test_finalize_takes_what_run_takes() -> None:
    """It is given the same input."""
    with pytest.raises(PlanningError, match=r"Publish.finalize takes 'y', which its run does not"):

        class Publish(Action):
            def run(self, x: int) -> None: ...

            def finalize(self, y: int) -> None: ...


def test_an_action_that_defines_nothing_cannot_be_used() -> None:
    """It is a base for others."""

    class Base(Action):
        queue = "io"

    class Unfinished(Polling):
        pass

    with pytest.raises(PlanningError, match="Base does nothing"):
        plan_of(Base)
    with pytest.raises(PlanningError, match="Unfinished does not define is_done, poll, start"):
        plan_of(Unfinished)


def test_options_are_inherited() -> None:
    """A base may declare them for many."""

    class Base(Action):
        queue = "io"
        rescue = Fail

    class Load(Base):
        rescue = Skip

        def run(self) -> None: ...

    assert (Load.traits.options.queue, Load.traits.options.rescue) == ("io", Rescue.SKIP)


# --- options ---------------------------------------------------------------------------------------------------------


def test_options_are_read_in_the_words_in_which_people_write_them() -> None:
    """Texts for durations and strategies, classes for exceptions, functions for hooks."""
    options = define_with(
        retry_on=OSError,
        timeout="1h30m",
        rescue="skip",
        rescue_planned=Fail,
        singleton=True,
        hooks={"paused": notify, "failed": [notify]},
        idempotent=True,
    ).options

    assert options.retry_on == ("OSError",)
    assert options.timeout == timedelta(hours=1, minutes=30)
    assert (options.rescue, options.rescue_planned) == (Skip, Fail)
    assert options.singleton is Singleton.WAIT
    assert options.hooks == {"paused": (f"{__name__}:notify",), "failed": (f"{__name__}:notify",)}
    assert define_with(singleton="refuse").options.singleton is Singleton.REFUSE
    assert (extract.options.rescue, extract.options.singleton) == (Pause, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": 3}, "'retries' is no option\n  did you mean retry"),
        ({"retry": 3}, "retry: 3 is no retry rule"),
        ({"retry_on": ("OSError",)}, "retry_on: 'OSError' is no class of exceptions"),
        ({"timeout": "soon"}, "timeout: 'soon' is not a duration"),
        ({"timeout": 30}, "timeout: 30 is no duration"),
        ({"timeout": timedelta(-1)}, "timeout: a duration cannot be negative"),
        ({"queue": ""}, "queue: '' is no name of a queue"),
        ({"rescue": "ignore"}, "rescue: 'ignore' is no rescue strategy"),
        ({"idempotent": "yes"}, "idempotent: expected True or False"),
        ({"weight": 0}, "weight: a weight is a number above 0, not 0"),
        ({"weight": float("inf")}, "weight: a weight is a number above 0"),
        ({"singleton": "sometimes"}, "singleton: expected True, 'wait' or 'refuse'"),
        ({"hooks": {"pausing": notify}}, "hooks: 'pausing' is no status of a run\n  did you mean"),
        ({"session": 3}, "session: 3 cannot be called"),
        ({"middleware": (int,)}, "middleware: <class 'int'> is no class of middleware"),
        ({"subscribes_to": notify}, "is no action"),
    ],
    ids=lambda value: (
        next(iter(value)) + "=" + repr(next(iter(value.values())))[:12] if isinstance(value, dict) else ""
    ),
)
def test_options_are_checked_when_they_are_declared(options: dict[str, Any], message: str) -> None:
    """The sentence names the option and what would be right."""
    with pytest.raises(PlanningError, match=message):
        define_with(**options)
    if options.keys() & {"retries"}:
        with pytest.raises(PlanningError, match=message):
            extract.with_options(**options)


def test_retries_are_written_as_in_files() -> None:
    """The factories make the rules that the director follows."""
    minute = timedelta(minutes=1)

    assert fixed(3, "1m") == RetryRule(RetryKind.FIXED, attempts=3, base=minute)
    assert exponential(attempts=5, max="1h", jitter=0.5) == RetryRule(
        RetryKind.EXPONENTIAL, attempts=5, base=minute / 2, longest=60 * minute, jitter=0.5
    )
    assert series("1m", 5 * minute) == RetryRule(RetryKind.SERIES, waits=(minute, 5 * minute))
    assert read_duration("0s") == timedelta(0)


@pytest.mark.parametrize(
    "write",
    [lambda: fixed(0), lambda: exponential(3, factor=0.5), lambda: series("1m", jitter=-1)],
    ids=["attempts", "factor", "jitter"],
)
def test_retries_that_make_no_sense_are_refused(write: Callable[[], RetryRule]) -> None:
    """When they are written, not when something fails."""
    with pytest.raises(PlanningError):
        write()


# --- names -----------------------------------------------------------------------------------------------------------


def test_every_public_name_is_there() -> None:
    """What type checkers see is what is found."""
    assert set(ostinato._HOMES) | {"__version__"} == set(ostinato.__all__) == set(dir(ostinato))
    assert all(getattr(ostinato, name) is not None for name in ostinato.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'acton'"):
        _ = ostinato.acton


def test_importing_ostinato_costs_nothing() -> None:
    """Nothing of ours or of others is imported before it is used."""
    code = "import sys; before = set(sys.modules); import ostinato; print(sorted(set(sys.modules) - before))"
    imported = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert imported.strip() == "['__future__', 'ostinato']"
