"""Loading sources: a source that cannot be loaded is an answer, not an exception."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import structlog

from ostinato.engine.context import Desired
from ostinato.errors import OstinatoError
from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition
from ostinato.policies.alignment import Load
from ostinato.sources.protocols import AccountSource, DefinitionSource

log = structlog.get_logger()

T = TypeVar("T", DeclaredAccount, DeclaredDefinition)


class SourceReader:
    """Loads all sources of a project; one whose fingerprint has not changed since a good load is not loaded again."""

    def __init__(self, accounts: Sequence[AccountSource], definitions: Sequence[DefinitionSource]) -> None:
        self._accounts = tuple(accounts)
        self._definitions = tuple(definitions)
        self._good: dict[tuple[str, str], tuple[str, Load[Any]]] = {}

    def read(self) -> Desired:
        """Return what all sources declare now."""
        return Desired(
            accounts=tuple(self._load("accounts", source, lambda row: row.token) for source in self._accounts),
            definitions=tuple(self._load("definitions", source, lambda row: row.name) for source in self._definitions),
        )

    def _load(self, kind: str, source: Any, key_of: Any) -> Load[Any]:
        place = (kind, source.name)
        try:
            fingerprint = source.fingerprint()
            known = self._good.get(place)
            if known is not None and fingerprint is not None and known[0] == fingerprint:
                return known[1]
            load = Load(source.name, {key_of(row): row for row in source.load().rows})
        except OstinatoError as error:
            return self._failed(place, str(error))
        except Exception as error:  # a plug-in may raise anything; the loop outlives it
            log.exception("source_failed", kind=kind, source=source.name)
            return self._failed(place, f"{type(error).__name__}: {error}")
        if fingerprint is not None:
            self._good[place] = (fingerprint, load)
        return load

    def _failed(self, place: tuple[str, str], error: str) -> Load[Any]:
        self._good.pop(place, None)
        return Load(place[1], error=error)
