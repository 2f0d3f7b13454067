"""What an executor is: it takes work, carries it out at the side, and tells with evidence how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ostinato.executors.commands import Command
from ostinato.model.runs import EndKind, Evidence


@dataclass(frozen=True, slots=True)
class Ended:
    """A run whose work is over: nothing of it lives any more and its log is closed."""

    run_id: int
    evidence: Evidence


class Executor(Protocol):
    """Carries out commands. Nothing happens in it between calls; only ``wait`` and ``close`` take time."""

    def __len__(self) -> int:
        """Return how many runs it has not yet told the end of."""
        ...

    def start(self, command: Command) -> None:
        """Begin a command. One that cannot be started ends like any other, with evidence that says why."""
        ...

    def end(self, run_id: int, kind: EndKind, why: str) -> None:
        """Ask a command to end, and make it after a while; one that has ended or was asked is left alone.

        ``kind`` and ``why`` become its evidence, whatever its exit code then is.
        """
        ...

    def kill(self, run_id: int, kind: EndKind, why: str) -> None:
        """End a command at once."""
        ...

    def wake_on(self, descriptor: int) -> None:
        """Have ``wait`` come back early whenever ``descriptor`` is readable; its contents are thrown away."""
        ...

    def wait(self, seconds: float) -> list[Ended]:
        """Look after the commands until one has ended, something woke it, or ``seconds`` have passed."""
        ...

    def close(self) -> None:
        """Kill what still runs, without a word about it, and give everything back."""
        ...
