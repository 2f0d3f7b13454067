"""Inputs of steps: whether what a person gives fits the step, and how an input reads where it refers to others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ostinato.actions.parameters import Parameters
from ostinato.actions.registry import find_action
from ostinato.errors import ActionNotFound, InvalidValue, NotPossible, PlanningError, UnresolvedReference
from ostinato.model.references import REFERENCE, VALUE, list_references, resolve
from ostinato.model.statuses import FINAL_STEP_STATUSES
from ostinato.model.steps import COMMAND, Json, Phase, Step

_COMMAND_KEYS = ("arguments", "environment", "working_directory", "literal")


def read_input(step: Step) -> Any:
    """Return what a step is given, as people see it: of a finalize step, what its action is given."""
    if step.phase is Phase.FINALIZE and isinstance(step.input, Mapping):
        return step.input.get("input", {})
    return step.input


def write_input(step: Step, given: Json) -> Json:
    """Return the input to store for what a person gives to a step: the other way round."""
    if step.phase is Phase.FINALIZE and isinstance(step.input, Mapping):
        return {**step.input, "input": given}
    return given


def check_input(step: Step, given: Json, plan: Mapping[int, Step]) -> str:
    """Refuse an input that the step cannot take; return what could not be checked, or nothing.

    ``plan`` are all steps by number: references must lead to what the step needs. ``NotPossible`` says what is wrong.
    """
    if not isinstance(given, Mapping):
        raise NotPossible(f"the input of a step is a mapping, not {given!r}", hint='write {"name": value, …}')
    _check_references(step, given, plan)
    if step.action == COMMAND:
        _check_command(given)
        return ""
    try:
        traits = find_action(step.action).traits
    except ActionNotFound as error:
        return f"it is not checked against the types of its action: {error.message}"
    parameters = traits.call if step.phase is Phase.PLAN else traits.own
    outputs = {number: plan[number].output for number in step.needs if plan[number].status in FINAL_STEP_STATUSES}
    _check_values(step, parameters, given, outputs)
    return ""


def describe_input(value: Json, names: Mapping[int, str]) -> str:
    """Write an input in one line, each reference as ``<step.key[0]>``; ``names`` are those of the steps."""
    if isinstance(value, Mapping) and REFERENCE not in value and VALUE not in value:
        return ", ".join(f"{key}={_describe(item, names)}" for key, item in value.items())
    return _describe(value, names)


def _describe(value: Json, names: Mapping[int, str]) -> str:
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Mapping() if REFERENCE in value:
            path = "".join(f".{key}" if isinstance(key, str) else f"[{key}]" for key in value.get("path", ()))
            return f"<{names.get(value[REFERENCE], value[REFERENCE])}{path}>"
        case Mapping() if VALUE in value:
            return json.dumps(value[VALUE], ensure_ascii=False)
        case Mapping():
            return "{" + ", ".join(f"{json.dumps(key)}: {_describe(item, names)}" for key, item in value.items()) + "}"
        case Sequence():
            return f"[{', '.join(_describe(item, names) for item in value)}]"
    return json.dumps(value)


def _check_references(step: Step, given: Json, plan: Mapping[int, Step]) -> None:
    try:
        referred = list_references(given)
    except UnresolvedReference as error:
        raise NotPossible(error.message, hint=error.hint) from None
    for number in referred:
        if number not in step.needs:
            name = plan[number].name if number in plan else f"{number}, which does not exist"
            needed = ", ".join(f"{needed} ({plan[needed].name})" for needed in step.needs) or "none"
            hint = f"a plan keeps its order: an input may refer to what the step needs already, which is {needed}"
            raise NotPossible(f"the input refers to step {name}, whose output {step.name} does not need", hint=hint)


def _check_command(given: Mapping[str, Any]) -> None:
    unknown = [key for key in given if key not in _COMMAND_KEYS]
    if unknown:
        raise NotPossible(f"a command takes no {unknown[0]!r}", hint=f"it takes {', '.join(_COMMAND_KEYS)}")
    match given.get("arguments"), given.get("environment"):
        case [_, *_] | {"$ref": _}, None | Mapping():
            return
        case [_, *_] | {"$ref": _}, _:
            raise NotPossible("the environment of a command is a mapping of names to texts")
    raise NotPossible("the arguments of a command are a list that begins with a program")


def _check_values(step: Step, parameters: Parameters, given: Mapping[str, Any], outputs: Mapping[int, Json]) -> None:
    """Check names, and the types of all values that are known by now."""
    try:
        parameters.bind((), given)
        for name, value in given.items():
            if outputs.keys() >= set(list_references(value)):
                parameters.read_one(name, resolve(value, outputs))
    except (PlanningError, InvalidValue, UnresolvedReference) as error:
        raise NotPossible(f"step {step.name} cannot take this: {error.message}", hint=error.hint) from None
