"""``ostinato logs``."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ostinato.cli.options import Flag, Given
from ostinato.cli.project import opened
from ostinato.cli.session import Session
from ostinato.cli.targets import find_run_id
from ostinato.errors import NotFound, NotPossible
from ostinato.executors.logs import follow_log, read_log
from ostinato.model.evidence import EndKind
from ostinato.model.statuses import FINAL_RUN_STATUSES, FINAL_STEP_STATUSES, StepStatus
from ostinato.model.steps import Chunk
from ostinato.operations.listing import find_log
from ostinato.operations.logs import write_chunk
from ostinato.operations.plans import PlanDetails, ShownStep, list_output, look_at_step, pick_step, show_plan
from ostinato.operations.results import find_standing
from ostinato.world import World

PAUSE_SECONDS = 0.25
_OVER = FINAL_STEP_STATUSES | {StepStatus.ERROR}


def logs(
    run: Annotated[str, Parameter(help="The number of a run, or a slot for its latest run.")],
    step: Annotated[str | None, Parameter(help="The name of one step, or its number. Left out: all of them.")] = None,
    /,
    *,
    follow: Annotated[bool, Flag, Parameter(name=("--follow", "-f"), help="Go on until the run ends.")] = False,
    session: Given,
) -> None:
    """Print what a run wrote, or one step of it.

    Of a command it is printed as it was written, standard output and standard error together; such logs lie on the
    machine whose agent carried it out. Of a step in Python it is what the step gave away while it ran. With
    `--follow` and `--json` each line of output is an object with a piece of `text`, and the last one has the `status`.
    """
    with opened(session) as world:
        plan = show_plan(world, find_run_id(world, run))
        begun = [shown for shown in plan.steps if shown.row.step.started_at is not None]
        if not begun:
            session.tell(f"Run {plan.run.id} has not begun: it is {plan.run.status}")
        if step is not None:
            writer = _make_writer(world, plan, pick_step(plan, step))
        elif plan.is_plain:
            writer = _Writer(world, plan.run.id, None, find_log(world, plan.run.id), bool(begun))
        elif follow:
            hint = f"name one of them: ostinato show {plan.run.id}"
            raise NotPossible(f"run {plan.run.id} has {len(plan.steps)} steps, and one can be followed", hint=hint)
        else:
            _print_all(session, plan, [_make_writer(world, plan, shown) for shown in begun])
            return
        if follow:
            _follow(session, writer)
        else:
            _print(session, writer)


@dataclass(frozen=True, slots=True)
class _State:
    """How a run or a step stands: ``name`` is what it is called, ``reason`` why it ended as it did."""

    name: str
    status: str
    reason: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class _Writer:
    """What wrote something: a step or, without ``step``, the one command of a run. Without ``log`` it gave chunks."""

    world: World
    run_id: int
    step: int | None
    log: Path | None
    has_begun: bool

    def look(self) -> _State:
        """Return how it stands now."""
        run = find_standing(self.world, self.run_id).run
        run_is_over = run.status in FINAL_RUN_STATUSES
        if self.step is None:
            return _State(f"Run {run.id}", run.status, run.reason, run_is_over)
        step = look_at_step(self.world, run.id, self.step)
        reason = step.error.message if step.error and step.status is StepStatus.ERROR else ""
        return _State(f"Step {step.name} of run {run.id}", step.status, reason, run_is_over or step.status in _OVER)

    def read(self) -> Iterator[bytes]:
        """Yield what there is by now; ``NotFound`` when a log is not here that should be there."""
        if self.log is None:
            yield from map(write_chunk, self._list_chunks(after=0))
        elif self.has_begun and not self.log.exists():
            agent = find_standing(self.world, self.run_id).run.agent or "unknown"
            name = self.look().name
            hint = f"look on the machine of its agent, {agent}"
            raise NotFound(f"there is no log of {name[0].lower()}{name[1:]} here", hint=hint)
        else:
            yield from read_log(self.log)

    def follow(self) -> Iterator[bytes]:
        """Yield what there is and what comes, until it has ended."""
        if self.log is not None:
            yield from follow_log(self.log, is_over=lambda: self.look().is_over, pause=self._pause)
            return
        last, is_over = 0, False
        while not is_over:
            is_over = self.look().is_over
            chunks = self._list_chunks(after=last)
            yield from map(write_chunk, chunks)
            last = chunks[-1].number if chunks else last
            if not (is_over or chunks):
                self._pause()

    def _list_chunks(self, *, after: int) -> list[Chunk]:
        return [] if self.step is None else list_output(self.world, self.run_id, self.step, after=after)

    def _pause(self) -> None:
        self.world.clock.sleep(PAUSE_SECONDS)


def _make_writer(world: World, plan: PlanDetails, shown: ShownStep) -> _Writer:
    step = shown.row.step
    was_refused = step.error is not None and step.error.kind == EndKind.NOT_STARTED
    has_begun = step.started_at is not None and not was_refused
    return _Writer(world, plan.run.id, step.number, shown.log, has_begun)


def _print(session: Session, writer: _Writer) -> None:
    if not session.json:
        for piece in writer.read():
            sys.stdout.buffer.write(piece)
        return
    text = b"".join(writer.read()).decode(errors="replace")
    log = None if writer.log is None else str(writer.log)
    session.answer_json(
        {"run": writer.run_id, "step": writer.step, "status": writer.look().status, "log": log, "text": text}
    )


def _print_all(session: Session, plan: PlanDetails, writers: Iterable[_Writer]) -> None:
    """Print what all steps wrote that have begun, and wrote anything that is here."""
    names = {shown.row.step.number: shown.row.step.name for shown in plan.steps}
    here = [writer for writer in writers if writer.log is None or writer.log.exists()]
    texts = {names[writer.step or 0]: b"".join(writer.read()) for writer in here}
    if session.json:
        steps = [{"name": name, "text": text.decode(errors="replace")} for name, text in texts.items()]
        session.answer_json({"run": plan.run.id, "status": plan.run.status, "steps": steps})
        return
    for name, text in texts.items():
        if text:
            end = b"" if text.endswith(b"\n") else b"\n"
            sys.stdout.buffer.write(f"== {name} ==\n".encode() + text + end)
    if not any(texts.values()):
        session.tell(f"No step of run {plan.run.id} has written anything that is here.")


def _follow(session: Session, writer: _Writer) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for piece in writer.follow():
        if session.json:
            session.answer_json({"run": writer.run_id, "text": decoder.decode(piece)}, on_one_line=True)
        else:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
    ended = writer.look()
    if session.json:
        said = {"run": writer.run_id, "status": ended.status, "reason": ended.reason}
        session.answer_json(said, on_one_line=True)
    else:
        session.tell(f"{ended.name} ended: {ended.status}" + (f", {ended.reason}" if ended.reason else ""))
