"""Pictures: how the rows stand between two commits, for those who watch the store from outside.

They are taken by a connection and by SQL of their own. Who asked the store's functions would see what they see, and
nothing of what they get wrong. Instants are microseconds, as they are stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from ostinato.store.sqlite import sqlite_module


class RunRow(NamedTuple):
    """A run."""

    id: int
    slot_id: int | None
    definition_id: int | None
    account_id: int | None
    parent_run_id: int | None
    parent_step: int | None
    child_number: int | None
    action: str | None
    status: str
    origin: str
    series: int
    attempt: int
    agent_id: int | None
    lease_token: int
    decision: int
    created_at: int
    start_at: int | None
    wake_at: int | None
    deadline_at: int | None
    singleton_key: str | None
    singleton_held: str | None
    cancel_requested_at: int | None
    end_kind: str | None
    halted_by: str | None
    waits_for: str


class StepRow(NamedTuple):
    """A step."""

    run_id: int
    number: int
    name: str
    action: str
    phase: str
    status: str
    tries: int
    failures: int
    event_id: int | None
    wake_at: int | None
    wake_kind: str | None
    rules: str | None

    @property
    def is_idempotent(self) -> bool:
        """Tell whether it may be done again when it is not known whether it was done."""
        return bool(json.loads(self.rules or "{}").get("idempotent"))


class EventRow(NamedTuple):
    """An event."""

    id: int
    run_id: int
    step: int
    name: str
    fate: str
    reason: str
    sent_by: str
    due_at: int
    settled_at: int | None


class SlotRow(NamedTuple):
    """A slot."""

    id: int
    lane_id: int
    label: str
    starts_at: int
    ends_at: int
    due_at: int | None
    status: str
    reason: str
    series: int
    run_id: int | None


class LaneRow(NamedTuple):
    """A lane."""

    id: int
    definition_id: int
    account_id: int | None
    retired: int
    planned_until: int | None


class DefinitionRow(NamedTuple):
    """A definition; ``spec`` is JSON."""

    id: int
    name: str
    source: str
    active: int
    paused_at: int | None
    start_kind: str
    delay: int
    spec: str


class AccountRow(NamedTuple):
    """An account."""

    id: int
    token: str
    source: str
    active: int
    paused_at: int | None
    maintenance_starts_at: int | None
    maintenance_ends_at: int | None


class AgentRow(NamedTuple):
    """An agent; of heartbeats nothing."""

    id: int
    name: str


_KINDS: Final[Mapping[str, Any]] = {
    "runs": RunRow,
    "steps": StepRow,
    "events": EventRow,
    "slots": SlotRow,
    "lanes": LaneRow,
    "definitions": DefinitionRow,
    "accounts": AccountRow,
    "agents": AgentRow,
}
_KEY_LENGTH = {"steps": 2}


@dataclass(frozen=True, slots=True)
class Picture:
    """All rows at one moment, by their keys; those of steps are pairs of run and number."""

    runs: Mapping[int, RunRow]
    steps: Mapping[tuple[int, int], StepRow]
    events: Mapping[int, EventRow]
    slots: Mapping[int, SlotRow]
    lanes: Mapping[int, LaneRow]
    definitions: Mapping[int, DefinitionRow]
    accounts: Mapping[int, AccountRow]
    agents: Mapping[int, AgentRow]

    @property
    def tables(self) -> tuple[Mapping[Any, Any], ...]:
        """Return all rows, by table."""
        return tuple(getattr(self, table) for table in _KINDS)

    def name_slot(self, slot: SlotRow) -> str:
        """Return the name by which people know a slot."""
        lane = self.lanes[slot.lane_id]
        account = "-" if lane.account_id is None else self.accounts[lane.account_id].token
        return f"{self.definitions[lane.definition_id].name}/{account}/{slot.label}"


EMPTY = Picture({}, {}, {}, {}, {}, {}, {}, {})


class Camera:
    """Takes pictures of one database. What has not changed since the last one is the same object."""

    def __init__(self, database: Path) -> None:
        self._connection = sqlite_module().connect(str(database), isolation_level=None)
        self._rows: dict[str, list[Any]] = {}
        self._tables: dict[str, Mapping[Any, Any]] = {}

    def take(self) -> Picture:
        """Take a picture of what is committed now."""
        self._connection.execute("BEGIN")
        for table, kind in _KINDS.items():
            rows = self._connection.execute(_SELECT[table]).fetchall()
            if rows != self._rows.get(table):
                self._rows[table] = rows
                self._tables[table] = {_key(table, row): kind._make(row) for row in rows}
        self._connection.execute("COMMIT")
        return Picture(**self._tables)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def _select(table: str, kind: Any) -> str:
    order = ", ".join(kind._fields[: _KEY_LENGTH.get(table, 1)])
    return f"SELECT {', '.join(kind._fields)} FROM {table} ORDER BY {order}"  # noqa: S608  names of ours


_SELECT = {table: _select(table, kind) for table, kind in _KINDS.items()}


def _key(table: str, row: Any) -> Any:
    return row[: _KEY_LENGTH[table]] if table in _KEY_LENGTH else row[0]
