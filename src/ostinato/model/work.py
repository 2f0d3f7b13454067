"""Work: what an executor is asked to do for a step, and what may become of it. Values alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from ostinato.model.runs import RunRules
from ostinato.model.steps import Event, Json, Step, StepError


class WorkKind(StrEnum):
    """What an executor is asked to do for a step."""

    PLAN = "plan"
    RUN = "run"
    EVENT = "event"
    CANCEL = "cancel"
    SKIP = "skip"
    FINALIZE = "finalize"


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing to do for a step, now.

    ``outputs`` has the output of every step that the input refers to, by number. Finalizing is done for all steps of a
    run at once: then ``steps`` are the finalize steps in order, and ``step`` is the first of them.
    """

    run_id: int
    kind: WorkKind
    step: Step
    queue: str
    outputs: Mapping[int, Json] = field(default_factory=dict)
    event: Event | None = None
    steps: tuple[Step, ...] = ()

    @property
    def key(self) -> tuple[int, int]:
        """Return what identifies it among all work that is under way: its run and step."""
        return (self.run_id, self.step.number)


@dataclass(frozen=True, slots=True)
class Succeeded:
    """It is done. ``planned`` are the steps that came of planning, ``rules`` what the planned action declares."""

    output: Json = None
    planned: tuple[Step, ...] = ()
    rules: RunRules = field(default_factory=RunRules)


@dataclass(frozen=True, slots=True)
class Failed:
    """It failed. ``step`` names which, when several were finalized. ``output`` is what it kept until then.

    Where planning failed, ``rules`` are the hooks that the action declares all the same.
    """

    error: StepError
    step: int | None = None
    output: Json = None
    rules: RunRules = field(default_factory=RunRules)


@dataclass(frozen=True, slots=True)
class Suspended:
    """It waits for an event; ``wake_at`` is when it wants to be told the time, ``deadline_at`` when it has failed."""

    wake_at: datetime | None = None
    deadline_at: datetime | None = None
    output: Json = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """It ended because it was told to. A command says how it took it."""

    message: str = ""
    exit_code: int | None = None
    signal: str | None = None


Outcome: TypeAlias = Succeeded | Failed | Suspended | Cancelled
"""What became of a work item. There is no other."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the work item for a step."""

    run_id: int
    step: int
    outcome: Outcome
