"""What agents do about singletons and hooks that the actions of definitions declare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.agent import flows
from tests.agent.flows import GATES, PATIENCE_SECONDS, Away

from ostinato.agent.agent import Agent
from ostinato.agent.settings import AgentSettings
from ostinato.executors.local import LocalExecutor
from ostinato.model.runs import Run
from ostinato.model.statuses import RunStatus
from ostinato.store import runs
from ostinato.testing.factories import make_definition, make_new_run
from ostinato.testing.night import Night


@pytest.fixture(autouse=True)
def gates() -> None:
    """Let hooks pass."""
    GATES.close()
    GATES.open()


def declare(night: Night, action: str) -> int:
    """Declare a definition of an action; return its id."""
    night.declare(definitions=[make_definition(action=f"{flows.__name__}:{action}", command=(), start="manual")])
    night.tick()
    return night.slot(next(iter(night.slots()))).definition_id


def make_agent(night: Night, folder: Path, *, once: bool = False) -> Agent:
    """Make an agent with the clock of the night."""
    executor = LocalExecutor(night.clock, log_size=10_000, folder=folder / "executor")
    agent = Agent(night.store, night.clock, executor, AgentSettings(folder, folder / "logs", name="box"))
    agent.start(once=once)
    return agent


def work(agent: Agent, *, until: Callable[[], bool]) -> None:
    """Let an agent do what it can, until something is true."""
    agent.tick()
    while not until():
        agent.wait(agent.seconds_until_due() and PATIENCE_SECONDS)
        agent.tick()


def story(night: Night, run: Run) -> list[str]:
    """Return the statuses that a run came to, in order."""
    with night.store.read() as tx:
        return [entry.to_status.value for entry in runs.list_transitions(tx, run.id)]


def test_an_agent_that_claims_once_goes_on_with_a_singleton_that_it_has_planned(night: Night, tmp_path: Path) -> None:
    """It takes its turn, and when that has come already it is not left to others. It counts as one run."""
    night.create(make_new_run(declare(night, "alone")))
    agent = make_agent(night, tmp_path, once=True)

    work(agent, until=lambda: agent.is_done)
    agent.close()

    (run,) = night.runs()
    assert story(night, run) == ["waiting", "running", "waiting", "running", "success"]
    assert agent.tally == {RunStatus.SUCCESS: 1}


def test_an_agent_that_claims_once_leaves_a_singleton_whose_turn_has_not_come(night: Night, tmp_path: Path) -> None:
    """That has not ended, and is counted as what it is."""
    definition = declare(night, "alone")
    key = flows.alone.action.traits.name
    night.create(make_new_run(singleton_key=key, queue="elsewhere"), make_new_run(definition))
    agent = make_agent(night, tmp_path, once=True)

    work(agent, until=lambda: agent.is_done)
    agent.close()

    assert night.runs()[1].singleton_key == key
    assert agent.tally == {RunStatus.WAITING: 1}


def test_hooks_cost_no_transaction_of_their_own(night: Night, tmp_path: Path) -> None:
    """As many decisions are recorded about a run whose action declares hooks as about one that declares nothing."""
    counts = []
    for name in ("relay", "heard"):
        night.create(make_new_run(declare(night, name)))
        agent = make_agent(night, tmp_path)
        work(agent, until=lambda: agent.tally[RunStatus.SUCCESS] > 0)  # noqa: B023  it is called here
        agent.close()
        counts.append(night.runs()[-1].decision)

    plain, heard = counts
    assert heard == plain - 1  # it has one step less


@pytest.mark.parametrize("point", range(1, 21))
def test_a_database_that_goes_away_makes_no_second_run_of_a_singleton(night: Night, tmp_path: Path, point: int) -> None:
    """Wherever the database goes away while a plan is recorded and its turn is taken: all are carried out, in turn."""
    definition = declare(night, "alone")
    night.create(make_new_run(definition), make_new_run(definition))
    agent = make_agent(night, tmp_path)
    night.store.fault_point = Away(point)

    def has_ended() -> bool:
        night.advance(seconds=2)
        return agent.tally[RunStatus.SUCCESS] == 2

    work(agent, until=has_ended)
    agent.close()

    runs = night.runs()
    assert [run.status for run in runs] == [RunStatus.SUCCESS] * 2
    ends = [run.finished_at for run in runs if run.finished_at is not None]
    claims = [run.claimed_at for run in runs if run.claimed_at is not None]
    assert max(claims) >= min(ends)  # either may be first
