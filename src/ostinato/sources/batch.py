"""A batch: a Python module that lists commands with what they read and write, each run by a command line.

The line is that of a Django management command (``manage``), or any other (``command``). Owns the options of such a
source and the lines; the shapes of entries are those of ``ostinato.sources.batch_entries``.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from ostinato.documents import Document, Place
from ostinato.documents.fields import Filled, Text, Words, as_tuple, checked_by
from ostinato.documents.forms import Form, Refusal, read_form
from ostinato.errors import DeclarationError
from ostinato.model.definitions import DeclaredDefinition
from ostinato.policies.placeholders import list_placeholders
from ostinato.sources.batch_entries import BatchCommand, find_name, read_entry
from ostinato.sources.definition_form import WORK, DefinitionForm
from ostinato.sources.definition_rows import gather_definition
from ostinato.sources.files import trace_files
from ostinato.sources.gathering import Gathering
from ostinato.sources.protocols import Loaded
from ostinato.sources.python_modules import ListReference, read_list
from ostinato.sources.work_form import Template, read_command

_NAME = re.compile(r"(?<!\{)\{name\}(?!\})")
_SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE['"]\s*(?:,|\]\s*=)\s*['"]([\w.]+)['"]""")


def _check_line(text: str) -> None:
    list_placeholders(_NAME.sub("{definition}", text))


Line = Annotated[
    tuple[Annotated[Text, checked_by(_check_line)], ...], Field(min_length=1), BeforeValidator(read_command)
]


class BatchForm(Form):
    """A batch of commands that a Python module lists."""

    module: Filled
    """The module: package.module, or the path of a file."""
    name: Filled = "COMMANDS"
    """What the list is called in it, or the function that returns it."""
    manage: Filled | None = None
    """The manage.py of a Django project: the commands are its management commands, and start in its folder."""
    command: Annotated[Line, Field(examples=[["./nightly.sh", "{name}", "{start_date}"]])] | None = None
    """The command line for all entries, where they are no management commands; {name} is the entry's command."""
    arguments: Annotated[tuple[Template, ...], BeforeValidator(as_tuple)] = ()
    """Further arguments for every command, with placeholders."""
    python: Filled = "python"
    """The Python that runs manage.py and reads the module; a path starts in the project folder."""
    settings: Filled | None = None
    """The settings module of the Django project, where its manage.py does not name it."""
    fields: Words = ("name", "frequency", "reads_from", "writes_to")
    """What the items of an entry that is a tuple are."""
    defaults: DefinitionForm = DefinitionForm()
    """What holds for every definition of the batch that does not say otherwise."""

    @model_validator(mode="after")
    def _check_line(self) -> BatchForm:
        if (self.manage is None) == (self.command is None):
            raise Refusal("expected manage or command", hint="write manage: manage.py, or command: [program, '{name}']")
        if self.defaults.model_fields_set & WORK:
            hint = "write command beside module, not in defaults"
            raise Refusal("a batch has one command line for all its entries", hint=hint)
        return self


class UpdateAggPctBatchSource:
    """The definitions of a batch."""

    kind = "batch"

    def __init__(self, options: Any, *, folder: Path, place: Place) -> None:
        self._form = read_form(BatchForm, Document(options, place))
        self._folder = folder
        self._manage = folder / self._form.manage if self._form.manage else None
        self._place = place
        self._made_from: tuple[str, ...] = ()
        self.name = f"{self.kind}:{self._form.module}:{self._form.name}"

    def load(self) -> Loaded[DeclaredDefinition]:
        self._made_from = ()
        listed = read_list(self._refer())
        gathering: Gathering[DeclaredDefinition] = Gathering()
        for index, entry in enumerate(listed.list_entries()):
            name = find_name(entry, self._form.fields)
            place = listed.find_place(name) if name else listed.find_place().at(index)
            try:
                command = read_entry(entry, self._form.fields, place)
            except DeclarationError as error:
                gathering.refuse(error.problems)
            else:
                document = Document(self._declare(command), place)
                gather_definition(command.name, document, self._form.defaults, gathering)
        loaded = gathering.finish()
        self._made_from = listed.made_from
        return loaded

    def fingerprint(self) -> str | None:
        return trace_files(self._folder, self._made_from) if self._made_from else None

    def _declare(self, command: BatchCommand) -> dict[str, Any]:
        return {**command.fields, **self._start(), "command": [*self._begin(command), *command.arguments]}

    def _begin(self, command: BatchCommand) -> list[str]:
        """Return the command line of an entry, but for its own arguments."""
        if self._manage is not None:
            line = [self._form.python, self._manage.name, command.command]
        else:
            line = [_NAME.sub(lambda _: command.command, word) for word in self._form.command or ()]
        return [*line, *self._form.arguments]

    def _start(self) -> dict[str, str]:
        """Return where management commands start, unless that is the project folder."""
        folder = os.path.relpath(self._manage.parent, self._folder) if self._manage else "."
        return {} if folder == "." else {"working_directory": folder}

    def _refer(self) -> ListReference:
        form, folder = self._form, self._folder
        python = str(folder / form.python) if os.sep in form.python else form.python
        return ListReference(
            module=str(folder / form.module) if form.module.endswith(".py") else form.module,
            name=form.name,
            folder=folder,
            path=(self._manage.parent, folder) if self._manage else (folder,),
            place=self._place.at("module"),
            python=sys.executable if python == "python" else python,
            settings=self._find_settings(),
        )

    def _find_settings(self) -> str | None:
        """Return the settings that are declared, or else those that ``manage.py`` names."""
        if self._manage is None:
            return self._form.settings
        try:
            found = _SETTINGS.search(self._manage.read_text(encoding="utf-8"))
        except OSError as error:
            hint = f"relative paths start in the project folder, {self._folder}"
            raise self._place.at("manage").error(f"{self._form.manage}: {error.strerror}", hint=hint) from None
        return self._form.settings or (found[1] if found else None)
