"""Resuming: what persons do to paused runs. They go on, with time of their own, or are given up."""

from __future__ import annotations

from datetime import datetime

from ostinato.model.evidence import Evidence
from ostinato.model.statuses import RunStatus
from ostinato.model.transitions import Party
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.moves import Move, move_runs


def resume_run(tx: Tx, *, run_id: int, actor: str, cause: str, now: datetime) -> bool:
    """Have a paused run wait for an agent; ``False`` when it is not paused. Its time limit begins anew."""
    move = Move(RunStatus.WAITING, Party.PERSON, actor, cause, now)
    anew = {"deadline_at": None, "waits_for": ""}
    return bool(move_runs(tx, move, t.runs.c.id == run_id, expected=[RunStatus.PAUSED], values=anew))


def give_up_run(tx: Tx, *, run_id: int, actor: str, evidence: Evidence, now: datetime) -> bool:
    """Have a paused run fail; ``False`` when it is not paused. ``evidence`` says for what, and who gave it up."""
    move = Move(RunStatus.FAILED, Party.PERSON, actor, evidence.message, now)
    return bool(move_runs(tx, move, t.runs.c.id == run_id, expected=[RunStatus.PAUSED], evidence=evidence))


def fail_unplanned_run(tx: Tx, *, run_id: int, actor: str, evidence: Evidence, now: datetime) -> bool:
    """Have a run fail that was created just now, and could not be planned; ``False`` when it is not waiting."""
    move = Move(RunStatus.FAILED, Party.PERSON, actor, evidence.message, now)
    return bool(move_runs(tx, move, t.runs.c.id == run_id, expected=[RunStatus.WAITING], evidence=evidence))
