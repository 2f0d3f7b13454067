"""The tables, and the rules that hold whatever a program does.

The numbers in brackets are the invariants of the architecture that a constraint makes impossible to break. What
compares an old row with a new one cannot be a CHECK; ``triggers`` builds those from the transition table.

A *lane* is one definition for one account (or for none): the line along which its slots stand. Slots belong to a
lane, so deleting a definition or an account takes its lanes, their slots, runs and history, and nothing else [9].
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

from ostinato.model.access import Role
from ostinato.model.definitions import Matrix, StartKind
from ostinato.model.evidence import EndKind
from ostinato.model.runs import RunOrigin
from ostinato.model.statuses import (
    FINAL_RUN_STATUSES,
    FINAL_SLOT_STATUSES,
    LIVE_RUN_STATUSES,
    SUCCEEDED_RUN_STATUSES,
    AgentStatus,
    RunStatus,
    SlotStatus,
    StepStatus,
)
from ostinato.model.steps import EventFate, Phase, WakeKind
from ostinato.store.types import Day, Instant, Json, Key, Span

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def in_list(column: str, values: Iterable[StrEnum]) -> str:
    """Return the SQL condition that ``column`` is one of ``values``."""
    return f"{column} IN ({', '.join(sorted(repr(value.value) for value in values))})"


NOTABLE_SLOT_STATUSES = frozenset(SlotStatus) - {SlotStatus.PENDING, SlotStatus.SUCCESS}
"""What of slots that have begun is neither over nor well: a small part of a long history."""

IS_LIVE = in_list("status", LIVE_RUN_STATUSES)

NOTABLE_RUN_STATUSES = FINAL_RUN_STATUSES - {RunStatus.SUCCESS}

IS_BLOCKED = "status = 'pending' AND reason <> ''"

IN_PLAN = "number = 2 OR (number = 1 AND action <> 'command')"
"""What tells a plan by its steps from a single command: one of its first two."""


def is_live() -> ColumnElement[bool]:
    """Tell of a run whether it is live, in the words of the index of those."""
    return literal_column(f"runs.{IS_LIVE}")


def is_notable_run() -> ColumnElement[bool]:
    """Tell of a run whether it has ended and not succeeded, in the words of the index of those."""
    return literal_column(f"runs.{in_list('status', NOTABLE_RUN_STATUSES)}")


def is_notable_slot() -> ColumnElement[bool]:
    """Tell of a slot whether it is notable, in the words of the index of those."""
    return literal_column(f"slots.{in_list('status', NOTABLE_SLOT_STATUSES)}")


def is_blocked() -> ColumnElement[bool]:
    """Tell of a slot whether it is known what it waits for, in the words of the index of those."""
    return literal_column("slots.status = 'pending' AND slots.reason <> ''")


def tells_plan() -> ColumnElement[bool]:
    """Tell of a step whether its run has a plan that is more than one command, in the words of the index of those."""
    return literal_column(f"({IN_PLAN.replace('number', 'steps.number').replace('action', 'steps.action')})")


BY_NUMBER: ColumnElement[int] = literal_column("+runs.id")
"""The order of runs' ids, for who searches: SQLite would go through all runs there are, to find them in that order."""


def has_status(run: Any, status: RunStatus) -> ColumnElement[bool]:
    """Tell of a run whether it has a status, in the words of the partial indexes: a bound value may miss them."""
    found: ColumnElement[bool] = run.status == literal_column(f"'{status}'")
    return found


def _partial_index(name: str, *columns: Any, where: str, unique: bool = False) -> Index:
    """Return an index of the rows alone for which ``where`` is so."""
    return Index(name, *columns, unique=unique, postgresql_where=text(where), sqlite_where=text(where))


def _one_of(column: str, values: Iterable[StrEnum]) -> CheckConstraint:
    return CheckConstraint(in_list(column, values), name=column)


