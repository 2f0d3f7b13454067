"""``ostinato demo``: the flights example, from nothing to its report."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.live import Live
from rich.text import Text

from ostinato.cli.commands.processes import drive_up
from ostinato.cli.exit_codes import ExitCode
from ostinato.cli.log_lines import Logs
from ostinato.cli.options import Given
from ostinato.cli.project import opened
from ostinato.cli.session import Session
from ostinato.examples.flights.deliveries import Progress
from ostinato.examples.flights.demo import YEAR_DAYS, prepare
from ostinato.examples.projects import DayRange


def demo(
    *,
    days: Annotated[int, Parameter(help=f"How many days of 2013, up to {YEAR_DAYS}; seven complete a week.")] = 7,
    folder: Annotated[Path, Parameter(help="Where the project is to be, or is since the last time.")] = Path(
        "ostinato-demo"
    ),
    session: Given,
) -> ExitCode:
    """Run the example on real data, start to finish.

    It makes a project of sixteen airlines and six jobs, lays out their deliveries, and runs engine and agent until
    nothing is due any more. Interrupted, it goes on where it was when it is called again; with more days it grows.
    """
    with _preparing(session) as tell:
        day_range = prepare(folder, days=days, progress=tell)
    project = replace(session, project=folder)
    logs = Logs(form="text", without=frozenset({"store_unavailable", "store_is_back"}))
    with opened(project, create=True, logs=logs) as world:
        code = drive_up(project, world, until_idle=True, in_words=True)
    if code is ExitCode.OK and not session.json:
        session.answer(_what_next(folder, days, day_range))
    elif code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
        session.tell(f"It goes on where it was with: {_again(folder, days)}")
    return code


@contextmanager
def _preparing(session: Session) -> Iterator[Progress]:
    """Show how the deliveries are laid out, on one line of a terminal."""
    if not session.messages.is_terminal:
        yield lambda what, done, total: session.tell(f"{what} …") if not done else None
        return
    with Live(console=session.messages, auto_refresh=False, transient=True) as live:
        yield lambda what, done, total: live.update(Text(f"{what}: {done} of {total} days"), refresh=True)


def _what_next(folder: Path, days: int, day_range: DayRange) -> list[Text | str]:
    day = day_range.first.isoformat()
    return [
        "",
        Text.assemble("The report: ", (str(folder / "report" / "index.html"), "bold")),
        f"The night in a browser: ostinato console --project {shlex.quote(str(folder))}",
        "",
        "To look behind it:",
        f"  cd {folder}",
        "  ostinato slots --definition network_day",
        f"  ostinato explain report/-/{day}",
        f"  ostinato logs load_flights/AA/{day}",
        *(["", f"The whole year: {_again(folder, YEAR_DAYS)}"] if days < YEAR_DAYS else []),
    ]


def _again(folder: Path, days: int) -> str:
    elsewhere = "" if folder == Path("ostinato-demo") else f" --folder {folder}"
    return f"ostinato demo{elsewhere}" + ("" if days == 7 else f" --days {days}")
