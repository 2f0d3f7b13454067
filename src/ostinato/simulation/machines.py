"""Machines, and the commands on them, which outlive the agents that began them and end with a reboot."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ostinato.executors.commands import Command, Key
from ostinato.executors.evidence import describe_exit, describe_forced_end
from ostinato.executors.executor import Ended
from ostinato.executors.outcomes import outcome_of
from ostinato.model.evidence import EndKind
from ostinato.simulation.clocks import MachineClock


@dataclass(slots=True)
class Job:
    """A command, under way until ``ends_at`` by the seconds of the simulation, or with its end on file from then on."""

    command: Command
    ends_at: float
    returncode: int
    ending: tuple[EndKind, str] | None = None

    def tell_end(self) -> Ended:
        """Return what became of it."""
        if self.ending is None:
            evidence = describe_exit(self.returncode, out_of_memory=False)
        else:
            evidence = describe_forced_end(*self.ending, self.returncode)
        return Ended(self.command.key, outcome_of(evidence, {"exit_code": self.returncode}), evidence)


@dataclass(slots=True)
class Machine:
    """A machine: its clock, the folder of its files, and its commands, by the agent that began them and their key."""

    name: str
    folder: Path
    clock: MachineClock
    jobs: dict[tuple[str, Key], Job] = field(default_factory=dict)

    def reboot(self) -> None:
        """End all commands without a word."""
        self.jobs.clear()
