"""The entries of a batch list, in all the shapes that such lists have, as fields of definitions.

An entry may be a mapping, a name alone, a tuple, an object or a class; what it reads and writes may be names of tables
or the models of them. What cannot be meant is refused, as in ``read_form``, with the key of the entry that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from ostinato.documents import Place
from ostinato.documents.forms import nearest
from ostinato.durations import format_duration
from ostinato.errors import DeclarationError, Problem
from ostinato.sources.definition_form import WORK, DefinitionForm
from ostinato.sources.python_modules import Entry, Thing, describe_value

ALIASES: Mapping[str, str] = {
    "read_from": "reads_from",
    "reads": "reads_from",
    "write_to": "writes_to",
    "writes": "writes_to",
}
"""Other words that batch lists use."""

OWN_KEYS = ("name", "command", "args", "kwargs")
"""What an entry may say beside the fields of a definition."""

_KNOWN = (*OWN_KEYS, *(key for key in DefinitionForm.model_fields if key not in WORK), *ALIASES)
_NAMED = {timedelta(hours=1): "hourly", timedelta(days=1): "daily", timedelta(weeks=1): "weekly"}


@dataclass(frozen=True, slots=True)
class BatchCommand:
    """An entry: the definition's name, the command's name and further arguments, and the definition's other fields."""

    name: str
    command: str
    arguments: tuple[str, ...]
    fields: Mapping[str, Any]


def read_entry(entry: Entry, order: Sequence[str], place: Place) -> BatchCommand:
    """Read an entry that stands at ``place``; ``order`` says what the items of a tuple are."""
    said = _rename(_list_facts(entry.value, order, place), place)
    command = _read_name(said.pop("command", None))
    name = _read_name(said.pop("name", None)) or entry.name or command
    if not name:
        raise place.error("this entry has no name", hint="add what the command is called, as name")
    arguments = (*_read_arguments(said.pop("args", None), place), *_read_options(said.pop("kwargs", None), place))
    for key in ("reads_from", "writes_to"):
        if key in said:
            said[key] = list(_read_tables(said[key], place.at(key)))
    if "frequency" in said:
        said["frequency"] = _read_frequency(said["frequency"])
    return BatchCommand(name, command or name, arguments, said)


def find_name(entry: Entry, order: Sequence[str]) -> str | None:
    """Return what an entry is called, as far as that can be told before it is read."""
    value = entry.value
    if isinstance(value, list):
        value = dict(zip(order, value, strict=False))
    if isinstance(value, Thing):
        value = {"name": _name_of(value) if value.is_class else None, **value.attributes}
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("command")
    return entry.name or _read_name(value)


def _list_facts(value: Any, order: Sequence[str], place: Place) -> dict[str, Any]:
    """Return what an entry says, by key."""
    match value:
        case str():
            return {"name": value}
        case Mapping():
            _check_keys(value, place)
            return dict(value)
        case Thing():
            _check_spelling(value.attributes, place)
            name = {"name": _name_of(value)} if value.is_class or value.name == "Command" else {}
            return {**name, **{key: item for key, item in value.attributes.items() if key in _KNOWN}}
        case list() if len(value) <= len(order):
            return dict(zip(order, value, strict=False))
        case list():
            hint = f"expected {', '.join(order)}; say otherwise with fields: [...] beside module"
            raise place.error(f"this entry has {len(value)} items, not {len(order)}", hint=hint)
    raise place.error(f"this entry is {describe_value(value)}", hint="make it a mapping, a tuple, an object or a class")


def _check_keys(said: Mapping[str, Any], place: Place) -> None:
    unknown = [key for key in said if key not in _KNOWN]
    if unknown:
        raise DeclarationError(_list_unknown(unknown, place))


def _check_spelling(attributes: Mapping[str, Any], place: Place) -> None:
    """Refuse attributes that are nearly what is known: an object may have others, but these are mistakes."""
    unknown = [key for key in attributes if key not in _KNOWN and get_close_matches(key, _KNOWN, cutoff=0.8)]
    if unknown:
        raise DeclarationError(_list_unknown(unknown, place))


def _list_unknown(keys: Sequence[str], place: Place) -> Iterator[Problem]:
    for key in keys:
        yield place.at(key).problem("unknown key", hint=nearest(key, _KNOWN))


def _rename(said: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Leave out what is ``None``, and use one word for what has several."""
    renamed: dict[str, Any] = {}
    for key, value in said.items():
        word = ALIASES.get(key, key)
        if value is None:
            continue
        if word in renamed:
            raise place.at(key).error(f"{word} is said twice, in different words", hint="keep one of them")
        renamed[word] = value
    return renamed


def _read_name(value: Any) -> str | None:
    return _name_of(value) if isinstance(value, Thing) else value if isinstance(value, str) else None


def _name_of(thing: Thing) -> str:
    """Return what the command that a class stands for is called; Django names it for its module."""
    if thing.name == "Command":
        return thing.module.rpartition(".")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", thing.name).lower()


def _read_frequency(value: Any) -> Any:
    """Read a frequency as Python code has it: a duration, or a word in capitals, or the five fields of cron."""
    if isinstance(value, timedelta):
        return _NAMED.get(value) or {"every": format_duration(value)}
    if isinstance(value, str):
        return {"cron": value} if len(value.split()) == 5 else value.strip().lower()
    return value


def _read_tables(value: Any, place: Place) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield item
        elif isinstance(item, Thing) and (item.table or item.is_class):
            yield item.table or item.name
        else:
            raise place.error(f"{describe_value(item)} stands for no table", hint="write its name, or its model")


def _read_arguments(value: Any, place: Place) -> Iterator[str]:
    for item in value if isinstance(value, list) else [] if value is None else [value]:
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            raise place.at("args").error(f"{describe_value(item)} cannot be an argument", hint="write it as a text")
        yield str(item)


def _read_options(value: Any, place: Place) -> Iterator[str]:
    """Write keyword arguments as options: ``batch_size=5`` as ``--batch-size=5``, ``verbose=True`` as ``--verbose``."""
    if not isinstance(value or {}, Mapping):
        raise place.at("kwargs").error(f"expected a mapping, not {describe_value(value)}")
    for key, items in (value or {}).items():
        option = f"--{key.replace('_', '-')}"
        for item in items if isinstance(items, list) else [items]:
            if item is True:
                yield option
            elif isinstance(item, str | int | float) and item is not False:
                yield f"{option}={item}"
            elif item is not None and item is not False:
                message = f"{describe_value(item)} cannot be the value of an option"
                raise place.at("kwargs", key).error(message, hint="write it as a text")
