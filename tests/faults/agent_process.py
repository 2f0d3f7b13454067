"""An agent as a process of its own: ``python -m tests.faults.agent_process DATABASE FOLDER NAME SECONDS``.

FOLDER is its project, and SECONDS how long it does not look at the store when nothing happens here. Asked by a signal
to fall asleep, the whole process stops after its next transaction: asleep in one, it would keep others from theirs.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from tests.faults.flows import AGENT

from ostinato.agent.agent import Agent
from ostinato.agent.driver import run_agent
from ostinato.agent.settings import AgentSettings
from ostinato.clock import SystemClock
from ostinato.executors.local import LocalExecutor
from ostinato.store.database import Store

FALL_ASLEEP = signal.SIGUSR1


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
    store = Store(database)
    store.fault_point = fall_asleep_when_asked()
    executor = LocalExecutor(clock, log_size=10_000, folder=folder / ".ostinato" / "supervisors")
    run_agent(Agent(store, clock, executor, settings), forever=True)


def fall_asleep_when_asked() -> Callable[[str], None]:
    """Return what is to be called around transactions: after the next one of the main thread it stops the process."""
    asked = threading.Event()
    signal.signal(FALL_ASLEEP, lambda *_: asked.set())

    def fall_asleep(point: str) -> None:
        if asked.is_set() and point == "after commit" and threading.current_thread() is threading.main_thread():
            asked.clear()
            os.kill(os.getpid(), signal.SIGSTOP)

    return fall_asleep


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
