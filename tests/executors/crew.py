"""Agents that are killed, their successors, and the supervisors in between: real processes, for the tests of these."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
from tests.executors.agent_program import make_command, make_executor

from ostinato.executors.executor import Ended
from ostinato.executors.local import LocalExecutor
from ostinato.executors.records import SupervisorFolder, list_supervisor_folders
from ostinato.testing.listening import PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).parents[2]
KEY = (7, 1)
"""What a command is known by, unless the test says otherwise."""


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class AgentProcess:
    """An agent in a process of its own, which does as it is told."""

    def __init__(self, folder: Path, orphan_seconds: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.executors.agent_program", str(folder), str(orphan_seconds)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def do(self, word: str, *given: Any) -> Any:
        """Have it do something, and return what it says."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([word, *given]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to all of its process group."""
        os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """Kill it, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


class Crew:
    """All that works in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "supervisors" / "box"
        self._agents: list[AgentProcess] = []
        self._executors: list[LocalExecutor] = []

    def hire(self, *, orphan_seconds: float = 3600.0) -> AgentProcess:
        """Start an agent in a process of its own."""
        self._agents.append(AgentProcess(self.folder, orphan_seconds))
        return self._agents[-1]

    def succeed(self, **options: Any) -> LocalExecutor:
        """Be an agent in this process; all its predecessors must be dead."""
        self._executors.append(make_executor(self.folder, **options))
        return self._executors[-1]

    def start(self, executor: LocalExecutor, script: str, **options: Any) -> None:
        """Have a script carried out, with these options of ``make_command``."""
        executor.start_command(make_command(self.folder, script, **options))

    def take(self, executor: LocalExecutor) -> Ended:
        """Wait until a command has ended."""
        (ended,) = executor.wait(PATIENCE_SECONDS)
        return ended

    def log(self, run: int = 7) -> Path:
        """Return where the log of a run is."""
        return self.folder / f"{run}.log"

    def read_numbers(self, count: int, *, run: int = 7) -> list[int]:
        """Wait until ``count`` lines, each a number, are in the log of a run."""
        log = self.log(run)
        wait_until(lambda: log.exists() and log.read_text().count("\n") >= count, f"{count} lines in the log")
        return [int(line) for line in log.read_text().split()]

    def list_supervisors(self) -> list[SupervisorFolder]:
        """List the folders of supervisors."""
        return list_supervisor_folders(self.home)

    def find_supervisor(self) -> int:
        """Return the id of the process of the only supervisor, once it has signed its lock."""
        (folder,) = self.list_supervisors()
        wait_until(folder.find_holder, "the supervisor has signed")
        holder = folder.find_holder()
        assert holder is not None
        return holder

    def kill_supervisor(self) -> None:
        """Kill the only supervisor, and wait until it is gone."""
        supervisor = self.find_supervisor()
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: not is_alive(supervisor), "the supervisor is gone")

    def dismiss(self) -> None:
        """End all."""
        for agent in self._agents:
            agent.kill()
        for executor in self._executors:
            executor.close()
        make_executor(self.folder).close()
