"""Commands carried out by this process itself, on its own clock: for worlds in which time is not that of the machine.

They do not outlive this process in an orderly way, and nothing of them is kept for a successor.
"""

from __future__ import annotations

import selectors
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog

from ostinato.clock import Clock
from ostinato.executors.commands import Command, Key
from ostinato.executors.executor import Ended
from ostinato.executors.logs import discard_output
from ostinato.executors.outcomes import conclude
from ostinato.executors.processes import Processes
from ostinato.model.evidence import EndKind

log = structlog.get_logger()


class InsideCommands:
    """The commands of one agent. To be used by one thread."""

    def __init__(self, clock: Clock, selector: selectors.BaseSelector, *, log_size: int, kill_after: timedelta) -> None:
        self._processes = Processes(clock, selector, log_size=log_size, kill_after=kill_after, warn=log.warning)
        self._outputs: dict[Key, Path] = {}

    def __len__(self) -> int:
        return len(self._processes)

    def open(self, agent: str) -> None:
        """Begin with nothing."""

    def list_left(self) -> dict[Key, int]:
        """List nothing."""
        return {}

    def adopt(self, key: Key) -> bool:
        """Know of nothing."""
        return False

    def start(self, command: Command) -> None:
        """Begin a command."""
        self._processes.start(command)

    def end(self, key: Key, kind: EndKind, why: str) -> None:
        """Ask a command to end, and make it after a while."""
        self._processes.end(key, kind, why)

    def kill(self, key: Key, kind: EndKind, why: str) -> None:
        """End a command at once."""
        self._processes.kill(key, kind, why)

    def forget(self, key: Key) -> None:
        """Remove the output of a command whose end was told."""
        output = self._outputs.pop(key, None)
        if output is not None:
            with suppress(ValueError):  # whoever begins this step again removes it, or says why not
                discard_output(output)

    def look_after(self) -> list[Ended]:
        """Do what is due, and return what became of the commands that are over."""
        ended = []
        for command, evidence in self._processes.look_after():
            self._outputs[command.key] = command.output_file
            ended.append(conclude(command.key, evidence, command.output_file))
        return ended

    def seconds_until_due(self) -> float:
        """Return how soon ``look_after`` has something to do though no descriptor says so."""
        return self._processes.seconds_until_due()

    def leave(self) -> None:
        """Kill what still runs: nobody would look after it."""
        self.close()

    def close(self) -> None:
        """Kill what still runs, without a word about it."""
        self._processes.close()
