"""What it costs that a command outlives its agent: the ways to do it, in turns, beside a process that nobody guards.

Each way starts ``true``, keeps its log, and has its exit code on the disk before it is told. Memory is what supervisors
alone take, while commands sleep.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import psutil

from ostinato.clock import SystemClock
from ostinato.executors.commands import Command
from ostinato.executors.local import LocalExecutor
from ostinato.executors.records import list_supervisor_folders

SHELL = """
"$@" >"$0.log" 2>&1
echo $? >"$0.draft"
sync "$0.draft"
mv "$0.draft" "$0"
"""
"""A shell that guards one command, and can do no more for it than this."""

PYTHON = """
import os, subprocess, sys
path, *command = sys.argv[1:]
with open(path + ".log", "wb") as log:
    code = subprocess.run(command, stdout=log, stderr=log).returncode
with open(path + ".draft", "w") as draft:
    draft.write(str(code))
    draft.flush()
    os.fsync(draft.fileno())
os.replace(path + ".draft", path)
"""
"""A Python that guards one command, and does no more for it than the shell."""

Way: TypeAlias = Callable[[Path, Sequence[str], int], list["subprocess.Popen[bytes]"]]
"""Starts a command so many times, below a folder; returns the processes that guard them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="how many commands one after another")
    parser.add_argument("--sleepers", type=int, default=50, help="how many commands that sleep at once")
    parser.add_argument("--rounds", type=int, default=5, help="how often")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        times = measure_times(Path(folder), options.runs, options.rounds)
        memory = measure_memory(Path(folder), options.sleepers)
    bare = times["a bare process"]
    for name, seconds in times.items():
        ratio = statistics.median(one / beside for one, beside in zip(seconds, bare, strict=True))
        kib = f"{memory[name]:8.0f} KiB a run" if name in memory else ""
        print(f"{name:28} {statistics.median(seconds) * 1e3:8.2f} ms a run, {ratio:5.2f} times a bare one {kib}")


def measure_times(folder: Path, runs: int, rounds: int) -> dict[str, list[float]]:
    """Return the seconds that one command takes, by way, of each round."""
    ways: dict[str, Callable[[Path, int], float]] = {
        "a bare process": partial(_time, _start_bare),
        "one supervisor for all": _time_supervised,
        "one shell for each": partial(_time, _start_shells),
        "one Python for each": partial(_time, _start_pythons),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, measure in ways.items():
            times[name].append(measure(folder, runs) / runs)
    return times


def measure_memory(folder: Path, sleepers: int) -> dict[str, float]:
    """Return the KiB that guarding one command takes, by way. What processes share is divided between them."""
    return {
        "one supervisor for all": _weigh_supervisor(folder, sleepers) / sleepers,
        "one shell for each": _weigh(_start_shells, folder, sleepers) / sleepers,
        "one Python for each": _weigh(_start_pythons, folder, sleepers) / sleepers,
    }


def _time(way: Way, folder: Path, runs: int) -> float:
    began = perf_counter()
    for _ in range(runs):
        for process in way(folder, ["true"], 1):
            process.wait()
    return perf_counter() - began


def _time_supervised(folder: Path, runs: int) -> float:
    with _open_executor(folder) as executor:
        _start_supervised(executor, folder, ["true"], 1)
        executor.forget(executor.wait(60)[0].key)  # the supervisor is there now
        began = perf_counter()
        for _ in range(runs):
            _start_supervised(executor, folder, ["true"], 1)
            executor.forget(executor.wait(60)[0].key)
        return perf_counter() - began


def _weigh(way: Way, folder: Path, sleepers: int) -> float:
    processes = way(folder, ["sleep", "600"], sleepers)
    guarded = [_wait_for_child(psutil.Process(process.pid)) for process in processes]
    weight = sum(_read_pss(process.pid) for process in processes)
    for child in guarded:
        child.kill()
    for process in processes:
        process.wait()
    return weight


def _weigh_supervisor(folder: Path, sleepers: int) -> float:
    with _open_executor(folder) as executor:
        _start_supervised(executor, folder, ["sleep", "600"], sleepers)
        _start_supervised(executor, folder, ["true"], 1)
        executor.wait(60)  # the last one is over: the others have been started
        (home,) = list_supervisor_folders(folder / "supervisors" / "bench")
        return _read_pss(home.find_holder() or 0)


@contextmanager
def _open_executor(folder: Path) -> Iterator[LocalExecutor]:
    executor = LocalExecutor(SystemClock(), log_size=10_000_000, folder=folder / "supervisors")
    executor.open("bench")
    yield executor
    executor.close()


def _start_supervised(executor: LocalExecutor, folder: Path, command: Sequence[str], count: int) -> None:
    first = len(executor)
    for number in range(first, first + count):
        executor.start_command(Command((number, 1), tuple(command), dict(os.environ), folder, folder / f"{number}.log"))


def _start_bare(folder: Path, command: Sequence[str], count: int) -> list[subprocess.Popen[bytes]]:
    with (folder / "bare.log").open("wb") as log:
        return [subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) for _ in range(count)]


def _start_shells(folder: Path, command: Sequence[str], count: int) -> list[subprocess.Popen[bytes]]:
    results = [str(folder / f"shell.{number}") for number in range(count)]
    return [subprocess.Popen(["sh", "-c", SHELL, result, *command], start_new_session=True) for result in results]


def _start_pythons(folder: Path, command: Sequence[str], count: int) -> list[subprocess.Popen[bytes]]:
    python = [sys.executable, "-I", "-S", "-c", PYTHON]
    results = [str(folder / f"python.{number}") for number in range(count)]
    return [subprocess.Popen([*python, result, *command], start_new_session=True) for result in results]


def _wait_for_child(process: psutil.Process) -> psutil.Process:
    while not (children := process.children()):
        os.sched_yield()
    return children[0]


def _read_pss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
