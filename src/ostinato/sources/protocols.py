"""What a source is to those who load it, and what it takes to be made: the seam for plug-ins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from ostinato.documents import Place
from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition

T = TypeVar("T", DeclaredAccount, DeclaredDefinition)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """All that a source declares. ``places`` says where each token or name is declared, as ``file:line``."""

    rows: tuple[T, ...]
    places: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol[T]):
    """A place where accounts or definitions are declared.

    ``kind`` is the key by which the project file asks for it. ``name`` tells it from all other sources of the
    project; it is stored with each row as its owner, so it must stay the same as long as the source does.
    """

    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    def load(self) -> Loaded[T]:
        """Return all that is declared now: everything or, as an error, nothing.

        Raises ``DeclarationError`` with every problem that was found, and ``ConfigurationError`` when the source
        cannot be read at all, a database that does not answer, say.
        """
        ...

    def fingerprint(self) -> str | None:
        """Return a text that changes when ``load`` would answer something else; ``None`` if that is not known.

        It is asked for before every pass of the engine, so it must be cheap.
        """
        ...


class SourceFactory(Protocol[T]):
    """Makes a source of what the project file says. This is what an entry point names.

    ``options`` is the value that stands at ``place``; relative paths in it start in ``folder``. What is wrong with
    it is a ``DeclarationError``, best made by ``place.at(…).error(…)``.
    """

    def __call__(self, options: Any, *, folder: Path, place: Place) -> Source[T]: ...


AccountSource: TypeAlias = Source[DeclaredAccount]
DefinitionSource: TypeAlias = Source[DeclaredDefinition]
