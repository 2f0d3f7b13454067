"""Who locks what in which order: transactions on PostgreSQL wait for each other, and never in a circle.

On SQLite there is one writer at a time; the same acts are carried out there one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from ostinato.model.runs import ClaimedRun
from ostinato.model.statuses import SlotStatus
from ostinato.policies.verdict import Gate
from ostinato.store import accounts, claims, definitions, slots, stopping
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.lanes import align_lanes
from ostinato.store.moves import wake
from ostinato.testing.factories import NOON, make_account, make_chain, make_end
from ostinato.testing.interleaving import interleave
from ostinato.testing.night import Night


@pytest.fixture
def claimed(night: Night) -> list[ClaimedRun]:
    """Have two runs that are under way, each with a slot that waits for it; return the runs."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=make_chain("load", "agg", matrix="account", ends_on=date(2026, 1, 8)),
    )
    night.tick()
    return night.claim()


def test_a_person_and_an_agent_do_not_block_each_other(night: Night, claimed: list[ClaimedRun]) -> None:
    """Whoever holds a slot holds its live run too: the agent that ends the run waits for both, holding neither."""
    run = claimed[0]
    slot = night.slot(str(run.slot))

    ended = interleave(
        night.store,
        lambda tx: slots.lock_slot(tx, slot.id),
        lambda tx: not claims.move_held_runs(tx, [make_end(run)], actor="agent", now=NOON),
        lambda tx: stopping.cancel_run(tx, run_id=run.id, actor="ann", reason="", cause="", now=NOON),
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
    end = make_end(run)

    interleave(
        night.store,
        lambda tx: stopping.cancel_run(tx, run_id=run.id, actor="ann", reason="", cause="", now=NOON),
        remove,
        lambda tx: claims.move_held_runs(tx, [end], actor="agent", now=NOON),
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
        remove,
        lambda tx: slots.keep_reasons(tx, dict.fromkeys(taken, (Gate("blocked", False, "blocked"), None))),
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
        lambda tx: align_lanes(tx, now=NOON),
        lambda tx: wake(tx, select(t.slots.c.id).where(t.slots.c.id == last), now=NOON),
    )

    assert night.slots("agg") == {}
