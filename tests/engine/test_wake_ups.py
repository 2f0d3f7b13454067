"""No wake-up is lost, however many agents end upstream slots while an engine examines what waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Event

from sqlalchemy import text

from ostinato.model.definitions import DeclaredDefinition, Matrix
from ostinato.model.runs import ClaimedRun
from ostinato.model.statuses import RunStatus
from ostinato.policies.verdict import Gate
from ostinato.store import claims, runs, slot_lists, slots
from ostinato.store.database import Store, Tx
from ostinato.testing.factories import NOON, make_account, make_definition, make_end
from ostinato.testing.night import Night

ACCOUNTS = 40
DAYS = 5


def make_layers() -> list[DeclaredDefinition]:
    """Make definitions in which one slot is waited for by many, and one waits for many."""
    layers: list[tuple[str, tuple[str, ...], Matrix]] = [
        ("weather", (), Matrix.NONE),
        ("flights", (), Matrix.ACCOUNT),
        ("delays", ("weather", "flights"), Matrix.ACCOUNT),
        ("network", ("delays",), Matrix.NONE),
    ]
    start = (NOON - timedelta(days=DAYS)).date()
    return [
        make_definition(name, reads_from=reads, writes_to=(name,), matrix=matrix, starts_on=start)
        for name, reads, matrix in layers
    ]


def test_agents_and_an_engine_at_once_lose_no_wake_up(night: Night) -> None:
    """Four agents end several runs in each transaction while the engine passes; a full look is never needed.

    The size matters: it decides how PostgreSQL looks for what to wake, and one of its ways lost rows.
    """
    night.declare(accounts=[make_account(f"a{number}") for number in range(ACCOUNTS)], definitions=make_layers())
    night.tick()
    with night.store.read() as tx:
        wanted = sum(slot_lists.count_slots(tx, now=night.now, since=night.now, until=night.now).values())
    done = Event()

    def work(name: str) -> int:
        agent = night.agent(name)
        ended = 0
        while not done.is_set():
            with night.store.write() as tx:
                claimed = claims.claim_runs(
                    tx, agent_id=agent.id, actor=name, queues=["default"], limit=3, now=night.now
                )
            ends = [make_end(run) for run in claimed]
            with night.store.write() as tx:
                assert claims.move_held_runs(tx, ends, actor=name, now=night.now) == frozenset()
            ended += len(ends)
        return ended

    with ThreadPoolExecutor(4) as pool:
        agents: list[Future[int]] = [pool.submit(work, f"agent-{number}") for number in range(4)]
        try:
            idle = 0
            while idle < 3 and not any(agent.done() for agent in agents):
                changed = any(outcome.changed for outcome in night.tick())
                with night.store.read() as tx:
                    live = runs.count_runs(tx).keys() & {RunStatus.WAITING, RunStatus.RUNNING}
                idle = 0 if changed or live else idle + 1
        finally:
            done.set()

    assert sum(agent.result() for agent in agents) == wanted


def test_a_wake_up_that_had_to_wait_for_the_engine_is_not_lost(night: Night) -> None:
    """An agent ends an upstream slot while the engine holds what waits for it: all of that is examined again."""
    night.declare(accounts=[make_account(f"a{number}") for number in range(ACCOUNTS)], definitions=make_layers())
    night.tick()
    weather = next(run for run in night.claim() if run.work == "weather")
    with night.store.write() as tx:
        waiting = set(list_waiting(tx, weather))
        slots.wake_slots(tx, now=night.now)

    with ThreadPoolExecutor(1) as pool:
        with night.store.write() as tx:
            taken = slots.take_slots_to_examine(tx, now=night.now, limit=len(waiting) * DAYS)
            ending = pool.submit(night.finish, weather)
            wait_until_blocked(night.store, ending)
            slots.keep_reasons(tx, dict.fromkeys(taken, (Gate("blocked", False, "blocked"), None)))
        assert ending.result()

    assert waiting <= set(taken)
    with night.store.write() as tx:
        assert waiting <= set(slots.take_slots_to_examine(tx, now=night.now, limit=1_000))


def list_waiting(tx: Tx, run: ClaimedRun) -> Iterator[int]:
    """Yield the slots of delays that are due and whose period overlaps that of ``run``."""
    assert run.starts_at is not None
    assert run.ends_at is not None
    for slot in slot_lists.list_slots(tx, slot_lists.SlotFilter(definition="delays", until=run.ends_at)):
        if slot.ends_at > run.starts_at and slot.due_at is not None and slot.due_at <= NOON:
            yield slot.id


def wait_until_blocked(store: Store, ending: Future[bool]) -> None:
    """Wait until PostgreSQL says that somebody waits for a lock; on SQLite every writer waits from its beginning."""
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while store.dialect == "postgresql" and not ending.done():
        with store.read() as tx:
            if tx.execute(waits).scalar_one():
                return
