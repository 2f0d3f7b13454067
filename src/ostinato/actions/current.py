"""The plan that is being made right here, if any: what tells using an action from calling it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from ostinato.errors import PlanningError

if TYPE_CHECKING:
    from ostinato.actions.action import Action
    from ostinato.actions.uses import Use


class Planning(Protocol):
    """Takes in what a plan function does."""

    def use(self, use: Use[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Plan an action that is used; return a reference to its output."""
        ...

    def plan_self(self, action: Action, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Plan the run and finalize steps of the action that is planning right now."""
        ...

    def block(self, *, in_sequence: bool) -> AbstractContextManager[None]:
        """Order what is used within."""
        ...


_CURRENT: ContextVar[Planning | None] = ContextVar("ostinato_planning", default=None)


def find_planning() -> Planning | None:
    """Return the plan that is being made here, if any."""
    return _CURRENT.get()


@contextmanager
def planning_with(planning: Planning) -> Iterator[None]:
    """Make a plan with ``planning`` within this block."""
    token = _CURRENT.set(planning)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def sequence() -> AbstractContextManager[None]:
    """Have what is used within this block run one after the other, each when the one before it has ended."""
    return _get_planning("sequence").block(in_sequence=True)


def concurrence() -> AbstractContextManager[None]:
    """Have what is used within this block run side by side; within a sequence it counts as one member of that."""
    return _get_planning("concurrence").block(in_sequence=False)


def _get_planning(word: str) -> Planning:
    planning = find_planning()
    if planning is None:
        raise PlanningError(f"{word}() orders the actions of a plan, and no plan is being made here")
    return planning
