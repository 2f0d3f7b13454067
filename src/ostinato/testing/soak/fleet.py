"""The fleet of a soak: engines and agents as processes of their own, and the faults that befall them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

import psutil

import ostinato
from ostinato.clock import Clock
from ostinato.executors.commands import PROJECT_VARIABLE

_SOURCE = Path(ostinato.__file__).parents[1]
STOP_SECONDS = 60.0

Faults: TypeAlias = Mapping[str, Sequence[str]]
"""What may befall an engine, and what an agent."""

ALL_FAULTS: Faults = {
    "engine": ("kill", "kill", "restart", "pause", "long pause"),
    "agent": ("kill", "kill", "restart", "pause", "long pause", "loss of the supervisor"),
}
RESTARTS: Faults = {"engine": (), "agent": ("kill", "restart")}
"""What a deployment does, and no more: agents that are back in time lose nothing."""

_SECONDS_AWAY = (0.0, 0.5, 2.0)


@dataclass(slots=True)
class Member:
    """One engine or agent; it is started again under the same name."""

    name: str
    arguments: tuple[str, ...]
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    paused: bool = False

    def start(self) -> None:
        """Start it, unless it is there."""
        if self.process is not None and self.process.poll() is None:
            return
        with (self.folder / f"{self.name}.txt").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ostinato", *self.arguments],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(_SOURCE)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.paused = False

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.paused = {signal.SIGSTOP: True, signal.SIGCONT: False}.get(number, self.paused)

    def stop(self) -> int:
        """Tell it to stop, and return its exit code."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return 0 if self.process is None else self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """Kill it, and take leave of it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class Fleet:
    """All members, started when the block is entered and killed when it is left, with all that they have begun."""

    def __init__(self, folder: Path, *, engines: int, agents: int) -> None:
        self.folder = folder
        self.engines = [Member(f"engine-{number}", ("engine", "--forever"), folder) for number in range(1, engines + 1)]
        self.agents = [
            Member(f"agent-{number}", ("agent", "--forever", "--name", f"agent-{number}"), folder)
            for number in range(1, agents + 1)
        ]

    @property
    def members(self) -> Sequence[Member]:
        """Return all of them."""
        return [*self.engines, *self.agents]

    def __enter__(self) -> Self:
        for member in self.members:
            member.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self.members:
            member.kill()
        for process in self.list_commands():
            process.kill()

    def list_commands(self) -> list[psutil.Process]:
        """List what lives of the commands that were begun for this project."""
        return [process for process in psutil.process_iter(["environ"]) if self._is_ours(process)]

    def list_supervisors(self) -> list[psutil.Process]:
        """List the supervisors of this project's commands."""
        folder = str(self.folder)
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if any("supervisor" in word for word in process.info["cmdline"] or ())
            and any(folder in word for word in process.info["cmdline"])
        ]

    def _is_ours(self, process: psutil.Process) -> bool:
        return (process.info["environ"] or {}).get(PROJECT_VARIABLE) == str(self.folder)


@dataclass(slots=True)
class Havoc:
    """Strikes members of a fleet down, by chance. Who was struck comes back after a while.

    ``lease_seconds`` is how long an agent must be silent to lose what it runs.
    """

    fleet: Fleet
    faults: Faults
    chance: random.Random
    clock: Clock
    lease_seconds: float
    counts: Counter[str] = field(default_factory=Counter)
    _back: list[tuple[float, Member]] = field(default_factory=list)

    def strike(self) -> None:
        """Do one more harm, to a member that is not suffering already."""
        hurt = {member.name for _, member in self._back}
        kinds = {"engine": self.fleet.engines, "agent": self.fleet.agents}
        standing = [
            (kind, member)
            for kind, members in kinds.items()
            for member in members
            if self.faults[kind] and member.name not in hurt
        ]
        if not standing:
            return
        kind, member = self.chance.choice(standing)
        fault = self.chance.choice(self.faults[kind])
        if self._harm(member, fault):
            self.counts[f"{fault} of an {kind}"] += 1

    def relieve(self, *, everybody: bool = False) -> None:
        """Have those come back whose time it is, or all."""
        now = self.clock.monotonic()
        due = [(at, member) for at, member in self._back if everybody or at <= now]
        self._back = [entry for entry in self._back if entry not in due]
        for _, member in due:
            if member.paused:
                member.signal(signal.SIGCONT)
            elif member.process is not None and member.process.poll() is None:
                self._back.append((now + 0.2, member))  # it is still stopping in good order
            else:
                member.start()

    def _harm(self, member: Member, fault: str) -> bool:
        """Do it; tell whether there was something to be done to."""
        away = self.chance.choice(_SECONDS_AWAY)
        match fault:
            case "kill":
                member.signal(signal.SIGKILL)
            case "restart":
                member.signal(signal.SIGTERM)
            case "pause":
                member.signal(signal.SIGSTOP)
                away = 0.3 * self.lease_seconds
            case "long pause":
                member.signal(signal.SIGSTOP)
                away = 1.6 * self.lease_seconds
            case _:
                return self._kill_supervisor()
        self._back.append((self.clock.monotonic() + away, member))
        return True

    def _kill_supervisor(self) -> bool:
        """Kill one that somebody's commands run under, if there is any."""
        found = sorted(self.fleet.list_supervisors(), key=lambda process: process.pid)
        if found:
            self.chance.choice(found).kill()
        return bool(found)
