"""What an agent that was killed left behind: processes of its runs, known by the marks in their environment.

The guard kills the groups of the agent's commands. What has left its group lives on, and so does all when the guard was
killed, too. A process that has given up the environment it inherited is not found.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from ostinato.clock import Clock
from ostinato.errors import NotPossible
from ostinato.executors.commands import AGENT_VARIABLE, PROJECT_VARIABLE, RUN_VARIABLE

PATIENCE_SECONDS = 10.0


def end_leftovers(run_ids: Collection[int], *, agent: str, project: Path, clock: Clock) -> list[int]:
    """Kill what lives of runs that an agent of this name carried out; return the ids of the processes.

    Comes back when all of them are gone; ``NotPossible`` names one that cannot be ended.
    """
    ended: set[int] = set()
    give_up_at = clock.monotonic() + PATIENCE_SECONDS
    while found := list(_list_leftovers({str(run_id) for run_id in run_ids}, agent, str(project))):
        if clock.monotonic() > give_up_at:
            raise NotPossible(
                f"process {found[0].pid}, left behind by a run of agent {agent}, cannot be ended",
                hint="end it by hand, then start the agent again",
            )
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=0.1)
        ended.update(process.pid for process in found)
    return sorted(ended)


def _list_leftovers(run_ids: Collection[str], agent: str, project: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["environ"]):
        environment = process.info["environ"] or {}  # none is shown of a zombie, or of another user's process
        if (
            environment.get(RUN_VARIABLE) in run_ids
            and environment.get(AGENT_VARIABLE) == agent
            and environment.get(PROJECT_VARIABLE) == project
            and process.pid != os.getpid()
        ):
            yield process
