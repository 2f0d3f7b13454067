"""What the engine leaves behind: passes, the state of sources, and what people changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

LEADERSHIP = "engine"
"""The lease that the leading engine holds."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of what a step added, changed and removed of one kind of row."""

    add: tuple[str, ...] = ()
    change: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Return how many rows are concerned."""
        return len(self.add) + len(self.change) + len(self.remove)


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What one ``ensure_*`` step did in one pass: the log line, the metric, and what tests assert.

    ``more`` says that the step stopped at the end of a batch and has more to do at once.
    """

    step: str
    examined: int = 0
    changed: int = 0
    blocked: int = 0
    failed: int = 0
    seconds: float = 0.0
    error: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of the engine over all its steps."""

    id: int
    engine: str
    started_at: datetime
    seconds: float
    outcomes: tuple[StepOutcome, ...]


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as the store last saw it loaded. ``error`` and ``held_back`` are empty when all is well."""

    name: str
    kind: str
    rows: int
    loaded_at: datetime
    succeeded_at: datetime | None
    error: str
    held_back: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that a person changed: who, when, what, why.

    ``via`` is how they came in, where that was not as a user of the machine itself. ``command`` is how the command line
    says the same, without secrets; ``None`` where it cannot say all of it. ``request`` identifies the request
    that asked for it, and ``request_target`` what it asked that for, where it was sent so that it may be sent again.
    ``id`` is the number under which it is kept; it is no part of what happened.
    """

    at: datetime
    actor: str
    action: str
    target: str
    reason: str
    via: str = ""
    command: str | None = None
    request: str | None = None
    request_target: str | None = None
    id: int | None = field(default=None, compare=False)
