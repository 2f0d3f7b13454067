"""The kinds of source: ours, and those that installed packages add by entry points.

An entry point in the group ``ostinato.account_sources`` or ``ostinato.definition_sources`` is named for the kind and
refers to a ``SourceFactory``. Ours are known without it, and nobody can put another in their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic

from ostinato.config import Config, SourceEntry
from ostinato.documents.forms import nearest
from ostinato.errors import DeclarationError, Problem
from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition
from ostinato.sources.protocols import AccountSource, DefinitionSource, Source, SourceFactory, T


@dataclass(frozen=True, slots=True)
class Group(Generic[T]):
    """The kinds of source for one kind of row: the entry points that add to them, and ours."""

    name: str
    built_in: Mapping[str, str]


ACCOUNT_SOURCES: Group[DeclaredAccount] = Group(
    "ostinato.account_sources",
    {
        "file": "ostinato.sources.files:AccountFileSource",
        "yaml": "ostinato.sources.files:YamlAccountSource",
        "json": "ostinato.sources.files:JsonAccountSource",
        "csv": "ostinato.sources.files:CsvAccountSource",
        "python": "ostinato.sources.python_lists:PythonAccountSource",
        "sql": "ostinato.sources.sql:SqlAccountSource",
    },
)
DEFINITION_SOURCES: Group[DeclaredDefinition] = Group(
    "ostinato.definition_sources",
    {
        "file": "ostinato.sources.files:DefinitionFileSource",
        "yaml": "ostinato.sources.files:YamlFileSource",
        "json": "ostinato.sources.files:JsonFileSource",
        "python": "ostinato.sources.python_lists:PythonSource",
        "batch": "ostinato.sources.batch:UpdateAggPctBatchSource",
    },
)


@dataclass(frozen=True, slots=True)
class Opened(Generic[T]):
    """What came of opening sources: each that could be opened, with its entry, and what is wrong with the others."""

    sources: tuple[tuple[SourceEntry, Source[T]], ...]
    problems: tuple[Problem, ...]


def open_account_sources(config: Config) -> tuple[AccountSource, ...]:
    """Open the account sources of a project; a ``DeclarationError`` holds all that is wrong with their options."""
    return _all_or_none(open_entries(ACCOUNT_SOURCES, config.accounts, config.folder))


def open_definition_sources(config: Config) -> tuple[DefinitionSource, ...]:
    """Open the definition sources of a project; a ``DeclarationError`` holds all that is wrong with their options."""
    return _all_or_none(open_entries(DEFINITION_SOURCES, config.definitions, config.folder))


def open_entries(group: Group[T], entries: Iterable[SourceEntry], folder: Path) -> Opened[T]:
    """Open the sources that ``entries`` ask for, as far as that is possible."""
    opened: dict[str, tuple[SourceEntry, Source[T]]] = {}
    problems: list[Problem] = []
    for entry in entries:
        try:
            source = _open(group, entry, folder)
        except DeclarationError as error:
            problems.extend(error.problems)
            continue
        first = opened.setdefault(source.name, (entry, source))[0]
        if first is not entry:
            hint = "take one of them away, or give it another name where the kind of source has that option"
            message = f"the source {source.name} is listed twice, first at {first.place}"
            problems.append(entry.place.problem(message, hint=hint))
    return Opened(tuple(opened.values()), tuple(problems))


def _all_or_none(opened: Opened[T]) -> tuple[Source[T], ...]:
    if opened.problems:
        raise DeclarationError(opened.problems)
    return tuple(source for _, source in opened.sources)


def _open(group: Group[T], entry: SourceEntry, folder: Path) -> Source[T]:
    point = _find_point(group, entry)
    try:
        factory: SourceFactory[T] = point.load()
        return factory(entry.options, folder=folder, place=entry.place)
    except DeclarationError:
        raise
    except Exception as error:
        if entry.kind in group.built_in:
            raise
        message = f"the source {entry.kind} ({_describe(point)}) failed: {type(error).__name__}: {error}"
        raise entry.place.error(message, hint="tell those who made it") from error


def _find_point(group: Group[Any], entry: SourceEntry) -> EntryPoint:
    if entry.kind in group.built_in:
        return EntryPoint(entry.kind, group.built_in[entry.kind], group.name)
    points = entry_points(group=group.name)
    found = [point for point in points if point.name == entry.kind]
    if not found:
        kinds = dict.fromkeys([*group.built_in, *sorted(points.names)])
        raise entry.place.error(f"{entry.kind!r} is no kind of source", hint=nearest(entry.kind, kinds))
    if len(found) > 1:
        packages = " and ".join(sorted(_describe(point) for point in found))
        raise entry.place.error(f"{packages} both bring a source {entry.kind!r}", hint="uninstall one of them")
    return found[0]


def _describe(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
