"""Whatever ends a wait wakes those who waited: an end, a removal, a change of declarations; or else the full look."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.policies.alignment import RemovalLimit
from ostinato.store import accounts, claims, definitions, slots
from ostinato.store import schema as t
from ostinato.testing.factories import (
    NOON,
    make_account,
    make_chain,
    make_definition,
    make_end,
    make_maintenance,
    utc,
)
from ostinato.testing.night import Night, changes

LOAD, AGG = make_chain("load", "agg", ends_on=date(2026, 1, 8))
EACH = replace(LOAD, matrix=make_definition(matrix="account").matrix)
DAY = "2026-01-08"


@pytest.fixture
def stuck(night: Night) -> Night:
    """Lend a night in which ``agg`` waits for a slot of ``load`` that has failed for good."""
    night.set(removals=RemovalLimit(confirmed=True))
    night.declare(accounts=[make_account("a"), make_account("b")], definitions=[LOAD, AGG])
    night.work(lambda run: RunStatus.FAILED)
    assert night.face(f"agg/-/{DAY}") is SlotFace.BLOCKED
    return night


def test_the_end_of_what_was_waited_for_ends_the_wait(night: Night) -> None:
    """One pass after the last upstream slot has succeeded, the slot has its run."""
    night.declare(definitions=[LOAD, AGG])
    night.tick()

    night.finish(f"load/-/{DAY}")
    night.tick()

    assert night.face(f"agg/-/{DAY}") is SlotFace.WAITING


def test_a_definition_that_is_removed_is_not_waited_for(stuck: Night) -> None:
    """[8] What only it stood in the way of goes on at once."""
    stuck.declare(definitions=[AGG])

    stuck.tick()

    assert stuck.face(f"agg/-/{DAY}") is SlotFace.WAITING


def test_a_definition_that_writes_something_else_is_not_waited_for(stuck: Night) -> None:
    """[8] A dependency that is gone ends the wait, though both definitions stay."""
    stuck.declare(definitions=[replace(LOAD, writes_to=("elsewhere",)), AGG])

    stuck.tick()

    assert stuck.face(f"agg/-/{DAY}") is SlotFace.WAITING


def test_an_account_that_is_removed_is_not_waited_for(night: Night) -> None:
    """[8] Neither by slots without account, which had waited for every account's."""
    night.set(removals=RemovalLimit(confirmed=True))
    night.declare(accounts=[make_account("a"), make_account("b")], definitions=[EACH, AGG])
    night.work(lambda run: RunStatus.FAILED if run.account == "a" else RunStatus.SUCCESS)
    assert night.face(f"agg/-/{DAY}") is SlotFace.BLOCKED

    night.declare(accounts=[make_account("b")])
    night.tick()

    assert night.face(f"agg/-/{DAY}") is SlotFace.WAITING


@pytest.mark.parametrize(
    "changed",
    [replace(EACH, ends_on=date(2026, 1, 7)), replace(EACH, starts_on=date(2026, 1, 9), ends_on=None)],
    ids=["ends earlier", "starts later"],
)
def test_slots_that_are_no_longer_planned_are_not_waited_for(night: Night, changed: object) -> None:
    """[8] Open slots go when a definition is moved in time, and with them the wait for them."""
    night.declare(accounts=[make_account("a", active=False)], definitions=[EACH, AGG])
    night.tick()
    assert night.face(f"agg/-/{DAY}") is SlotFace.BLOCKED

    night.declare(definitions=[changed, AGG])  # type: ignore[list-item]
    night.tick()

    assert night.face(f"agg/-/{DAY}") is SlotFace.WAITING


def test_a_matrix_that_changes_moves_the_wait(night: Night) -> None:
    """[8] Slots of accounts give way to one without: that one is waited for instead."""
    night.declare(accounts=[make_account("a", active=False)], definitions=[EACH, AGG])
    night.tick()

    night.declare(definitions=[LOAD, AGG])
    night.tick()
    waits = night.slot(f"agg/-/{DAY}").reason
    night.finish(f"load/-/{DAY}")
    night.tick()

    assert waits == f"1 of 1 slot of load not succeeded: 1 not started; first load/-/{DAY}"
    assert night.face(f"agg/-/{DAY}") is SlotFace.WAITING


def test_the_end_of_a_pause_ends_the_wait(night: Night) -> None:
    """Who resumes says so to the slots."""
    night.declare(accounts=[make_account("a")], definitions=[EACH])
    night.steps = night.steps[:4]
    night.tick()
    with night.store.write() as tx:
        accounts.pause_account(tx, "a", actor="ann", reason="", now=NOON)
        definitions.pause_definition(tx, "load", actor="ann", reason="", now=NOON)
    night.steps = Night(night.store).steps
    night.tick()
    assert night.slot(f"load/a/{DAY}").reason == "definition load was paused by ann at 2026-01-10T12:00:00Z"

    with night.store.write() as tx:
        definitions.resume_definition(tx, "load")
        slots.wake_slots(tx, definitions=["load"], now=NOON)
    night.tick()
    assert night.slot(f"load/a/{DAY}").reason == "account a was paused by ann at 2026-01-10T12:00:00Z"
    with night.store.write() as tx:
        accounts.resume_account(tx, "a")
        slots.wake_slots(tx, accounts=["a"], now=NOON)
    night.tick()

    assert night.face(f"load/a/{DAY}") is SlotFace.WAITING


def test_an_agent_behind_the_engines_clock_still_wakes(night: Night) -> None:
    """An agent that read the time, then waited for the lock, may end a run before the slot that waits for it was due.

    The engine has examined that slot by then, and would not do so again.
    """
    night.declare(definitions=[LOAD, replace(AGG, start=make_definition(delay=timedelta(days=2)).start)])
    night.clock.set(utc("2026-01-10T23:59:59"))
    night.tick()
    before = night.now
    (run,) = night.claim()
    night.advance(seconds=2)
    night.tick()
    assert night.face(f"agg/-/{DAY}") is SlotFace.BLOCKED

    with night.store.write() as tx:
        end = make_end(run)
        assert not claims.move_held_runs(tx, [end], actor="agent", now=before)
    night.tick()

    assert night.face(f"agg/-/{DAY}") is SlotFace.WAITING


def test_a_wake_up_that_was_missed_heals_on_the_full_look(stuck: Night) -> None:
    """[8] Whoever forgot to wake a slot, it is examined when everything is."""
    with stuck.store.write() as tx:
        tx.execute(update(t.slots).where(t.slots.c.status == "failed").values(status="success"))
    assert changes(stuck.tick()) == {}

    stuck.tick(full=True)

    assert stuck.face(f"agg/-/{DAY}") is SlotFace.WAITING


def test_time_alone_ends_a_wait(night: Night) -> None:
    """A slot that waits for an instant is examined at that instant, not before."""
    ends_at = utc("2026-01-10T18:00")
    night.declare(
        accounts=[make_account("a", maintenance=make_maintenance(None, "2026-01-10T18:00"))],
        definitions=[replace(EACH, start=make_definition(start="at_start").start, ends_on=date(2026, 1, 11))],
    )
    night.tick()
    assert set(night.slots(account="a").values()) == {SlotFace.BLOCKED, SlotFace.FUTURE}

    night.clock.set(ends_at - timedelta(microseconds=1))
    before = changes(night.tick())
    night.clock.set(ends_at)
    night.tick()

    assert before == {}
    assert [face for face in night.slots(account="a").values() if face is SlotFace.WAITING] == [SlotFace.WAITING] * 3
