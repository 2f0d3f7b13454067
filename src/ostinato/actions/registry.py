"""Finding actions by the names under which steps are stored."""

from __future__ import annotations

from ostinato.actions.action import Action, to_action
from ostinato.actions.command import Command
from ostinato.actions.names import check_storable, find_named
from ostinato.errors import ActionNotFound, PlanningError
from ostinato.model.steps import COMMAND


def find_action(name: str) -> type[Action]:
    """Import the action that ``package.module:name`` names. ``ActionNotFound`` says why that cannot be done here."""
    if name == COMMAND:
        return Command
    found = find_named(name)
    try:
        return to_action(found)
    except PlanningError:
        raise ActionNotFound(f"{name} is no action, but {type(found).__name__}") from None


def check_findable(action: type[Action]) -> None:
    """Refuse, with a hint, an action that another process would not find by its name."""
    name = action.traits.name
    if name == COMMAND:
        return
    check_storable(name)
    try:
        found = find_action(name)
    except ActionNotFound as error:
        raise PlanningError(f"{action.traits.title} would not be found by an agent: {error.message}") from None
    if found is not action:
        raise PlanningError(
            f"{name} names another action than the one that is used here",
            hint="give each action a name of its own in its module, and keep that name",
        )
