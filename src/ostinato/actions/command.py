"""The built-in action that runs a command: planned like any other, carried out as a process."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Any

from ostinato.actions.action import Action
from ostinato.actions.references import Reference
from ostinato.errors import NotPossible, PlanningError
from ostinato.model.steps import COMMAND
from ostinato.policies.declared_plans import JOINED
from ostinato.policies.placeholders import list_placeholders


class Command(Action):
    """Run a command: ``Command(["load", "--file", file["path"]])``.

    An argument is a text, in which placeholders such as ``{run}`` stand for facts of the run (braces of its own are
    doubled, unless it is ``literal``), a number, a path, a reference, or a list of such parts, which are joined. The
    output is ``{"exit_code": 0}``, or the JSON that the command writes to the file named by ``OSTINATO_OUTPUT``.
    """

    action_name = COMMAND

    @classmethod
    def prepare_input(cls, given: dict[str, Any]) -> dict[str, Any]:
        arguments, literal = given["arguments"], given.get("literal", False)
        if isinstance(arguments, str):
            words = ", ".join(repr(word) for word in shlex.split(arguments))
            raise PlanningError("a command is a list of words, not a text", hint=f"write Command([{words}])")
        if not isinstance(arguments, list | tuple) or not arguments:
            raise PlanningError(f"a command is a list of words that begins with a program, not {arguments!r}")
        prepared = {**given, "arguments": [_prepare(argument, literal=literal) for argument in arguments]}
        if isinstance(environment := given.get("environment"), Mapping):
            prepared["environment"] = {name: _to_text(value) for name, value in environment.items()}
        if "working_directory" in given:
            prepared["working_directory"] = _to_text(given["working_directory"])
        return prepared

    def run(
        self,
        arguments: list[Any],
        environment: dict[str, Any] | None = None,
        working_directory: str | None = None,
        literal: bool = False,
    ) -> Any:
        raise NotPossible("a command is carried out as a process, not by a thread")


def _prepare(argument: object, *, literal: bool) -> Any:
    if isinstance(argument, list | tuple):
        return {JOINED: [_prepare(part, literal=literal) for part in argument]}
    text = _to_text(argument)
    if isinstance(text, str) and not literal:
        try:
            list_placeholders(text)
        except ValueError as error:
            raise PlanningError(f"the argument {text!r}: {error}") from None
    return text


def _to_text(value: object) -> Any:
    """Return paths as texts; anything else is encoded as ever."""
    if isinstance(value, Reference) or not isinstance(value, os.PathLike):
        return value
    return os.fspath(value)
