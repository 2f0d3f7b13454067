"""Hooks: functions of users that are called when the status of a run has changed, and is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ostinato.actions.failures import make_error
from ostinato.actions.middleware import Call, surround
from ostinato.actions.names import find_named
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import StepError


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What a hook is told: which run has come to which status, when and why.

    ``work`` is the definition or the action that it carries out.
    """

    run_id: int
    work: str
    status: RunStatus
    at: datetime
    reason: str = ""
    account: str | None = None


def call_hook(name: str, change: StatusChange, context: Mapping[str, Any] | None = None) -> StepError | None:
    """Call a hook by its name. Whatever goes wrong is returned, and nothing more comes of it.

    Raises ``ActionNotFound`` when it cannot be imported here.
    """
    hook = find_named(name)
    call = Call(name, "hook", asdict(change), context or {})
    try:
        surround("hook", (), call, lambda call: hook(change))
    except BaseException as error:  # noqa: BLE001 - a hook changes nothing, whatever it does
        return make_error(error)
    return None
