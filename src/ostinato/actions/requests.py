"""Requests: what is to be planned, checked and written down, for now or for later."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ostinato.actions.action import Action, to_action
from ostinato.actions.encoding import encode
from ostinato.actions.names import check_storable
from ostinato.actions.options import Singleton
from ostinato.actions.parameters import call_with
from ostinato.actions.planner import Planner
from ostinato.actions.references import Reference
from ostinato.actions.registry import check_findable, find_action
from ostinato.actions.uses import Use
from ostinato.errors import InvalidValue, PlanningError
from ostinato.model.references import resolve
from ostinato.model.steps import Step


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is to be planned: an action by its name, and its input as JSON; and what it declares of its runs.

    ``singleton_key`` is there if the action is one: then ``singleton`` says what becomes of a second run. ``hooks`` are
    names of functions, by the status to which the run has come.
    """

    action: str
    input: Mapping[str, Any]
    queue: str | None = None
    singleton: Singleton | None = None
    singleton_key: str | None = None
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def make_request(
    target: object, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None, *, storable: bool = True
) -> PlanRequest:
    """Write down that ``target`` is to be planned with these arguments: an action, or the name of one.

    Raises ``PlanningError`` for arguments that do not fit, and, if it is to be ``storable``, for what agents could not
    find; ``ActionNotFound`` for a name that leads nowhere.
    """
    action = _to_root(target)
    traits = action.traits
    if storable:
        check_findable(action)
        for hook in [name for names in traits.options.hooks.values() for name in names]:
            check_storable(hook)
    given = action.prepare_input(traits.call.bind(args, kwargs or {}))
    try:
        encoded = encode(given, "input", refer=_refuse_reference)
        values = traits.call.read(resolve(encoded, {}))
    except InvalidValue as error:
        raise PlanningError(f"{traits.title}: {error.message}", hint=error.hint) from None
    key = _make_key(action, values)
    return PlanRequest(traits.name, encoded, traits.options.queue, traits.options.singleton, key, traits.options.hooks)


def build_plan(
    target: object,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    context: Mapping[str, Any] | None = None,
    storable: bool = True,
) -> tuple[Step, ...]:
    """Plan ``target`` with these arguments, here and now; return the steps, of which the first is its plan step.

    ``context`` is what the caller wants carried along. Raises ``PlanningError`` for what makes no plan, and whatever
    plan functions raise.
    """
    request = make_request(target, args, kwargs, storable=storable)
    planner = Planner(context)
    steps = planner.plan(_to_root(target), request.input)
    if storable:
        for action in planner.actions.values():
            check_findable(action)
    return steps


def _to_root(target: object) -> type[Action]:
    """Return the action that is to be the root of a plan."""
    if isinstance(target, str):
        return find_action(target)
    if isinstance(target, Use) and target.is_changed:
        raise PlanningError(
            f"{target!r} has options of one use, and those are for uses within a plan",
            hint="declare them with the action",
        )
    return to_action(target)


def _make_key(action: type[Action], values: Mapping[str, Any]) -> str | None:
    """Return the key of which only one run may live, if the action is a singleton."""
    options = action.traits.options
    if options.singleton is None:
        return None
    if options.singleton_key is None:
        return action.traits.name
    key = encode(call_with(options.singleton_key, values), f"the singleton_key of {action.traits.title}")
    return f"{action.traits.name} {json.dumps(key, sort_keys=True, ensure_ascii=False)}"


def _refuse_reference(reference: Reference) -> Callable[..., Any]:
    raise PlanningError(f"{reference!r} belongs to a plan, and cannot be the input of another")
