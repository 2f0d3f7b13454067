"""Every error that Ostinato raises on purpose, as one tree.

    OstinatoError
    ├── DeclarationError        what a person declared is wrong; carries every problem found, with file and line
    ├── ConfigurationError      the project cannot be used as it is set up
    ├── NotFound                no such account, definition, slot or run
    ├── NotPossible             the request makes no sense in the present state
    ├── StoreError
    │   ├── StoreUnavailable    the database cannot be reached or is held by someone else; trying again is right
    │   └── SchemaMismatch      the database is older or newer than this program
    └── IllegalTransition       a bug in Ostinato: a status change that the transition table does not allow

Each error has a stable ``code``, a message that says what is wrong, and a ``hint`` that says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class OstinatoError(Exception):
    """The root: anything that a caller of Ostinato may want to catch."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a declaration: where it stands, what it is, and what would be right."""

    message: str
    file: str = ""
    line: int | None = None
    key: str = ""
    hint: str = ""

    @property
    def place(self) -> str:
        """Return ``file:line``, as far as they are known."""
        return f"{self.file}:{self.line}" if self.file and self.line is not None else self.file

    def __str__(self) -> str:
        parts = [part for part in (self.place, self.key, self.message) if part]
        return ": ".join(parts) + (f"\n  {self.hint}" if self.hint else "")


class DeclarationError(OstinatoError):
    """Declarations that cannot be accepted. ``problems`` holds all that were found, not only the first."""

    code = "declaration"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConfigurationError(OstinatoError):
    """The project as a whole cannot be used: a missing file, an unreachable place, a missing extra."""

    code = "configuration"


class NotFound(OstinatoError):
    """What was named does not exist."""

    code = "not_found"


class NotPossible(OstinatoError):
    """What was asked for contradicts the present state; nothing was changed."""

    code = "not_possible"


class StoreError(OstinatoError):
    """The database answered with an error that the program did not expect."""

    code = "store"


class StoreUnavailable(StoreError):
    """The database is away, full or held by someone else; the same call may succeed later."""

    code = "store_unavailable"


class SchemaMismatch(StoreError):
    """The database's schema is older or newer than this program."""

    code = "schema_mismatch"


class IllegalTransition(OstinatoError):
    """A status change outside the transition table was attempted: a bug, never a normal answer."""

    code = "illegal_transition"
