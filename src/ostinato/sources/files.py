"""Sources that are files: one, or all that a pattern matches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from glob import glob, has_magic
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeAlias

from ostinato.documents import Place, read_csv, read_json, read_yaml
from ostinato.documents.forms import describe
from ostinato.errors import DeclarationError
from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition
from ostinato.sources.account_rows import check_columns, gather_accounts, gather_row
from ostinato.sources.definition_rows import gather_definitions
from ostinato.sources.gathering import Gathering
from ostinato.sources.protocols import Loaded, T

Reader: TypeAlias = Callable[[Path, str, Gathering[T]], None]
"""Takes in a file, which messages call by the second argument."""

_KINDS = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".csv": "csv"}


class FileSource(Generic[T]):
    """Declarations in files of one kind, or with kind ``file`` of that which each file's ending names.

    The option is a path or a pattern (``definitions/**/*.yaml``). A pattern that matches no file is an error: what
    is meant to be empty is declared as empty.
    """

    kind: ClassVar[str]
    readers: ClassVar[Mapping[str, Reader[Any]]]

    def __init__(self, options: Any, *, folder: Path, place: Place) -> None:
        if not isinstance(options, str) or not options.strip():
            found = "a blank text" if isinstance(options, str) else describe(options)
            hint = "write a path or a pattern, such as definitions/*.yaml, and an entry of its own for each"
            raise place.error(f"expected a path, not {found}", hint=hint)
        self._pattern = options
        self._folder = folder
        self._place = place
        self.name = f"{self.kind}:{options}"

    def load(self) -> Loaded[T]:
        paths = [path for path in self._list_paths() if (self._folder / path).exists()]
        if not paths:
            what = "no file matches" if has_magic(self._pattern) else "there is no file"
            hint = f"relative paths start in the project folder, {self._folder}"
            raise self._place.error(f"{what} {self._pattern}", hint=hint)
        gathering: Gathering[T] = Gathering()
        for path in paths:
            try:
                self._choose_reader(path)(self._folder / path, path, gathering)
            except DeclarationError as error:
                gathering.refuse(error.problems)
        return gathering.finish()

    def fingerprint(self) -> str:
        return trace_files(self._folder, self._list_paths())

    def _list_paths(self) -> list[str]:
        """Return the paths of the files, from the project folder; one without wildcards need not exist."""
        if not has_magic(self._pattern):
            return [self._pattern]
        found = glob(self._pattern, root_dir=self._folder, recursive=True)  # noqa: PTH207 - takes absolute ones, too
        return sorted(path for path in found if not (self._folder / path).is_dir())

    def _choose_reader(self, path: str) -> Reader[T]:
        kind = self.kind
        if kind == "file":
            kind = _KINDS.get(Path(path).suffix.casefold(), "")
        if kind not in self.readers:
            endings = ", ".join(ending for ending, known in _KINDS.items() if known in self.readers)
            hint = f"known endings: {endings}; for others name the kind instead, as in yaml: {path}"
            raise Place(path).error("the ending of this file does not say what it holds", hint=hint)
        return self.readers[kind]


def trace_files(folder: Path, paths: Iterable[str]) -> str:
    """Return a text that changes when one of the files is written, replaced or removed."""
    return "\n".join(f"{path} {_trace(folder / path)}" for path in paths)


def _trace(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError as error:
        return str(error.strerror)
    return f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns}"


def _read_account_rows(path: Path, shown: str, gathering: Gathering[DeclaredAccount]) -> None:
    rows = read_csv(path, shown)
    if rows:
        check_columns(rows[0].value, Place(shown, 1))
    for row in rows:
        gather_row(row, gathering)


class AccountFileSource(FileSource[DeclaredAccount]):
    """Accounts in files of any kind."""

    kind = "file"
    readers: ClassVar[Mapping[str, Reader[DeclaredAccount]]] = {
        "yaml": lambda path, shown, gathering: gather_accounts(read_yaml(path, shown), gathering),
        "json": lambda path, shown, gathering: gather_accounts(read_json(path, shown), gathering),
        "csv": _read_account_rows,
    }


class YamlAccountSource(AccountFileSource):
    """Accounts in YAML."""

    kind = "yaml"


class JsonAccountSource(AccountFileSource):
    """Accounts in JSON."""

    kind = "json"


class CsvAccountSource(AccountFileSource):
    """Accounts in CSV: a row for each, with the columns of ``ostinato.sources.account_rows``."""

    kind = "csv"


class DefinitionFileSource(FileSource[DeclaredDefinition]):
    """Definitions in files of any kind."""

    kind = "file"
    readers: ClassVar[Mapping[str, Reader[DeclaredDefinition]]] = {
        "yaml": lambda path, shown, gathering: gather_definitions(read_yaml(path, shown), gathering),
        "json": lambda path, shown, gathering: gather_definitions(read_json(path, shown), gathering),
    }


class YamlFileSource(DefinitionFileSource):
    """Definitions in YAML."""

    kind = "yaml"


class JsonFileSource(DefinitionFileSource):
    """Definitions in JSON."""

    kind = "json"
