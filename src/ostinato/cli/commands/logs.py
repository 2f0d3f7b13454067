"""``ostinato logs``."""

from __future__ import annotations

import codecs
import sys
from typing import Annotated

from cyclopts import Parameter

from ostinato.cli.options import Flag, Given
from ostinato.cli.project import opened
from ostinato.cli.session import Session
from ostinato.cli.targets import find_run_id
from ostinato.errors import NotFound
from ostinato.executors.logs import follow_log, read_log
from ostinato.model.statuses import FINAL_RUN_STATUSES
from ostinato.operations.listing import RunDetails, show_run
from ostinato.world import World

PAUSE_SECONDS = 0.25


def logs(
    run: Annotated[str, Parameter(help="The number of a run, or a slot for its latest run.")],
    /,
    *,
    follow: Annotated[bool, Flag, Parameter(name=("--follow", "-f"), help="Go on until the run ends.")] = False,
    session: Given,
) -> None:
    """Print what a run wrote.

    It is printed as the command wrote it, standard output and standard error together. Logs lie on the machine whose
    agent carried out the run. With `--follow` and `--json` each line of output is an object with a piece of `text`,
    and the last one has the `status`.
    """
    with opened(session) as world:
        run_id = find_run_id(world, run)
        details = show_run(world, run_id)
        if follow:
            _follow(session, world, details)
        else:
            _print(session, details)


def _print(session: Session, details: RunDetails) -> None:
    run = details.run
    if run.started_at is not None and not details.log.exists():
        raise NotFound(
            f"there is no log of run {run.id} here", hint=f"look on the machine of its agent, {run.agent or 'unknown'}"
        )
    if run.started_at is None:
        session.tell(f"Run {run.id} has not begun: it is {run.status}")
    if session.json:
        text = b"".join(read_log(details.log)).decode(errors="replace")
        session.answer_json({"run": run.id, "status": run.status, "log": str(details.log), "text": text})
        return
    for chunk in read_log(details.log):
        sys.stdout.buffer.write(chunk)


def _follow(session: Session, world: World, details: RunDetails) -> None:
    run_id = details.run.id

    def is_over() -> bool:
        return show_run(world, run_id).run.status in FINAL_RUN_STATUSES

    if details.run.started_at is None:
        session.tell(f"Run {run_id} has not begun: it is {details.run.status}")
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for chunk in follow_log(details.log, is_over=is_over, pause=lambda: world.clock.sleep(PAUSE_SECONDS)):
        if session.json:
            session.answer_json({"run": run_id, "text": decoder.decode(chunk)}, on_one_line=True)
        else:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
    ended = show_run(world, run_id).run
    if session.json:
        session.answer_json({"run": run_id, "status": ended.status, "reason": ended.reason}, on_one_line=True)
    else:
        session.tell(f"Run {run_id} ended: {ended.status}, {ended.reason}")
