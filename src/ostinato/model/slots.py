"""Slots: what should have run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ostinato.model.statuses import RunStatus, SlotStatus

NO_ACCOUNT = "-"
"""Stands for the account in the name of a slot that has none."""


@dataclass(frozen=True, slots=True)
class SlotName:
    """``definition/account/start``, the name of a slot in every face.

    ``label`` is the start on the wall clock of the slot's zone: a date where the period begins with the day, else
    date and time, with the offset where that time occurs a second time.
    """

    definition: str
    account: str | None
    label: str

    def __str__(self) -> str:
        return f"{self.definition}/{self.account or NO_ACCOUNT}/{self.label}"

    @classmethod
    def parse(cls, text: str) -> SlotName:
        """Read ``definition/account/start``, or ``definition/start`` for a slot without account."""
        match text.strip().split("/"):
            case [definition, account, label] if definition and account and label:
                return cls(definition, None if account == NO_ACCOUNT else account, label)
            case [definition, label] if definition and label:
                return cls(definition, None, label)
        raise ValueError(f"{text!r} is no slot; a slot is named definition/account/start, as in sales/acme/2026-01-31")


class SlotFace(StrEnum):
    """A slot's status as every face shows it: the stored status, told apart by its period and its live run."""

    FUTURE = "future"
    BLOCKED = "blocked"
    READY = "ready"
    RETRYING = "retrying"
    WAITING = "waiting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    SUCCESS = "success"
    WARNING = "warning"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Rerun:
    """A wish that a slot which has ended runs again once its start policy allows it: whose, why, and since when.

    ``cause`` is what the history of the run will say.
    """

    by: str
    reason: str
    cause: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """One definition, one account (or none), one period [starts_at, ends_at).

    ``due_at`` is when its start policy lets it start at the earliest; ``None`` means only by hand. ``series`` counts
    the times it was asked to run anew; ``attempts`` the runs of the present series. ``reason`` says why it does not
    run, as the engine last saw it. ``accepted_by`` is who let it count as done though it had not succeeded.
    """

    id: int
    name: SlotName
    lane_id: int
    definition_id: int
    account_id: int | None
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    due_at: datetime | None
    status: SlotStatus
    series: int
    attempts: int
    run_id: int | None
    run_status: RunStatus | None
    reason: str
    finished_at: datetime | None
    accepted_by: str | None = None

    def face(self, now: datetime) -> SlotFace:
        """Return the status that faces show at ``now``."""
        return slot_face(
            self.status,
            self.run_status,
            due=self.due_at is None or self.due_at <= now,
            stopped=self.due_at is None or bool(self.reason),
        )


@dataclass(frozen=True, slots=True)
class SlotPlace:
    """Where a slot stands in lists of slots: what they are ordered by."""

    starts_at: datetime
    lane_id: int


def slot_face(status: SlotStatus, run_status: RunStatus | None, *, due: bool, stopped: bool) -> SlotFace:
    """Combine what is stored of a slot with the status of its latest run.

    ``due`` tells whether it might start by now, ``stopped`` whether something is known that stands against it. A due
    slot that the engine has not examined yet is ``ready``.
    """
    if status is SlotStatus.LIVE and run_status is RunStatus.SCHEDULED:
        return SlotFace.RETRYING
    if status is SlotStatus.LIVE and run_status is not None:
        return SlotFace(run_status.value)
    if status is not SlotStatus.PENDING:
        return SlotFace(status.value)
    if not due:
        return SlotFace.FUTURE
    return SlotFace.BLOCKED if stopped else SlotFace.READY
