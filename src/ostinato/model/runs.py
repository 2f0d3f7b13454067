"""Runs: attempts at slots, and one-offs, and the history of their statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.evidence import Evidence
from ostinato.model.slots import SlotName
from ostinato.model.statuses import RunStatus


class RunOrigin(StrEnum):
    """Why a run exists."""

    SCHEDULE = "schedule"
    RETRY = "retry"
    RERUN = "rerun"
    TRIGGER = "trigger"


@dataclass(frozen=True, slots=True)
class RunRules:
    """What an action declares of the runs that carry it out. False if that is nothing.

    ``hooks`` are names of functions, by the status that a run has come to. Of the runs with one ``singleton_key`` one
    is carried out at a time; another waits or, if it ``refuses`` to, has failed.
    """

    hooks: Mapping[RunStatus, tuple[str, ...]] = field(default_factory=dict)
    singleton_key: str | None = None
    refuses: bool = False

    def __bool__(self) -> bool:
        return bool(self.hooks) or self.singleton_key is not None


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at a slot, or a one-off (``slot`` is ``None``).

    Its work is that of its ``definition``, or an ``action`` that was triggered without one. ``attempt`` counts from 1
    within ``series``. ``start_at`` is when a scheduled run may start, ``start_before`` when it is too late;
    ``started_at`` is its first start and stays, ``claimed_at`` when an agent took it last. A suspended run is woken at
    ``wake_at``. ``waits_for`` says what a run that is scheduled or waiting needs, where that is not plain.
    ``agent`` carries it out, or did when it ended. ``lease_token`` grows with every claim and every revocation;
    ``decision`` counts what was decided about it and recorded. While ``halted_by`` is set its slot is not run again.
    Of the runs with one ``singleton_key`` one is carried out at a time; another waits, unless it ``singleton_refuses``.
    """

    id: int
    slot_id: int | None
    slot: SlotName | None
    definition: str | None
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
    action: str | None = None
    parent_run_id: int | None = None
    parent_step: int | None = None
    child_number: int | None = None
    singleton_key: str | None = None
    singleton_refuses: bool = False
    claimed_at: datetime | None = None
    wake_at: datetime | None = None
    deadline_at: datetime | None = None
    waits_for: str = ""
    halted_by: str | None = None
    decision: int = 0

    @property
    def work(self) -> str:
        """Return what it does, by name: its definition, or else its action."""
        return self.definition or self.action or ""


@dataclass(frozen=True, slots=True)
class Need:
    """A run that another one needs, and the name it goes by. ``status`` is ``None`` when it was removed."""

    run_id: int
    name: str
    status: RunStatus | None

    def __str__(self) -> str:
        return f"run {self.run_id} ({self.name}) {'was removed' if self.status is None else f'is {self.status}'}"


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be created. ``start_at`` in the future makes it ``scheduled``, else it is ``waiting``.

    Without definition it has an ``action``, and the ``input`` that this is given; ``context`` is what its caller wants
    carried along. A child names its parent's run and step, and its own number among the children of that step.
    ``needs`` are runs, by id and name, that must succeed before it starts. ``hooks`` name what is to be called when it
    comes into a status.

    A run with ``singleton_key`` runs while no other of that key does. With ``hold_singleton`` it holds the key from
    the beginning, and is not created when another run has it.
    """

    definition_id: int | None
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
    action: str | None = None
    input: Any = None
    context: Mapping[str, Any] | None = None
    parent_run_id: int | None = None
    parent_step: int | None = None
    child_number: int | None = None
    needs: tuple[tuple[int, str], ...] = ()
    singleton_key: str | None = None
    hold_singleton: bool = False
    hooks: Mapping[RunStatus, Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """All that an agent needs to carry out a run that it has just claimed.

    ``starts_at``, ``ends_at`` and ``time_zone`` are those of the slot; a one-off has the zone alone unless its
    parameters give ``start`` and ``end``. ``definition`` is what is declared today, and for a run that was begun
    before, what was declared then; there is none where an ``action`` was triggered without. ``started_at`` is the
    first start, ``deadline_at`` when it has taken too long. ``decision`` counts the decisions recorded.
    """

    id: int
    slot: SlotName | None
    account: str | None
    labels: Mapping[str, str]
    definition: DeclaredDefinition | None
    attempt: int
    parameters: Mapping[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    time_zone: str
    lease_token: int
    started_at: datetime
    slot_id: int | None = None
    series: int = 1
    origin: RunOrigin = RunOrigin.SCHEDULE
    version: str = ""
    queue: str = "default"
    priority: int = 0
    account_id: int | None = None
    action: str | None = None
    input: Any = None
    context: Mapping[str, Any] | None = None
    decision: int = 0
    deadline_at: datetime | None = None
    parent_run_id: int | None = None
    parent_step: int | None = None
    cancel_requested_by: str | None = None

    @property
    def work(self) -> str:
        """Return what it does, by name: its definition, or else its action."""
        return self.definition.name if self.definition else self.action or ""


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A running run as the store says its agent holds it.

    ``outlives_agent`` tells that it is handed over, and not ended, when its agent is lost.
    """

    id: int
    lease_token: int
    cancel_requested_by: str | None
    cancel_reason: str | None = None
    outlives_agent: bool = False


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
