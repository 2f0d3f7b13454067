"""A shift: a project with one long command and several short ones, and what must be true of it when it is over."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ostinato.config import PROJECT_FILE
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.store import runs
from ostinato.store.slot_lists import count_slots
from ostinato.store.types import EPOCH
from ostinato.testing.listening import PATIENCE_SECONDS, listen_for
from ostinato.testing.program import Program, write_files
from ostinato.world import World, open_world

PROJECT = """\
database: {database}
accounts: [{{file: accounts.yaml}}]
definitions: [{{yaml: definitions.yaml}}]
engine: {{interval: 100ms, heartbeat_timeout: {heartbeat_timeout}}}
agent: {{concurrency: 2, poll: 100ms, name: here, grace_period: 5s}}
"""
ACCOUNTS = "accounts: {a: {}, b: {}, c: {}, d: {}}\n"
DEFINITIONS = """\
defaults: {starts_on: 2026-01-05, ends_on: 2026-01-05, time_zone: UTC}
definitions:
  long: {command: [cat, gate], writes_to: [sold], priority: 9}
  short: {command: ["true"], matrix: account}
  after: {command: ["true"], reads_from: [sold]}
"""
SHORT_ONES, SLOTS = 4, 6
WRONG = frozenset({"lease_lost", "runs_lost", "outcome_refused", "late_outcome_dropped", "step_failed"})
"""What nobody may say: that a run was lost, or that something failed that does not stand for an outage."""


class Gate:
    """What the long command waits for. Made as soon as that is under way."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY)  # waits for a reader

    def open(self) -> None:
        """Let the command end."""
        os.close(self._descriptor)


@dataclass
class Shift:
    """A project in a folder, and what its processes have said, each line with its time."""

    program: Program
    said: list[list[dict[str, Any]]] = field(default_factory=list)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Worker]:
        """Have a process at work within this block."""
        with self.program.running(*arguments) as process:
            worker = Worker(process)
            self.said.append(worker.said)
            yield worker

    def wait_for_long_command(self) -> Gate:
        """Wait until the long command is under way."""
        return Gate(self.program.folder / "gate")

    def open_world(self) -> World:
        """Open the project in this process."""
        return open_world(self.program.folder / PROJECT_FILE)

    def check(self) -> None:
        """Hold what came of it against what must be: all succeeded, each at its first attempt, and nobody was lost."""
        with self.open_world() as world, world.store.read() as tx:
            now = world.clock.now()
            faces = count_slots(tx, now=now, since=EPOCH, until=now)
            attempts = [(run.attempt, run.status) for run in runs.list_runs(tx)]
        assert faces == {SlotFace.SUCCESS: SLOTS}
        assert attempts == [(1, RunStatus.SUCCESS)] * SLOTS
        for lines in self.said:
            assert not {line["event"] for line in lines} & WRONG
            self._check_words(lines)

    def _check_words(self, lines: list[dict[str, Any]]) -> None:
        """Of each outage its causes are said once, and that it is over."""
        for who in ("agent", "engine"):
            causes: list[str] = []
            for line in (line for line in lines if who in line):
                if line["event"] == "store_unavailable":
                    assert line["error"] not in causes
                    causes.append(line["error"])
                elif line["event"] == "store_is_back":
                    assert causes
                    causes.clear()
            assert not causes, f"{who} never said that the store was back"


@dataclass
class Worker:
    """A process at work, and all that it has said."""

    process: subprocess.Popen[str]
    said: list[dict[str, Any]] = field(default_factory=list)

    def wait_for(self, event: str, **facts: object) -> dict[str, Any]:
        """Wait for a log line with these facts, from where was last read."""
        wanted = {"event": event, **facts}
        while True:
            line: dict[str, Any] = json.loads(listen_for("\n", self.process.stderr))
            self.said.append(line)
            if wanted.items() <= line.items():
                return line

    def end(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and what it printed."""
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        self.said += [json.loads(line) for line in err.splitlines() if line.startswith("{")]
        assert not re.search("Traceback|^error:", err, re.MULTILINE), err
        return self.process.returncode, out


def open_shift(folder: Path, database: str, *, heartbeat_timeout: str = "60s") -> Shift:
    """Make the project in a folder."""
    project = PROJECT.format(database=database, heartbeat_timeout=heartbeat_timeout)
    write_files(folder, {PROJECT_FILE: project, "accounts.yaml": ACCOUNTS, "definitions.yaml": DEFINITIONS})
    os.mkfifo(folder / "gate")
    return Shift(Program(folder))
