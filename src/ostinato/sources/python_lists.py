"""Sources that are lists in Python modules, of mappings as in files or of the declared records themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic

from pydantic import TypeAdapter, ValidationError

from ostinato.documents import Document, Place
from ostinato.errors import DeclarationError
from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition
from ostinato.sources.account_rows import gather_account, write_account
from ostinato.sources.definition_form import DefinitionForm
from ostinato.sources.definition_rows import gather_definition, write_definition
from ostinato.sources.files import trace_files
from ostinato.sources.gathering import Gathering
from ostinato.sources.protocols import Loaded, T
from ostinato.sources.python_modules import (
    Entry,
    ListReference,
    PythonList,
    Thing,
    describe_value,
    read_list,
)


class PythonListSource(ABC, Generic[T]):
    """A list in a Python module of the project, or a function that returns one.

    The option is ``package.module:name``. A list is read again when a module of the project that it was made from has
    changed, a function is called every time.
    """

    kind = "python"
    record: ClassVar[type[Any]]
    name_key: ClassVar[str]

    def __init__(self, options: Any, *, folder: Path, place: Place) -> None:
        module, _, name = options.partition(":") if isinstance(options, str) else ("", "", "")
        if not module or not name:
            raise place.error("expected a module and a name in it", hint="write package.module:name")
        self._reference = ListReference(module, name, folder, (folder,), place)
        self._made_from: tuple[str, ...] = ()
        self.name = f"{self.kind}:{options}"

    def load(self) -> Loaded[T]:
        self._made_from = ()
        listed = read_list(self._reference)
        gathering: Gathering[T] = Gathering()
        for index, entry in enumerate(listed.list_entries()):
            try:
                name, document = self._read_entry(entry, index, listed)
            except DeclarationError as error:
                gathering.refuse(error.problems)
            else:
                self._gather(name, document, gathering)
        loaded = gathering.finish()
        self._made_from = listed.made_from
        return loaded

    def fingerprint(self) -> str | None:
        return trace_files(self._reference.folder, self._made_from) if self._made_from else None

    @abstractmethod
    def _write(self, record: Any) -> dict[str, Any]:
        """Return the fields by which a record could be declared in a file."""

    @abstractmethod
    def _gather(self, name: str, document: Document, gathering: Gathering[T]) -> None:
        """Take in what is declared of ``name``."""

    def _read_entry(self, entry: Entry, index: int, listed: PythonList) -> tuple[str, Document]:
        """Return the name of an entry and its other fields."""
        place = listed.find_place().at(index)
        value, name = entry.value, entry.name
        if isinstance(value, Thing) and (value.module, value.name) == (self.record.__module__, self.record.__name__):
            fields = self._write(self._read_record(value, place))
            name = str(value.attributes[self.name_key])
        elif isinstance(value, Mapping):
            fields = dict(value)
            name = str(fields.pop(self.name_key, "")) if name is None else name
        else:
            raise place.error(f"expected a mapping or a {self.record.__name__}, not {describe_value(value)}")
        if not name:
            raise place.error(f"this entry has no {self.name_key}", hint=f'add "{self.name_key}": …')
        return name, Document(fields, listed.find_place(name))

    def _read_record(self, thing: Thing, place: Place) -> Any:
        try:
            return TypeAdapter(self.record).validate_python(_plain(thing))
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            message = detail["msg"].replace("Input should", "this should")
            raise place.at(*detail["loc"]).error(message) from None


class PythonSource(PythonListSource[DeclaredDefinition]):
    """Definitions in a Python module."""

    record = DeclaredDefinition
    name_key = "name"

    def _write(self, record: DeclaredDefinition) -> dict[str, Any]:
        return write_definition(record)

    def _gather(self, name: str, document: Document, gathering: Gathering[DeclaredDefinition]) -> None:
        gather_definition(name, document, DefinitionForm(), gathering)


class PythonAccountSource(PythonListSource[DeclaredAccount]):
    """Accounts in a Python module."""

    record = DeclaredAccount
    name_key = "token"

    def _write(self, record: DeclaredAccount) -> dict[str, Any]:
        return write_account(record)

    def _gather(self, name: str, document: Document, gathering: Gathering[DeclaredAccount]) -> None:
        gather_account(name, document, gathering)


def _plain(value: Any) -> Any:
    """Return a record that was read as nested mappings and lists."""
    match value:
        case Thing():
            return {key: _plain(item) for key, item in value.attributes.items()}
        case list():
            return [_plain(item) for item in value]
    return value
