"""One agent after another, in this process and on one clock: what tests of adopting and leaving speak in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from tests.agent.box import read_numbers

from ostinato.agent.agent import Agent
from ostinato.model.definitions import DeclaredDefinition, DeclaredStep
from ostinato.model.runs import Run
from ostinato.model.steps import Step
from ostinato.store import plans, stopping
from ostinato.testing.factories import make_definition
from ostinato.testing.listening import PATIENCE_SECONDS
from ostinato.testing.night import Night

FOREVER = "echo $$; exec sleep 600"
HOLDS = "echo $$; read line < gate; exit 3"
"""A script that waits at the gate, a pipe in the project's folder."""

Hire = Callable[..., Agent]


def make_job(script: str, name: str = "sales", **values: Any) -> DeclaredDefinition:
    """Make a definition of which one slot is due, on the day before the night."""
    return make_definition(name, command=("sh", "-c", script), starts_on=date(2026, 1, 9), **values)


def make_steps(*steps: DeclaredStep, name: str = "sales") -> DeclaredDefinition:
    """Make a definition of several steps."""
    return make_definition(name, command=(), steps=steps, starts_on=date(2026, 1, 9))


def begin(night: Night, agent: Agent, *jobs: DeclaredDefinition) -> None:
    """Declare jobs, have the engine make their runs, and the agent claim them."""
    night.declare(definitions=jobs)
    night.tick()
    look(agent)


def look(agent: Agent) -> None:
    """Let an agent ask the store for work, and do what that leads to at once."""
    agent.look_for_work()
    agent.tick()
    while agent.seconds_until_due() == 0:
        agent.tick()


def work(agent: Agent, *, until: Callable[[], bool]) -> None:
    """Let an agent do what it can, until something is true."""
    look(agent)
    while not until():
        agent.wait(agent.seconds_until_due() and PATIENCE_SECONDS)
        agent.tick()


def finish(agent: Agent, count: int = 1) -> None:
    """Let an agent work until it has let go of that many runs."""
    work(agent, until=lambda: agent.tally.total() >= count)


def only_run(night: Night) -> Run:
    """Return the one run there is."""
    (run,) = night.runs()
    return run


def pid_of(tmp_path: Path, run: Run) -> int:
    """Return the process of a run that began by writing its id."""
    return read_numbers(tmp_path, run)[0]


def open_gate(tmp_path: Path) -> None:
    """Let what holds at the gate go on."""
    (tmp_path / "gate").write_text("go\n")


def steps_of(night: Night, run: Run) -> dict[str, Step]:
    """Return the steps of a run by name."""
    with night.store.read() as tx:
        return {row.step.name: row.step for row in plans.list_steps(tx, run.id)}


def lose_leases(night: Night) -> None:
    """Let so much time pass that all agents are taken for lost."""
    night.advance(seconds=120)
    night.tick()


def cancel(night: Night, run: Run) -> None:
    """Have somebody cancel a run."""
    with night.store.write() as tx:
        stopping.cancel_run(tx, run_id=run.id, actor="ada", reason="", cause="wrong data", now=night.now)
