"""Draining: an agent that is to take no more runs ends what it has, stays, and takes some again when it may."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from ostinato.agent.agent import Agent
from ostinato.agent.settings import AgentSettings
from ostinato.errors import NotFound, NotPossible
from ostinato.executors.local import LocalExecutor
from ostinato.model.definitions import DeclaredDefinition, DeclaredStep
from ostinato.model.engine import AuditEntry
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.operations.draining import drain, look_at_drain, undo_drain
from ostinato.operations.explaining import explain
from ostinato.operations.people import Person
from ostinato.operations.status import get_status
from ostinato.store import agents
from ostinato.testing.factories import make_definition
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
SLOT = "sales/-/2026-01-09"
PATIENCE_SECONDS = 60.0


@pytest.fixture
def hire(night: Night, tmp_path: Path) -> Iterator[Callable[[], Agent]]:
    """Lend a way to have an agent named box, on the clock of the night."""
    hired: list[Agent] = []

    def start() -> Agent:
        executor = LocalExecutor(night.clock, log_size=10_000, folder=None)
        agent = Agent(
            night.store, night.clock, executor, AgentSettings(project=tmp_path, logs=tmp_path / "logs", name="box")
        )
        agent.start()
        agent.tick()
        hired.append(agent)
        return agent

    yield start
    for agent in hired:
        agent.close()


def declare(night: Night, *jobs: DeclaredDefinition) -> None:
    """Declare jobs of which one slot is due, and have the engine make their runs."""
    night.declare(definitions=jobs)
    night.tick()


def make_job(script: str = "exit 0") -> DeclaredDefinition:
    """Make a definition of one slot that runs a shell script."""
    return make_definition(command=("sh", "-c", script), starts_on=date(2026, 1, 9))


def poll(night: Night, agent: Agent) -> None:
    """Let so much time pass that the agent asks the store, and let it answer what it has heard."""
    night.advance(seconds=1)
    agent.tick()
    agent.tick()


def work(agent: Agent, *, until: int) -> None:
    """Let an agent work until it has recorded the end of that many runs."""
    while agent.tally.total() < until:
        agent.wait(PATIENCE_SECONDS)
        agent.tick()


def test_a_draining_agent_takes_nothing_until_that_is_undone(
    night: Night, world: World, hire: Callable[[], Agent]
) -> None:
    """It stays at work meanwhile, and hears of both with its next question."""
    agent = hire()
    drain(world, "box", by=ADA, reason="new kernel")
    poll(night, agent)
    declare(night, make_job())
    poll(night, agent)
    drained = look_at_drain(world, "box")
    waiting = night.run(SLOT).status
    undo_drain(world, "box", by=ADA)
    poll(night, agent)
    work(agent, until=1)

    assert (drained.is_over, drained.alive, drained.agent.status) == (True, True, AgentStatus.DRAINING)
    assert (drained.agent.drain_requested_by, drained.agent.drain_reason) == ("ada", "new kernel")
    assert waiting is RunStatus.WAITING
    assert night.run(SLOT).status is RunStatus.SUCCESS
    assert look_at_drain(world, "box").agent.status is AgentStatus.ALIVE


def test_what_is_under_way_goes_on_to_its_end(
    night: Night, world: World, hire: Callable[[], Agent], tmp_path: Path
) -> None:
    """However long it takes; the agent has drained when it is over."""
    os.mkfifo(tmp_path / "gate")
    declare(night, make_job("read line < gate"))
    agent = hire()
    drain(world, "box", by=ADA)
    poll(night, agent)
    night.advance(hours=1)
    poll(night, agent)
    under_way = look_at_drain(world, "box")
    (tmp_path / "gate").write_text("go\n")
    work(agent, until=1)

    assert (under_way.is_over, under_way.agent.running) == (False, 1)
    assert night.run(SLOT).status is RunStatus.SUCCESS
    assert look_at_drain(world, "box").is_over


def test_a_plan_is_handed_over_after_the_steps_under_way(
    night: Night, world: World, hire: Callable[[], Agent], tmp_path: Path
) -> None:
    """The steps after them are for another agent, or for this one once it may."""
    os.mkfifo(tmp_path / "gate")
    steps = (
        DeclaredStep("first", command=("sh", "-c", "read line < gate")),
        DeclaredStep("second", command=("true",), needs=("first",)),
    )
    declare(night, make_definition(command=(), steps=steps, starts_on=date(2026, 1, 9)))
    agent = hire()
    drain(world, "box", by=ADA)
    poll(night, agent)
    (tmp_path / "gate").write_text("go\n")
    work(agent, until=1)
    handed_over = night.run(SLOT).status
    undo_drain(world, "box", by=ADA)
    poll(night, agent)
    work(agent, until=2)

    assert handed_over is RunStatus.WAITING
    assert night.run(SLOT).status is RunStatus.SUCCESS


def test_work_that_waits_for_room_begins_when_draining_is_undone(night: Night, world: World, tmp_path: Path) -> None:
    """A run in hand of which two steps were ready goes on where it was, if its agent still has it."""
    os.mkfifo(tmp_path / "gate")
    script = ("sh", "-c", "read line < gate")
    steps = (DeclaredStep("first", command=script), DeclaredStep("second", command=("true",)))
    declare(night, make_definition(command=(), steps=steps, starts_on=date(2026, 1, 9)))
    settings = AgentSettings(project=tmp_path, logs=tmp_path / "logs", name="box", concurrency=1)
    agent = Agent(night.store, night.clock, LocalExecutor(night.clock, log_size=1, folder=None), settings)
    agent.start()
    agent.tick()
    drain(world, "box", by=ADA)
    poll(night, agent)
    undo_drain(world, "box", by=ADA)
    poll(night, agent)
    (tmp_path / "gate").write_text("go\n")
    work(agent, until=1)
    agent.close()

    assert night.run(SLOT).status is RunStatus.SUCCESS


def test_it_is_over_only_when_the_agent_has_heard_or_is_gone(
    night: Night, world: World, hire: Callable[[], Agent]
) -> None:
    """One that has not heard may take a run at this moment."""
    agent = hire()
    asked = drain(world, "box", by=ADA)
    agent.close()

    assert (asked.alive, asked.agent.running, asked.is_over) == (True, 0, False)
    assert look_at_drain(world, "box").is_over


def test_an_agent_that_is_started_again_drains_still(night: Night, world: World, hire: Callable[[], Agent]) -> None:
    """It is the name that was meant, and not the process."""
    hire().close()
    drain(world, "box", by=ADA)
    declare(night, make_job())
    agent = hire()
    poll(night, agent)

    assert look_at_drain(world, "box").is_over
    assert night.run(SLOT).status is RunStatus.WAITING


def test_whoever_looks_is_told_that_all_agents_drain(night: Night, world: World, hire: Callable[[], Agent]) -> None:
    """By the status, and by what is said of a run that waits for them; before they have heard as well as after."""
    agent = hire()
    drain(world, "box", by=ADA)
    night.declare(definitions=[make_job()])
    night.tick()
    for _ in range(2):
        status, explanation = get_status(world), explain(world, SLOT)

        assert [state.status for state in status.agents] == [AgentStatus.DRAINING]
        assert "every agent drains: nothing more is begun" in [trouble.message for trouble in status.troubles]
        assert explanation.verdict == "waiting: agent box serves queue default, but drains: asked by ada"
        assert "ostinato drain box --undo" in explanation.gates[-1].clears
        poll(night, agent)


def test_asking_again_changes_nothing(
    night: Night, world: World, hire: Callable[[], Agent], audit: Callable[[], list[AuditEntry]]
) -> None:
    """Who drains what drains already may still wait for it; the audit log has what was changed."""
    hire()
    for _ in range(2):
        drain(world, "box", by=ADA, reason="new kernel")
    undo_drain(world, "box", by=ADA)

    with pytest.raises(NotPossible, match="agent box does not drain"):
        undo_drain(world, "box", by=ADA)
    assert [(entry.action, entry.target, entry.reason) for entry in audit()] == [
        ("undo-drain", "agent box", ""),
        ("drain", "agent box", "new kernel"),
    ]


def test_an_unknown_agent_is_refused_with_the_nearest(world: World, hire: Callable[[], Agent]) -> None:
    """Or with how to start one."""
    with pytest.raises(NotFound) as nobody:
        drain(world, "bax", by=ADA)
    hire()
    with pytest.raises(NotFound) as nearly:
        drain(world, "bax", by=ADA)

    assert "ostinato agent" in nobody.value.hint
    assert nearly.value.hint == "did you mean box?"


def test_a_drained_agent_that_falls_silent_is_lost(night: Night, world: World) -> None:
    """Draining is no excuse."""
    agent = night.agent("box")
    with night.store.write() as tx:
        agents.beat(tx, agent, status=AgentStatus.DRAINING, now=night.now)
    night.advance(minutes=2)
    night.tick()

    assert [state.status for state in get_status(world).agents] == [AgentStatus.LOST]
