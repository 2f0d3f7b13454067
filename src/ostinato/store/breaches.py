"""Breaches of the invariants: their kinds, where they are looked for, and those that can be mended, as queries.

``invariants`` finds them and says so in words, ``mending`` mends them; the queries here keep the two together. Nothing
is changed here.

Time is bounded: queries over what has ended look at the newest runs alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, union_all

from ostinato.model.slots import SlotName
from ostinato.model.statuses import (
    FINAL_RUN_STATUSES,
    FINAL_SLOT_STATUSES,
    LIVE_RUN_STATUSES,
    SLOT_STATUS_OF_RUN,
    SlotStatus,
    StepStatus,
)
from ostinato.model.steps import EventFate
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.types import EPOCH

RUNS_LOOKED_AT = 50_000
STARTS_LOOKED_AT = 2_000
LONGEST_AHEAD = timedelta(days=1)
"""What is said to be so far ahead, though it should be about now, was written under a clock that was wrong."""


class Breach(StrEnum):
    """How rows can break an invariant."""

    DOUBLE_RUN = "double_run"
    EARLY_START = "early_start"
    RUN_AFTER_SUCCESS = "run_after_success"
    CHANGED_END = "changed_end"
    UNTOLD_MOVE = "untold_move"
    REVIVED_RUN = "revived_run"
    KEPT_SINGLETON = "kept_singleton"
    STALE_WRITE = "stale_write"
    OPEN_STEP = "open_step"
    LEFT_EVENT = "left_event"
    UNKNOWN_EVENT = "unknown_event"
    UNEXAMINED_SLOT = "unexamined_slot"
    UNDECIDED_SLOT = "undecided_slot"
    UNSTARTED_RUN = "unstarted_run"
    SLEEPING_RUN = "sleeping_run"
    ABANDONED_RUN = "abandoned_run"
    ADRIFT_SLOT = "adrift_slot"
    CONTRADICTED_SLOT = "contradicted_slot"
    WRONG_CLOCK = "wrong_clock"
    MISPLACED_RUN = "misplaced_run"
    FOREIGN_RUN = "foreign_run"


@dataclass(frozen=True, slots=True)
class Offence:
    """Something that breaks an invariant: how, in words, and the run or the slot that a person should look at."""

    breach: Breach
    says: str
    run_id: int | None = None
    slot: SlotName | None = None

    def __str__(self) -> str:
        return self.says


@dataclass(frozen=True, slots=True)
class Since:
    """Where the queries begin: runs from ``first_run`` on, first runs from ``first_start`` on.

    Slots that have ended are looked at if they did so at ``first_at`` or later: those runs were created after it.
    What has been due since before ``overdue_since`` should have been seen to by now, and so should what an agent holds
    that is silent since before ``silent_since``. Nothing that is about the present may be after ``not_after``.
    """

    first_run: int
    first_start: int
    first_at: datetime
    overdue_since: datetime
    silent_since: datetime
    not_after: datetime


def find_since(tx: Tx, *, overdue_since: datetime, heartbeat_timeout: timedelta = timedelta(seconds=60)) -> Since:
    """Return where the queries begin, so that they look at a bounded number of rows."""
    newest = tx.execute(select(func.max(t.runs.c.id))).scalar() or 0
    before = select(t.runs.c.created_at).where(t.runs.c.id <= newest - RUNS_LOOKED_AT).order_by(t.runs.c.id.desc())
    return Since(
        first_run=newest - RUNS_LOOKED_AT,
        first_start=newest - STARTS_LOOKED_AT,
        first_at=tx.execute(before.limit(1)).scalar() or EPOCH,
        overdue_since=overdue_since,
        silent_since=overdue_since - heartbeat_timeout,
        not_after=overdue_since + LONGEST_AHEAD,
    )


# --- runs that have ended --------------------------------------------------------------------------------------------


def has_ended(since: Since) -> ColumnElement[bool]:
    """Tell of a run whether it is one of the newest, and has ended."""
    return and_(t.runs.c.id > since.first_run, t.runs.c.status.in_(sorted(FINAL_RUN_STATUSES)))


def keeps_singleton(since: Since) -> ColumnElement[bool]:
    """Tell of a run that has ended whether it holds its singleton still."""
    return and_(has_ended(since), t.runs.c.singleton_held.is_not(None))


def list_open_steps(since: Since) -> Select[Any]:
    """Select the steps that are under way in runs that have ended."""
    under_way = t.steps.c.status.in_([StepStatus.RUNNING, StepStatus.SUSPENDED])
    return (
        select(t.steps.c.run_id, t.steps.c.name, t.steps.c.status, t.runs.c.status.label("run_status"))
        .select_from(t.steps)
        .join(t.runs)
        .where(t.steps.c.run_id > since.first_run, under_way, has_ended(since))
    )


def list_left_events(since: Since) -> Select[Any]:
    """Select the events that nobody will take, their runs having ended a while ago."""
    late = and_(t.runs.c.finished_at < since.overdue_since, t.events.c.due_at < since.overdue_since)
    return list_open_events(since).where(late)


def list_unknown_events(since: Since) -> Select[Any]:
    """Select the events that a step was given and does not know of."""
    unknown = and_(t.events.c.fate == EventFate.TAKEN, t.steps.c.event_id.is_distinct_from(t.events.c.id))
    return list_open_events(since).where(unknown, t.runs.c.status.in_(sorted(LIVE_RUN_STATUSES)))


def list_open_events(since: Since) -> Select[Any]:
    """Select the events of which it is not decided what becomes of them, with their runs and steps."""
    event, step = t.events.c, t.steps.c
    return (
        select(event.id, event.run_id, event.name, event.fate, t.runs.c.status, step.name.label("step"))
        .select_from(t.events)
        .join(t.runs)
        .outerjoin(t.steps, and_(step.run_id == event.run_id, step.number == event.step))
        .where(event.run_id > since.first_run, event.settled_at.is_(None))
    )


# --- histories -------------------------------------------------------------------------------------------------------


def list_misled_histories(since: Since) -> Select[Any]:
    """Select the runs of which the history ends with another status, ``told``.

    ``ended`` is the status by which the run has ended, as far as the history knows of an end. The last entries are
    found in one pass over the history: a database that knows little of its tables may look for each in a pass of its
    own.
    """
    entry = t.transitions.c
    later = func.lead(entry.id).over(partition_by=entry.run_id, order_by=entry.id).label("later")
    told = (
        select(entry.run_id, entry.to_status, entry.at, entry.cause, later)
        .where(entry.run_id > since.first_run)
        .subquery("told")
    )
    end = t.transitions.alias("end").c
    ended = select(end.to_status).where(end.run_id == t.runs.c.id, end.to_status.in_(sorted(FINAL_RUN_STATUSES)))
    return (
        select(
            t.runs.c.id,
            t.runs.c.status,
            t.runs.c.lease_token,
            told.c.to_status.label("told"),
            told.c.at.label("told_at"),
            told.c.cause,
            ended.limit(1).scalar_subquery().label("ended"),
        )
        .join_from(told, t.runs, t.runs.c.id == told.c.run_id)
        .where(told.c.later.is_(None), told.c.to_status != t.runs.c.status)
    )


def list_lost_histories(since: Since) -> Select[Any]:
    """Select the runs without any history."""
    told = exists().where(t.transitions.c.run_id == t.runs.c.id)
    return select(t.runs.c.id, t.runs.c.status, t.runs.c.lease_token).where(t.runs.c.id > since.first_run, ~told)


# --- slots and their runs --------------------------------------------------------------------------------------------


def list_unexamined_slots(since: Since) -> Select[Any]:
    """Select the slots that are due and have neither a run nor a reason."""
    overdue = and_(t.slots.c.status == SlotStatus.PENDING, t.slots.c.due_at < since.overdue_since)
    return select_slots(t.slots.c.id).where(overdue, t.slots.c.reason == "")


def list_adrift_slots(since: Since) -> Select[Any]:
    """Select the slots that say something else than their run, where it is certain which of both is right.

    A live run decides, whatever the slot says, and a run that has ended decides about a slot that is open. A slot that
    is open needs a run, and one that has ended refers to it.
    """
    live = select(t.runs.c.slot_id).where(t.is_live(), t.runs.c.slot_id.is_not(None))
    closed_too_early = and_(t.slots.c.id.in_(live), t.slots.c.status != SlotStatus.LIVE)
    begun = select(t.runs.c.slot_id).where(t.runs.c.id > since.first_run, t.runs.c.slot_id.is_not(None))
    taken_back = and_(t.slots.c.status == SlotStatus.PENDING, t.slots.c.id.in_(begun), _has_begun_series())
    is_open = t.slots.c.status.in_([SlotStatus.LIVE, SlotStatus.RETRYING])
    left_open = and_(t.is_notable_slot(), is_open, _says_otherwise(), t.slots.c.id.not_in(live))
    unlinked = and_(t.slots.c.status != SlotStatus.PENDING, t.runs.c.id.is_(None), t.slots.c.id.in_(begun))
    # Each is found in a way of its own; for all of them at once the whole table would be gone through.
    slots = select(t.slots.c.id).outerjoin(t.runs, t.runs.c.id == t.slots.c.run_id)
    found = union_all(*(slots.where(which) for which in (closed_too_early, taken_back, left_open, unlinked)))
    return _select_with_runs().where(t.slots.c.id.in_(found))


def _has_begun_series() -> ColumnElement[bool]:
    """Tell of a slot whether it has a run of its present series; one that is to run again has those before alone."""
    present = t.runs.alias("present")
    return exists().where(present.c.slot_id == t.slots.c.id, present.c.series == t.slots.c.series)


def list_contradicted_slots(since: Since) -> Select[Any]:
    """Select the slots that have ended otherwise than their run, or whose run is gone: only a person can know."""
    ended = and_(t.slots.c.finished_at >= since.first_at, t.slots.c.status.in_(sorted(FINAL_SLOT_STATUSES)))
    any_run = t.runs.alias("any_run")
    is_gone = and_(t.runs.c.id.is_(None), ~exists().where(any_run.c.slot_id == t.slots.c.id))
    run_is_final = or_(is_gone, t.runs.c.status.in_(sorted(FINAL_RUN_STATUSES)))
    recent = or_(t.slots.c.run_id.is_(None), t.slots.c.run_id > since.first_run)
    # Of one that was accepted a person has said otherwise.
    return _select_with_runs().where(ended, recent, run_is_final, _says_otherwise(), t.slots.c.accepted_by.is_(None))


def _select_with_runs() -> Select[Any]:
    """Select slots and the latest run of each, where it has one."""
    chosen = select_slots(t.slots.c.id, t.slots.c.status, t.runs.c.status.label("run_status"))
    return chosen.outerjoin(t.runs, t.runs.c.id == t.slots.c.run_id)


def _says_otherwise() -> ColumnElement[bool]:
    """Tell of a slot that has begun whether its latest run does not fit, or is gone."""
    fits = or_(
        *(
            and_(t.runs.c.status == run, t.slots.c.status.in_(_statuses_after(slot)))
            for run, slot in SLOT_STATUS_OF_RUN.items()
        )
    )
    return or_(t.runs.c.id.is_(None), ~fits)


def _statuses_after(status: SlotStatus) -> Iterable[SlotStatus]:
    """Return what a slot may be once its latest run has made it ``status``: who gives up retrying makes it failed."""
    return (SlotStatus.RETRYING, SlotStatus.FAILED) if status is SlotStatus.RETRYING else (status,)


def list_strange_runs(since: Since) -> Select[Any]:
    """Select the runs that belong to another definition or account than their slot."""
    elsewhere = or_(
        t.runs.c.definition_id != t.lanes.c.definition_id,
        t.runs.c.account_id.is_distinct_from(t.lanes.c.account_id),
    )
    owners = (t.lanes.c.definition_id.label("definition_id"), t.lanes.c.account_id.label("account_id"))
    chosen = select_slots(t.runs.c.id.label("run"), t.runs.c.started_at, *owners)
    return chosen.join(t.runs, t.runs.c.slot_id == t.slots.c.id).where(t.runs.c.id > since.first_run, elsewhere)


def select_slots(*columns: Any) -> Select[Any]:
    """Select slots with the parts of their names."""
    return (
        select(t.definitions.c.name, t.accounts.c.token, t.slots.c.label, *columns)
        .select_from(t.slots)
        .join(t.lanes, t.lanes.c.id == t.slots.c.lane_id)
        .join(t.definitions, t.definitions.c.id == t.lanes.c.definition_id)
        .outerjoin(t.accounts, t.accounts.c.id == t.lanes.c.account_id)
    )


def name_slot(row: Any) -> SlotName:
    """Return the name of a slot of which the parts were selected."""
    return SlotName(row.name, row.token, row.label)


# --- wrong clocks ----------------------------------------------------------------------------------------------------


def list_leases_ahead(since: Since) -> Select[Any]:
    """Select the leases that would keep others out for longer than any lease lasts."""
    return select(t.leases.c.name, t.leases.c.holder, t.leases.c.expires_at).where(
        t.leases.c.expires_at > since.not_after
    )


def list_heartbeats_ahead(since: Since) -> Select[Any]:
    """Select the agents that would never count as lost."""
    return select(t.agents.c.name, t.agents.c.heartbeat_at).where(t.agents.c.heartbeat_at > since.not_after)
