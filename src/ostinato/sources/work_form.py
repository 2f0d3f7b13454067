"""The form of work: a command or an action, as a definition or one of its steps declares it."""

from __future__ import annotations

import json
import shlex
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from ostinato.documents.fields import Text, as_tuple, checked_by, read_choice
from ostinato.documents.forms import Form, Refusal
from ostinato.model.definitions import Rescue
from ostinato.policies.placeholders import list_placeholders

_VARIABLE_MARKS = frozenset("=$\0")
_ACTION_SCHEMA = {"type": "string", "pattern": r"^[^\s:]+:[^\s:]+$", "examples": ["shop.flows:report"]}


def read_command(value: object) -> object:
    """Make a tuple of a list of words; refuse a command that is one text, with what to write instead."""
    if not isinstance(value, str):
        return as_tuple(value)
    try:
        words = json.dumps(shlex.split(value), ensure_ascii=False)
    except ValueError:
        words = "[program, argument, …]"
    hint = f"write command: {words}, or shell: with this text if a shell is to read it"
    raise Refusal("a command is a list of words, not a text", hint=hint)


def check_no_null(text: str) -> str:
    """Return ``text`` unless it has a null character, which neither a command nor a database can hold."""
    if "\0" in text:
        raise Refusal("a null character cannot be part of a command or an input")
    return text


def _check_variable(name: str) -> str:
    if not name or _VARIABLE_MARKS & set(name):
        raise Refusal(f"{name!r} cannot be the name of an environment variable")
    if name.startswith("OSTINATO_"):
        raise Refusal(f"{name} is set by Ostinato itself", hint="choose a name that does not begin with OSTINATO_")
    return name


def _check_action(name: str) -> str:
    if _names_action(*name.split(":")):
        return name
    module, _, function = name.rpartition(".")
    hint = f"did you mean {module}:{function}?" if _names_action(module, function) else "write package.module:name"
    raise Refusal(f"{name!r} does not name an action", hint=hint)


def _names_action(*parts: str) -> bool:
    """Tell whether ``parts`` are the names of a module and of something in it."""
    return len(parts) == 2 and all(word.isidentifier() for part in parts for word in part.split("."))


Template = Annotated[Text, AfterValidator(check_no_null), checked_by(list_placeholders)]
"""A text with placeholders."""

Command = Annotated[tuple[Template, ...], Field(min_length=1), BeforeValidator(read_command)]
Variable = Annotated[str, AfterValidator(_check_variable)]
ActionName = Annotated[str, AfterValidator(_check_action), WithJsonSchema(_ACTION_SCHEMA)]
RescueChoice = Annotated[Rescue, PlainValidator(read_choice(Rescue)), WithJsonSchema({"enum": list(Rescue)})]


class WorkForm(Form):
    """Work to do: a command, a text for a shell, or an action."""

    command: Annotated[Command, Field(examples=[["python", "-m", "shop.sales", "--account", "{account}"]])] | None = (
        None
    )
    """The program and its arguments, with placeholders such as {account} and {start_date}. No shell is involved."""
    shell: Annotated[Template, Field(examples=["gzip -c in > out"])] | None = None
    """A text for /bin/sh, instead of a command."""
    action: ActionName | None = None
    """An action written in Python, instead of a command: package.module:name."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    """What the action is given, by name. Texts may hold placeholders; {{ and }} stand for braces."""

    @property
    def kinds(self) -> list[str]:
        """Return the keys by which it says what to do; one, if it is right."""
        return [key for key in ("command", "shell", "action") if getattr(self, key) is not None]
