"""Prints what a user's Python module lists. Runs as a script, in a process of its own, under a Python of the user's.

So it is whole in itself: it imports nothing of ours, and needs no more than Python 3.8. It reads a request, JSON, from
standard input and writes an answer, JSON, to standard output; what the module prints goes to standard error. It says
what it found and judges nothing: that is for ``ostinato.sources.python_modules``.

A value is written as itself where JSON has it, and else as a pair of what it is and its content: ``list``, ``mapping``
(pairs of key and value), ``duration`` (seconds), ``date``, ``time`` or ``object`` (see ``write_object``).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import importlib
import inspect
import json
import os
import pathlib
import sys
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALLED = ("site-packages", "dist-packages")
LISTS = (list, tuple, set, frozenset)
PLAIN = (str, int, float, dict, list, tuple)


class Wrong(Exception):
    """The request cannot be answered for a reason that lies in it."""

    def __init__(self, what: str, **details: Any) -> None:
        super().__init__(what)
        self.answer = {"wrong": what, **details}


def main() -> None:
    """Answer one request."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    own = str(pathlib.Path(__file__).parent)
    sys.path[:] = [*request["path"], *(folder for folder in sys.path if folder != own)]
    try:
        answer = answer_request(request)
    except Wrong as wrong:
        answer = wrong.answer
    except BaseException as error:  # noqa: BLE001 - users' code may raise anything, and exit
        answer = describe_error(error, request["path"])
    json.dump(answer, answers)
    answers.close()
    os._exit(0)  # whatever threads the module has started


def answer_request(request: dict[str, Any]) -> dict[str, Any]:
    """Return the entries, the file that lists them, and all files that they were made from."""
    if request["settings"]:
        set_up_django(request["settings"])
    module = import_module(request["module"])
    if not hasattr(module, request["name"]):
        names = [name for name in vars(module) if not name.startswith("_")]
        raise Wrong("no attribute", names=names)
    listed = getattr(module, request["name"])
    called = inspect.isroutine(listed)
    return {
        "entries": write_entries(listed() if called else listed),
        "called": called,
        "file": module.__file__,
        "files": sorted(list_own_files(request["path"])),
    }


def set_up_django(settings: str) -> None:
    """Make a Django project's models importable, as its ``manage.py`` does."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    try:
        import django  # noqa: PLC0415 - the user's, and only where there is one
    except ModuleNotFoundError:
        raise Wrong("no django") from None
    django.setup()


def import_module(name: str) -> Any:
    """Import the module that is named with dots, or that lies at a path."""
    path = pathlib.Path(name).absolute() if name.endswith(".py") else None
    if path:
        name = find_name(path)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise Wrong("no module") from None
        raise
    if path and not path.samefile(module.__file__ or ""):
        raise Wrong("other module", file=module.__file__)
    return module


def find_name(path: pathlib.Path) -> str:
    """Return the name of the module at ``path``, in its package if it is part of one, and make that importable."""
    if not path.is_file():
        raise Wrong("no module")
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return ".".join(names)


def list_own_files(path: list[str]) -> Iterator[str]:
    """Yield the user's own files that modules were imported from."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and is_own(file, path):
            yield file


def is_own(file: str, path: list[str]) -> bool:
    """Tell whether a file lies below one of the folders of ``path`` and is not that of an installed package."""
    folders = tuple(str(pathlib.Path(folder).absolute()) + os.sep for folder in path)
    return file.startswith(folders) and not any(part in file for part in INSTALLED)


def describe_error(error: BaseException, path: list[str]) -> dict[str, Any]:
    """Say what was raised, and where: in the user's own code, as far as it is involved."""
    if isinstance(error, SyntaxError) and error.filename:
        return {"raised": type(error).__name__, "text": error.msg, "file": error.filename, "line": error.lineno}
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    theirs = [frame for frame in frames if frame[0] != __file__ and not frame[0].startswith("<")]
    places = [frame for frame in theirs if is_own(frame[0], path)] or theirs
    answer = {"raised": type(error).__name__, "text": str(error), "file": None, "line": None}
    return {**answer, "file": places[-1][0], "line": places[-1][1]} if places else answer


def write_entries(entries: Any) -> Any:
    """Write the whole list. Of an object that is an entry of it the attributes count, and not only what it is."""
    if isinstance(entries, dict):
        return ["mapping", [[write(key), write_entry(entry)] for key, entry in entries.items()]]
    if isinstance(entries, LISTS) or hasattr(entries, "__next__"):
        return ["list", [write_entry(entry) for entry in entries]]
    return write(entries)


def write_entry(entry: Any) -> Any:
    """Write one entry of the list."""
    if isinstance(entry, tuple) and hasattr(entry, "_asdict"):
        return write_object(entry, entry._asdict())
    if dataclasses.is_dataclass(entry) or isinstance(entry, PLAIN) or entry is None:
        return write(entry)
    return write_object(entry, dict(list_attributes(entry)))


def write(value: Any) -> Any:
    """Write a value."""
    if isinstance(value, enum.Enum):
        return write(value.value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return ["mapping", [[write(key), write(item)] for key, item in value.items()]]
    if isinstance(value, LISTS):
        items = [write(item) for item in value]
        return ["list", items if isinstance(value, (list, tuple)) else sorted(items, key=repr)]
    if isinstance(value, pathlib.PurePath):
        return str(value)
    return write_time(value) or write_object(value, dict(list_fields(value)))


def write_time(value: Any) -> Any:
    """Write a duration, a time or a date; return nothing of anything else."""
    if isinstance(value, dt.timedelta):
        return ["duration", value.total_seconds()]
    if isinstance(value, dt.datetime):
        return ["time", value.isoformat()]
    if isinstance(value, dt.date):
        return ["date", value.isoformat()]
    return None


def write_object(value: Any, attributes: dict[str, Any]) -> Any:
    """Write an object or a class: what it is, the table that it stands for if it is a model, and its attributes."""
    cls = value if isinstance(value, type) else type(value)
    table = getattr(getattr(value, "_meta", None), "db_table", None) or getattr(value, "__tablename__", None)
    return [
        "object",
        {
            "is_class": isinstance(value, type),
            "name": cls.__name__,
            "module": cls.__module__,
            "table": table if isinstance(table, str) else None,
            "attributes": {name: write(attribute) for name, attribute in attributes.items()},
        },
    ]


def list_fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a dataclass instance."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield field.name, getattr(value, field.name)


def list_attributes(entry: Any) -> Iterator[tuple[str, Any]]:
    """Yield the public attributes of an object or a class, but no methods."""
    for name in dir(entry):
        if not name.startswith("_") and hasattr(entry, name):
            attribute = getattr(entry, name)
            if not inspect.isroutine(attribute) and not isinstance(attribute, property):
                yield name, attribute


if __name__ == "__main__":
    main()
