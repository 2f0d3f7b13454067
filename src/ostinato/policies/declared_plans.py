"""Declared plans: the execution plan that a definition asks for, and the one that a retry begins with.

Owns what a definition becomes as steps. All texts of a command's input are templates still, and are expanded when it
starts; those of an action's input are expanded by ``expand_inputs``, when the run is planned. A reference to the output
of another step is ``{"$ref": NUMBER, "path": [KEY, …]}``, and ``{"$text": [PART, …]}`` joins texts and references.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ostinato.model.definitions import DeclaredDefinition, DeclaredStep, Rescue
from ostinato.model.references import REFERENCE, VALUE, is_marked, make_reference, protect
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import COMMAND, Json, Phase, Step, StepRules
from ostinato.policies.circles import find_circle
from ostinato.policies.placeholders import OutputOf, expand, list_outputs, list_placeholders, read_output, split_text

JOINED = "$text"
"""The key of a mapping that stands for texts and references in a row."""

_CARRIED = (StepStatus.SUCCESS, StepStatus.SKIPPED)

_Numbers = Mapping[str, int]


def plan_definition(definition: DeclaredDefinition) -> tuple[Step, ...]:
    """Return the steps of a run of ``definition``, numbered from 1 in the order in which they are declared.

    An action is one step, which plans the others when it is carried out; a command is one step of that name. How long
    the run may take is not among the steps' rules. ``ValueError`` names steps that could never start.
    """
    if definition.action is not None:
        return (_plan_action(definition.action, definition.inputs),)
    declared = definition.steps or (DeclaredStep(COMMAND, definition.command),)
    steps = [_complete(step, definition) for step in declared]
    _check_graph(steps)
    numbers = {step.name: number for number, step in enumerate(steps, 1)}
    return tuple(_plan_step(step, numbers, definition.rescue) for step in steps)


def expand_inputs(steps: Iterable[Step], values: Mapping[str, str]) -> tuple[Step, ...]:
    """Replace the placeholders in the inputs of actions by their ``values``; those of commands stay.

    To be done once, with what ``plan_definition`` has made: what comes of it is no template any more. ``ValueError``
    names a placeholder that has no value.
    """
    return tuple(step if step.action == COMMAND else replace(step, input=_expand(step.input, values)) for step in steps)


def carry_over(former: Iterable[Step]) -> tuple[Step, ...]:
    """Return the plan with which the next attempt begins at what ``former`` has not completed.

    Steps that succeeded stay as they are, with their output. So do those that were skipped: a person or a declared
    strategy decided to go on without them. All others begin anew.
    """
    return tuple(step if step.status in _CARRIED else _begin_anew(step) for step in former)


def list_needs(step: DeclaredStep) -> tuple[str, ...]:
    """Return the names of the steps whose success ``step`` needs: those it names, and those it has outputs of."""
    outputs = (output.step for text in list_texts(step) for output in list_outputs(text))
    return tuple(dict.fromkeys((*step.needs, *outputs)))


def list_used_placeholders(definition: DeclaredDefinition) -> tuple[str, ...]:
    """Return the names of all placeholders that the definition and its steps use, each once."""
    all_work: tuple[DeclaredDefinition | DeclaredStep, ...] = (definition, *definition.steps)
    texts = (text for work in all_work for text in list_texts(work))
    return tuple(dict.fromkeys(name for text in texts for name in list_placeholders(text)))


def list_texts(work: DeclaredDefinition | DeclaredStep) -> Iterator[str]:
    """Yield every text in which ``work`` itself may have placeholders; those of a definition's steps are their own."""
    yield from work.command
    yield from work.environment.values()
    if work.working_directory is not None:
        yield work.working_directory
    yield from _list_texts_in(work.inputs)


def _plan_action(action: str, inputs: Mapping[str, Any]) -> Step:
    """Return the step that plans all others. What fails then has not begun: nobody needs to look after it."""
    name = action.rpartition(":")[2]
    return Step(1, name, action, Phase.PLAN, input=_write_inputs(inputs, {}), rules=StepRules(rescue=Rescue.FAIL))