accounts = Table(
    "accounts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("token", String(200), nullable=False, unique=True),
    Column("time_zone", String(64), nullable=False),
    Column("starts_on", Day),
    Column("active", Boolean, nullable=False),
    Column("maintenance_starts_at", Instant),
    Column("maintenance_ends_at", Instant),
    Column("concurrency", Integer),
    Column("weight", Float, nullable=False),
    Column("spec", Json, nullable=False),
    Column("version", String(12), nullable=False),
    Column("source", Text, nullable=False),
    Column("paused_at", Instant),
    Column("paused_by", Text),
    Column("pause_reason", Text),
    Column("created_at", Instant, nullable=False),
)

definitions = Table(
    "definitions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("matrix", String(16), nullable=False),
    Column("frequency", Text, nullable=False),
    Column("time_zone", String(64)),
    Column("starts_on", Day),
    Column("ends_on", Day),
    Column("start_kind", String(16), nullable=False),
    Column("delay", Span, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("concurrency", Integer),
    Column("uses", Json),
    Column("spec", Json, nullable=False),
    Column("version", String(12), nullable=False),
    Column("source", Text, nullable=False),
    Column("longest_period", Span, nullable=False, server_default=text("0")),
    Column("paused_at", Instant),
    Column("paused_by", Text),
    Column("pause_reason", Text),
    Column("created_at", Instant, nullable=False),
    _one_of("matrix", Matrix),
    _one_of("start_kind", StartKind),
)

definition_versions = Table(
    "definition_versions",
    metadata,
    Column("definition_id", Key, ForeignKey(definitions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("version", String(12), primary_key=True),
    Column("spec", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
)

dependencies = Table(
    "dependencies",
    metadata,
    Column("definition_id", Key, ForeignKey(definitions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("upstream_id", Key, ForeignKey(definitions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("through", Json, nullable=False),
    Index("dependencies_upstream_id_idx", "upstream_id"),
)

lanes = Table(
    "lanes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("definition_id", Key, ForeignKey(definitions.c.id, ondelete="CASCADE"), nullable=False),
    Column("account_id", Key, ForeignKey(accounts.c.id, ondelete="CASCADE")),
    Column("retired", Boolean, nullable=False),
    Column("frequency", Text, nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("starts_on", Day),
    Column("ends_on", Day),
    Column("start_kind", String(16), nullable=False),
    Column("delay", Span, nullable=False),
    Column("planned_until", Instant),
    Column("pruned_until", Instant),
    Column("created_at", Instant, nullable=False),
    Index("lanes_place_key", "definition_id", text("coalesce(account_id, 0)"), unique=True),
    Index("lanes_account_id_idx", "account_id"),
    Index("lanes_planned_until_idx", "planned_until"),
)

slots = Table(
    "slots",
    metadata,
    Column("id", Key, primary_key=True),
    Column("lane_id", Key, ForeignKey(lanes.c.id, ondelete="CASCADE"), nullable=False),
    Column("label", String(32), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("status", String(16), nullable=False),
    Column("examine_at", Instant),
    Column("reason", Text, nullable=False),
    Column("gate", Text),  # what a pending slot waits for, as the engine last saw it: the kind of it, and of what
    Column("series", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("run_id", Key),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("accepted_by", Text),
    Column("accepted_at", Instant),  # stays when the slot runs again: what depends on it may have begun by then
    UniqueConstraint("lane_id", "starts_at"),
    _one_of("status", SlotStatus),
    CheckConstraint("starts_at < ends_at", name="period"),
    CheckConstraint(f"({in_list('status', FINAL_SLOT_STATUSES)}) = (finished_at IS NOT NULL)", name="finished"),
    CheckConstraint("(status = 'pending') = (attempts = 0)", name="attempts"),
    CheckConstraint("accepted_by IS NULL OR (status = 'warning' AND accepted_at IS NOT NULL)", name="accepted"),
    _partial_index("slots_examine_at_idx", "examine_at", where="status = 'pending'"),
    _partial_index("slots_retrying_idx", "id", where="status = 'retrying'"),
    _partial_index("slots_due_at_idx", "due_at", where="status = 'pending'"),
    _partial_index("slots_blocked_idx", "due_at", where=IS_BLOCKED),
    # Lists of slots are read from these, the newest first: each slot is in one of them. They speak of one part of the
    # table each, for an index of all by their status would tempt SQLite, which knows nothing of how many have which.
    _partial_index("slots_pending_idx", "starts_at", text("lane_id DESC"), "due_at", where="status = 'pending'"),
    _partial_index(
        "slots_notable_idx",
        "starts_at",
        text("lane_id DESC"),
        "status",
        where=in_list("status", NOTABLE_SLOT_STATUSES),
    ),
    _partial_index("slots_succeeded_idx", "starts_at", text("lane_id DESC"), where="status = 'success'"),
    _partial_index("slots_finished_at_idx", "finished_at", "status", where="finished_at IS NOT NULL"),
)

# Who asked that a slot runs again once what it depends on allows it. Of a slot that is pending in a later series than
# its first there is one.
reruns = Table(
    "reruns",
    metadata,
    Column("slot_id", Key, ForeignKey(slots.c.id, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("requested_by", Text, nullable=False),
    Column("request_reason", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
)

agents = Table(
    "agents",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("queues", Json, nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("heartbeat_at", Instant, nullable=False),
    Column("drain_requested_at", Instant),
    Column("drain_requested_by", Text),
    Column("drain_reason", Text),
    _one_of("status", AgentStatus),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("slot_id", Key, ForeignKey(slots.c.id, ondelete="CASCADE")),
    Column("definition_id", Key, ForeignKey(definitions.c.id, ondelete="CASCADE")),
    Column("account_id", Key, ForeignKey(accounts.c.id, ondelete="CASCADE")),
    Column("version", String(12), nullable=False),
    Column("action", Text),
    Column("input", Json),
    Column("context", Json),
    Column("series", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("requested_by", Text),
    Column("request_reason", Text),
    Column("parameters", Json, nullable=False),
    Column("queue", String(200), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("start_at", Instant),
    Column("start_before", Instant),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("claimed_at", Instant),
    Column("waits_since", Instant, nullable=False),
    Column("wake_at", Instant),
    Column("deadline_at", Instant),
    Column("finished_at", Instant),
    Column("agent_id", Key, ForeignKey(agents.c.id, ondelete="SET NULL")),
    Column("lease_token", Integer, nullable=False),
    Column("released_token", Integer),
    Column("decision", Integer, nullable=False),
    Column("outlives_agent", Boolean, nullable=False),
    Column("waits_for", Text, nullable=False),
    Column("parent_run_id", Key, ForeignKey("runs.id", ondelete="CASCADE")),
    Column("parent_step", Integer),
    Column("child_number", Integer),
    Column("singleton_key", Text),
    Column("singleton_held", Text),
    Column("singleton_refuses", Boolean, nullable=False),
    Column("hooks", Json),
    Column("halted_by", Text),
    Column("cancel_requested_at", Instant),
    Column("cancel_requested_by", Text),
    Column("cancel_reason", Text),
    Column("end_kind", String(16)),
    Column("exit_code", Integer),
    Column("signal", String(16)),
    Column("end_message", Text, nullable=False),
    _one_of("status", RunStatus),
    _one_of("origin", RunOrigin),
    CheckConstraint(f"end_kind IS NULL OR {in_list('end_kind', EndKind)}", name="end_kind"),
    CheckConstraint(f"({in_list('status', FINAL_RUN_STATUSES)}) = (finished_at IS NOT NULL)", name="finished"),
    # Retry policies and people read what ended a run: there is no end without it.
    CheckConstraint("(finished_at IS NULL) = (end_kind IS NULL)", name="ended"),
    CheckConstraint("series = 1 OR requested_by IS NOT NULL", name="asked_for"),
    CheckConstraint("definition_id IS NOT NULL OR (action IS NOT NULL AND slot_id IS NULL)", name="work"),
    CheckConstraint(
        "(parent_run_id IS NULL) = (parent_step IS NULL) AND (parent_run_id IS NULL) = (child_number IS NULL)",
        name="parent",
    ),
    CheckConstraint(
        "singleton_held IS NULL OR"
        " (singleton_key IS NOT NULL AND singleton_held = singleton_key AND finished_at IS NULL)",
        name="singleton",
    ),
    CheckConstraint("singleton_key IS NOT NULL OR NOT singleton_refuses", name="refuses"),
    CheckConstraint("wake_at IS NULL OR status = 'suspended'", name="wake"),
    CheckConstraint("halted_by IS NULL OR status = 'cancelled'", name="halt"),
    # [5] Whoever ends a lease must present its token; a stale or missing one does not fit.
    CheckConstraint(
        "(status = 'running' AND released_token IS NULL)"
        " OR (status <> 'running' AND released_token IS NOT NULL AND released_token = lease_token)",
        name="lease",
    ),
    # [1] One live run of a slot.
    _partial_index("runs_live_key", "slot_id", unique=True, where=IS_LIVE),
    # [3] No run beside one that succeeded, unless a person asked for a new series.
    _partial_index(
        "runs_succeeded_key",
        "slot_id",
        "series",
        unique=True,
        where=in_list("status", LIVE_RUN_STATUSES | SUCCEEDED_RUN_STATUSES),
    ),
    UniqueConstraint("slot_id", "series", "attempt"),
    # No child is started twice.
    UniqueConstraint("parent_run_id", "parent_step", "child_number"),
    # A singleton is held by one run, across the deaths of agents, until that run is final. An index of a part of the
    # table, for PostgreSQL keeps others from inserting what refers to a run while it changes a column that is unique
    # in the whole of it.
    _partial_index("runs_singleton_held_key", "singleton_held", unique=True, where="singleton_held IS NOT NULL"),
    _partial_index(
        "runs_singletons_waiting_idx",
        "singleton_key",
        "id",
        where="status = 'waiting' AND singleton_key IS NOT NULL",
    ),
    _partial_index("runs_suspended_idx", "wake_at", where="status = 'suspended'"),
    _partial_index(
        "runs_waiting_idx",
        "queue",
        "priority",
        text("coalesce(account_id, 0)"),
        text("coalesce(definition_id, 0)"),
        "due_at",
        "id",
        where="status = 'waiting'",
    ),
    _partial_index("runs_cancelling_idx", "queue", where="status = 'waiting' AND cancel_requested_at IS NOT NULL"),
    _partial_index("runs_scheduled_idx", "start_at", where="status = 'scheduled'"),
    _partial_index("runs_running_idx", "agent_id", where="status = 'running'"),
    Index("runs_definition_id_idx", "definition_id", "id"),
    Index("runs_account_id_idx", "account_id", "id"),
    _partial_index("runs_notable_idx", "id", "status", where=in_list("status", NOTABLE_RUN_STATUSES)),
    _partial_index("runs_finished_at_idx", "finished_at", "status", where="finished_at IS NOT NULL"),
    _partial_index("runs_agent_id_idx", "agent_id", "id", where="finished_at IS NOT NULL"),
    _partial_index("runs_action_idx", "id", where="action IS NOT NULL"),
    sqlite_autoincrement=True,  # [5] a lease is good for one run: no other may ever have its id
)

# How far each account has come in its turns, by queue and priority: where its last run stands in virtual time.
shares = Table(
    "shares",
    metadata,
    Column("id", Key, primary_key=True),
    Column("queue", String(200), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("account_id", Key, ForeignKey(accounts.c.id, ondelete="CASCADE")),
    Column("position", Float, nullable=False),
    Index("shares_place_key", "queue", "priority", text("coalesce(account_id, 0)"), unique=True),
    Index("shares_account_id_idx", "account_id"),
)

# When a run was last claimed of those that wait alike.
turns = Table(
    "turns",
    metadata,
    Column("id", Key, primary_key=True),
    Column("queue", String(200), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("account_id", Key, ForeignKey(accounts.c.id, ondelete="CASCADE")),
    Column("definition_id", Key, ForeignKey(definitions.c.id, ondelete="CASCADE")),
    Column("taken_at", Instant, nullable=False),
    Index(
        "turns_place_key",
        "queue",
        "priority",
        text("coalesce(account_id, 0)"),
        text("coalesce(definition_id, 0)"),
        unique=True,
    ),
    Index("turns_account_id_idx", "account_id"),
    Index("turns_definition_id_idx", "definition_id"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id, ondelete="CASCADE"), nullable=False),
    Column("from_status", String(16)),
    Column("to_status", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("cause", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("lease_token", Integer, nullable=False),
    Index("transitions_run_id_idx", "run_id"),
    # [4] A run ends once.
    _partial_index("transitions_final_key", "run_id", unique=True, where=in_list("to_status", FINAL_RUN_STATUSES)),
)

run_needs = Table(
    "run_needs",
    metadata,
    Column("run_id", Key, ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("needs_run_id", Key, primary_key=True),  # no foreign key: that it was deleted must be noticed
    Column("name", Text, nullable=False),
    Index("run_needs_needs_run_id_idx", "needs_run_id"),
)

steps = Table(
    "steps",
    metadata,
    Column("run_id", Key, ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("parent", Integer),
    Column("action_step", Integer),
    Column("input", Json, nullable=False),
    Column("needs", Json, nullable=False),
    Column("after", Json, nullable=False),
    Column("queue", String(200)),
    Column("rules", Json),
    Column("status", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("output", Json),
    Column("error", Json),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("wake_at", Instant),
    Column("wake_kind", String(16)),
    Column("deadline_at", Instant),
    Column("event_id", Key),
    Column("rescued", Boolean, nullable=False),
    Column("progress", Float),
    Column("progress_message", Text),
    _one_of("status", StepStatus),
    _one_of("phase", Phase),
    CheckConstraint(f"wake_kind IS NULL OR {in_list('wake_kind', WakeKind)}", name="wake_kind"),
    CheckConstraint("status <> 'error' OR error IS NOT NULL", name="error"),
    # The runs whose plan is more than one command: see ``plan_lists``.
    _partial_index("steps_plans_idx", "run_id", where=IN_PLAN),
    sqlite_with_rowid=False,
)

tries = Table(
    "tries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id, ondelete="CASCADE"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant, nullable=False),
    Column("error", Json, nullable=False),
    Index("tries_run_id_idx", "run_id", "step"),
)

events = Table(
    "events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id, ondelete="CASCADE"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("payload", Json),
    Column("optional", Boolean, nullable=False),
    Column("fate", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("sent_by", Text, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("settled_at", Instant),
    _one_of("fate", EventFate),
    CheckConstraint("(fate IN ('delivered', 'dropped')) = (settled_at IS NOT NULL)", name="settled"),
    CheckConstraint("fate <> 'dropped' OR reason <> ''", name="dropped"),
    Index("events_run_id_idx", "run_id", "settled_at"),
    _partial_index("events_waiting_idx", "due_at", where="fate = 'waiting'"),
    sqlite_autoincrement=True,  # a receipt is good for one event
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", Key, primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id, ondelete="CASCADE"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("data", Json, nullable=False),
    UniqueConstraint("run_id", "step", "number"),
)

hook_calls = Table(
    "hook_calls",
    metadata,
    Column("id", Key, primary_key=True),
    Column("run_id", Key, ForeignKey(runs.c.id, ondelete="CASCADE"), nullable=False),
    Column("hook", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("taken_until", Instant),
    Column("called_at", Instant),
    Column("error", Json),
    _one_of("status", RunStatus),
    Index("hook_calls_run_id_idx", "run_id"),
    _partial_index("hook_calls_waiting_idx", "id", where="called_at IS NULL"),
    _partial_index("hook_calls_failed_idx", "called_at", where="error IS NOT NULL"),
)

sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("loaded_at", Instant, nullable=False),
    Column("succeeded_at", Instant),
    Column("error", Text, nullable=False),
    Column("held_back", Text, nullable=False),
)

passes = Table(
    "passes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("engine", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("outcomes", Json, nullable=False),
    Index("passes_started_at_idx", "started_at"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Integer, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("command", Text),
    Column("request", Text),
    Column("request_target", Text),
    CheckConstraint("(request IS NULL) = (request_target IS NULL)", name="request"),
    # What a request asks for is done once to each of its targets, however often the request is sent.
    _partial_index("audit_request_key", "request", "request_target", unique=True, where="request IS NOT NULL"),
)

# Who may come in by the API. Of secrets only hashes are kept: slow ones of passwords, plain ones of what is random.
users = Table(
    "users",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    _one_of("role", Role),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    _one_of("role", Role),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("user_id", Key, ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("sessions_user_id_idx", "user_id"),
    Index("sessions_expires_at_idx", "expires_at"),
)
