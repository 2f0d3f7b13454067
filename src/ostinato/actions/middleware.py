"""Middleware: code around planning, running and finalizing actions and around hooks.

A middleware is a class with methods named for what they surround. Each is given a ``Call`` and ``next``, which goes on
inwards. Which surround which is declared by ``before``, ``after`` and ``replaces``; where that leaves it open, those
that were added first are further out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal, TypeAlias

from ostinato.errors import PlanningError
from ostinato.policies.circles import find_circle

Method: TypeAlias = Literal["plan", "run", "finalize", "hook"]


@dataclass(frozen=True, slots=True)
class Call:
    """What is surrounded. ``name`` is that of the action, or of the hook; ``input`` is what it is given.

    ``kind`` tells apart what running means: ``run``, ``event``, ``cancel`` or ``skip``. ``context`` is what the one who
    triggered the run wants carried along.
    """

    name: str
    kind: str
    input: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)


Next: TypeAlias = Callable[[Call], Any]


class Middleware:
    """The base of all middleware: it surrounds nothing. An instance lives as long as the one call."""

    before: ClassVar[tuple[type[Middleware], ...]] = ()
    """Those that it surrounds."""
    after: ClassVar[tuple[type[Middleware], ...]] = ()
    """Those that surround it."""
    replaces: ClassVar[tuple[type[Middleware], ...]] = ()
    """Those in whose place it stands."""

    def plan(self, call: Call, next: Next) -> Any:  # noqa: A002 - what goes on inwards is called so everywhere
        """Surround the planning of an action."""
        return next(call)

    def run(self, call: Call, next: Next) -> Any:  # noqa: A002
        """Surround a call of an action: its run, an event, its cancelling, its skipping."""
        return next(call)

    def finalize(self, call: Call, next: Next) -> Any:  # noqa: A002
        """Surround the finalizing of one step."""
        return next(call)

    def hook(self, call: Call, next: Next) -> Any:  # noqa: A002
        """Surround a hook."""
        return next(call)


_WORLD_WIDE: list[type[Middleware]] = []


def use_middleware(middleware: type[Middleware]) -> type[Middleware]:
    """Put a middleware around everything that this process plans and runs. It may be used as a decorator."""
    if middleware not in _WORLD_WIDE:
        _WORLD_WIDE.append(middleware)
    return middleware


def drop_middleware(middleware: type[Middleware]) -> None:
    """Take back ``use_middleware``."""
    _WORLD_WIDE.remove(middleware)


def surround(method: Method, own: Iterable[type[Middleware]], call: Call, innermost: Next) -> Any:
    """Call ``innermost`` within the world's middleware and ``own``, which is the action's."""
    inwards = innermost
    for middleware in reversed(order_middleware((*_WORLD_WIDE, *own))):
        inwards = _enclose(getattr(middleware(), method), inwards)
    return inwards(call)


@lru_cache(maxsize=256)
def order_middleware(chosen: tuple[type[Middleware], ...]) -> tuple[type[Middleware], ...]:
    """Put middleware in order, from the outside in. ``PlanningError`` names those that surround one another."""
    replaced = {old for middleware in chosen for old in middleware.replaces}
    used = [middleware for middleware in dict.fromkeys(chosen) if middleware not in replaced]
    outer: dict[type[Middleware], set[type[Middleware]]] = {middleware: set() for middleware in used}
    for middleware in used:
        outer[middleware].update(other for other in middleware.after if other in outer)
        for other in middleware.before:
            if other in outer:
                outer[other].add(middleware)
    _refuse_circles(outer)
    ordered: list[type[Middleware]] = []
    while len(ordered) < len(used):
        ordered.append(next(one for one in used if one not in ordered and outer[one] <= set(ordered)))
    return tuple(ordered)


def _refuse_circles(outer: Mapping[type[Middleware], Iterable[type[Middleware]]]) -> None:
    names = {one.__qualname__: sorted(other.__qualname__ for other in others) for one, others in outer.items()}
    circle = find_circle(names)
    if circle is not None:
        raise PlanningError(f"middleware is ordered in a circle: {' -> '.join([*circle, circle[0]])}")


def _enclose(around: Callable[[Call, Next], Any], inwards: Next) -> Next:
    return lambda call: around(call, inwards)
