"""From declared definitions to ``DeclaredDefinition``: what defaults add, and what must hold between fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from ostinato.documents import Document, Place
from ostinato.documents.fields import Name, check_name
from ostinato.documents.forms import Form, Refusal, read_entries, read_form
from ostinato.errors import DeclarationError
from ostinato.model.definitions import DeclaredDefinition, Matrix, Rescue
from ostinato.sources.definition_form import WORK, DefinitionForm
from ostinato.sources.gathering import Gathering
from ostinato.sources.retry_form import write_retry
from ostinato.sources.step_rows import declare_steps, list_wrong_steps, write_steps
from ostinato.sources.work_rows import Known, Wrong, list_wrong_work, make_command, make_inputs

_OF_COMMANDS = frozenset({"environment", "working_directory", "rescue"})
"""What an action cannot use, and does not take over from defaults."""

Definitions: TypeAlias = Gathering[DeclaredDefinition]


class DefinitionsForm(Form):
    """A file of definitions."""

    defaults: DefinitionForm = DefinitionForm()
    """What holds for every definition of this file that does not say otherwise."""
    definitions: dict[Name, DefinitionForm]
    """The definitions, by name."""


def gather_definitions(document: Document, gathering: Definitions) -> None:
    """Take in a file of definitions."""
    reading = read_entries(DefinitionsForm, document, "definitions")
    gathering.refuse(reading.problems)
    if reading.form is not None:
        for name, form in reading.form.definitions.items():
            _take_in(name, form, reading.form.defaults, document.place.at("definitions", name), gathering)


def gather_definition(name: str, document: Document, defaults: DefinitionForm, gathering: Definitions) -> None:
    """Take in one definition; its name stands apart from its fields."""
    try:
        check_name(name)
    except Refusal as refusal:
        gathering.refuse([document.place.problem(str(refusal), hint=refusal.hint)])
        return
    try:
        form = read_form(DefinitionForm, document)
    except DeclarationError as error:
        gathering.refuse(error.problems)
    else:
        _take_in(name, form, defaults, document.place, gathering)


def write_definition(declared: DeclaredDefinition) -> dict[str, Any]:
    """Return the fields by which a definition could be declared in a file; durations and dates stay what they are."""
    form, _, rest = declared.frequency.partition(" ")
    fields = {
        "command": list(declared.command) or None,
        "action": declared.action,
        "inputs": dict(declared.inputs),
        "steps": write_steps(declared.steps) or None,
        "frequency": {form: rest} if rest else form,
        "matrix": declared.matrix.value,
        "time_zone": declared.time_zone,
        "starts_on": declared.starts_on,
        "ends_on": declared.ends_on,
        "start": {declared.start.kind.value: {"delay": declared.start.delay} if declared.start.delay else {}},
        "retry": write_retry(declared.retry),
        "retry_from": declared.retry_from.value,
        "rescue": None if declared.rescue is Rescue.FAIL else declared.rescue.value,
        "reads_from": list(declared.reads_from),
        "writes_to": list(declared.writes_to),
        "queue": declared.queue,
        "priority": declared.priority,
        "concurrency": declared.concurrency,
        "uses": dict(declared.uses),
        "start_before": declared.start_before,
        "time_limit": declared.time_limit,
        "working_directory": declared.working_directory,
        "environment": dict(declared.environment),
        "active": declared.active,
        "description": declared.description,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _take_in(name: str, form: DefinitionForm, defaults: DefinitionForm, place: Place, gathering: Definitions) -> None:
    merged = _merge(form, defaults)
    problems = [place.at(*path).problem(message, hint=hint) for path, message, hint in _list_wrongs(merged)]
    gathering.refuse(problems)
    if not problems:
        gathering.add(name, _declare(name, merged), place)


def _merge(form: DefinitionForm, defaults: DefinitionForm) -> DefinitionForm:
    """Put what ``form`` says over what ``defaults`` say, key by key; both environments count."""
    own = {key: getattr(form, key) for key in form.model_fields_set}
    others = {key: getattr(defaults, key) for key in defaults.model_fields_set}
    if own.keys() & (WORK - {"inputs"}):
        others = {key: value for key, value in others.items() if key not in WORK}
    if {**others, **own}.get("action") is not None:
        others = {key: value for key, value in others.items() if key not in _OF_COMMANDS}
    environment = {**others.get("environment", {}), **form.environment}
    return DefinitionForm.model_construct(**{**others, **own, "environment": environment})


def _declare(name: str, form: DefinitionForm) -> DeclaredDefinition:
    return DeclaredDefinition(
        name=name,
        command=make_command(form),
        frequency=form.frequency,
        matrix=form.matrix,
        time_zone=form.time_zone,
        starts_on=form.starts_on,
        ends_on=form.ends_on,
        start=form.start.rule,
        retry=form.retry.rule,
        reads_from=form.reads_from,
        writes_to=form.writes_to,
        queue=form.queue,
        priority=form.priority,
        concurrency=form.concurrency,
        uses=form.uses,
        start_before=form.start_before,
        time_limit=form.time_limit,
        working_directory=form.working_directory,
        environment=form.environment,
        active=form.active,
        description=form.description,
        action=form.action,
        inputs=make_inputs(form.inputs),
        steps=declare_steps(form),
        rescue=form.rescue or Rescue.FAIL,
        retry_from=form.retry_from,
    )


def _list_wrongs(form: DefinitionForm) -> Iterator[Wrong]:
    """Yield what is wrong between the fields of a definition: which key, what, and what to do."""
    if form.starts_on and form.ends_on and form.ends_on < form.starts_on:
        hint = "ends_on is the last day; make it the same day or later"
        yield ("ends_on",), f"ends_on {form.ends_on} is before starts_on {form.starts_on}", hint
    yield from list_wrong_work(form, Known(form.matrix is Matrix.ACCOUNT))
    yield from list_wrong_steps(form)
