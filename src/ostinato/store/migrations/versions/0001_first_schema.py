"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
JSON = sa.JSON().with_variant(JSONB, "postgresql")
INSTANT = SPAN = sa.BigInteger()
DAY = sa.String(10)

RUN_STATUSES = (
    "cancelled",
    "failed",
    "paused",
    "running",
    "scheduled",
    "success",
    "suspended",
    "timeout",
    "waiting",
    "warning",
)
RUN_EDGES = (
    ("scheduled", "waiting"),
    ("scheduled", "cancelled"),
    ("scheduled", "failed"),
    ("waiting", "running"),
    ("waiting", "cancelled"),
    ("waiting", "failed"),
    ("running", "success"),
    ("running", "warning"),
    ("running", "failed"),
    ("running", "timeout"),
    ("running", "cancelled"),
    ("running", "paused"),
    ("running", "suspended"),
    ("running", "waiting"),
    ("suspended", "waiting"),
    ("suspended", "cancelled"),
    ("suspended", "failed"),
    ("paused", "waiting"),
    ("paused", "failed"),
    ("paused", "cancelled"),
)
STEP_EDGES = (
    ("pending", "running"),
    ("pending", "skipped"),
    ("pending", "cancelled"),
    ("running", "success"),
    ("running", "error"),
    ("running", "suspended"),
    ("running", "cancelled"),
    ("running", "pending"),
    ("suspended", "running"),
    ("suspended", "cancelled"),
    ("suspended", "error"),
    ("error", "pending"),
    ("error", "skipped"),
)


def _leaves(edges: tuple[tuple[str, str], ...]) -> str:
    legal = " OR ".join(f"(OLD.status = '{old}' AND NEW.status = '{new}')" for old, new in edges)
    return f"OLD.status <> NEW.status AND NOT ({legal})"


LEASE_BROKEN = (
    "NEW.lease_token < OLD.lease_token OR"
    " (NEW.status = 'running' AND OLD.status <> 'running' AND NEW.lease_token = OLD.lease_token)"
)
TRIGGERS = {
    "sqlite": (
        f"""
    CREATE TRIGGER runs_status_update BEFORE UPDATE OF status ON runs
    WHEN {_leaves(RUN_EDGES)}
    BEGIN SELECT RAISE(ABORT, 'illegal status change of a run'); END
    """,
        """
    CREATE TRIGGER runs_status_insert BEFORE INSERT ON runs
    WHEN NOT (NEW.status IN ('scheduled', 'waiting'))
    BEGIN SELECT RAISE(ABORT, 'illegal status change of a run'); END
    """,
        f"""
    CREATE TRIGGER runs_lease_update BEFORE UPDATE OF status, lease_token ON runs
    WHEN {LEASE_BROKEN}
    BEGIN SELECT RAISE(ABORT, 'a lease token only grows, and grows with every claim'); END
    """,
        f"""
    CREATE TRIGGER steps_status_update BEFORE UPDATE OF status ON steps
    WHEN {_leaves(STEP_EDGES)}
    BEGIN SELECT RAISE(ABORT, 'illegal status change of a step'); END
    """,
    ),
    "postgresql": (
        f"""
    CREATE FUNCTION runs_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        IF NOT (NEW.status IN ('scheduled', 'waiting')) THEN
          RAISE EXCEPTION 'illegal status change of a run' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
      END IF;
      IF {_leaves(RUN_EDGES)} THEN
        RAISE EXCEPTION 'illegal status change of a run' USING ERRCODE = 'check_violation';
      END IF;
      IF {LEASE_BROKEN} THEN
        RAISE EXCEPTION 'a lease token only grows, and grows with every claim' USING ERRCODE = 'check_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
        """
    CREATE TRIGGER runs_guard_insert BEFORE INSERT ON runs
    FOR EACH ROW EXECUTE FUNCTION runs_guard()
    """,
        """
    CREATE TRIGGER runs_guard_update BEFORE UPDATE OF status, lease_token ON runs
    FOR EACH ROW EXECUTE FUNCTION runs_guard()
    """,
        f"""
    CREATE FUNCTION steps_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF {_leaves(STEP_EDGES)} THEN
        RAISE EXCEPTION 'illegal status change of a step' USING ERRCODE = 'check_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
        """
    CREATE TRIGGER steps_guard_update BEFORE UPDATE OF status ON steps
    FOR EACH ROW EXECUTE FUNCTION steps_guard()
    """,
    ),
}


