"""Triggers that refuse what the transition table does not allow [4], built from that table for both databases.

A CHECK sees only the new row; that a final status never changes, and that no edge is invented, needs the old one.
"""

from __future__ import annotations

from ostinato.model.transitions import INITIAL_RUN_STATUSES, RUN_TRANSITIONS
from ostinato.store.schema import in_list

_MESSAGE = "illegal status change of a run"
_LEASE_MESSAGE = "a lease token only grows, and grows with every claim"
_LEASE_BROKEN = (
    "NEW.lease_token < OLD.lease_token OR"
    " (NEW.status = 'running' AND OLD.status <> 'running' AND NEW.lease_token = OLD.lease_token)"
)


def _legal_edges() -> str:
    return " OR ".join(
        f"(OLD.status = '{edge.source.value}' AND NEW.status = '{edge.target.value}')" for edge in RUN_TRANSITIONS
    )


def sqlite_triggers() -> list[str]:
    """Return the statements that create the triggers on SQLite."""
    return [
        f"""CREATE TRIGGER runs_status_update BEFORE UPDATE OF status ON runs
            WHEN OLD.status <> NEW.status AND NOT ({_legal_edges()})
            BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
        f"""CREATE TRIGGER runs_status_insert BEFORE INSERT ON runs
            WHEN NOT ({in_list("NEW.status", INITIAL_RUN_STATUSES)})
            BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
        f"""CREATE TRIGGER runs_lease_update BEFORE UPDATE OF status, lease_token ON runs
            WHEN {_LEASE_BROKEN}
            BEGIN SELECT RAISE(ABORT, '{_LEASE_MESSAGE}'); END""",
    ]


def postgresql_triggers() -> list[str]:
    """Return the statements that create the triggers on PostgreSQL."""
    return [
        f"""CREATE FUNCTION runs_guard() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF TG_OP = 'INSERT' THEN
                IF NOT ({in_list("NEW.status", INITIAL_RUN_STATUSES)}) THEN
                  RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
              END IF;
              IF OLD.status <> NEW.status AND NOT ({_legal_edges()}) THEN
                RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'check_violation';
              END IF;
              IF {_LEASE_BROKEN} THEN
                RAISE EXCEPTION '{_LEASE_MESSAGE}' USING ERRCODE = 'check_violation';
              END IF;
              RETURN NEW;
            END $$""",
        "CREATE TRIGGER runs_guard_insert BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION runs_guard()",
        """CREATE TRIGGER runs_guard_update BEFORE UPDATE OF status, lease_token ON runs
            FOR EACH ROW EXECUTE FUNCTION runs_guard()""",
    ]


TRIGGERS = {"sqlite": sqlite_triggers, "postgresql": postgresql_triggers}
