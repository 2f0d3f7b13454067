"""What is said about claiming and what claiming does are one: the policy and the store's statement agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ostinato.model.statuses import AgentStatus
from ostinato.operations.explaining import explain
from ostinato.operations.pausing import Pausable, pause
from ostinato.operations.people import Person
from ostinato.store import agents
from ostinato.testing.factories import make_account, make_definition, make_maintenance
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
