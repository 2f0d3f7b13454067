"""Commands: what exactly is started for a step, and by what marks its processes are known.

It imports next to nothing: the supervisor needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from ostinato.executors.logs import output_path

AGENT_VARIABLE = "OSTINATO_AGENT"
PROJECT_VARIABLE = "OSTINATO_PROJECT"
"""Together they tell whose a process is: several agents may serve several projects here."""
STEP_VARIABLE = "OSTINATO_STEP"
OUTPUT_VARIABLE = "OSTINATO_OUTPUT"
"""Names the file to which a command may write its output, as JSON."""
COMMAND_VARIABLE = "OSTINATO_COMMAND"
"""Marks the processes of one command: no other that was ever started has the same."""

Key: TypeAlias = tuple[int, int]
"""What work is known by as long as it is under way: the id of its run and the number of its step."""


@dataclass(frozen=True, slots=True)
class Command:
    """One process to start: its arguments, its whole environment, where it starts, where its output goes.

    It is asked to end when it has run for ``time_limit``. ``try_number`` says which try of its step it is: no two
    commands of one key are ever started with the same.
    """

    key: Key
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: Path
    log: Path
    time_limit: timedelta | None = None
    try_number: int = 1

    @property
    def output_file(self) -> Path:
        """Return where the command may leave its output."""
        return output_path(self.log)
