"""Definitions: work to do, abstractly, and the rules by which it starts and is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from ostinato.model.versions import content_version


class Matrix(StrEnum):
    """Which dimension multiplies a definition."""

    NONE = "none"
    ACCOUNT = "account"


class StartKind(StrEnum):
    """The built-in start policies."""

    AFTER_SUCCESS = "after_success"
    AFTER_COMPLETION = "after_completion"
    AT_START = "at_start"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class StartRule:
    """When a slot may start: the policy, and how long after the period's end (or start) it waits."""

    kind: StartKind = StartKind.AFTER_SUCCESS
    delay: timedelta = timedelta(0)


class RetryKind(StrEnum):
    """The built-in retry policies."""

    NEVER = "never"
    FIXED = "fixed"
    EXPONENTIAL = "exponential"
    SERIES = "series"


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Whether and when a run that failed has a successor.

    ``attempts`` counts every attempt that may fail, the first one too; ``lost_attempts`` counts those that may be
    lost (agent died, machine gone), on a budget of their own. ``jitter`` is the share of the wait by which it is
    lengthened at most. ``on_exit_codes`` names the exit codes worth another attempt; ``None`` means every failure.
    """

    kind: RetryKind = RetryKind.NEVER
    attempts: int = 1
    base: timedelta = timedelta(0)
    factor: float = 2.0
    longest: timedelta | None = None
    jitter: float = 0.0
    waits: tuple[timedelta, ...] = ()
    on_exit_codes: frozenset[int] | None = None
    lost_attempts: int = 10


class RetryFrom(StrEnum):
    """Where the next attempt begins: anew, or at what the last one has not completed."""

    START = "start"
    FAILED_STEP = "failed_step"


class Rescue(StrEnum):
    """What is to be done about a failed step when nothing else can go on."""

    PAUSE = "pause"
    SKIP = "skip"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class DeclaredStep:
    """A step of a definition as it is declared: a command, or an action with ``inputs``.

    It waits for the success of the steps that it ``needs``, those whose output it refers to among them, and for the
    end of those that it comes ``after``. What is ``None`` is as the definition says.
    """

    name: str
    command: tuple[str, ...] = ()
    action: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    retry: RetryRule = RetryRule()
    timeout: timedelta | None = None
    rescue: Rescue | None = None
    idempotent: bool = False
    queue: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredDefinition:
    """A definition as its source declares it.

    Its work is a ``command``, an ``action`` (``package.module:name``) with ``inputs``, or ``steps``: one of the three.
    ``frequency`` is the canonical key of ``ostinato.calendar``; ``time_zone`` overrules that of the account.
    ``start_before`` is how long after it was due a run may still start; ``time_limit`` how long it may take.
    ``rescue`` is for steps that do not say otherwise; an action has its own. At most ``concurrency`` of its runs are
    carried out at a time, and each ``uses`` so many places of pools, by name.
    """

    name: str
    command: tuple[str, ...] = ()
    frequency: str = "daily"
    matrix: Matrix = Matrix.NONE
    time_zone: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    start: StartRule = StartRule()
    retry: RetryRule = RetryRule()
    reads_from: tuple[str, ...] = ()
    writes_to: tuple[str, ...] = ()
    queue: str = "default"
    priority: int = 0
    start_before: timedelta | None = None
    time_limit: timedelta | None = None
    working_directory: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    active: bool = True
    description: str = ""
    action: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[DeclaredStep, ...] = ()
    rescue: Rescue = Rescue.FAIL
    retry_from: RetryFrom = RetryFrom.FAILED_STEP
    concurrency: int | None = None
    uses: Mapping[str, int] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Return the hash of all that is declared."""
        return content_version(self)


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition as the store knows it."""

    id: int
    declared: DeclaredDefinition
    source: str
    version: str
    paused_at: datetime | None = None
    paused_by: str | None = None
    pause_reason: str | None = None

    @property
    def name(self) -> str:
        return self.declared.name


@dataclass(frozen=True, slots=True)
class Dependency:
    """``definition`` reads what ``upstream`` writes; ``through`` names the data between them."""

    definition: str
    upstream: str
    through: tuple[str, ...]
