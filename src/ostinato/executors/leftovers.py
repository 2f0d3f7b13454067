"""What a killed supervisor leaves behind: processes of its commands, known by the marks in their environment.

A process that has given up the environment it inherited, and whose parents are gone, is not found.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

import psutil

from ostinato.executors.commands import COMMAND_VARIABLE
from ostinato.executors.records import CommandRecord
from ostinato.executors.strays import read_process


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
