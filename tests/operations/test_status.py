"""How everything stands: the counts, and in words what is wrong."""

from __future__ import annotations

from dataclasses import replace

from ostinato.model.agents import Agent
from ostinato.model.definitions import Matrix
from ostinato.model.engine import LEADERSHIP, StepOutcome
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.operations.status import Status, get_status
from ostinato.store import agents, journal
from ostinato.testing.factories import make_account, make_definition
from ostinato.testing.night import Night
from ostinato.world import World


def note_pass(night: Night, *outcomes: StepOutcome) -> None:
    """Have an engine leave the record of a pass."""
    with night.store.write() as tx:
        journal.keep_pass(tx, engine="engine-1", started_at=night.now, seconds=0.5, outcomes=outcomes)


def troubles(status: Status) -> list[str]:
    """Return what is wrong."""
    return [trouble.message for trouble in status.troubles]


def test_all_is_counted(night: Night, world: World) -> None:
    """Rows by kind, slots by what faces show, runs by status: what is open, and what is near."""
    night.declare(accounts=[make_account("a"), make_account("b")], definitions=[make_definition(matrix="account")])
    night.tick()
    night.finish("sales/a/2026-01-08")

    status = get_status(world)

    assert (status.now, status.accounts, status.definitions) == (night.now, 2, 1)
    assert status.slots == {SlotFace.SUCCESS: 1, SlotFace.RUNNING: 3, SlotFace.FUTURE: 2}
    assert status.runs == {"success": 1, "running": 3}


def test_nothing_is_wrong_where_engine_and_agent_are_at_work(night: Night, world: World) -> None:
    """And the engine, its leader and the agent are named."""
    night.declare(definitions=[make_definition()])
    night.tick()
    night.agent()
    note_pass(night, StepOutcome("ensure_accounts_exist", examined=1))
    with night.store.write() as tx:
        journal.take_lease(tx, LEADERSHIP, holder="engine-1", now=night.now, duration=world.config.engine.interval)

    status = get_status(world)

    assert status.troubles == ()
    assert (status.engine.leader, status.engine.late) == ("engine-1", False)
    assert status.engine.last_pass is not None
    assert [outcome.step for outcome in status.engine.steps] == ["ensure_accounts_exist"]
    assert [(state.agent.name, state.alive) for state in status.agents] == [("agent-1", True)]


def test_a_new_project_lacks_both_engine_and_agent(world: World) -> None:
    """Each with the command that starts one."""
    status = get_status(world)

    assert troubles(status) == ["no engine has made a pass yet", "no agent is at work: nothing is carried out"]
    assert all("ostinato up" in trouble.hint for trouble in status.troubles)


def test_an_engine_that_has_stopped_is_noticed(night: Night, world: World) -> None:
    """Three intervals, or ten seconds, after its last pass."""
    night.agent()
    note_pass(night)
    night.advance(seconds=15)
    before = get_status(world)
    night.advance(seconds=1)

    after = get_status(world)

    assert (before.engine.late, after.engine.late) == (False, True)
    assert troubles(before) == []
    assert troubles(after) == ["no engine is at work: the last pass began at 2026-01-10T12:00:00Z, 16s ago"]


def test_a_step_that_fails_is_shown_while_it_is_left_out_of_passes(night: Night, world: World) -> None:
    """Its last outcome counts until it has a better one."""
    night.agent()
    note_pass(
        night, StepOutcome("ensure_slots_exist", failed=1, error="ValueError: no"), StepOutcome("ensure_runs_exist")
    )
    note_pass(night, StepOutcome("ensure_runs_exist", changed=2))
    failing = get_status(world)
    note_pass(night, StepOutcome("ensure_slots_exist"))

    mended = get_status(world)

    assert troubles(failing) == ["ensure_slots_exist failed: ValueError: no"]
    assert [(outcome.step, outcome.changed) for outcome in failing.engine.steps] == [
        ("ensure_slots_exist", 0),
        ("ensure_runs_exist", 2),
    ]
    assert troubles(mended) == []


def test_sources_that_fail_or_are_held_back_are_shown(night: Night, world: World) -> None:
    """With their error, or what they would have removed."""
    night.agent()
    note_pass(night)
    night.declare(accounts=[make_account(f"a{number}") for number in range(10)], definitions=[make_definition()])
    night.tick()
    night.declare(accounts=[], source="declared")
    night.declare(definitions=[make_definition("other")], source="broken")
    night.break_source("broken", "other.yaml:3: no such key")
    night.tick()

    held_back, failed = sorted(troubles(get_status(world)))

    assert held_back.startswith("accounts source declared is held back: it would remove 10 of 10: a0, a1")
    assert failed == "definitions source broken failed: other.yaml:3: no such key"


def test_a_silent_agent_is_not_at_work(night: Night, world: World) -> None:
    """Even where no engine has marked it as lost."""
    night.agent()
    night.advance(minutes=1)
    note_pass(night)

    status = get_status(world)

    assert [state.alive for state in status.agents] == [False]
    assert troubles(status) == ["no agent is at work: nothing is carried out"]


def test_an_agent_that_is_stopping_is_alive_and_takes_nothing(night: Night, world: World) -> None:
    """What it still runs goes on; for what waits somebody else is needed."""
    agent: Agent = night.agent()
    note_pass(night)
    with night.store.write() as tx:
        agents.beat(tx, agent, status=AgentStatus.STOPPING, now=night.now)

    status = get_status(world)

    assert [state.alive for state in status.agents] == [True]
    assert troubles(status) == ["no agent is at work: nothing is carried out"]


def test_a_queue_that_nobody_serves_is_shown_when_something_waits_in_it(night: Night, world: World) -> None:
    """With how many."""
    night.agent()
    note_pass(night)
    night.declare(definitions=[make_definition(queue="io")])
    night.tick()

    assert troubles(get_status(world)) == ["no agent serves queue io, in which 2 runs wait"]


def test_pools_and_queues_are_shown_and_what_else_is_waited_for(night: Night, world: World) -> None:
    """A limit of one account, say, is of interest as soon as it keeps somebody waiting."""
    world = replace(world, config=replace(world.config, pools={"warehouse": 1}))
    night.declare(accounts=[make_account("uk", concurrency=1)], definitions=[make_definition(matrix=Matrix.ACCOUNT)])
    before = get_status(world).limits
    night.tick()

    after = get_status(world).limits

    assert [(one.kind, one.name, one.waiting) for one in before] == [("pool", "warehouse", 0)]
    assert [(one.kind, one.name) for one in after if one.waiting] == [("account", "uk")]


def test_slots_that_failed_for_good_are_counted(night: Night, world: World) -> None:
    """One that waits for its next attempt is none of them."""
    night.agent()
    note_pass(night)
    night.declare(definitions=[make_definition()])
    night.tick()
    night.finish("sales/-/2026-01-08", RunStatus.FAILED)
    night.tick()

    assert troubles(get_status(world)) == ["1 slot has failed for good"]
