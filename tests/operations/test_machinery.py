"""What makes it all go: the engine with its passes, the agents with their runs."""

from __future__ import annotations

from ostinato.model.engine import StepOutcome
from ostinato.model.statuses import RunStatus
from ostinato.operations import shapes
from ostinato.operations.machinery import list_agents, look_at_engine
from ostinato.store import journal
from ostinato.testing.factories import make_account, make_definition
from ostinato.testing.night import Night
from ostinato.world import World


def test_agents_are_listed_with_what_they_carry_out(night: Night, world: World) -> None:
    """Each with its own, and with nothing that has ended."""
    night.declare(
        accounts=[make_account("us")], definitions=[make_definition(name, matrix="account") for name in "abc"]
    )
    night.tick()
    claimed, other = night.claim(limit=2), night.claim(limit=1, agent="agent-2")
    night.finish(claimed[0], RunStatus.SUCCESS)

    first, second = list_agents(world)

    assert [run.id for run in first.runs] == [claimed[1].id]
    assert [run.id for run in second.runs] == [other[0].id]
    assert shapes.busy_agent(first)["runs"][0]["status"] == "running"


def test_the_engine_is_shown_with_its_passes(night: Night, world: World) -> None:
    """The newest first, each with what its steps did; and with what it works with."""
    night.declare(accounts=[make_account("us")])
    night.tick()
    for changed in (1, 2):
        with night.store.write() as tx:
            outcome = StepOutcome("ensure_runs_exist", changed=changed)
            journal.keep_pass(tx, engine="engine-1", started_at=night.now, seconds=0.5, outcomes=[outcome])

    room = shapes.engine_room(look_at_engine(world))

    assert [one["steps"][0]["changed"] for one in room["passes"]] == [2, 1]
    assert room["last_pass"] == {"engine": "engine-1", "started_at": "2026-01-10T12:00:00Z", "seconds": 0.5}
    assert room["steps"] == room["passes"][0]["steps"]
    assert [(source["kind"], source["rows"]) for source in room["sources"]] == [("accounts", 1)]
    assert room["database"].startswith(("SQLite 3", "PostgreSQL 1"))
    assert room["database_bytes"] > 50_000
