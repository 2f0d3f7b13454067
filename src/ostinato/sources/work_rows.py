"""What must hold of work, a command or an action, whether a definition or one of its steps declares it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, TypeAlias

from ostinato.documents import Key
from ostinato.documents.forms import Refusal, describe, nearest
from ostinato.model.references import REFERENCE, VALUE
from ostinato.policies.placeholders import LABELS, OutputOf, list_outputs, list_placeholders, read_output
from ostinato.sources.definition_form import DefinitionForm
from ostinato.sources.step_form import StepForm
from ostinato.sources.work_form import check_no_null

SHELL = ("/bin/sh", "-c")
"""How the text of ``shell`` becomes a command."""

_SHELLS = {"sh", "bash", "dash", "ksh", "zsh"}
_OF_ONE_RUN = ("run", "attempt")

Path: TypeAlias = tuple[Key, ...]
Wrong: TypeAlias = tuple[Path, str, str]
"""Which key is wrong, what is wrong with it, and what to do."""


@dataclass(frozen=True, slots=True)
class Known:
    """What texts may speak of: an account, if there is one, and the outputs of ``steps``.

    ``mark`` is the key of a mapping around them that looks like one of ours, and is passed on as it is.
    """

    has_account: bool
    steps: Collection[str] = ()
    mark: str = ""


def list_wrong_work(form: DefinitionForm | StepForm, known: Known) -> Iterator[Wrong]:
    """Yield what is wrong with the work that ``form`` declares, but for its steps."""
    yield from _list_wrong_kinds(form)
    if form.command and not form.command[0].strip():
        yield ("command", 0), "the program has no name", "write the program before its arguments"
    if form.action is None and form.inputs:
        yield ("inputs",), "inputs are for an action, and there is none", "add action: package.module:name"
    if form.action is not None:
        yield from _list_keys_of_commands(form)
    for path, text in _list_templates(form):
        yield from _list_wrong_names(path, text, known)
        if _is_read_by_shell(form, path):
            yield from _list_dangers(path, text)
    yield from _list_wrong_inputs(("inputs",), form.inputs, known)


def make_command(form: DefinitionForm | StepForm) -> tuple[str, ...]:
    """Return the command that is declared, as such or for a shell; none for any other work."""
    if form.shell is not None:
        return (*SHELL, form.shell)
    return form.command or ()


def make_inputs(value: Any) -> Any:
    """Return inputs as nothing but JSON: a number that was read forgets how it was written."""
    match value:
        case bool():
            return value
        case int():
            return int(value)
        case float():
            return float(value)
        case Mapping():
            return {key: make_inputs(item) for key, item in value.items()}
        case list():
            return [make_inputs(item) for item in value]
    return value


def _list_wrong_kinds(form: DefinitionForm | StepForm) -> Iterator[Wrong]:
    kinds = form.kinds
    for other in kinds[1:]:
        yield (other,), f"{kinds[0]} and {other} exclude each other", "keep one of them"
    if not kinds:
        what, more = ("step", "") if isinstance(form, StepForm) else ("definition", ", or steps:")
        hint = f"add command: [program, argument, …], shell: with a text, action: package.module:name{more}"
        yield (), f"this {what} does not say what to do", hint


def _list_keys_of_commands(form: DefinitionForm | StepForm) -> Iterator[Wrong]:
    for key in ("working_directory", "environment"):
        if getattr(form, key):
            yield (key,), f"{key} is for commands, and this is an action", "pass it to the action among its inputs"
    if form.retry.on_exit_codes and isinstance(form, StepForm):
        message = "an action has no exit code"
        yield ("retry", "on_exit_codes"), message, "leave it out; the action says which errors are worth another try"
    if form.rescue is not None and isinstance(form, DefinitionForm):
        message = "an action says itself what is to be done when its steps fail"
        yield ("rescue",), message, "declare it in Python, with the actions that it plans"


# --- texts -----------------------------------------------------------------------------------------------------------


def _list_templates(form: DefinitionForm | StepForm) -> Iterator[tuple[Path, str]]:
    for index, argument in enumerate(form.command or ()):
        yield ("command", index), argument
    if form.shell is not None:
        yield ("shell",), form.shell
    for variable, text in form.environment.items():
        yield ("environment", variable), text
    if form.working_directory is not None:
        yield ("working_directory",), form.working_directory


def _list_wrong_names(path: Path, text: str, known: Known) -> Iterator[Wrong]:
    """Yield what ``text`` names that is not known."""
    for name in list_placeholders(text):
        if not known.has_account and (name == "account" or name.startswith(LABELS)):
            yield path, f"{{{name}}} needs an account, and this definition has none", "add matrix: account"
    for output in list_outputs(text):
        if not known.steps:
            hint = f"write it in a step: that then waits for {output.step}"
            yield path, f"{output} is known to the steps of a definition alone", hint
        elif output.step not in known.steps:
            yield path, f"there is no step {output.step}", nearest(output.step, known.steps)
        elif known.mark:
            message = f"{output} would not be replaced: a mapping with the key {known.mark} is passed on as it is"
            yield path, message, "choose another key"


def _is_read_by_shell(form: DefinitionForm | StepForm, path: Path) -> bool:
    """Tell whether the text at ``path`` is a program to a shell: that of ``shell``, or what follows ``sh -c``."""
    match path:
        case ["shell"]:
            return True
        case ["command", int(index)] if form.command and index > 1:
            program, option = form.command[0].rpartition("/")[2], form.command[index - 1]
            return program in _SHELLS and option.startswith("-") and option.endswith("c")
    return False


def _list_dangers(path: Path, text: str) -> Iterator[Wrong]:
    """Yield the placeholders in a shell's text that may stand for a text of anybody's."""
    danger = "may hold anything, and a shell would carry it out"
    for name in list_placeholders(text):
        if name.startswith(LABELS):
            variable = _shout(name.removeprefix(LABELS))
            hint = f'write "$OSTINATO_LABEL_{variable}" in its place, with the double quotes'
            yield path, f"{{{name}}} {danger}", hint
    for output in list_outputs(text):
        variable = _shout(_name_output(output))
        hint = (
            f'add environment: {{{variable}: "{output}"}}, and write "${variable}" in its place, with the double quotes'
        )
        yield path, f"{output} {danger}", hint


def _name_output(output: OutputOf) -> str:
    return next((key for key in reversed(output.path) if isinstance(key, str)), output.step)


def _shout(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII).upper()


# --- inputs ----------------------------------------------------------------------------------------------------------


def _list_wrong_inputs(path: Path, value: object, known: Known) -> Iterator[Wrong]:
    match value:
        case None | bool() | int():
            return
        case str():
            yield from _list_wrongs_of_text(path, value, known)
        case float() if isfinite(value):
            return
        case Mapping():
            mark = next((mark for mark in (REFERENCE, VALUE) if mark in value), known.mark)
            yield from _list_below(path, value.items(), replace(known, mark=mark))
        case list():
            yield from _list_below(path, enumerate(value), known)
        case _:
            yield path, f"{describe(value)} cannot be written as JSON", "write it as a text"


def _list_below(path: Path, items: Iterable[tuple[Key, object]], known: Known) -> Iterator[Wrong]:
    for key, item in items:
        yield from _list_wrong_inputs((*path, key), item, known)


def _list_wrongs_of_text(path: Path, text: str, known: Known) -> Iterator[Wrong]:
    try:
        check_no_null(text)
        names = list_placeholders(text)
        read_output(text)
    except ValueError as error:
        refusal = Refusal.of(error)
        yield path, str(refusal), refusal.hint
        return
    for name in names:
        if name in _OF_ONE_RUN:
            message = f"{{{name}}} would be that of the first attempt: inputs stay as they are when it is tried again"
            yield path, message, "leave it out"
    yield from _list_wrong_names(path, text, known)
