"""The sources of a simulation: what they declare may change, be lost in part, or not be readable at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ostinato.errors import ConfigurationError
from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition
from ostinato.policies.alignment import RemovalLimit
from ostinato.simulation.witness import Breach, Commit
from ostinato.sources.protocols import Loaded


class Declarations:
    """What one source declares, by token or name; it may be broken."""

    kind = "simulated"

    def __init__(self, name: str, rows: Iterable[DeclaredAccount | DeclaredDefinition]) -> None:
        self.name = name
        self.is_broken = False
        self._known = {key_of(row): row for row in rows}
        self._withdrawn: set[str] = set()
        self._loses_rows = False
        self._revision = 0

    @property
    def has_rows(self) -> bool:
        """Tell whether it declares anything at all, now or at other times."""
        return bool(self._known)

    @property
    def rows(self) -> dict[str, Any]:
        """Return what can be read now: of a source that loses rows, every other one."""
        rows = [(name, row) for name, row in self._known.items() if name not in self._withdrawn]
        return {} if self._loses_rows else dict(rows)

    @property
    def revision(self) -> int:
        """Return a number that grows with every change of what can be read."""
        return self._revision

    def lose_rows(self) -> None:
        """Have nothing be there, though the source can be read."""
        self._loses_rows = True
        self._revision += 1

    def mend(self) -> None:
        """Have everything be there again, and be active."""
        self.is_broken = self._loses_rows = False
        self._withdrawn.clear()
        self._known = {name: replace(row, active=True) for name, row in self._known.items()}
        self._revision += 1

    def withdraw(self, which: int) -> str:
        """Declare one row no longer; return which."""
        name = self._pick(which)
        self._withdrawn.add(name)
        return name

    def declare(self, which: int) -> str:
        """Declare a row again; return which."""
        name = self._pick(which)
        self._withdrawn.discard(name)
        return name

    def change(self, which: int) -> str:
        """Declare a row to be active where it was not, and the other way round; return which."""
        name = self._pick(which)
        self._known[name] = replace(self._known[name], active=not self._known[name].active)
        return name

    def _pick(self, which: int) -> str:
        self._revision += 1
        return list(self._known)[which % len(self._known)]


class View:
    """One engine's view of a source. ``seen`` is what it saw when it last looked; ``None`` when it could not."""

    kind = "simulated"

    def __init__(self, declarations: Declarations) -> None:
        self.name = declarations.name
        self.seen: dict[str, Any] | None = None
        self._declarations = declarations

    def load(self) -> Loaded[Any]:
        return Loaded(tuple(self._declarations.rows.values()))

    def fingerprint(self) -> str | None:
        if self._declarations.is_broken:
            self.seen = None
            raise ConfigurationError(f"the source {self.name} cannot be read")
        self.seen = self._declarations.rows
        return str(self._declarations.revision)


def key_of(row: DeclaredAccount | DeclaredDefinition) -> str:
    """Return what a declared row is known by."""
    return row.token if isinstance(row, DeclaredAccount) else row.name


def check_removals(commit: Commit, views: Mapping[str, View], limit: RemovalLimit) -> Iterator[Breach]:
    """Check that an engine has removed what a source declares no longer, and nothing else [10]."""
    before, after = commit.before, commit.after
    for old, new in ((before.definitions, after.definitions), (before.accounts, after.accounts)):
        removed: Counter[str] = Counter()
        for id in sorted(old.keys() - new.keys()):
            name, source = old[id][1], old[id].source
            seen = views[source].seen
            removed[source] += 1
            if seen is None:
                yield Breach(10, f"{name} was removed, and its source {source} could not be read")
            elif name in seen:
                yield Breach(10, f"{name} was removed, and its source {source} declares it")
        for source, count in removed.items():
            owned = sum(row.source == source for row in old.values())
            if count > limit.more_than and count > limit.share * owned:
                yield Breach(10, f"{count} of {owned} rows of {source} were removed at once")
