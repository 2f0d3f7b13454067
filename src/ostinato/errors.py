"""Every error that Ostinato raises on purpose, as one tree.

    OstinatoError
    ├── DeclarationError        what a person declared is wrong; carries every problem found, with file and line
    ├── ConfigurationError      the project cannot be used as it is set up
    ├── NotFound                no such account, definition, slot or run
    ├── NotPossible             the request makes no sense in the present state
    ├── NotLoggedIn             it is not known who asks
    ├── NotAllowed              who asks may not do that, or not from there
    ├── TooManyAttempts         somebody has tried too many passwords
    ├── PlanningError           actions are used in a way that makes no execution plan
    ├── InvalidValue            a value is not JSON, or not of the type that is declared
    ├── UnresolvedReference     the input of a step refers to an output, or a part of one, that is not there
    ├── ActionNotFound          an action cannot be imported here; it may be elsewhere
    ├── StepFailed              a built-in action has come to no good end
    ├── RunFailed               the result of a run was asked for, and it has none: it failed, or was cancelled
    ├── RunPaused               somebody waits for a run, and that waits for a person
    ├── RunNotEnded             a run did not end within the time that somebody would wait
    ├── StoreError
    │   ├── StoreUnavailable    the database cannot be reached or is held by someone else; trying again is right
    │   ├── SchemaMismatch      the database is older or newer than this program
    │   └── NoDatabase          there is no database yet, or an empty one, where somebody only wants to look
    └── IllegalTransition       a bug in Ostinato: a status change that the transition table does not allow

Each error has a stable ``code``, a message that says what is wrong, and a ``hint`` that says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
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


class NotLoggedIn(OstinatoError):
    """It is not known who asks: there is no login, it has ended, or name and password do not fit each other."""

    code = "not_logged_in"


class NotAllowed(OstinatoError):
    """Who asks may not do that, or the request comes from where none is taken."""

    code = "not_allowed"


class TooManyAttempts(OstinatoError):
    """Too many passwords were tried, for one name or from one address."""

    code = "too_many_attempts"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        wait = (
            f"{ceil(retry_after_seconds / 60)} minutes"
            if retry_after_seconds > 90
            else f"{retry_after_seconds} seconds"
        )
        super().__init__(message, hint=f"try again in {wait}")
        self.retry_after_seconds = retry_after_seconds


class PlanningError(OstinatoError):
    """Actions are declared or used in a way that makes no execution plan; names say which."""

    code = "planning"


class InvalidValue(OstinatoError):
    """A value of an input or output is not JSON, or not of its declared type; its path says which."""

    code = "invalid_value"


class UnresolvedReference(OstinatoError):
    """The input of a step refers to an output, or a part of one, that is not there."""

    code = "unresolved_reference"


class ActionNotFound(OstinatoError):
    """An action cannot be imported in this process; another agent may well be able to."""

    code = "action_not_found"


class StepFailed(OstinatoError):
    """What a built-in action was waiting for has come to no good end."""

    code = "step_failed"


class RunFailed(OstinatoError):
    """A run has no result: it failed, took too long or was cancelled.

    ``status`` is how it ended. Where that was for a step, ``step`` names it, ``error`` is the class of its exception,
    if it was one, and ``traceback`` the story of that.
    """

    code = "run_failed"

    def __init__(
        self, message: str, *, run: int, status: str, step: str | None = None, error: str = "", traceback: str = ""
    ) -> None:
        super().__init__(message, hint=f"all that is known of it: ostinato show {run}")
        self.run = run
        self.status = status
        self.step = step
        self.error = error
        self.traceback = traceback
        if traceback:
            self.add_note(traceback)


class RunPaused(OstinatoError):
    """A run waits for a person, and whoever waits for it did not want to wait for that."""

    code = "run_paused"

    def __init__(self, message: str, *, run: int, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.run = run


class RunNotEnded(OstinatoError, TimeoutError):
    """A run did not end in time; it goes on."""

    code = "run_not_ended"

    def __init__(self, message: str, *, run: int, status: str) -> None:
        super().__init__(message, hint=f"how far it is: ostinato show {run}")
        self.run = run
        self.status = status


class StoreError(OstinatoError):
    """The database answered with an error that the program did not expect."""

    code = "store"


class StoreUnavailable(StoreError):
    """The database is away, full or held by someone else; the same call may succeed later."""

    code = "store_unavailable"


class SchemaMismatch(StoreError):
    """The database's schema is older or newer than this program."""

    code = "schema_mismatch"


class NoDatabase(StoreError):
    """There is no database yet, or an empty one, and whoever asks does not make one."""

    code = "no_database"

    def __init__(self, message: str) -> None:
        super().__init__(message, hint="to make it and begin: ostinato up; only to make it: ostinato db upgrade")


class IllegalTransition(OstinatoError):
    """A status change outside the transition table was attempted: a bug, never a normal answer."""

    code = "illegal_transition"
