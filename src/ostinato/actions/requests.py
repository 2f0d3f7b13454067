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
from ostinato.model.runs import RunRules
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import Step


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is to be planned: an action by its name, and its input as JSON; and what it declares of its runs."""

    action: str
    input: Mapping[str, Any]
    queue: str | None = None
    rules: RunRules = field(default_factory=RunRules)


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
    hooks = list_hooks(action, storable=storable)
    given = action.prepare_input(traits.call.bind(args, kwargs or {}))
    try:
        encoded = encode(given, "input", refer=_refuse_reference)
        traits.call.read(resolve(encoded, {}))
        rules = make_rules(action, encoded, hooks)
    except InvalidValue as error:
        raise PlanningError(f"{traits.title}: {error.message}", hint=error.hint) from None
    return PlanRequest(traits.name, encoded, traits.options.queue, rules)


def list_hooks(action: type[Action], *, storable: bool) -> Mapping[RunStatus, tuple[str, ...]]:
    """Return the names of the hooks of an action, by status; ``PlanningError`` for those that agents could not find."""
    hooks = action.traits.options.hooks
    if storable:
        for hook in [name for names in hooks.values() for name in names]:
            check_storable(hook)
    return {RunStatus(status): names for status, names in hooks.items()}


def make_rules(action: type[Action], given: Mapping[str, Any], hooks: Mapping[RunStatus, tuple[str, ...]]) -> RunRules:
    """Return what an action declares of a run that is given this input, as JSON.

    ``InvalidValue`` says what does not fit; besides, it raises what the function that computes the key does.
    """
    singleton = action.traits.options.singleton
    if singleton is None:
        return RunRules(hooks)
    key = _make_key(action, action.traits.call.read(resolve(given, {})))
    return RunRules(hooks, key, refuses=singleton is Singleton.REFUSE)


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


def _make_key(action: type[Action], values: Mapping[str, Any]) -> str:
    """Return the key of a singleton, of which only one run may live."""
    options = action.traits.options
    if options.singleton_key is None:
        return action.traits.name
    key = encode(call_with(options.singleton_key, values), f"the singleton_key of {action.traits.title}")
    return f"{action.traits.name} {json.dumps(key, sort_keys=True, ensure_ascii=False)}"


def _refuse_reference(reference: Reference) -> Callable[..., Any]:
    raise PlanningError(f"{reference!r} belongs to a plan, and cannot be the input of another")
