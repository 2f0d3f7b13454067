"""What is said about claiming and what claiming does are one: the policy and the store's statement agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ostinato.config import QueueSettings
from ostinato.model.changes import RulesMade, RunMoved
from ostinato.model.limits import LimitKind, LimitUse
from ostinato.model.runs import RunRules
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.operations.cancelling import cancel
from ostinato.operations.explaining import explain
from ostinato.operations.listing import list_limits, show_run
from ostinato.operations.pausing import Pausable, pause
from ostinato.operations.people import Person
from ostinato.store import agents, claims, decisions
from ostinato.store.claims import HeldMove
from ostinato.store.decisions import Recording
from ostinato.testing.factories import make_account, make_definition, make_maintenance, make_new_run
from ostinato.testing.night import Night
from ostinato.world import World

SLOT = "sales/acme/2026-01-09"

Circumstance = Callable[[Night, World], None]


def redeclare(*, account: dict[str, Any] | None = None, definition: dict[str, Any] | None = None) -> Circumstance:
    """Return the circumstance that something is declared otherwise since the run was created."""

    def change(night: Night, world: World) -> None:
        night.declare(
            accounts=[make_account("acme", **(account or {}))],
            definitions=[make_definition(matrix="account", **(definition or {}))],
        )
        night.tick()

    return change


def pausing(kind: Pausable, name: str) -> Circumstance:
    """Return the circumstance that something is paused."""

    def change(night: Night, world: World) -> None:
        pause(world, kind, name, by=Person("ada"))

    return change


def wait(**span: float) -> Circumstance:
    """Return the circumstance that time has passed, in which the agent went on beating."""

    def pass_time(night: Night, world: World) -> None:
        night.advance(**span)
        night.beat()

    return pass_time


CIRCUMSTANCES: list[tuple[str, Circumstance, bool]] = [
    ("nothing has changed", lambda night, world: None, True),
    ("the definition is inactive", redeclare(definition={"active": False}), False),
    ("the account is inactive", redeclare(account={"active": False}), False),
    ("the definition is paused", pausing(Pausable.DEFINITION, "sales"), False),
    ("the account is paused", pausing(Pausable.ACCOUNT, "acme"), False),
    ("maintenance is on", redeclare(account={"maintenance": make_maintenance("2026-01-10", "2026-01-11")}), False),
    ("maintenance has no end", redeclare(account={"maintenance": make_maintenance("2026-01-10", None)}), False),
    ("maintenance has no start", redeclare(account={"maintenance": make_maintenance(None, "2026-01-11")}), False),
    ("maintenance has neither", redeclare(account={"maintenance": make_maintenance(None, None)}), False),
    ("maintenance begins", redeclare(account={"maintenance": make_maintenance("2026-01-10T12:00", None)}), False),
    ("maintenance ends", redeclare(account={"maintenance": make_maintenance(None, "2026-01-10T12:00")}), True),
    ("there is a moment left", wait(hours=35, minutes=59), True),
    ("it is too late", wait(hours=36), False),
]


@pytest.mark.parametrize(
    ("circumstance", "taken"), [case[1:] for case in CIRCUMSTANCES], ids=[case[0] for case in CIRCUMSTANCES]
)
def test_an_agent_takes_a_run_exactly_when_nothing_is_said_to_stand_against_it(
    night: Night, world: World, circumstance: Circumstance, *, taken: bool
) -> None:
    """In every circumstance that either of the two knows."""
    redeclare(definition={"start_before": timedelta(hours=36)})(night, world)
    night.beat()
    circumstance(night, world)
    said = all(gate.satisfied for gate in explain(world, SLOT).gates)

    claimed = [str(run.slot) for run in night.claim()]

    assert (said, SLOT in claimed) == (taken, taken)


def test_a_queue_is_served_by_those_who_say_so(night: Night, world: World) -> None:
    """An agent of another queue takes nothing, and the explanation says that nobody does."""
    redeclare(definition={"queue": "io"})(night, world)
    night.agent("other", queues=["default"])
    alone = explain(world, SLOT).verdict
    claimed = night.claim(agent="other", queues=["default"])

    night.agent("right", queues=["default", "io"])

    assert (alone, claimed) == ("waiting: no agent serves queue io", [])
    assert all(gate.satisfied for gate in explain(world, SLOT).gates)
    assert len(night.claim(agent="right", queues=["default", "io"])) == 2


def test_an_agent_that_has_said_goodbye_is_not_counted_on(night: Night, world: World) -> None:
    """Nor is one that has fallen silent."""
    redeclare()(night, world)
    agent = night.agent()
    with night.store.write() as tx:
        agents.beat(tx, agent, status=AgentStatus.STOPPED, now=night.now)
    gone = explain(world, SLOT).verdict
    night.beat()
    night.advance(minutes=1)

    silent = explain(world, SLOT).verdict

    assert gone == silent == "waiting: agent agent-1 serves queue default, but takes no runs now"


def one_off(night: Night, **values: Any) -> int:
    """Create a run of the definition; return its id."""
    definition_id = night.slot(SLOT).definition_id
    return night.create(make_new_run(definition_id, account_id=night.slot(SLOT).account_id, **values))[0]


def rest(night: Night, to: RunStatus, *, agent: str = "agent-1") -> None:
    """Have an agent claim all that waits, and let go of it."""
    held = [HeldMove(run.id, run.lease_token, RunMoved(to, "rests")) for run in night.claim(agent=agent)]
    with night.store.write() as tx:
        claims.move_held_runs(tx, held, actor=agent, now=night.now)


def singleton(night: Night, world: World) -> int:
    """Make the only run of a key."""
    return one_off(night, singleton_key="refresh")


def singleton_that_comes_second(night: Night, world: World) -> int:
    """Make a run of a key for which another waits longer."""
    return max(one_off(night, singleton_key="refresh") for _ in range(2))


def singleton_of_a_key_that_is_held(night: Night, world: World) -> int:
    """Make a run of a key that another holds, which is paused."""
    one_off(night, singleton_key="refresh")
    rest(night, RunStatus.PAUSED)
    return one_off(night, singleton_key="refresh")


def singleton_that_holds_its_key(night: Night, world: World) -> int:
    """Make a run of a key that was handed over by its agent, before another of that key."""
    run_id = one_off(night, singleton_key="refresh")
    rest(night, RunStatus.WAITING)
    one_off(night, singleton_key="refresh", priority=9)
    return run_id


def singleton_that_refuses_to_wait(night: Night, world: World) -> int:
    """Make a run that was planned as one that refuses to wait, and that nobody stands in the way of."""
    (run_id,) = night.create(make_new_run())
    (run,) = night.claim()
    rules = RulesMade(RunRules(singleton_key="refresh", refuses=True))
    turn = RunMoved(RunStatus.WAITING, "it takes its turn", takes_turn=True)
    with night.store.write() as tx:
        decisions.record(tx, [Recording(run.id, run.lease_token, 0, (rules, turn))], actor="agent-1", now=night.now)
    return run_id


def begun_run_that_is_too_late(night: Night, world: World) -> int:
    """Make a run that began in time, and was handed over after it had to begin."""
    run_id = one_off(night, start_before=night.now + timedelta(seconds=1))
    rest(night, RunStatus.WAITING)
    night.advance(seconds=2)
    return run_id


def run_to_be_cancelled_of_a_paused_definition(night: Night, world: World) -> int:
    """Make a run that slept, and is to be cancelled while nothing of its definition may start."""
    run_id = one_off(night)
    rest(night, RunStatus.SUSPENDED)
    pause(world, Pausable.DEFINITION, "sales", by=Person("ada"))
    cancel(world, str(run_id), by=Person("ada"))
    return run_id


def run_without_definition(night: Night, world: World) -> int:
    """Make a run of an action, while a definition is paused that it has nothing to do with."""
    pause(world, Pausable.DEFINITION, "sales", by=Person("ada"))
    return night.create(make_new_run())[0]


def run_of_a_full_definition(night: Night, world: World) -> int:
    """Make a run of a definition of which as many are running as may."""
    redeclare(definition={"start": "manual", "concurrency": 1})(night, world)
    one_off(night)
    night.claim()
    return one_off(night)


def run_of_a_full_account(night: Night, world: World) -> int:
    """Make a run of an account of which as many are running as may."""
    redeclare(account={"concurrency": 1}, definition={"start": "manual"})(night, world)
    one_off(night)
    night.claim()
    return one_off(night)


def run_of_a_full_queue(night: Night, world: World) -> int:
    """Make a run in a queue of which as many are running as may; it has nothing to do with what is declared."""
    night.create(*[make_new_run(queue="io")] * 2)
    night.claim(queues=["io"])
    return night.create(make_new_run(queue="io"))[0]


def run_of_a_queue_with_room(night: Night, world: World) -> int:
    """Make a run in a queue that has one place left."""
    night.create(make_new_run(queue="io"))
    night.claim(queues=["io"])
    return night.create(make_new_run(queue="io"))[0]


def run_that_uses_a_full_pool(night: Night, world: World) -> int:
    """Make a run that needs two places of a pool which has one left."""
    redeclare(definition={"start": "manual", "uses": {"warehouse": 2}})(night, world)
    one_off(night)
    night.claim()
    return one_off(night)


def run_that_uses_a_pool_that_is_gone(night: Night, world: World) -> int:
    """Make a run that uses a pool which nobody declares."""
    redeclare(definition={"start": "manual", "uses": {"gone": 2}})(night, world)
    one_off(night)
    night.claim()
    return one_off(night)


def run_to_be_cancelled_though_all_is_full(night: Night, world: World) -> int:
    """Make a run that slept, and is to be cancelled while another of its definition has the only place."""
    redeclare(definition={"start": "manual", "concurrency": 1})(night, world)
    run_id = one_off(night)
    rest(night, RunStatus.SUSPENDED)
    one_off(night)
    night.claim()
    cancel(world, str(run_id), by=Person("ada"))
    return run_id


def chained_run(night: Night, world: World) -> int:
    """Make a run that needs one which has yet to run."""
    return one_off(night, needs=((one_off(night, queue="io"), "load"),))


@pytest.mark.parametrize(
    ("make", "taken"),
    [
        (singleton, True),
        (singleton_that_comes_second, False),
        (singleton_of_a_key_that_is_held, False),
        (singleton_that_holds_its_key, True),
        (singleton_that_refuses_to_wait, True),
        (begun_run_that_is_too_late, True),
        (run_to_be_cancelled_of_a_paused_definition, True),
        (run_without_definition, True),
        (chained_run, False),
        (run_of_a_full_definition, False),
        (run_of_a_full_account, False),
        (run_of_a_full_queue, False),
        (run_of_a_queue_with_room, True),
        (run_that_uses_a_full_pool, False),
        (run_that_uses_a_pool_that_is_gone, True),
        (run_to_be_cancelled_though_all_is_full, True),
    ],
)
def test_the_same_holds_of_runs_with_a_plan(
    night: Night, world: World, make: Callable[[Night, World], int], *, taken: bool
) -> None:
    """Of singletons, of runs that rested, of those that need others, of limits: what is said is what happens."""
    world = replace(
        world, config=replace(world.config, pools={"warehouse": 3}, queues={"io": QueueSettings(concurrency=2)})
    )
    night.rules = world.claim_rules
    redeclare(definition={"start": "manual"})(night, world)
    queues = night.agent(queues=["default", "io"]).queues
    run_id = make(night, world)
    night.tick()
    details = show_run(world, run_id)

    claimed = [run.id for run in night.claim(queues=queues)]

    assert details.claim is not None
    assert (details.claim.ready, run_id in claimed) == (taken, taken)


def test_whoever_waits_for_a_place_is_told_who_has_it(night: Night, world: World) -> None:
    """By explain, in the sentence that it begins with; and limits show that it waits."""
    world = replace(world, config=replace(world.config, pools={"warehouse": 1}))
    night.rules = world.claim_rules
    redeclare(definition={"uses": {"warehouse": 1}})(night, world)
    night.beat()
    (holder,) = night.claim()

    explanation = explain(world, SLOT)

    assert explanation.verdict == f"waiting: pool warehouse: 1 of 1 places are used, by run {holder.id}"
    (gate,) = [gate for gate in explanation.gates if not gate.satisfied]
    assert (gate.gate, gate.clears) == ("pool", f"the end of one of these runs: ostinato show {holder.id}")
    assert list_limits(world) == [
        LimitUse(LimitKind.POOL, "warehouse", 1, used=1, waiting=1, waiting_accounts=(("acme", 1),))
    ]
