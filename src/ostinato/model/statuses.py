"""The statuses of runs, steps, slots and agents, and the groups of them that rules speak of."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """Where one attempt stands."""

    SCHEDULED = "scheduled"
    WAITING = "waiting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    SUCCESS = "success"
    WARNING = "warning"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


class StepStatus(StrEnum):
    """Where one step of an execution plan stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUSPENDED = "suspended"
    ERROR = "error"
    SUCCESS = "success"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class SlotStatus(StrEnum):
    """What is stored of a slot. Faces show more: see ``ostinato.model.slot_face``.

    ``pending`` has no run yet, ``live`` has a run that is not final, ``retrying`` has a last run that failed and no
    decision yet whether another follows.
    """

    PENDING = "pending"
    LIVE = "live"
    RETRYING = "retrying"
    SUCCESS = "success"
    WARNING = "warning"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AgentStatus(StrEnum):
    """What is known of an agent: ``lost`` sent no heartbeat for too long, ``stopped`` said goodbye.

    One that is ``draining`` has heard that it is to take no more runs, and takes none.
    """

    ALIVE = "alive"
    DRAINING = "draining"
    STOPPING = "stopping"
    STOPPED = "stopped"
    LOST = "lost"


FINAL_RUN_STATUSES = frozenset(
    {RunStatus.SUCCESS, RunStatus.WARNING, RunStatus.FAILED, RunStatus.TIMEOUT, RunStatus.CANCELLED}
)
LIVE_RUN_STATUSES = frozenset(RunStatus) - FINAL_RUN_STATUSES
FINAL_STEP_STATUSES = frozenset({StepStatus.SUCCESS, StepStatus.SKIPPED, StepStatus.CANCELLED})
SUCCEEDED_RUN_STATUSES = frozenset({RunStatus.SUCCESS, RunStatus.WARNING})

FINAL_SLOT_STATUSES = frozenset({SlotStatus.SUCCESS, SlotStatus.WARNING, SlotStatus.FAILED, SlotStatus.CANCELLED})
SUCCEEDED_SLOT_STATUSES = frozenset({SlotStatus.SUCCESS, SlotStatus.WARNING})

SLOT_STATUS_OF_RUN: dict[RunStatus, SlotStatus] = {
    **dict.fromkeys(LIVE_RUN_STATUSES, SlotStatus.LIVE),
    RunStatus.SUCCESS: SlotStatus.SUCCESS,
    RunStatus.WARNING: SlotStatus.WARNING,
    RunStatus.CANCELLED: SlotStatus.CANCELLED,
    RunStatus.FAILED: SlotStatus.RETRYING,
    RunStatus.TIMEOUT: SlotStatus.RETRYING,
}
"""What the status of a slot's latest run makes of the slot."""
