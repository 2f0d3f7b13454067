"""What runs wrote, line by line: a part of it at a time, however much there is.

Commands have a log file on the machine of their agent; ``agent.log_size`` bounds how much is in it. Steps in Python
give away chunks, which are in the store.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ostinato.errors import NotFound, NotPossible
from ostinato.executors.logs import read_log
from ostinato.model.evidence import EndKind
from ostinato.model.statuses import FINAL_RUN_STATUSES, FINAL_STEP_STATUSES, StepStatus
from ostinato.model.steps import Chunk, Phase
from ostinato.operations.log_levels import LogLevel, may_hold, tell_level, without_colours
from ostinato.operations.plans import PlanDetails, ShownStep, list_output, pick_step, show_plan
from ostinato.world import World

MOST_LINES = 2_000
LONGEST_LINE = 8_000
"""Bytes of a line that are shown; what a line has beyond them is left out."""
CHUNKS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a log. ``number`` counts from 1; ``level`` is ``None`` for one that is no error and no warning."""

    number: int
    text: str
    level: LogLevel | None


@dataclass(frozen=True, slots=True)
class LogPart:
    """A part of a log.

    ``last`` is the line after which to go on: that of the last line shown, or of the last there is when no more fits.
    ``total`` counts all lines that there are by now, ``first_error`` is the number of the first that is an error.
    ``complete`` tells that no more will come.
    """

    lines: tuple[LogLine, ...]
    last: int
    total: int
    first_error: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """Which lines are asked for: those behind line ``after`` or, without it, the last ones; ``limit`` at most.

    Those alone that are as bad as ``level``, or worse, and hold the text ``search``, in whatever case.
    """

    after: int | None = None
    limit: int = 500
    level: LogLevel | None = None
    search: str = ""

    def fits(self, line: bytes) -> bool:
        """Tell whether a line is among those that are asked for."""
        if self.search and self.search.casefold() not in line.decode(errors="replace").casefold():
            return False
        return self.level is None or tell_level(line) in (self.level, LogLevel.ERROR)

    def may_fit(self, block: bytes) -> bool:
        """Tell whether any line of a block might be among them; what cannot be is not looked at line by line."""
        if self.search and self.search.casefold() not in block.decode(errors="replace").casefold():
            return False
        return self.level is None or may_hold(block, self.level)


def read_lines(world: World, run_id: int, question: LogQuestion, *, step: str | None = None) -> LogPart:
    """Read what a run wrote, or one step of it, by its name or number.

    ``NotPossible`` where there are several and none is named, ``NotFound`` where the log is not on this machine.
    """
    plan = show_plan(world, run_id)
    shown = _choose_step(plan, step)
    complete = plan.run.status in FINAL_RUN_STATUSES or (shown is not None and _is_over(shown))
    return read_blocks(cut_into_lines(_list_pieces(world, plan, shown)), question, complete=complete)


def read_blocks(blocks: Iterable[bytes], question: LogQuestion, *, complete: bool) -> LogPart:
    """Pick out of blocks of whole lines those that are asked for. ``complete`` tells that no more will come."""
    reading = _Reading(question)
    for block in blocks:
        reading.take(block)
    return reading.end(complete=complete)


def write_chunk(chunk: Chunk) -> bytes:
    """Write a piece that a step in Python gave away, on a line of its own: a text as it is, all else as JSON."""
    text = chunk.data if isinstance(chunk.data, str) else json.dumps(chunk.data, ensure_ascii=False)
    return (text if text.endswith("\n") else f"{text}\n").encode(errors="replace")


def _choose_step(plan: PlanDetails, step: str | None) -> ShownStep | None:
    if step is not None:
        return pick_step(plan, step)
    writing = [shown for shown in plan.steps if shown.row.step.phase is Phase.RUN]
    if len(writing) > 1:
        raise NotPossible(f"run {plan.run.id} has {len(writing)} steps, each with a log of its own", hint="name one")
    return next(iter(writing), None)


def _is_over(shown: ShownStep) -> bool:
    return shown.row.step.status in FINAL_STEP_STATUSES | {StepStatus.ERROR}


def _list_pieces(world: World, plan: PlanDetails, shown: ShownStep | None) -> Iterator[bytes]:
    """Yield what a step wrote, by and by; nothing for one that has not begun."""
    if shown is None or shown.row.step.started_at is None:
        return
    if shown.log is None:
        yield from _list_chunks(world, plan.run.id, shown.row.step.number)
    elif shown.log.exists():
        yield from read_log(shown.log)
    elif not _was_refused(shown):
        raise _absent(plan, shown.log)


def _list_chunks(world: World, run_id: int, step: int) -> Iterator[bytes]:
    last = 0
    while chunks := list_output(world, run_id, step, after=last, limit=CHUNKS_AT_ONCE):
        yield from map(write_chunk, chunks)
        last = chunks[-1].number


def _was_refused(shown: ShownStep) -> bool:
    """Tell whether a command was never started, so that it wrote nothing."""
    error = shown.row.step.error
    return error is not None and error.kind is EndKind.NOT_STARTED


def _absent(plan: PlanDetails, log: Path) -> NotFound:
    agent = plan.run.agent or "unknown"
    return NotFound(
        f"there is no log of run {plan.run.id} on this machine",
        hint=f"it is on the machine of its agent, {agent}, as {log.name} in the folder of the logs",
    )


def cut_into_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces anew, so that each ends with a line. Of a line that is far too long the beginning is kept."""
    rest = b""
    for piece in pieces:
        head, newline, tail = piece.rpartition(b"\n")
        if newline:
            yield without_colours(rest + head + newline)
            rest = b""
        if len(rest) < 2 * LONGEST_LINE:
            rest += tail
    if rest:
        yield without_colours(rest + b"\n")


@dataclass(slots=True)
class _Reading:
    """One way through a log: what is asked for is kept, all else is counted."""

    question: LogQuestion
    total: int = 0
    first_error: int | None = None
    _kept: deque[tuple[int, bytes]] = field(init=False)
    _is_full: bool = False

    def __post_init__(self) -> None:
        limit = self.question.limit
        self._kept = deque(maxlen=limit if self.question.after is None else None)

    def take(self, block: bytes) -> None:
        """Take in the next lines, each of which ends with a newline."""
        before, self.total = self.total, self.total + block.count(b"\n")
        if self.first_error is None and may_hold(block, LogLevel.ERROR):
            lines = enumerate(block[:-1].split(b"\n"), before + 1)
            self.first_error = next((number for number, line in lines if tell_level(line) is LogLevel.ERROR), None)
        if self._is_full or self.total <= (self.question.after or 0) or not self.question.may_fit(block):
            return
        for number, line in enumerate(block[:-1].split(b"\n"), before + 1):
            if number > (self.question.after or 0) and self.question.fits(line):
                self._keep(number, line)

    def end(self, *, complete: bool) -> LogPart:
        """Return what was kept."""
        lines = tuple(LogLine(number, _show(line), tell_level(line)) for number, line in self._kept)
        last = lines[-1].number if self._is_full else self.total
        return LogPart(lines, last, self.total, self.first_error, complete)

    def _keep(self, number: int, line: bytes) -> None:
        if self.question.after is not None and len(self._kept) == self.question.limit:
            self._is_full = True
        else:
            self._kept.append((number, line))


def _show(line: bytes) -> str:
    text = line.rstrip(b"\r")
    return text[:LONGEST_LINE].decode(errors="replace") + (" […]" if len(text) > LONGEST_LINE else "")
