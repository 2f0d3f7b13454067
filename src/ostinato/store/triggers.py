"""Triggers that refuse what the transition tables do not allow [4], built from those tables for both databases.

A CHECK sees only the new row; that a final status never changes, and that no edge is invented, needs the old one.
A run is born scheduled or waiting; a step in any status, for a plan may be stored as it already stands.
"""

from __future__ import annotations

from collections.abc import Iterable

from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.transitions import INITIAL_RUN_STATUSES, RUN_TRANSITIONS, STEP_TRANSITIONS, Edge
from ostinato.store.schema import in_list

_RUN_MESSAGE = "illegal status change of a run"
_STEP_MESSAGE = "illegal status change of a step"
_LEASE_MESSAGE = "a lease token only grows, and grows with every claim"
_LEASE_BROKEN = (
    "NEW.lease_token < OLD.lease_token OR"
    " (NEW.status = 'running' AND OLD.status <> 'running' AND NEW.lease_token = OLD.lease_token)"
)


def _leaves_the_table(edges: Iterable[Edge[RunStatus]] | Iterable[Edge[StepStatus]]) -> str:
    legal = " OR ".join(
        f"(OLD.status = '{edge.source.value}' AND NEW.status = '{edge.target.value}')" for edge in edges
    )
    return f"OLD.status <> NEW.status AND NOT ({legal})"


def sqlite_triggers() -> list[str]:
    """Return the statements that create the triggers on SQLite."""
    return [
        f"""CREATE TRIGGER runs_status_update BEFORE UPDATE OF status ON runs
            WHEN {_leaves_the_table(RUN_TRANSITIONS)}
            BEGIN SELECT RAISE(ABORT, '{_RUN_MESSAGE}'); END""",
        f"""CREATE TRIGGER runs_status_insert BEFORE INSERT ON runs
            WHEN NOT ({in_list("NEW.status", INITIAL_RUN_STATUSES)})
            BEGIN SELECT RAISE(ABORT, '{_RUN_MESSAGE}'); END""",
        f"""CREATE TRIGGER runs_lease_update BEFORE UPDATE OF status, lease_token ON runs
            WHEN {_LEASE_BROKEN}
            BEGIN SELECT RAISE(ABORT, '{_LEASE_MESSAGE}'); END""",
        f"""CREATE TRIGGER steps_status_update BEFORE UPDATE OF status ON steps
            WHEN {_leaves_the_table(STEP_TRANSITIONS)}
            BEGIN SELECT RAISE(ABORT, '{_STEP_MESSAGE}'); END""",
    ]


def postgresql_triggers() -> list[str]:
    """Return the statements that create the triggers on PostgreSQL."""
    return [
        f"""CREATE FUNCTION runs_guard() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF TG_OP = 'INSERT' THEN
                IF NOT ({in_list("NEW.status", INITIAL_RUN_STATUSES)}) THEN
                  RAISE EXCEPTION '{_RUN_MESSAGE}' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
              END IF;
              IF {_leaves_the_table(RUN_TRANSITIONS)} THEN
                RAISE EXCEPTION '{_RUN_MESSAGE}' USING ERRCODE = 'check_violation';
              END IF;
              IF {_LEASE_BROKEN} THEN
                RAISE EXCEPTION '{_LEASE_MESSAGE}' USING ERRCODE = 'check_violation';
              END IF;
              RETURN NEW;
            END $$""",
        "CREATE TRIGGER runs_guard_insert BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION runs_guard()",
        """CREATE TRIGGER runs_guard_update BEFORE UPDATE OF status, lease_token ON runs
            FOR EACH ROW EXECUTE FUNCTION runs_guard()""",
        f"""CREATE FUNCTION steps_guard() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF {_leaves_the_table(STEP_TRANSITIONS)} THEN
                RAISE EXCEPTION '{_STEP_MESSAGE}' USING ERRCODE = 'check_violation';
              END IF;
              RETURN NEW;
            END $$""",
        """CREATE TRIGGER steps_guard_update BEFORE UPDATE OF status ON steps
            FOR EACH ROW EXECUTE FUNCTION steps_guard()""",
    ]


TRIGGERS = {"sqlite": sqlite_triggers, "postgresql": postgresql_triggers}
