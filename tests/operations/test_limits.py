"""Limits of a project: they reach its agents, and its explanations and lists tell of the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ostinato.model.limits import LimitKind, LimitUse
from ostinato.model.statuses import RunStatus
from ostinato.operations.listing import list_limits
from ostinato.processes.agent import make_agent
from ostinato.store import definitions, runs
from ostinato.testing.factories import make_definition, make_new_run
from ostinato.world import World


def test_an_agent_heeds_the_limits_of_its_project(live: World) -> None:
    """It has room for all of them, and asks once: so much is begun as there are places."""
    world = replace(live, config=replace(live.config, pools={"warehouse": 2}))
    now = world.clock.now()
    with world.store.write() as tx:
        definitions.add_definitions(tx, [make_definition(uses={"warehouse": 1})], source="test", now=now)
        (definition,) = definitions.list_definitions(tx)
        new = make_new_run(definition.id, version=definition.version, due_at=now)
        runs.create_runs(tx, [new] * 5, actor="ann", now=now)
    agent = make_agent(world)
    agent.start(once=True)
    try:
        agent.tick()
        begun = list_limits(world)
        while not agent.is_done:
            agent.wait(agent.seconds_until_due())
            agent.tick()
    finally:
        agent.close()

    assert begun == [LimitUse(LimitKind.POOL, "warehouse", 2, used=2, waiting=3)]
    assert agent.tally == Counter({RunStatus.SUCCESS: 2})
