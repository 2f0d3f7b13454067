"""How what is defined in modules is named, so that it can be found again in another process."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ostinato.errors import ActionNotFound, PlanningError

_LOCAL = "<locals>"


def name_type(kind: type) -> str:
    """Name a class as tracebacks do: those that Python brings along without their module."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def name_callable(function: Callable[..., Any]) -> str:
    """Name a function or class ``package.module:name``."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not module or not name:
        raise PlanningError(f"{function!r} has no name", hint="use a function that is defined in a module")
    return f"{module}:{name}"


def check_storable(name: str) -> None:
    """Refuse, with a hint, a name by which no other process could find what it names."""
    module, _, path = name.partition(":")
    if module == "__main__":
        raise PlanningError(
            f"{path} is defined in the program that was started, where agents cannot find it",
            hint="move it to a module of its own and import it from there",
        )
    if _LOCAL in path:
        raise PlanningError(
            f"{path} is defined within a function, where agents cannot find it",
            hint="define it at the top of its module",
        )


def find_named(name: str) -> Any:
    """Import what ``package.module:name`` names. ``ActionNotFound`` says why that cannot be done here."""
    module, _, path = name.partition(":")
    if not module or not path:
        raise ActionNotFound(f"{name!r} names nothing that can be imported", hint="write package.module:name")
    try:
        found = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except Exception as error:  # a module may fail in any way while it is imported
        raise ActionNotFound(f"cannot import {name}: {type(error).__name__}: {error}") from error
    return found
