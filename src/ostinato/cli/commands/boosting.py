"""The command by which one run overtakes others: ``boost``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from ostinato.cli.options import Given, Plain
from ostinato.cli.progress_lines import name_of
from ostinato.cli.project import opened
from ostinato.operations import boosting
from ostinato.operations.people import find_person
from ostinato.operations.shapes.acting import boosted as shape


def boost(
    target: Annotated[str, Parameter(help="The number of a run, or a slot for its present run.")],
    /,
    *,
    priority: Annotated[int, Plain, Parameter(help="The new priority. Runs of a higher one are taken first.")],
    reason: Annotated[str, Plain, Parameter(help="Why others are to wait the longer. It is kept with your name.")],
    session: Given,
) -> None:
    """Give a run that waits another priority.

    It holds for this run, and not for a next attempt of its slot: what a definition declares stays as it is.
    """
    with opened(session) as world:
        boosted = boosting.boost(world, target, priority, by=find_person(), reason=reason)
    if session.json:
        session.answer_json(shape(boosted))
        return
    run = boosted.run
    session.answer([f"Run {run.id} of {name_of(run)} has priority {run.priority}; it had {boosted.before}."])
    undo = f"ostinato boost {run.id} --priority {boosted.before} --reason undo"
    session.answer([Text(f"  to take that back: {undo}", style="cyan")])
