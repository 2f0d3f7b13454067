"""What is left behind where nobody looks after it any more: processes, known by the marks in their environment.

A supervisor leaves nothing, unless it is killed. A process that has given up the environment it inherited, and whose
parents are gone, is not found.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from ostinato.clock import Clock
from ostinato.errors import NotPossible
from ostinato.executors.commands import AGENT_VARIABLE, COMMAND_VARIABLE, PROJECT_VARIABLE, RUN_VARIABLE
from ostinato.executors.records import CommandRecord
from ostinato.executors.strays import read_process

PATIENCE_SECONDS = 10.0


def end_leftovers(run_ids: Collection[int], *, agent: str, project: Path, clock: Clock) -> list[int]:
    """Kill what lives of runs that an agent of this name carried out; return the ids of the processes.

    Comes back when all of them are gone; ``NotPossible`` names one that cannot be ended.
    """
    marks, ids = {AGENT_VARIABLE: agent, PROJECT_VARIABLE: str(project)}, {str(run_id) for run_id in run_ids}

    def is_left(environment: Mapping[str, str]) -> bool:
        return environment.get(RUN_VARIABLE) in ids and marks.items() <= environment.items()

    ended: set[int] = set()
    give_up_at = clock.monotonic() + PATIENCE_SECONDS
    while found := list(_list_marked(is_left)):
        if clock.monotonic() > give_up_at:
            raise NotPossible(
                f"process {found[0].pid}, left behind by a run of agent {agent}, cannot be ended",
                hint="end it by hand, then start the agent again",
            )
        _kill(found)
        ended.update(process.pid for process in found)
    return sorted(ended)


def kill_commands(supervisor: str, records: Iterable[CommandRecord]) -> list[int]:
    """Kill what lives of the commands of a supervisor that was killed; return what was found to be killed.

    They bear marks that begin with its name. A command that has covered its mark is found by its record.
    """
    marked = _list_marked(lambda environment: environment.get(COMMAND_VARIABLE, "").startswith(f"{supervisor}."))
    found = {process.pid: process for process in (*marked, *_list_recorded(records))}
    for process in list(found.values()):
        with suppress(psutil.Error):
            found |= {kin.pid: kin for kin in process.children(recursive=True)}
    _kill(list(found.values()))
    return sorted(found)


def _list_recorded(records: Iterable[CommandRecord]) -> Iterator[psutil.Process]:
    for record in records:
        process = None if record.pid is None or record.end is not None else read_process(record.pid)
        if process is not None and process.started == record.started:
            with suppress(psutil.NoSuchProcess):
                found = psutil.Process(process.pid)
                if found.status() != psutil.STATUS_ZOMBIE:
                    yield found


def _list_marked(is_left: Callable[[Mapping[str, str]], bool]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["environ"]):
        environment = process.info["environ"] or {}  # none is shown of a zombie, or of another user's process
        if is_left(environment) and process.pid != os.getpid():
            yield process


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.kill()
    psutil.wait_procs(processes, timeout=0.1)
