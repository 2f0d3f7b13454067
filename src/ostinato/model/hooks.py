"""Calls of hooks: functions of users that are to be told that a run has come to a status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ostinato.model.statuses import RunStatus
from ostinato.model.steps import StepError


@dataclass(frozen=True, slots=True)
class HookCall:
    """A call of a hook: which run has come to which status, and why.

    ``work`` is the run's definition or action, ``context`` what the one who triggered it wants carried along. It was
    made at ``called_at``, and failed if there is an ``error``.
    """

    id: int
    run_id: int
    hook: str
    status: RunStatus
    at: datetime
    reason: str
    work: str
    account: str | None
    context: dict[str, Any]
    called_at: datetime | None = None
    error: StepError | None = None
