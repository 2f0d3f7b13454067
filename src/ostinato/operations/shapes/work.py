"""What a run wrote, and the command that it carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from ostinato.operations.log_levels import LogLevel
from ostinato.operations.shapes.values import described

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations import commands, logs


@described
class LogLine(TypedDict):
    """A line of a log."""

    number: int
    """Counted from 1."""
    text: str
    level: LogLevel | None
    """Null for a line that is no error and no warning."""


@described
class LogPart(TypedDict):
    """A part of a log."""

    lines: list[LogLine]
    first: int
    """The number of the first line shown; 0 where there is none."""
    last: int
    """The number of the line after which to go on."""
    total: int
    """How many lines there are by now."""
    first_error: int | None
    """The number of the first line that is an error."""
    complete: bool
    """No more will come."""


@described
class Command(TypedDict):
    """A command as it was started, or would be now, without secrets."""

    step: str
    argv: list[str]
    environment: dict[str, str]
    """What it is given beside the environment of its agent."""
    reproduce: str
    """What starts the same from a shell, on the machine of its agent. Secrets come from the environment of that."""
    cwd: str


def log_part(row: logs.LogPart) -> LogPart:
    """Return a part of a log."""
    return {
        "lines": [{"number": line.number, "text": line.text, "level": line.level} for line in row.lines],
        "first": row.lines[0].number if row.lines else 0,
        "last": row.last,
        "total": row.total,
        "first_error": row.first_error,
        "complete": row.complete,
    }


def command(row: commands.ShownCommand) -> Command:
    """Return a command as it was started."""
    return {
        "step": row.step,
        "argv": list(row.arguments),
        "environment": dict(row.environment),
        "reproduce": row.reproduce,
        "cwd": str(row.working_directory),
    }