def upgrade() -> None:
    _create_what_is_declared()
    _create_work()
    _create_plans()
    _create_journal()
    _create_access()
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def _create_what_is_declared() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", KEY, nullable=False),
        sa.Column("token", sa.String(200), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("starts_on", DAY),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("maintenance_starts_at", INSTANT),
        sa.Column("maintenance_ends_at", INSTANT),
        sa.Column("concurrency", sa.Integer()),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("version", sa.String(12), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("paused_at", INSTANT),
        sa.Column("paused_by", sa.Text()),
        sa.Column("pause_reason", sa.Text()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="accounts_pk"),
        sa.UniqueConstraint("token", name="accounts_token_key"),
    )
    op.create_table(
        "definitions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("matrix", sa.String(16), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.String(64)),
        sa.Column("starts_on", DAY),
        sa.Column("ends_on", DAY),
        sa.Column("start_kind", sa.String(16), nullable=False),
        sa.Column("delay", SPAN, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("concurrency", sa.Integer()),
        sa.Column("uses", JSON),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("version", sa.String(12), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("longest_period", SPAN, server_default=sa.text("0"), nullable=False),
        sa.Column("paused_at", INSTANT),
        sa.Column("paused_by", sa.Text()),
        sa.Column("pause_reason", sa.Text()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="definitions_pk"),
        sa.CheckConstraint(_one_of("matrix", "account", "none"), name="definitions_matrix_check"),
        sa.CheckConstraint(
            _one_of("start_kind", "after_completion", "after_success", "at_start", "manual"),
            name="definitions_start_kind_check",
        ),
        sa.UniqueConstraint("name", name="definitions_name_key"),
    )
    op.create_table(
        "definition_versions",
        sa.Column("definition_id", KEY, nullable=False),
        sa.Column("version", sa.String(12), nullable=False),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("definition_id", "version", name="definition_versions_pk"),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name="definition_versions_definition_id_fk", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "dependencies",
        sa.Column("definition_id", KEY, nullable=False),
        sa.Column("upstream_id", KEY, nullable=False),
        sa.Column("through", JSON, nullable=False),
        sa.PrimaryKeyConstraint("definition_id", "upstream_id", name="dependencies_pk"),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name="dependencies_definition_id_fk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["upstream_id"], ["definitions.id"], name="dependencies_upstream_id_fk", ondelete="CASCADE"
        ),
    )
    op.create_index("dependencies_upstream_id_idx", "dependencies", ["upstream_id"])


def _create_work() -> None:
    op.create_table(
        "agents",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("queues", JSON, nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("heartbeat_at", INSTANT, nullable=False),
        sa.Column("drain_requested_at", INSTANT),
        sa.Column("drain_requested_by", sa.Text()),
        sa.Column("drain_reason", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="agents_pk"),
        sa.CheckConstraint(
            _one_of("status", "alive", "draining", "lost", "stopped", "stopping"), name="agents_status_check"
        ),
        sa.UniqueConstraint("name", name="agents_name_key"),
    )
    op.create_table(
        "lanes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("definition_id", KEY, nullable=False),
        sa.Column("account_id", KEY),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("starts_on", DAY),
        sa.Column("ends_on", DAY),
        sa.Column("start_kind", sa.String(16), nullable=False),
        sa.Column("delay", SPAN, nullable=False),
        sa.Column("planned_until", INSTANT),
        sa.Column("pruned_until", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="lanes_pk"),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name="lanes_definition_id_fk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="lanes_account_id_fk", ondelete="CASCADE"),
    )
    op.create_index("lanes_account_id_idx", "lanes", ["account_id"])
    op.create_index("lanes_place_key", "lanes", ["definition_id", sa.text("coalesce(account_id, 0)")], unique=True)
    op.create_index("lanes_planned_until_idx", "lanes", ["planned_until"])
    op.create_table(
        "slots",
        sa.Column("id", KEY, nullable=False),
        sa.Column("lane_id", KEY, nullable=False),
        sa.Column("label", sa.String(32), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("examine_at", INSTANT),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("gate", sa.Text()),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("run_id", KEY),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.Column("accepted_by", sa.Text()),
        sa.Column("accepted_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="slots_pk"),
        sa.UniqueConstraint("lane_id", "starts_at", name="slots_lane_id_starts_at_key"),
        sa.CheckConstraint(
            _one_of("status", "cancelled", "failed", "live", "pending", "retrying", "success", "warning"),
            name="slots_status_check",
        ),
        sa.CheckConstraint("starts_at < ends_at", name="slots_period_check"),
        sa.CheckConstraint(
            "(status IN ('cancelled', 'failed', 'success', 'warning')) = (finished_at IS NOT NULL)",
            name="slots_finished_check",
        ),
        sa.CheckConstraint("(status = 'pending') = (attempts = 0)", name="slots_attempts_check"),
        sa.CheckConstraint(
            "accepted_by IS NULL OR (status = 'warning' AND accepted_at IS NOT NULL)", name="slots_accepted_check"
        ),
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="slots_lane_id_fk", ondelete="CASCADE"),
    )
    op.create_index("slots_due_at_idx", "slots", ["due_at"], **_where("status = 'pending'"))
    op.create_index("slots_examine_at_idx", "slots", ["examine_at"], **_where("status = 'pending'"))
    op.create_index("slots_finished_at_idx", "slots", ["finished_at", "status"], **_where("finished_at IS NOT NULL"))
    op.create_index("slots_blocked_idx", "slots", ["due_at"], **_where("status = 'pending' AND reason <> ''"))
    by_start: list[str | sa.TextClause] = ["starts_at", sa.text("lane_id DESC")]
    op.create_index("slots_pending_idx", "slots", [*by_start, "due_at"], **_where("status = 'pending'"))
    op.create_index(
        "slots_notable_idx",
        "slots",
        [*by_start, "status"],
        **_where("status IN ('cancelled', 'failed', 'live', 'retrying', 'warning')"),
    )
    op.create_index("slots_succeeded_idx", "slots", by_start, **_where("status = 'success'"))
    op.create_index("slots_retrying_idx", "slots", ["id"], **_where("status = 'retrying'"))
    op.create_table(
        "reruns",
        sa.Column("slot_id", KEY, autoincrement=False, nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("request_reason", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("slot_id", name="reruns_pk"),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name="reruns_slot_id_fk", ondelete="CASCADE"),
    )
    op.create_table(
        "runs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slot_id", KEY),
        sa.Column("definition_id", KEY),
        sa.Column("account_id", KEY),
        sa.Column("version", sa.String(12), nullable=False),
        sa.Column("action", sa.Text()),
        sa.Column("input", JSON),
        sa.Column("context", JSON),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("requested_by", sa.Text()),
        sa.Column("request_reason", sa.Text()),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("queue", sa.String(200), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("start_at", INSTANT),
        sa.Column("start_before", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT),
        sa.Column("claimed_at", INSTANT),
        sa.Column("waits_since", INSTANT, nullable=False),
        sa.Column("wake_at", INSTANT),
        sa.Column("deadline_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.Column("agent_id", KEY),
        sa.Column("lease_token", sa.Integer(), nullable=False),
        sa.Column("released_token", sa.Integer()),
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("outlives_agent", sa.Boolean(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=False),
        sa.Column("parent_run_id", KEY),
        sa.Column("parent_step", sa.Integer()),
        sa.Column("child_number", sa.Integer()),
        sa.Column("singleton_key", sa.Text()),
        sa.Column("singleton_held", sa.Text()),
        sa.Column("singleton_refuses", sa.Boolean(), nullable=False),
        sa.Column("hooks", JSON),
        sa.Column("halted_by", sa.Text()),
        sa.Column("cancel_requested_at", INSTANT),
        sa.Column("cancel_requested_by", sa.Text()),
        sa.Column("cancel_reason", sa.Text()),
        sa.Column("end_kind", sa.String(16)),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("signal", sa.String(16)),
        sa.Column("end_message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="runs_pk"),
        sa.CheckConstraint(_one_of("status", *RUN_STATUSES), name="runs_status_check"),
        sa.CheckConstraint(_one_of("origin", "rerun", "retry", "schedule", "trigger"), name="runs_origin_check"),
        sa.CheckConstraint(
            "end_kind IS NULL OR "
            + _one_of(
                "end_kind",
                "cancelled",
                "completed",
                "exited",
                "lost",
                "not_started",
                "out_of_memory",
                "raised",
                "signalled",
                "stopped",
                "time_limit",
                "too_late",
                "upstream_failed",
            ),
            name="runs_end_kind_check",
        ),
        sa.CheckConstraint(
            "(status IN ('cancelled', 'failed', 'success', 'timeout', 'warning')) = (finished_at IS NOT NULL)",
            name="runs_finished_check",
        ),
        sa.CheckConstraint("(finished_at IS NULL) = (end_kind IS NULL)", name="runs_ended_check"),
        sa.CheckConstraint("series = 1 OR requested_by IS NOT NULL", name="runs_asked_for_check"),
        sa.CheckConstraint(
            "definition_id IS NOT NULL OR (action IS NOT NULL AND slot_id IS NULL)", name="runs_work_check"
        ),
        sa.CheckConstraint(
            "(parent_run_id IS NULL) = (parent_step IS NULL) AND (parent_run_id IS NULL) = (child_number IS NULL)",
            name="runs_parent_check",
        ),
        sa.CheckConstraint(
            "singleton_held IS NULL OR"
            " (singleton_key IS NOT NULL AND singleton_held = singleton_key AND finished_at IS NULL)",
            name="runs_singleton_check",
        ),
        sa.CheckConstraint("singleton_key IS NOT NULL OR NOT singleton_refuses", name="runs_refuses_check"),
        sa.CheckConstraint("wake_at IS NULL OR status = 'suspended'", name="runs_wake_check"),
        sa.CheckConstraint("halted_by IS NULL OR status = 'cancelled'", name="runs_halt_check"),
        sa.CheckConstraint(
            "(status = 'running' AND released_token IS NULL)"
            " OR (status <> 'running' AND released_token IS NOT NULL AND released_token = lease_token)",
            name="runs_lease_check",
        ),
        sa.UniqueConstraint("slot_id", "series", "attempt", name="runs_slot_id_series_attempt_key"),
        sa.UniqueConstraint(
            "parent_run_id", "parent_step", "child_number", name="runs_parent_run_id_parent_step_child_number_key"
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name="runs_slot_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name="runs_definition_id_fk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="runs_account_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="runs_agent_id_fk", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["parent_run_id"], ["runs.id"], name="runs_parent_run_id_fk", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("runs_account_id_idx", "runs", ["account_id", "id"])
    op.create_index("runs_definition_id_idx", "runs", ["definition_id", "id"])
    op.create_index(
        "runs_notable_idx",
        "runs",
        ["id", "status"],
        **_where("status IN ('cancelled', 'failed', 'timeout', 'warning')"),
    )
    op.create_index("runs_finished_at_idx", "runs", ["finished_at", "status"], **_where("finished_at IS NOT NULL"))
    op.create_index("runs_agent_id_idx", "runs", ["agent_id", "id"], **_where("finished_at IS NOT NULL"))
    op.create_index("runs_action_idx", "runs", ["id"], **_where("action IS NOT NULL"))
    op.create_index(
        "runs_live_key",
        "runs",
        ["slot_id"],
        unique=True,
        **_where("status IN ('paused', 'running', 'scheduled', 'suspended', 'waiting')"),
    )
    op.create_index("runs_running_idx", "runs", ["agent_id"], **_where("status = 'running'"))
    op.create_index("runs_scheduled_idx", "runs", ["start_at"], **_where("status = 'scheduled'"))
    op.create_index(
        "runs_singleton_held_key", "runs", ["singleton_held"], unique=True, **_where("singleton_held IS NOT NULL")
    )
    op.create_index(
        "runs_singletons_waiting_idx",
        "runs",
        ["singleton_key", "id"],
        **_where("status = 'waiting' AND singleton_key IS NOT NULL"),
    )
    op.create_index(
        "runs_succeeded_key",
        "runs",
        ["slot_id", "series"],
        unique=True,
        **_where("status IN ('paused', 'running', 'scheduled', 'success', 'suspended', 'waiting', 'warning')"),
    )
    op.create_index("runs_suspended_idx", "runs", ["wake_at"], **_where("status = 'suspended'"))
    op.create_index(
        "runs_waiting_idx",
        "runs",
        [
            "queue",
            "priority",
            sa.text("coalesce(account_id, 0)"),
            sa.text("coalesce(definition_id, 0)"),
            "due_at",
            "id",
        ],
        **_where("status = 'waiting'"),
    )
    op.create_index(
        "runs_cancelling_idx",
        "runs",
        ["queue"],
        **_where("status = 'waiting' AND cancel_requested_at IS NOT NULL"),
    )
    _create_turns()
    op.create_table(
        "transitions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("from_status", sa.String(16)),
        sa.Column("to_status", sa.String(16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("lease_token", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="transitions_pk"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="transitions_run_id_fk", ondelete="CASCADE"),
    )
    op.create_index(
        "transitions_final_key",
        "transitions",
        ["run_id"],
        unique=True,
        **_where("to_status IN ('cancelled', 'failed', 'success', 'timeout', 'warning')"),
    )
    op.create_index("transitions_run_id_idx", "transitions", ["run_id"])


def _create_turns() -> None:
    op.create_table(
        "shares",
        sa.Column("id", KEY, nullable=False),
        sa.Column("queue", sa.String(200), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("account_id", KEY),
        sa.Column("position", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="shares_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="shares_account_id_fk", ondelete="CASCADE"),
    )
    place: list[Any] = ["queue", "priority", sa.text("coalesce(account_id, 0)")]
    op.create_index("shares_place_key", "shares", place, unique=True)
    op.create_index("shares_account_id_idx", "shares", ["account_id"])
    op.create_table(
        "turns",
        sa.Column("id", KEY, nullable=False),
        sa.Column("queue", sa.String(200), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("account_id", KEY),
        sa.Column("definition_id", KEY),
        sa.Column("taken_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="turns_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="turns_account_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name="turns_definition_id_fk", ondelete="CASCADE"
        ),
    )
    place = [*place, sa.text("coalesce(definition_id, 0)")]
    op.create_index("turns_place_key", "turns", place, unique=True)
    op.create_index("turns_account_id_idx", "turns", ["account_id"])
    op.create_index("turns_definition_id_idx", "turns", ["definition_id"])


def _create_plans() -> None:
    op.create_table(
        "run_needs",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("needs_run_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "needs_run_id", name="run_needs_pk"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="run_needs_run_id_fk", ondelete="CASCADE"),
    )
    op.create_index("run_needs_needs_run_id_idx", "run_needs", ["needs_run_id"])
    op.create_table(
        "steps",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("parent", sa.Integer()),
        sa.Column("action_step", sa.Integer()),
        sa.Column("input", JSON, nullable=False),
        sa.Column("needs", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.Column("queue", sa.String(200)),
        sa.Column("rules", JSON),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("output", JSON),
        sa.Column("error", JSON),
        sa.Column("started_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.Column("wake_at", INSTANT),
        sa.Column("wake_kind", sa.String(16)),
        sa.Column("deadline_at", INSTANT),
        sa.Column("event_id", KEY),
        sa.Column("rescued", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.Float()),
        sa.Column("progress_message", sa.Text()),
        sa.PrimaryKeyConstraint("run_id", "number", name="steps_pk"),
        sa.CheckConstraint(
            _one_of("status", "cancelled", "error", "pending", "running", "skipped", "success", "suspended"),
            name="steps_status_check",
        ),
        sa.CheckConstraint(_one_of("phase", "finalize", "plan", "run"), name="steps_phase_check"),
        sa.CheckConstraint(
            "wake_kind IS NULL OR " + _one_of("wake_kind", "retry", "timer"), name="steps_wake_kind_check"
        ),
        sa.CheckConstraint("status <> 'error' OR error IS NOT NULL", name="steps_error_check"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="steps_run_id_fk", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "steps_plans_idx", "steps", ["run_id"], **_where("number = 2 OR (number = 1 AND action <> 'command')")
    )
    op.create_table(
        "tries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", INSTANT),
        sa.Column("ended_at", INSTANT, nullable=False),
        sa.Column("error", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="tries_pk"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="tries_run_id_fk", ondelete="CASCADE"),
    )
    op.create_index("tries_run_id_idx", "tries", ["run_id", "step"])
    op.create_table(
        "events",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", JSON),
        sa.Column("optional", sa.Boolean(), nullable=False),
        sa.Column("fate", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="events_pk"),
        sa.CheckConstraint(
            _one_of("fate", "delivered", "dropped", "taken", "waiting"),
            name="events_fate_check",
        ),
        sa.CheckConstraint(
            "(fate IN ('delivered', 'dropped')) = (settled_at IS NOT NULL)", name="events_settled_check"
        ),
        sa.CheckConstraint("fate <> 'dropped' OR reason <> ''", name="events_dropped_check"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="events_run_id_fk", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_run_id_idx", "events", ["run_id", "settled_at"])
    op.create_index("events_waiting_idx", "events", ["due_at"], **_where("fate = 'waiting'"))
    op.create_table(
        "chunks",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="chunks_pk"),
        sa.UniqueConstraint("run_id", "step", "number", name="chunks_run_id_step_number_key"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="chunks_run_id_fk", ondelete="CASCADE"),
    )
    op.create_table(
        "hook_calls",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("hook", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("taken_until", INSTANT),
        sa.Column("called_at", INSTANT),
        sa.Column("error", JSON),
        sa.PrimaryKeyConstraint("id", name="hook_calls_pk"),
        sa.CheckConstraint(_one_of("status", *RUN_STATUSES), name="hook_calls_status_check"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="hook_calls_run_id_fk", ondelete="CASCADE"),
    )
    op.create_index("hook_calls_run_id_idx", "hook_calls", ["run_id"])
    op.create_index("hook_calls_waiting_idx", "hook_calls", ["id"], **_where("called_at IS NULL"))
    op.create_index("hook_calls_failed_idx", "hook_calls", ["called_at"], **_where("error IS NOT NULL"))


def _create_journal() -> None:
    op.create_table(
        "audit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("command", sa.Text()),
        sa.Column("request", sa.Text()),
        sa.Column("request_target", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="audit_pk"),
        sa.CheckConstraint("(request IS NULL) = (request_target IS NULL)", name="audit_request_check"),
    )
    op.create_index(
        "audit_request_key", "audit", ["request", "request_target"], unique=True, **_where("request IS NOT NULL")
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="leases_pk"),
    )
    op.create_table(
        "passes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("outcomes", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="passes_pk"),
    )
    op.create_index("passes_started_at_idx", "passes", ["started_at"])
    op.create_table(
        "revisions",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="revisions_pk"),
    )
    op.create_table(
        "sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("loaded_at", INSTANT, nullable=False),
        sa.Column("succeeded_at", INSTANT),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("held_back", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "kind", name="sources_pk"),
    )


def _create_access() -> None:
    op.create_table(
        "users",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="users_pk"),
        sa.CheckConstraint(_one_of("role", "admin", "operator", "viewer"), name="users_role_check"),
        sa.UniqueConstraint("name", name="users_name_key"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="tokens_pk"),
        sa.CheckConstraint(_one_of("role", "admin", "operator", "viewer"), name="tokens_role_check"),
        sa.UniqueConstraint("name", name="tokens_name_key"),
        sa.UniqueConstraint("token_hash", name="tokens_token_hash_key"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="sessions_pk"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="sessions_user_id_fk", ondelete="CASCADE"),
        sa.UniqueConstraint("secret_hash", name="sessions_secret_hash_key"),
    )
    op.create_index("sessions_user_id_idx", "sessions", ["user_id"])
    op.create_index("sessions_expires_at_idx", "sessions", ["expires_at"])


def _one_of(column: str, *values: str) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
