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

EDGES = (
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
LEGAL = " OR ".join(f"(OLD.status = '{old}' AND NEW.status = '{new}')" for old, new in EDGES)
LEASE_BROKEN = (
    "NEW.lease_token < OLD.lease_token OR"
    " (NEW.status = 'running' AND OLD.status <> 'running' AND NEW.lease_token = OLD.lease_token)"
)
TRIGGERS = {
    "sqlite": (
        f"""
    CREATE TRIGGER runs_status_update BEFORE UPDATE OF status ON runs
    WHEN OLD.status <> NEW.status AND NOT ({LEGAL})
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
      IF OLD.status <> NEW.status AND NOT ({LEGAL}) THEN
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
    ),
}


def upgrade() -> None:
    _create_what_is_declared()
    _create_work()
    _create_journal()
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
        sa.PrimaryKeyConstraint("id", name="agents_pk"),
        sa.CheckConstraint(_one_of("status", "alive", "lost", "stopped", "stopping"), name="agents_status_check"),
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
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("run_id", KEY),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
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
        sa.ForeignKeyConstraint(["lane_id"], ["lanes.id"], name="slots_lane_id_fk", ondelete="CASCADE"),
    )
    op.create_index("slots_due_at_idx", "slots", ["due_at"])
    op.create_index("slots_examine_at_idx", "slots", ["examine_at"], **_where("status = 'pending'"))
    op.create_index("slots_finished_at_idx", "slots", ["finished_at"])
    op.create_index("slots_retrying_idx", "slots", ["id"], **_where("status = 'retrying'"))
    op.create_table(
        "runs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slot_id", KEY),
        sa.Column("definition_id", KEY, nullable=False),
        sa.Column("account_id", KEY),
        sa.Column("version", sa.String(12), nullable=False),
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
        sa.Column("deadline_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.Column("agent_id", KEY),
        sa.Column("lease_token", sa.Integer(), nullable=False),
        sa.Column("released_token", sa.Integer()),
        sa.Column("cancel_requested_at", INSTANT),
        sa.Column("cancel_requested_by", sa.Text()),
        sa.Column("cancel_reason", sa.Text()),
        sa.Column("end_kind", sa.String(16)),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("signal", sa.String(16)),
        sa.Column("end_message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="runs_pk"),
        sa.CheckConstraint(
            _one_of(
                "status",
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
            ),
            name="runs_status_check",
        ),
        sa.CheckConstraint(_one_of("origin", "rerun", "retry", "schedule", "trigger"), name="runs_origin_check"),
        sa.CheckConstraint(
            "end_kind IS NULL OR "
            + _one_of(
                "end_kind",
                "cancelled",
                "exited",
                "lost",
                "not_started",
                "out_of_memory",
                "signalled",
                "stopped",
                "time_limit",
                "too_late",
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
            "(status = 'running' AND released_token IS NULL)"
            " OR (status <> 'running' AND released_token IS NOT NULL AND released_token = lease_token)",
            name="runs_lease_check",
        ),
        sa.UniqueConstraint("slot_id", "series", "attempt", name="runs_slot_id_series_attempt_key"),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name="runs_slot_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.id"], name="runs_definition_id_fk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="runs_account_id_fk", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="runs_agent_id_fk", ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    op.create_index("runs_account_id_idx", "runs", ["account_id"])
    op.create_index("runs_definition_id_idx", "runs", ["definition_id"])
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
        "runs_succeeded_key",
        "runs",
        ["slot_id", "series"],
        unique=True,
        **_where("status IN ('paused', 'running', 'scheduled', 'success', 'suspended', 'waiting', 'warning')"),
    )
    op.create_index(
        "runs_waiting_idx", "runs", ["queue", sa.text("priority DESC"), "due_at", "id"], **_where("status = 'waiting'")
    )
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


def _create_journal() -> None:
    op.create_table(
        "audit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="audit_pk"),
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


def _one_of(column: str, *values: str) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
