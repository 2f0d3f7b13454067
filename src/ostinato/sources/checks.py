"""Checking all that a project declares, without a database: what ``ostinato validate`` reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic

from ostinato.config import PROJECT_FILE, Config, SourceEntry
from ostinato.documents import Place
from ostinato.documents.forms import in_order, nearest
from ostinato.errors import DeclarationError, OstinatoError, Problem
from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition, Matrix
from ostinato.policies.declared_plans import list_used_placeholders
from ostinato.policies.dependencies import derive_dependencies, find_circle
from ostinato.policies.placeholders import LABELS
from ostinato.sources.protocols import Source, T
from ostinato.sources.registry import ACCOUNT_SOURCES, DEFINITION_SOURCES, Group, open_entries


@dataclass(slots=True)
class _Declared(Generic[T]):
    """The rows of all sources by name, where each is declared, and what is wrong."""

    rows: dict[str, T] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def check_declarations(config: Config) -> list[Problem]:
    """Return everything that is wrong with the accounts and definitions of a project.

    No account at all is no problem: accounts may yet come.
    """
    accounts = _load_all(ACCOUNT_SOURCES, config.accounts, config)
    definitions = _load_all(DEFINITION_SOURCES, config.definitions, config)
    problems = [*accounts.problems, *definitions.problems, *_list_circles(definitions)]
    problems.extend(_list_wrong_uses(definitions, config.pools))
    if not accounts.problems:
        problems.extend(_list_missing_labels(definitions, list(accounts.rows.values())))
    return in_order(problems)


def _load_all(group: Group[T], entries: Sequence[SourceEntry], config: Config) -> _Declared[T]:
    opened = open_entries(group, entries, config.folder)
    declared: _Declared[T] = _Declared(problems=list(opened.problems))
    for entry, source in opened.sources:
        _load(source, entry, declared)
    return declared


def _load(source: Source[T], entry: SourceEntry, declared: _Declared[T]) -> None:
    try:
        loaded = source.load()
    except DeclarationError as error:
        declared.problems.extend(error.problems)
        return
    except OstinatoError as error:
        declared.problems.append(entry.place.problem(error.message, hint=error.hint))
        return
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        declared.problems.append(entry.place.problem(f"{source.name} failed: {type(error).__name__}: {error}"))
        return
    for row in loaded.rows:
        name = _name_of(row)
        place = loaded.places.get(name, f"{entry.place} ({source.name})")
        if name in declared.rows:
            hint = "a row belongs to one source: take it out of the other"
            message = f"{name} is declared twice, first at {declared.places[name]}"
            declared.problems.append(_parse_place(place, name).problem(message, hint=hint))
        else:
            declared.rows[name], declared.places[name] = row, place


def _list_circles(definitions: _Declared[DeclaredDefinition]) -> Iterator[Problem]:
    """Yield a problem for a circle of dependencies; further ones show when this one is gone."""
    dependencies = derive_dependencies(definitions.rows.values())
    circle = find_circle(dependencies)
    if circle is None:
        return
    through = {(each.definition, each.upstream): each.through for each in dependencies}
    steps = [
        f"{name} ({definitions.places[name]}) reads {', '.join(through[name, upstream])}, which {upstream} writes"
        for name, upstream in zip(circle, (*circle[1:], circle[0]), strict=True)
    ]
    place = _parse_place(definitions.places[circle[0]], circle[0])
    message = f"these definitions wait for each other in a circle: {' → '.join((*circle, circle[0]))}"
    yield place.problem(message, hint="; ".join(steps))


def _list_wrong_uses(definitions: _Declared[DeclaredDefinition], pools: Mapping[str, int]) -> Iterator[Problem]:
    """Yield a problem for each pool that a definition uses and nobody declares, or that never has so many places."""
    for name, definition in definitions.rows.items():
        place = _parse_place(definitions.places[name], name).at("uses")
        for pool, places in sorted(definition.uses.items()):
            if pool not in pools:
                hint = f"declare it in {PROJECT_FILE}: pools: {{{pool}: 8}}"
                meant = f"; {nearest(pool, pools)}" if pools else ""
                yield place.at(pool).problem(f"there is no pool {pool}", hint=f"{hint}{meant}")
            elif places > pools[pool]:
                message = f"it uses {places} places of the pool {pool}, which has {pools[pool]}"
                yield place.at(pool).problem(message, hint="use fewer, or give the pool more")


def _list_missing_labels(
    definitions: _Declared[DeclaredDefinition], accounts: Sequence[DeclaredAccount]
) -> Iterator[Problem]:
    """Yield a problem for each label that a command names and an active account does not have."""
    for name, definition in definitions.rows.items():
        for label in _list_labels(definition):
            without = [account.token for account in accounts if account.active and label not in account.labels]
            if without:
                others = f" and {len(without) - 1} more" if len(without) > 1 else ""
                message = f"{{{LABELS}{label}}} has no value for the account {without[0]}{others}"
                hint = f"add the label {label} to each account"
                yield _parse_place(definitions.places[name], name).problem(message, hint=hint)


def _list_labels(definition: DeclaredDefinition) -> list[str]:
    if definition.matrix is not Matrix.ACCOUNT:
        return []
    names = list_used_placeholders(definition)
    return [name.removeprefix(LABELS) for name in names if name.startswith(LABELS)]


def _name_of(row: DeclaredAccount | DeclaredDefinition) -> str:
    return row.token if isinstance(row, DeclaredAccount) else row.name


def _parse_place(place: str, key: str) -> Place:
    """Read back what ``Loaded.places`` says: a file, and as a rule a line."""
    file, _, line = place.rpartition(":")
    return Place(file, int(line), key) if file and line.isdecimal() else Place(place, None, key)
