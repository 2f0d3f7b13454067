"""The steps of a definition: from forms to ``DeclaredStep`` and back, and what must hold among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ostinato.documents import Key
from ostinato.documents.forms import nearest
from ostinato.model.definitions import DeclaredStep, Matrix
from ostinato.policies.circles import find_circle
from ostinato.policies.declared_plans import list_needs
from ostinato.sources.definition_form import DefinitionForm
from ostinato.sources.retry_form import write_retry
from ostinato.sources.step_form import StepForm
from ostinato.sources.work_rows import Known, Wrong, list_wrong_work, make_command, make_inputs


@dataclass(frozen=True, slots=True)
class _Entry:
    """A step with its name, and the key under which it stands among the others."""

    key: Key
    name: str
    form: StepForm


def declare_steps(form: DefinitionForm) -> tuple[DeclaredStep, ...]:
    """Return the steps that are declared, in that order."""
    return tuple(_declare(entry) for entry in _list_entries(form))


def write_steps(steps: Iterable[DeclaredStep]) -> dict[str, Any]:
    """Return the mapping by which steps could be declared in a file; durations stay what they are."""
    return {step.name: _write(step) for step in steps}


def list_wrong_steps(form: DefinitionForm) -> Iterator[Wrong]:
    """Yield what is wrong within and among the steps of a definition."""
    entries = _list_entries(form)
    wrongs = [*_list_wrong_names(form), *_list_wrong_entries(entries, form.matrix)]
    yield from wrongs
    if not wrongs:
        yield from _list_circles(entries)


def _list_entries(form: DefinitionForm) -> list[_Entry]:
    if isinstance(form.steps, Mapping):
        return [_Entry(name, name, step) for name, step in form.steps.items()]
    return [_Entry(index, step.name or "", step) for index, step in enumerate(form.steps or ())]


def _list_wrong_names(form: DefinitionForm) -> Iterator[Wrong]:
    """Yield steps without name or with that of another, and names beside those that are keys."""
    if isinstance(form.steps, Mapping):
        for key, step in form.steps.items():
            if step.name is not None:
                yield ("steps", key, "name"), f"this step is called {key} already", "take name away"
        return
    first: dict[str, int] = {}
    for index, step in enumerate(form.steps or ()):
        if step.name is None:
            yield ("steps", index), "this step has no name", "add name:"
        elif first.setdefault(step.name, index) != index:
            message = f"steps[{first[step.name]}] is called {step.name} already"
            yield ("steps", index, "name"), message, "give one of them another name"


def _list_wrong_entries(entries: Sequence[_Entry], matrix: Matrix) -> Iterator[Wrong]:
    names = dict.fromkeys(entry.name for entry in entries if entry.name)
    known = Known(matrix is Matrix.ACCOUNT, names)
    for entry in entries:
        for path, message, hint in (*list_wrong_work(entry.form, known), *_list_unknown(entry.form, names)):
            yield ("steps", entry.key, *path), message, hint


def _list_unknown(form: StepForm, names: Collection[str]) -> Iterator[Wrong]:
    for key, others in (("needs", form.needs), ("after", form.after)):
        for index, name in enumerate(others):
            if name not in names:
                yield (key, index), f"there is no step {name}", nearest(name, names)


def _list_circles(entries: Sequence[_Entry]) -> Iterator[Wrong]:
    """Yield one circle of steps; further ones show when this one is gone."""
    steps = {entry.name: _declare(entry) for entry in entries}
    circle = find_circle({name: (*list_needs(step), *step.after) for name, step in steps.items()})
    if circle is None:
        return
    why = [_say_why(steps[name], other) for name, other in zip(circle, (*circle[1:], circle[0]), strict=True)]
    keys = {entry.name: entry.key for entry in entries}
    message = f"these steps wait for each other in a circle: {' → '.join((*circle, circle[0]))}"
    if len(circle) == 1:
        message = "this step waits for itself"
    yield ("steps", keys[circle[0]]), message, "; ".join(why)


def _say_why(step: DeclaredStep, other: str) -> str:
    if other in step.needs:
        return f"{step.name} needs {other}"
    return f"{step.name} comes after {other}" if other in step.after else f"{step.name} uses the output of {other}"


def _declare(entry: _Entry) -> DeclaredStep:
    form = entry.form
    return DeclaredStep(
        name=entry.name,
        command=make_command(form),
        action=form.action,
        inputs=make_inputs(form.inputs),
        needs=form.needs,
        after=form.after,
        retry=form.retry.rule,
        timeout=form.timeout,
        rescue=form.rescue,
        idempotent=form.idempotent,
        queue=form.queue,
        environment=form.environment,
        working_directory=form.working_directory,
    )


def _write(step: DeclaredStep) -> dict[str, Any]:
    fields = {
        "command": list(step.command) or None,
        "action": step.action,
        "inputs": dict(step.inputs),
        "needs": list(step.needs),
        "after": list(step.after),
        "retry": write_retry(step.retry),
        "timeout": step.timeout,
        "rescue": None if step.rescue is None else step.rescue.value,
        "idempotent": step.idempotent,
        "queue": step.queue,
        "environment": dict(step.environment),
        "working_directory": step.working_directory,
    }
    return {key: value for key, value in fields.items() if value is not None}
