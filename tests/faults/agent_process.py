"""An agent as a process of its own: ``python -m tests.faults.agent_process DATABASE FOLDER NAME SECONDS``.

FOLDER is its project, and SECONDS how long it does not look at the store when nothing happens here.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

from tests.faults.flows import AGENT

from ostinato.agent.agent import Agent
from ostinato.agent.driver import run_agent
from ostinato.agent.settings import AgentSettings
from ostinato.clock import SystemClock
from ostinato.executors.local import LocalExecutor
from ostinato.store.database import Store


def main(database: str, folder: Path, name: str, seconds: float) -> None:
    """Work until a signal comes."""
    os.environ.setdefault(AGENT, name)
    clock = SystemClock()
    settings = AgentSettings(
        project=folder,
        logs=folder / "logs",
        name=name,
        poll=timedelta(seconds=seconds),
        heartbeat=timedelta(seconds=seconds),
        grace_period=timedelta(minutes=10),
    )
    run_agent(Agent(Store(database), clock, LocalExecutor(clock, log_size=10_000), settings), forever=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
