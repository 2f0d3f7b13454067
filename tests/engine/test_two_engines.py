"""Two engines that lead at once do no harm: every slot has one run, and neither of them hits an error."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TypeVar

import pytest

from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.policies.alignment import RemovalLimit
from ostinato.store import claims
from ostinato.testing.children import run_together
from ostinato.testing.factories import (
    NOON,
    make_account,
    make_chain,
    make_definition,
    make_end,
    make_retry,
)
from ostinato.testing.night import Night

T = TypeVar("T")

TICK_OFTEN = """
import json, sys
from ostinato.store.database import Store
from ostinato.testing.factories import make_account, make_chain, make_end
from ostinato.testing.night import Night

night = Night(Store(sys.argv[1]))
night.declare(
    accounts=[make_account(f"a{number}") for number in range(20)],
    definitions=make_chain("load", "agg", matrix="account"),
)
print("ready", flush=True)
sys.stdin.readline()
changed = 0
for _ in range(5):
    changed += sum(outcome.changed for outcome in night.tick(engine=sys.argv[2]))
print(json.dumps(changed))
"""


def together(*acts: Callable[[], T]) -> list[T]:
    """Carry out several acts at once, each in a thread; whatever one raises is raised."""
    barrier = threading.Barrier(len(acts))

    def begin(act: Callable[[], T]) -> T:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(begin, act) for act in acts]]


def second_engine(night: Night) -> Night:
    """Return another engine on the same store, which reads the same declarations."""
    other = Night(night.store, now=night.now)
    other.settings = night.settings
    return other


def test_two_engines_make_one_run_of_each_slot(night: Night) -> None:
    """[1] From an empty database on: rows, slots and runs come once, whoever makes them."""
    other = second_engine(night)
    for engine in (night, other):
        engine.declare(
            accounts=[make_account(f"a{number}") for number in range(30)],
            definitions=[*make_chain("load", "agg", matrix="account"), make_definition("net", reads_from=("agg",))],
        )

    together(*[engine.tick for engine in (night, other) for _ in range(3)])

    assert Counter(night.slots().values()) == {SlotFace.WAITING: 60, SlotFace.BLOCKED: 62, SlotFace.FUTURE: 61 * 11}
    assert len(night.runs()) == 60


def test_processes_make_one_run_of_each_slot(night: Night, database_url: str) -> None:
    """[1] The same between processes; what both changed together is what one alone would have."""
    changed = run_together(TICK_OFTEN, [(database_url, f"engine-{number}") for number in range(3)])

    assert Counter(night.slots().values()) == {SlotFace.WAITING: 40, SlotFace.BLOCKED: 40, SlotFace.FUTURE: 40 * 11}
    assert sum(map(json.loads, changed)) == 20 + 2 + 1 + 40 + 40 * 13 + 40


def test_two_engines_retry_once(night: Night) -> None:
    """[1] Each failure has one successor."""
    night.declare(
        accounts=[make_account(f"a{number}") for number in range(30)],
        definitions=[make_definition(matrix="account", retry=make_retry(5, wait=timedelta(0)))],
    )
    night.tick()
    other = second_engine(night)
    other.declare(
        accounts=night.desired.accounts[0].rows.values(), definitions=night.desired.definitions[0].rows.values()
    )
    for _ in range(3):
        for run in night.claim():
            night.finish(run, RunStatus.FAILED)
        together(night.tick, other.tick, night.tick, other.tick)

    assert {len(night.runs(name)) for name, face in night.slots().items() if face is SlotFace.WAITING} == {4}
    assert len(night.runs()) == 4 * 60


@pytest.mark.parametrize("number", range(3))
def test_rows_may_come_and_go_under_agents_and_engines(night: Night, number: int) -> None:
    """[9] Accounts are removed and added while agents end their runs and two engines pass: nobody gets an error."""
    night.set(removals=RemovalLimit(confirmed=True))
    everyone = [make_account(f"a{number}") for number in range(12)]
    definitions = [*make_chain("load", "agg", matrix="account"), make_definition("net", reads_from=("agg",))]
    night.declare(accounts=everyone, definitions=definitions)
    night.tick()
    agents = [night.agent(f"agent-{number}") for number in range(2)]
    rounds = 12

    def declare_and_tick(engine: Night) -> None:
        for turn in range(rounds):
            engine.declare(accounts=everyone[(turn + number) % 4 :], definitions=definitions)
            engine.tick()

    def work(agent_id: int) -> None:
        for _ in range(rounds * 6):
            with night.store.write() as tx:
                claimed = claims.claim_runs(tx, agent_id=agent_id, actor="a", queues=["default"], limit=5, now=NOON)
            ends = [make_end(run) for run in claimed]
            with night.store.write() as tx:
                claims.move_held_runs(tx, ends, actor="a", now=NOON)

    together(
        partial(declare_and_tick, night),
        partial(declare_and_tick, second_engine(night)),
        *[partial(work, agent.id) for agent in agents],
    )
    night.declare(accounts=everyone, definitions=definitions)
    night.work()

    assert set(night.slots().values()) == {SlotFace.SUCCESS, SlotFace.FUTURE}
    assert len(night.runs()) == 12 * 4 + 2
