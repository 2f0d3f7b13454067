"""How ``up`` and ``demo`` end: what came of it, what went wrong, and the exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rich.text import Text

from ostinato.cli.exit_codes import ExitCode
from ostinato.cli.progress_lines import due_counts, progress_facts
from ostinato.cli.session import Session
from ostinato.cli.times import show_span
from ostinato.cli.words import count, look_of
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus
from ostinato.operations.listing import list_slots
from ostinato.processes.progress import Pace, Progress, read_progress
from ostinato.processes.up import Up
from ostinato.world import World

FAILURES_SHOWN = 10
INTERRUPTIONS = {"SIGINT": ExitCode.INTERRUPTED, "SIGTERM": ExitCode.TERMINATED}


@dataclass(frozen=True, slots=True)
class Failure:
    """A slot that has failed for good: how its last run ended, and why there is no other."""

    slot: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How things stood when a process of engine and agent ended."""

    progress: Progress
    failed: tuple[Failure, ...]
    step_errors: dict[str, str]
    stopped_by: str | None
    seconds: float
    agent: str
    left_running: tuple[int, ...]

    @property
    def is_well(self) -> bool:
        """Tell whether nothing is left that somebody has to look at."""
        return not (self.progress.failed or self.progress.troubles or self.step_errors)


def find_ending(world: World, driver: Up, *, seconds: float) -> Ending:
    """Read how things stand, now that ``driver`` has stopped."""
    return Ending(
        progress=read_progress(world.store, world.clock.now()),
        failed=tuple(_find_failures(world)),
        step_errors=driver.step_errors,
        stopped_by=driver.stopped_by,
        seconds=seconds,
        agent=driver.agent.name,
        left_running=driver.agent.left_running,
    )


def _find_failures(world: World) -> Iterator[Failure]:
    for one in list_slots(world, statuses=[SlotFace.FAILED], limit=FAILURES_SHOWN, newest_first=False):
        yield Failure(str(one.slot.name), one.slot.reason)


def report_ending(session: Session, ending: Ending) -> None:
    """Say how it ended."""
    if session.json:
        session.answer_json(
            {
                "event": "finished",
                "stopped_by": ending.stopped_by,
                "seconds": round(ending.seconds, 1),
                "left_running": ending.left_running,
                **progress_facts(ending.progress, Pace()),
                "failed": [one.slot for one in ending.failed],
                "errors": {**ending.step_errors, **_source_errors(ending)},
            },
            on_one_line=True,
        )
    else:
        session.answer(_lines(ending))


def say_left_running(agent: str, runs: Sequence[int]) -> str:
    """Say that runs go on though their agent has ended, and who takes them up."""
    goes_on = "1 run goes" if len(runs) == 1 else f"{len(runs):,} runs go"
    return f"{goes_on} on without it; the next agent named {agent} adopts what it left running."


def say_let_go(runs: Mapping[RunStatus, int]) -> Iterator[str]:
    """Say what became of runs that an agent has let go of, by status. One that waits for something has not ended."""
    ended = {status: number for status, number in runs.items() if status in FINAL_RUN_STATUSES}
    rest = {status: number for status, number in runs.items() if status not in FINAL_RUN_STATUSES}
    if ended:
        yield f"{count(sum(ended.values()), 'run')} ended: {_list_counts(ended)}"
    if rest:
        number = sum(rest.values())
        yield f"{count(number, 'run')} {'has' if number == 1 else 'have'} not ended: {_list_counts(rest)}"


def _list_counts(runs: Mapping[RunStatus, int]) -> str:
    return ", ".join(f"{number:,} {status}" for status, number in sorted(runs.items()))


def ending_code(ending: Ending, *, until_idle: bool) -> ExitCode:
    """Return the exit code: being stopped is no failure for what would have gone on for ever."""
    if not until_idle:
        return ExitCode.OK
    if ending.stopped_by is not None:
        return INTERRUPTIONS[ending.stopped_by]
    return ExitCode.OK if ending.is_well else ExitCode.NO


def _lines(ending: Ending) -> Iterator[Text]:
    progress = ending.progress
    if ending.stopped_by is not None:
        yield Text(f"Stopped by {ending.stopped_by}.")
    if ending.left_running:
        yield Text(say_left_running(ending.agent, ending.left_running))
    if not progress.slots:
        yield Text("There are no slots: nothing is declared that would run. Look at: ostinato definitions")
    elif not progress.due:
        yield Text("Nothing is due yet. What comes next: ostinato slots --status future")
    else:
        yield Text(f"{progress.done:,} of {count(progress.due, 'slot')} done, in {_span(ending)}:")
        yield Text("  ").append_text(due_counts(progress))
    yield from _failures(ending)
    for face in (SlotFace.WAITING, SlotFace.BLOCKED):
        if progress.slots.get(face) and not ending.failed and ending.stopped_by is None:
            yield Text(f"What the {face} ones wait for: ostinato slots --status {face}")


def _failures(ending: Ending) -> Iterator[Text]:
    sign, style = look_of("failed")
    for place, error in {**_source_errors(ending), **ending.step_errors}.items():
        yield Text.assemble((f"{sign} {place}", style), f": {error}")
    for one in ending.failed:
        yield Text.assemble((f"{sign} {one.slot}", style), f": {one.reason}")
    if ending.progress.failed > len(ending.failed):
        yield Text("  … and more: ostinato slots --status failed")
    if ending.failed:
        slot = ending.failed[0].slot
        yield Text(f"What it wrote: ostinato logs {slot}")
        yield Text(f"Once it is mended: ostinato retry {slot}")


def _source_errors(ending: Ending) -> dict[str, str]:
    return {source.name: source.error or source.held_back for source in ending.progress.troubles}


def _span(ending: Ending) -> str:
    return show_span(timedelta(seconds=ending.seconds))
