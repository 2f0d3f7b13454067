"""Progress in lines: how far the work has come, what runs, and what went wrong last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rich.text import Text

from ostinato.cli.times import show_distance, show_span
from ostinato.cli.words import count, look_of, show_counts
from ostinato.model.runs import Run
from ostinato.model.slots import SlotFace
from ostinato.processes.progress import Pace, Progress

LONGEST_BAR = 24
RUNNING_SHOWN = 6


def progress_lines(progress: Progress, pace: Pace, now: datetime, *, since: datetime, width: int) -> list[Text]:
    """Return what a terminal of ``width`` shows, with the failures ``since`` an instant; no line is wider."""
    lines = [
        _headline(progress, pace, width),
        due_counts(progress),
        *_running(progress, now),
        *_troubles(progress, now, since),
    ]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def progress_sentence(progress: Progress, pace: Pace) -> str:
    """Say how far the work has come, how fast it goes and how long it may take."""
    said = f"{progress.done:,} of {count(progress.due, 'slot')} done"
    if pace.per_second is not None and progress.done < progress.due:
        said += f", {pace.per_second:.1f} a second{_estimate(pace.time_left(progress))}"
    return said


def progress_facts(progress: Progress, pace: Pace) -> dict[str, object]:
    """Return the same for programs: of an event that is logged, or written as JSON."""
    left = pace.time_left(progress)
    return {
        "due": progress.due,
        "done": progress.done,
        "slots": {face.value: progress.slots[face] for face in SlotFace if face in progress.slots},
        "per_second": None if pace.per_second is None else round(pace.per_second, 2),
        "seconds_left": None if left is None else round(left.total_seconds()),
    }


def due_counts(progress: Progress) -> Text:
    """Return how many slots that are due there are of each status."""
    return show_counts({face: number for face, number in progress.slots.items() if face is not SlotFace.FUTURE})


def name_of(run: Run) -> str:
    """Return the name of a run's slot, or what a one-off is made of."""
    if run.slot is not None:
        return str(run.slot)
    return f"{run.work} for {run.account}" if run.account else run.work


def _headline(progress: Progress, pace: Pace, width: int) -> Text:
    if not progress.due:
        return Text("nothing is due yet")
    length = min(LONGEST_BAR, width // 4)
    full = length * progress.done // progress.due
    bar = Text.assemble(("█" * full, "green"), ("░" * (length - full), "bright_black"))
    return bar.append(f"  {progress_sentence(progress, pace)}")


def _estimate(left: timedelta | None) -> str:
    if left is None:
        return ""
    seconds = round(left.total_seconds())
    if seconds < 5:
        return ", nearly there"
    return f", about {seconds}s left" if seconds < 100 else f", about {show_span(left)} left"


def _running(progress: Progress, now: datetime) -> Iterator[Text]:
    sign, style = look_of("running")
    for run in progress.running[:RUNNING_SHOWN]:
        line = Text.assemble((f"{sign} ", style), name_of(run))
        if run.started_at is not None:
            line.append(f"  {show_span(now - run.started_at)}", style="bright_black")
        yield line
    if len(progress.running) > RUNNING_SHOWN:
        yield Text(f"  and {len(progress.running) - RUNNING_SHOWN} more", style="bright_black")
    if not progress.running and progress.next_start is not None:
        yield Text(f"the next attempt starts {show_distance(progress.next_start, now)}")


def _troubles(progress: Progress, now: datetime, since: datetime) -> Iterator[Text]:
    sign, style = look_of("failed")
    for source in progress.troubles:
        said = (source.error or source.held_back).splitlines()[0]
        yield Text.assemble((f"{sign} ", style), f"{source.name}: {said}")
    for run in progress.failures:
        if run.finished_at is not None and run.finished_at >= since:
            said = f"{name_of(run)} attempt {run.attempt}: {run.reason}"
            when = show_distance(run.finished_at, now)
            yield Text.assemble((f"{sign} ", style), said, (f"  {when}", "bright_black"))
