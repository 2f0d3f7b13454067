"""What a decision about a run changes: the director answers with these, and the store records them. Values alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from ostinato.model.evidence import Evidence
from ostinato.model.runs import RunRules
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import EventFate, Step, StepError


@dataclass(frozen=True, slots=True)
class PlanMade:
    """The steps of the run, as they stand now. All of them are new to the store."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class RulesMade:
    """What the run's action declares of it is known now, and in force from now on."""

    rules: RunRules


@dataclass(frozen=True, slots=True)
class StepChanged:
    """A step that was in status ``before`` is as ``step`` says now."""

    before: StepStatus
    step: Step


@dataclass(frozen=True, slots=True)
class TryFailed:
    """A try of a step ended in an error. The step may be tried again."""

    step: int
    number: int
    error: StepError
    started_at: datetime | None
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class EventSettled:
    """An event is in the hands of its step, has been taken in, or never will be, for a reason."""

    event_id: int
    fate: EventFate
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RunMoved:
    """The run goes on to another status, and its agent has nothing to do with it any more.

    ``evidence`` says how it ended, when it did. A suspended run is woken at ``wake_at``. One that waits again is for an
    agent that serves ``queue``; ``waits_for`` says what else it needs, where that is not plain. One that ``takes_turn``
    waits for nothing but its singleton: its agent may claim it again at once, if that is free.
    """

    to: RunStatus
    cause: str
    evidence: Evidence | None = None
    wake_at: datetime | None = None
    queue: str | None = None
    waits_for: str = ""
    takes_turn: bool = False


Change: TypeAlias = PlanMade | RulesMade | StepChanged | TryFailed | EventSettled | RunMoved
"""What may change. There is nothing else."""
