"""Runs: attempts at slots, and one-offs; what ended them; and the history of their statuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.slots import SlotName
from ostinato.model.statuses import RunStatus


class RunOrigin(StrEnum):
    """Why a run exists."""

    SCHEDULE = "schedule"
    RETRY = "retry"
    RERUN = "rerun"
    TRIGGER = "trigger"


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


LOST_KINDS = frozenset({EndKind.LOST, EndKind.STOPPED})
"""Endings that are not the job's fault: they have a retry budget of their own."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a run ended: the kind, the exit code or signal where there is one, and a sentence for people."""

    kind: EndKind
    message: str
    exit_code: int | None = None
    signal: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at a slot, or a one-off (``slot`` is ``None``).

    ``attempt`` counts from 1 within ``series``. ``start_at`` is when a scheduled run may start, ``start_before`` when
    it is too late. ``lease_token`` grows with every claim and every revocation.
    """

    id: int
    slot_id: int | None
    slot: SlotName | None
    definition: str
    account: str | None
    version: str
    series: int
    attempt: int
    status: RunStatus
    origin: RunOrigin
    requested_by: str | None
    request_reason: str | None
    parameters: Mapping[str, str]
    queue: str
    priority: int
    due_at: datetime
    start_at: datetime | None
    start_before: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    agent: str | None
    lease_token: int
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None
    evidence: Evidence | None
    reason: str


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be created. ``start_at`` in the future makes it ``scheduled``, else it is ``waiting``."""

    definition_id: int
    account_id: int | None
    slot_id: int | None
    version: str
    series: int
    attempt: int
    origin: RunOrigin
    queue: str
    priority: int
    due_at: datetime
    start_at: datetime | None = None
    start_before: datetime | None = None
    requested_by: str | None = None
    request_reason: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    cause: str = ""


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """All that an agent needs to carry out a run that it has just claimed.

    ``starts_at``, ``ends_at`` and ``time_zone`` are those of the slot; a one-off has the zone alone unless its
    parameters give ``start`` and ``end``. ``definition`` is the version that the run was created with.
    """

    id: int
    slot: SlotName | None
    account: str | None
    labels: Mapping[str, str]
    definition: DeclaredDefinition
    attempt: int
    parameters: Mapping[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    time_zone: str
    lease_token: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended, with the lease under which its agent reports it."""

    run_id: int
    lease_token: int
    status: RunStatus
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A running run as the store says its agent holds it."""

    id: int
    lease_token: int
    cancel_requested_by: str | None


@dataclass(frozen=True, slots=True)
class Transition:
    """One entry in a run's history."""

    run_id: int
    from_status: RunStatus | None
    to_status: RunStatus
    at: datetime
    cause: str
    actor: str
    lease_token: int
