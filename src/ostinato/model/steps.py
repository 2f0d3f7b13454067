"""Execution plans: their steps, what is declared of each, where each stands, and the events that are sent to them.

A plan is a graph of steps. ``needs`` are edges along which data flows, ``after`` edges that only order. What a step is
given, ``input``, is JSON in which ``{"$ref": NUMBER, "path": [KEY, …]}`` stands for (a part of) another step's output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Any, TypeAlias

from ostinato.model.definitions import Rescue as Rescue  # noqa: PLC0414 - whoever reads a step's rules needs it
from ostinato.model.definitions import RetryRule
from ostinato.model.evidence import EndKind
from ostinato.model.statuses import StepStatus

Json: TypeAlias = bool | int | float | str | Sequence[Any] | Mapping[str, Any] | None
"""What JSON can say."""

COMMAND = "command"
"""The name of the built-in action that runs a command as a process; every other is named ``package.module:name``."""


class Phase(StrEnum):
    """Which part of an action a step is."""

    PLAN = "plan"
    RUN = "run"
    FINALIZE = "finalize"


class WakeKind(StrEnum):
    """What happens to a suspended step at ``wake_at``: it is told so, or it is tried again."""

    TIMER = "timer"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class StepRules:
    """What is declared of a step. Fixed when it is planned: whoever decides about it need not know its action.

    ``retry_on`` names the exceptions that are worth another try; none means all. ``rescue_planned`` is a planner's
    answer for the steps that it planned, ``None`` if it leaves that to them. ``heeds_skip`` and ``heeds_cancel`` tell
    that the action has something to do when it is skipped, or cancelled while it is suspended.
    """

    retry: RetryRule = field(default_factory=RetryRule)
    retry_on: tuple[str, ...] = ()
    timeout: timedelta | None = None
    rescue: Rescue = Rescue.PAUSE
    rescue_planned: Rescue | None = None
    idempotent: bool = False
    weight: float = 1.0
    heeds_skip: bool = False
    heeds_cancel: bool = False


@dataclass(frozen=True, slots=True)
class StepError:
    """Why a step failed: what kind of end it was, a sentence, and for an exception its class and traceback.

    ``bases`` are the classes from which that class is derived: who retries on one of them retries on this, too.
    """

    kind: EndKind
    message: str
    type: str = ""
    traceback: str = ""
    exit_code: int | None = None
    signal: str | None = None
    bases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A step as it was planned, and where it stands.

    ``number`` counts from 1 within the plan and ``name`` is unique in it. ``parent`` is the plan step that planned it;
    ``action_step`` of a finalize step is the step whose action it finalizes. ``queue`` is ``None`` for that of the run.
    ``tries`` counts how often it was handed out. A suspended step is woken at ``wake_at`` and fails at ``deadline_at``;
    both are kept while it handles an event, should that have to be taken back. ``event_id`` is the event that it
    handles, until the end of that is recorded. ``rescued`` tells that an earlier rescue has dealt with its failure.
    """

    number: int
    name: str
    action: str
    phase: Phase = Phase.RUN
    parent: int | None = None
    action_step: int | None = None
    input: Json = field(default_factory=dict)
    needs: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    queue: str | None = None
    rules: StepRules = field(default_factory=StepRules)
    status: StepStatus = StepStatus.PENDING
    tries: int = 0
    failures: int = 0
    output: Json = None
    error: StepError | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    wake_at: datetime | None = None
    wake_kind: WakeKind | None = None
    deadline_at: datetime | None = None
    event_id: int | None = None
    rescued: bool = False


_POSITIONS = {field.name: position for position, field in enumerate(fields(Step))}
_read_fields = attrgetter(*_POSITIONS)


def change_step(step: Step, **values: Any) -> Step:
    """Return a step with other values: what ``replace`` does, in half the time. Every step changes twice at least."""
    changed = list(_read_fields(step))
    for name, value in values.items():
        changed[_POSITIONS[name]] = value
    return Step(*changed)


class EventFate(StrEnum):
    """What became of an event: stored, in the hands of its step, taken in, or dropped with a reason."""

    WAITING = "waiting"
    TAKEN = "taken"
    DELIVERED = "delivered"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Event:
    """Something sent to a step. It is delivered when ``due_at`` has come, after those that were sent before it.

    ``optional`` tells that nobody is troubled when no step can take it. A timer is an event without ``id``.
    """

    run_id: int
    step: int
    name: str
    payload: Json = None
    id: int | None = None
    optional: bool = False
    fate: EventFate = EventFate.WAITING
    reason: str = ""
    sent_by: str = ""
    sent_at: datetime | None = None
    due_at: datetime | None = None
    settled_at: datetime | None = None


TIMER = "timer"
"""The name of the event by which a step learns that the time it suspended itself for has come."""

CHILD = "child"
"""The name of the event by which a step learns that children of it have ended or paused; it may count them then."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step as people see it: with what it says of its own progress, from 0 to 1."""

    step: Step
    progress: float | None = None
    progress_message: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of output that a step gave away while it ran. ``number`` counts from 1 within the step."""

    run_id: int
    step: int
    number: int
    at: datetime
    data: Json
