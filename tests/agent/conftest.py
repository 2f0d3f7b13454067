"""A night with runs that wait for an agent, once on SQLite and once on PostgreSQL; and agents one after another."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.agent import box
from tests.agent.flows import GATES
from tests.agent.succession import Hire

from ostinato.agent.agent import Agent
from ostinato.testing.listening import PATIENCE_SECONDS
from ostinato.testing.night import Night, open_night


@pytest.fixture
def night(database_url: str) -> Iterator[Night]:
    """Lend a night on an empty database."""
    with open_night(database_url) as night:
        yield night


@pytest.fixture
def gates(night: Night) -> Iterator[None]:
    """Begin with closed gates, and keep nobody behind them: threads that were abandoned end before the night does."""
    GATES.close()
    yield
    GATES.open()
    for thread in threading.enumerate():
        if thread.name == "ostinato-call":
            thread.join(PATIENCE_SECONDS)


@pytest.fixture
def hire(night: Night, gates: None, tmp_path: Path) -> Iterator[Hire]:
    """Give a way to have an agent at work whose commands outlive it, on the clock of the night."""
    os.mkfifo(tmp_path / "gate")
    hired: list[tuple[Agent, Path]] = []

    def start(name: str = "box", *, folder: Path = tmp_path, once: bool = False, **settings: Any) -> Agent:
        agent = box.make_agent(night.store, night.clock, folder, name=name, **settings)
        hired.append((agent, folder))
        agent.start(once=once)
        return agent

    yield start
    for agent, _ in hired:
        agent.close()
    for folder, name in {(folder, agent.name) for agent, folder in hired}:
        box.sweep(folder, name)
