"""Evidence: how work ended. It imports next to nothing, for the sake of the small programs that tell it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EndKind(StrEnum):
    """What ended a run's work."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    OUT_OF_MEMORY = "out_of_memory"
    TIME_LIMIT = "time_limit"
    NOT_STARTED = "not_started"
    LOST = "lost"
    TOO_LATE = "too_late"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    RAISED = "raised"
    COMPLETED = "completed"
    UPSTREAM_FAILED = "upstream_failed"


LOST_KINDS = frozenset({EndKind.LOST, EndKind.STOPPED})
"""Endings that are not the job's fault: they have a retry budget of their own."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a run ended: the kind, the exit code or signal where there is one, and a sentence for people."""

    kind: EndKind
    message: str
    exit_code: int | None = None
    signal: str | None = None
