"""What the store tells of nights, and what that costs: each lane a few rows, however long its history is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.night import is_one_of, list_due_between, list_lane, list_squares, list_window
from ostinato.testing.factories import make_account, make_chain, make_new_run
from ostinato.testing.night import Night

Question = Callable[[Night, Tx], object]

QUESTIONS: dict[str, Question] = {
    "a night": lambda night, tx: list_squares(tx, night.now),
    "a window": lambda night, tx: list_window(tx, night.now, account_ids=[1, 2], definition_ids=[1, 2]),
    "a lane": lambda night, tx: list_lane(tx, account_id=1, definition_id=1, until=night.now, limit=5),
    "an account": lambda night, tx: list_due_between(
        tx, since=night.now - timedelta(days=1), until=night.now, account_id=1
    ),
}


@pytest.fixture
def long(night: Night) -> Night:
    """Lend a night after a month, with four lanes."""
    night.declare(
        accounts=[make_account("acme"), make_account("bolt")],
        definitions=make_chain("load", "agg", matrix="account", starts_on=date(2025, 12, 10)),
    )
    night.tick()
    return night


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_lanes_are_walked_by_their_index(long: Night, ask: Question) -> None:
    """No question goes through all slots there are, or sorts those of a lane."""
    sent: list[tuple[str, Any]] = []
    event.listen(long.store.engine, "before_cursor_execute", lambda *about: sent.append((about[2], about[3])))
    with long.store.read() as tx:
        ask(long, tx)
        (statement, given) = sent[-1]
        if long.store.dialect == "sqlite":
            plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
        else:
            tx.execute(text("SET LOCAL enable_seqscan = off"))
            tx.execute(text("SET LOCAL enable_bitmapscan = off"))
            plan = tx.exec_driver_sql(f"EXPLAIN {statement}", given).all()
    steps = [str(row[-1]) for row in plan]

    assert any("slots_lane_id_starts_at_key" in step or "lane_id=?" in step for step in steps), steps
    assert not [step for step in steps if step.startswith(("SCAN slot", "SCAN earlier")) or "Seq Scan on slots" in step]


def test_more_keys_are_asked_for_than_a_statement_can_name(night: Night) -> None:
    """A whole night may wait."""
    night.declare(definitions=make_chain("load"))
    night.tick()
    many = range(1, 100_000)

    with night.store.read() as tx:
        found = set(tx.execute(select(t.slots.c.id).where(is_one_of(tx, t.slots.c.id, many))).scalars())
        none = set(tx.execute(select(t.slots.c.id).where(is_one_of(tx, t.slots.c.id, []))).scalars())

    assert (len(found) > 1, none) == (True, set())


def test_what_a_slot_waits_for_is_stored_beside_the_reason(long: Night) -> None:
    """Its kind and what it is about, until it has a run."""

    def read() -> str | None:
        with long.store.read() as tx:
            gate: str | None = tx.execute(select(t.slots.c.gate).where(t.slots.c.id == slot.id)).scalar_one()
            return gate

    slot = long.slot("agg/acme/2026-01-09")
    waiting = read()
    long.create(make_new_run(slot.definition_id, slot_id=slot.id))

    assert (waiting, read()) == ("upstream load", None)
