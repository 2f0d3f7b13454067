"""What Python modules list, read in a process of its own each time.

So users' code can neither harm nor slow the process that reads it, and is always seen as it is now. Owns the talk
with ``ostinato.sources.listing``, and where in its module an entry stands. What entries mean is not known here.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from ostinato.documents import Place
from ostinato.documents.forms import describe, nearest
from ostinato.errors import DeclarationError

LONGEST_SECONDS = 60.0

_LISTING = Path(__file__).with_name("listing.py")


@dataclass(frozen=True, slots=True)
class Thing:
    """An object or a class that a module lists or refers to. ``table`` is that of a model."""

    name: str
    module: str
    is_class: bool
    table: str | None
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list, with the name under which it is listed, if it is."""

    name: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class ListReference:
    """Where a list is: ``name`` in ``module``, which is a dotted name or the path of a file.

    ``path`` are the folders that modules are imported from; the first is the working directory, too. ``settings`` are
    those of the Django project that is set up before. ``place`` is where all this is declared.
    """

    module: str
    name: str
    folder: Path
    path: Sequence[Path]
    place: Place
    python: str = sys.executable
    settings: str | None = None

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


class PythonList:
    """A list in a Python module, as it was read. ``made_from`` are its files; none where a function returned it."""

    def __init__(self, reference: ListReference, answer: Mapping[str, Any]) -> None:
        self._reference = reference
        self._file = Path(answer["file"])
        self._lines = _Lines(self._file)
        self.shown = show_path(self._file, reference.folder)
        self.made_from: tuple[str, ...] = () if answer["called"] else tuple(answer["files"])
        self.value = _decode(answer["entries"])

    def list_entries(self) -> list[Entry]:
        """Return the entries of the list, or of the mapping from names to entries."""
        if isinstance(self.value, Mapping):
            return [Entry(str(name), value) for name, value in self.value.items()]
        if isinstance(self.value, list):
            return [Entry(None, value) for value in self.value]
        message = f"{self._reference.name} is {describe_value(self.value)}, and not a list"
        raise self.find_place().error(message, hint="make it a list, a mapping, or a function that returns one")

    def find_place(self, *texts: str) -> Place:
        """Return the place in the module where one of ``texts`` stands first, or else where the list does."""
        line = self._lines.find(*texts, self._reference.name)
        return Place(self.shown, line, texts[0] if texts else "")


def read_list(reference: ListReference) -> PythonList:
    """Read a list anew; a ``DeclarationError`` says why it cannot be read, with the place in the user's code."""
    answer = _ask(reference)
    if "wrong" in answer:
        raise _explain_wrong(answer, reference)
    if "raised" in answer:
        raise _explain_raised(answer, reference)
    return PythonList(reference, answer)


def show_path(path: Path, folder: Path) -> str:
    """Return how messages call a file: by its path from the project folder, if it is in there."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


class _Lines:
    """The lines of a module on which a text, a class or a function, or a variable first stands."""

    def __init__(self, file: Path) -> None:
        self._lines: dict[str, int] = {}
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, ValueError, SyntaxError):
            return
        for node in ast.walk(tree):
            for text in _texts_of(node):
                line = getattr(node, "lineno", 1)
                self._lines[text] = min(line, self._lines.get(text, line))

    def find(self, *texts: str) -> int | None:
        """Return the line of the first of ``texts`` that stands anywhere."""
        return next((self._lines[text] for text in texts if text in self._lines), None)


def _texts_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.alias(name=name, asname=asname):
            yield asname or name


def _ask(reference: ListReference) -> dict[str, Any]:
    request = {
        "module": reference.module,
        "name": reference.name,
        "path": [str(folder) for folder in reference.path],
        "settings": reference.settings,
    }
    place = reference.place
    try:
        done = subprocess.run(
            [reference.python, "-X", "utf8", str(_LISTING)],
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            cwd=reference.path[0],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        hint = "what takes long belongs in a command, not in the list of commands"
        raise place.error(f"{reference} was not read within {LONGEST_SECONDS:g} seconds", hint=hint) from None
    except OSError as error:
        raise place.error(f"{reference.python} cannot be started: {error.strerror}") from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.strip().rpartition("\n")[2]
        message = f"reading {reference} ended the process with exit code {done.returncode}"
        raise place.error(f"{message}: {said}" if said else message) from None
    return answer


def _explain_wrong(answer: Mapping[str, Any], reference: ListReference) -> DeclarationError:
    place, module = reference.place, reference.module
    match answer["wrong"]:
        case "no attribute":
            return place.error(
                f"the module {module} has no {reference.name}", hint=nearest(reference.name, answer["names"])
            )
        case "no django":
            hint = "name the Python that has it, as in python: venv/bin/python"
            return place.error(f"{reference.python} has no Django", hint=hint)
        case "other module":
            hint = "give your module another name"
            return place.error(f"instead of {module}, Python imports {answer['file']}", hint=hint)
    hint = f"modules are imported from {', '.join(map(str, reference.path))}"
    return place.error(f"there is no module {module}", hint=hint)


def _explain_raised(answer: Mapping[str, Any], reference: ListReference) -> DeclarationError:
    message = f"{answer['raised']}: {answer['text']}" if answer["text"] else answer["raised"]
    hint = f"this was raised while {reference} was read"
    if answer["raised"] in ("ImproperlyConfigured", "AppRegistryNotReady"):
        hint += "; name the project's settings, as in settings: shop.settings"
    if answer["file"] is None:
        return reference.place.error(message, hint=hint)
    return Place(show_path(Path(answer["file"]), reference.folder), answer["line"]).error(message, hint=hint)


def _decode(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    kind, content = value
    match kind:
        case "list":
            return [_decode(item) for item in content]
        case "mapping":
            return {str(_decode(key)): _decode(item) for key, item in content}
        case "duration":
            return timedelta(seconds=content)
        case "time":
            return datetime.fromisoformat(content)
        case "date":
            return date.fromisoformat(content)
    attributes = {name: _decode(item) for name, item in content["attributes"].items()}
    return Thing(content["name"], content["module"], content["is_class"], content["table"], attributes)


def describe_value(value: object) -> str:
    """Say what kind of value was found."""
    if isinstance(value, Thing):
        return f"the class {value.name}" if value.is_class else f"a {value.name}"
    return describe(value)
