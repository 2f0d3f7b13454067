"""Actions as functions: ``@action`` for work, ``@plan`` for plans. Each makes an action class of its function."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import FunctionType
from typing import Any, NoReturn, ParamSpec, TypeVar, Unpack, overload

from ostinato.actions.action import Action
from ostinato.actions.options import ActionOptions, list_options
from ostinato.actions.uses import Use
from ostinato.documents.forms import nearest
from ostinato.errors import PlanningError

P = ParamSpec("P")
R = TypeVar("R")


@overload
def action(function: Callable[P, R], /) -> Use[P, R]: ...
@overload
def action(**options: Unpack[ActionOptions]) -> Callable[[Callable[P, R]], Use[P, R]]: ...
def action(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make an action of a function: a step of a plan, where it is used in one; elsewhere calling it just calls it.

    What it returns is its output, and must be JSON or what can be encoded as such. Options are those of ``Action``.
    """
    if function is None:
        return lambda decorated: _make_use(decorated, "run", decorated, options)
    return _make_use(function, "run", function, options)


@overload
def plan(function: Callable[P, R], /) -> Use[P, R]: ...
@overload
def plan(**options: Unpack[ActionOptions]) -> Callable[[Callable[P, R]], Use[P, R]]: ...
def plan(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a plan of a function, which uses actions. It is triggered, or used in another plan; it cannot be called.

    What it returns, references among it, is the output of the plan. Options are those of ``Action``.
    """
    if function is None:
        return lambda decorated: _make_use(decorated, "plan", _refuse_calling(decorated), options)
    return _make_use(function, "plan", _refuse_calling(function), options)


def _make_use(
    function: Callable[..., Any], method: str, otherwise: Callable[..., Any], options: dict[str, Any]
) -> Use[..., Any]:
    _check(function, options)

    def call(self: Action, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    body = {
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__doc__": function.__doc__,
        "function": staticmethod(function),
        method: call,
        **options,
    }
    return Use(type(function.__name__, (Action,), body), otherwise)


def _check(function: object, options: dict[str, Any]) -> None:
    if not isinstance(function, FunctionType):
        raise PlanningError(f"{function!r} is no function")
    name = function.__qualname__
    if iscoroutinefunction(function) or isgeneratorfunction(function) or isasyncgenfunction(function):
        raise PlanningError(
            f"{name} is a coroutine or generator, which does nothing when it is called",
            hint="write a plain function; it may call asyncio.run",
        )
    allowed = [*list_options(), "subscribes_to"]
    for option in options:
        if option not in allowed:
            raise PlanningError(f"{name}: {option!r} is no option", hint=nearest(option, allowed))


def _refuse_calling(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def refuse(*args: object, **kwargs: object) -> NoReturn:
        name = function.__name__
        raise PlanningError(f"{name} is a plan: it cannot be called", hint=f"trigger it: trigger({name}, …)")

    return refuse