def _complete(step: DeclaredStep, definition: DeclaredDefinition) -> DeclaredStep:
    """Return the step with what the definition says for all commands, if it is one."""
    if step.action is not None:
        return step
    environment = {**definition.environment, **step.environment}
    folder = step.working_directory or definition.working_directory
    return replace(step, environment=environment, working_directory=folder)


def _check_graph(steps: Sequence[DeclaredStep]) -> None:
    waits_for = {step.name: (*list_needs(step), *step.after) for step in steps}
    if len(waits_for) < len(steps):
        raise ValueError("two steps have the same name")
    for name, others in waits_for.items():
        unknown = [other for other in others if other not in waits_for]
        if unknown:
            raise ValueError(f"the step {name} waits for {unknown[0]}, and there is no such step")
    if circle := find_circle(waits_for):
        raise ValueError(f"these steps wait for each other in a circle: {' → '.join((*circle, circle[0]))}")


def _plan_step(step: DeclaredStep, numbers: _Numbers, rescue: Rescue) -> Step:
    needs = {numbers[name] for name in list_needs(step)}
    return Step(
        number=numbers[step.name],
        name=step.name,
        action=step.action or COMMAND,
        input=_write_inputs(step.inputs, numbers) if step.action else _write_command(step, numbers),
        needs=tuple(sorted(needs)),
        after=tuple(sorted({numbers[name] for name in step.after} - needs)),
        queue=step.queue,
        rules=StepRules(
            retry=step.retry,
            timeout=step.timeout,
            rescue=step.rescue or rescue,
            idempotent=step.idempotent,
        ),
    )


def _begin_anew(step: Step) -> Step:
    """Return the step with nothing but what was planned of it."""
    return Step(
        number=step.number,
        name=step.name,
        action=step.action,
        phase=step.phase,
        parent=step.parent,
        action_step=step.action_step,
        input=step.input,
        needs=step.needs,
        after=step.after,
        queue=step.queue,
        rules=step.rules,
    )


# --- inputs ----------------------------------------------------------------------------------------------------------


def _write_command(step: DeclaredStep, numbers: _Numbers) -> Json:
    folder = step.working_directory
    return {
        "arguments": [_write_text(argument, numbers) for argument in step.command],
        "environment": {name: _write_text(text, numbers) for name, text in step.environment.items()},
        "working_directory": None if folder is None else _write_text(folder, numbers),
    }


def _write_text(text: str, numbers: _Numbers) -> Json:
    """Write a text of a command. One that is nothing but a reference is that, another that has any joins its parts."""
    parts = [_write_part(part, numbers) for part in split_text(text)]
    if all(isinstance(part, str) for part in parts):
        return text
    return parts[0] if len(parts) == 1 else {JOINED: parts}


def _write_part(part: str | OutputOf, numbers: _Numbers) -> Json:
    if isinstance(part, str):
        return part
    if part.step not in numbers:
        raise ValueError(f"there is no step {part.step}")
    return make_reference(numbers[part.step], part.path)


def _write_inputs(value: Any, numbers: _Numbers) -> Json:
    """Write the inputs of an action. A text that is nothing but a reference is that, whatever it stands for."""
    match value:
        case str():
            output = read_output(value)
            return value if output is None else _write_part(output, numbers)
        case Mapping() if is_marked(value):
            return protect(value)
        case Mapping():
            return {key: _write_inputs(item, numbers) for key, item in value.items()}
        case list() | tuple():
            return [_write_inputs(item, numbers) for item in value]
    plain: Json = value
    return plain


def _list_texts_in(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _list_texts_in(item)
        case list() | tuple():
            for item in value:
                yield from _list_texts_in(item)


def _expand(value: Json, values: Mapping[str, str], *, has_marks: bool = True) -> Json:
    """Expand every text in an input, but for what makes up a reference. Within a literal nothing is a reference."""
    match value:
        case str():
            return expand(value, values)
        case Mapping() if has_marks and REFERENCE in value:
            return value
        case Mapping():
            is_open = has_marks and VALUE not in value
            return {key: _expand(item, values, has_marks=is_open) for key, item in value.items()}
        case list() | tuple():
            return [_expand(item, values, has_marks=has_marks) for item in value]
    return value
