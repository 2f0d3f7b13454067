"""A project folder for the tests of sources, and the sources that its files could name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ostinato.config import Config, SourceEntry
from ostinato.documents import Place
from ostinato.errors import DeclarationError, Problem
from ostinato.sources import (
    AccountSource,
    DefinitionSource,
    Source,
    open_account_sources,
    open_definition_sources,
)


@dataclass(frozen=True)
class Project:
    """A project folder. Sources are opened as if line 3 of its file named them."""

    folder: Path

    def write(self, path: str, text: str) -> Path:
        """Write a file; its text may be indented like the test."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        return file

    def config(self, *, accounts: dict[str, Any] | None = None, definitions: dict[str, Any] | None = None) -> Config:
        """Make the configuration that names sources by kind and options."""
        return Config(
            self.folder,
            "sqlite:///ostinato.db",
            accounts=tuple(_entry("accounts", kind, options) for kind, options in (accounts or {}).items()),
            definitions=tuple(_entry("definitions", kind, options) for kind, options in (definitions or {}).items()),
        )

    def open_accounts(self, kind: str, options: Any) -> AccountSource:
        """Open a source of accounts."""
        (source,) = open_account_sources(self.config(accounts={kind: options}))
        return source

    def open_definitions(self, kind: str, options: Any) -> DefinitionSource:
        """Open a source of definitions."""
        (source,) = open_definition_sources(self.config(definitions={kind: options}))
        return source

    def problems_of(self, source: Source[Any]) -> tuple[Problem, ...]:
        """Return what is wrong with a source that cannot be loaded."""
        with pytest.raises(DeclarationError) as caught:
            source.load()
        return caught.value.problems


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Lend an empty project folder."""
    return Project(tmp_path)


def _entry(group: str, kind: str, options: Any) -> SourceEntry:
    return SourceEntry(kind, options, Place("ostinato.yaml", 3, f"{group}[0].{kind}"))
