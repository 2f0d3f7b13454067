"""Who locks what in which order: transactions on PostgreSQL wait for each other, and never in a circle.

On SQLite there is one writer at a time; the same acts are carried out there one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import select, text

from ostinato.model.runs import ClaimedRun, RunEnd
from ostinato.model.statuses import RunStatus, SlotStatus
from ostinato.store import accounts, definitions, runs, slots
from ostinato.store import schema as t
from ostinato.store.database import Store, Tx
from ostinato.store.lanes import align_lanes
from ostinato.store.moves import wake
from ostinato.testing.factories import NOON, make_account, make_chain, make_evidence
from ostinato.testing.night import Night

WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


@pytest.fixture
def claimed(night: Night) -> list[ClaimedRun]:
    """Have two runs that are under way, each with a slot that waits for it; return the runs."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=make_chain("load", "agg", matrix="account", ends_on=date(2026, 1, 8)),
    )
    night.tick()
    return night.claim()


def wait_until_blocked(store: Store, begun: Future[bool]) -> None:
    """Wait until somebody waits for a lock, or is done; on SQLite every writer waits from its beginning."""
    while store.dialect == "postgresql" and not begun.done():
        with store.read() as tx:
            if tx.execute(WAITS).scalar_one():
                return


def interleave(
    store: Store, first: Callable[[Tx], object], other: Callable[[], bool], then: Callable[[Tx], object]
) -> bool:
    """In one transaction do ``first`` and ``then``, and in between begin ``other``; return its answer."""
    with ThreadPoolExecutor(1) as pool:
        with store.write() as tx:
            first(tx)
            begun = pool.submit(other)
            wait_until_blocked(store, begun)
            then(tx)
        return begun.result()


def alone(store: Store, act: Callable[[Tx], object]) -> Callable[[], bool]:
    """Return an act in a transaction of its own."""

    def carry_out() -> bool:
        with store.write() as tx:
            act(tx)
        return True

    return carry_out


def test_a_person_and_an_agent_do_not_block_each_other(night: Night, claimed: list[ClaimedRun]) -> None:
    """Whoever holds a slot holds its live run too: the agent that ends the run waits for both, holding neither."""
    run = claimed[0]
    slot = night.slot(str(run.slot))

    ended = interleave(
        night.store,
        lambda tx: slots.lock_slot(tx, slot.id),
        lambda: night.finish(run),
        lambda tx: runs.request_cancel(tx, run_id=run.id, actor="ann", reason="", now=NOON),
    )

    assert ended
    assert night.slot(str(run.slot)).status is SlotStatus.SUCCESS


REMOVALS = {
    "accounts": lambda tx: accounts.remove_accounts(tx, ["a", "b"]),
    "definitions": lambda tx: definitions.remove_definitions(tx, ["load", "agg"]),
}


@pytest.mark.parametrize("remove", REMOVALS.values(), ids=REMOVALS)
def test_an_agent_and_a_removal_do_not_block_each_other(
    night: Night, claimed: list[ClaimedRun], remove: Callable[[Tx], object]
) -> None:
    """The removal takes runs before slots, as an agent does: it waits for the agent, holding nothing that he needs."""
    run = claimed[1]
    end = RunEnd(run.id, run.lease_token, RunStatus.SUCCESS, make_evidence())

    interleave(
        night.store,
        lambda tx: runs.request_cancel(tx, run_id=run.id, actor="ann", reason="", now=NOON),
        alone(night.store, remove),
        lambda tx: runs.finish_runs(tx, [end], actor="agent", now=NOON),
    )

    assert night.runs() == []


@pytest.mark.parametrize("remove", REMOVALS.values(), ids=REMOVALS)
def test_an_engine_that_examines_and_a_removal_do_not_block_each_other(
    night: Night, claimed: list[ClaimedRun], remove: Callable[[Tx], object]
) -> None:
    """The engine holds slots and then looks at their lanes; the removal waits for it before it touches a lane."""
    with night.store.write() as tx:
        slots.wake_slots(tx, now=NOON)
    taken: list[int] = []

    interleave(
        night.store,
        lambda tx: taken.extend(slots.take_slots_to_examine(tx, now=NOON, limit=9)),
        alone(night.store, remove),
        lambda tx: slots.keep_reasons(tx, dict.fromkeys(taken, ("blocked", None))),
    )

    assert len(taken) == 2
    assert night.slots() == {}


def test_an_alignment_and_an_agent_do_not_block_each_other(night: Night, claimed: list[ClaimedRun]) -> None:
    """The alignment takes the open slots that it drops in the order of their ids, as do those who wake them."""
    changed = make_chain("load", "agg", ends_on=date(2026, 1, 8))
    with night.store.write() as tx:
        definitions.change_definitions(tx, changed, source="declared", now=NOON)
    last = night.slot("agg/b/2026-01-08").id

    interleave(
        night.store,
        lambda tx: wake(tx, select(t.slots.c.id).where(t.slots.c.id < last), now=NOON),
        alone(night.store, lambda tx: align_lanes(tx, now=NOON)),
        lambda tx: wake(tx, select(t.slots.c.id).where(t.slots.c.id == last), now=NOON),
    )

    assert night.slots("agg") == {}
