"""From declared definitions to ``DeclaredDefinition``: what defaults add, and what must hold between fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from ostinato.documents import Document, Key, Place
from ostinato.documents.fields import Name, check_name
from ostinato.documents.forms import Form, Refusal, read_entries, read_form
from ostinato.errors import DeclarationError
from ostinato.model.definitions import DeclaredDefinition, Matrix, RetryKind, RetryRule
from ostinato.policies.placeholders import LABELS, list_placeholders
from ostinato.sources.definition_form import DefinitionForm
from ostinato.sources.gathering import Gathering

SHELL = ("/bin/sh", "-c")
"""How the text of ``shell`` becomes a command."""

_SHELLS = {"sh", "bash", "dash", "ksh", "zsh"}

Definitions: TypeAlias = Gathering[DeclaredDefinition]
_Wrong: TypeAlias = tuple[tuple[Key, ...], str, str]


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
        "command": list(declared.command),
        "frequency": {form: rest} if rest else form,
        "matrix": declared.matrix.value,
        "time_zone": declared.time_zone,
        "starts_on": declared.starts_on,
        "ends_on": declared.ends_on,
        "start": {declared.start.kind.value: {"delay": declared.start.delay} if declared.start.delay else {}},
        "retry": _write_retry(declared.retry),
        "reads_from": list(declared.reads_from),
        "writes_to": list(declared.writes_to),
        "queue": declared.queue,
        "priority": declared.priority,
        "start_before": declared.start_before,
        "time_limit": declared.time_limit,
        "working_directory": declared.working_directory,
        "environment": dict(declared.environment),
        "active": declared.active,
        "description": declared.description,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _write_retry(rule: RetryRule) -> dict[str, Any]:
    policies: Mapping[RetryKind, dict[str, Any]] = {
        RetryKind.NEVER: {},
        RetryKind.FIXED: {"fixed": {"attempts": rule.attempts, "wait": rule.base}},
        RetryKind.EXPONENTIAL: {
            "exponential": {
                "attempts": rule.attempts,
                "base": rule.base,
                "factor": rule.factor,
                "max": rule.longest,
                "jitter": rule.jitter,
            }
        },
        RetryKind.SERIES: {"series": list(rule.waits)},
    }
    codes = {} if rule.on_exit_codes is None else {"on_exit_codes": sorted(rule.on_exit_codes)}
    return {**policies[rule.kind], **codes, "lost": rule.lost_attempts}


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
    if own.keys() & {"command", "shell"}:
        others = {key: value for key, value in others.items() if key not in ("command", "shell")}
    environment = {**defaults.environment, **form.environment}
    return DefinitionForm.model_construct(**{**others, **own, "environment": environment})


def _declare(name: str, form: DefinitionForm) -> DeclaredDefinition:
    return DeclaredDefinition(
        name=name,
        command=form.command or (*SHELL, form.shell or ""),
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
        start_before=form.start_before,
        time_limit=form.time_limit,
        working_directory=form.working_directory,
        environment=form.environment,
        active=form.active,
        description=form.description,
    )


def _list_wrongs(form: DefinitionForm) -> Iterator[_Wrong]:
    """Yield what is wrong between the fields of a definition: which key, what, and what to do."""
    if form.command is None and form.shell is None:
        yield (), "this definition has no command", "add command: [program, argument, …], or shell: with a text"
    if form.command is not None and form.shell is not None:
        yield ("shell",), "command and shell exclude each other", "keep one of them"
    if form.command and not form.command[0].strip():
        yield ("command", 0), "the program has no name", "write the program before its arguments"
    if form.starts_on and form.ends_on and form.ends_on < form.starts_on:
        hint = "ends_on is the last day; make it the same day or later"
        yield ("ends_on",), f"ends_on {form.ends_on} is before starts_on {form.starts_on}", hint
    for path, text in _list_templates(form):
        yield from _list_wrong_placeholders(form, path, text)


def _list_templates(form: DefinitionForm) -> Iterator[tuple[tuple[Key, ...], str]]:
    for index, argument in enumerate(form.command or ()):
        yield ("command", index), argument
    if form.shell is not None:
        yield ("shell",), form.shell
    for variable, text in form.environment.items():
        yield ("environment", variable), text
    if form.working_directory is not None:
        yield ("working_directory",), form.working_directory


def _list_wrong_placeholders(form: DefinitionForm, path: tuple[Key, ...], text: str) -> Iterator[_Wrong]:
    for name in list_placeholders(text):
        if form.matrix is Matrix.NONE and (name == "account" or name.startswith(LABELS)):
            yield path, f"{{{name}}} needs an account, and this definition has none", "add matrix: account"
        elif name.startswith(LABELS) and _is_read_by_shell(form, path):
            variable = re.sub(r"\W", "_", name.removeprefix(LABELS), flags=re.ASCII).upper()
            hint = f'write "$OSTINATO_LABEL_{variable}" in its place, with the double quotes'
            yield path, f"{{{name}}} may hold anything, and a shell would carry it out", hint


def _is_read_by_shell(form: DefinitionForm, path: tuple[Key, ...]) -> bool:
    """Tell whether the text at ``path`` is a program to a shell: that of ``shell``, or what follows ``sh -c``."""
    match path:
        case ["shell"]:
            return True
        case ["command", int(index)] if form.command and index > 1:
            program, option = form.command[0].rpartition("/")[2], form.command[index - 1]
            return program in _SHELLS and option.startswith("-") and option.endswith("c")
    return False
