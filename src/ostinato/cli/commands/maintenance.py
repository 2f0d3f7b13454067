"""Commands that look after an installation: ``db upgrade`` and ``doctor``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from ostinato.cli.exit_codes import ExitCode
from ostinato.cli.log_lines import QUIET, set_up_logging
from ostinato.cli.options import Flag, Given
from ostinato.cli.project import opened, project_file
from ostinato.cli.session import Session
from ostinato.cli.words import look_of
from ostinato.errors import NotPossible
from ostinato.operations import shapes
from ostinato.operations.doctor import Check, Health, examine_project
from ostinato.operations.people import find_person
from ostinato.operations.repairing import SHOWN, Repaired, repair
from ostinato.store.versioning import upgrade_schema


def doctor(
    *,
    mend: Annotated[
        bool, Flag, Parameter(name="--repair", help="First mend what can be mended with certainty.")
    ] = False,
    dry_run: Annotated[bool, Flag, Parameter(help="With `--repair`: only say what would be done.")] = False,
    session: Given,
) -> ExitCode:
    """Look for what is wrong with the installation.

    It looks at the configuration, the database and its schema, clocks, disks and sources, and holds all rows against
    what must always be true. Nothing is changed, unless you ask for repairs: each is told, and kept in the audit log
    with your name. What only a person can judge is left, and said. The exit code is 1 if something is broken.
    """
    if dry_run and not mend:
        raise NotPossible(
            "there is nothing to try out without --repair", hint="write ostinato doctor --repair --dry-run"
        )
    set_up_logging(session.messages, QUIET)
    repairs = _repair(session, rehearse=dry_run) if mend else []
    checks = examine_project(project_file(session))
    if not session.json:
        session.answer([*(_repair_lines(repairs, dry_run=dry_run) if mend else ()), *_check_lines(checks)])
    elif mend:
        told = {"repairs": [shapes.repaired(one) for one in repairs], "checks": [shapes.check(one) for one in checks]}
        session.answer_json({"dry_run": dry_run, **told})
    else:
        session.answer_json([shapes.check(check) for check in checks])
    return ExitCode.NO if any(check.health is Health.BROKEN for check in checks) else ExitCode.OK


def upgrade(*, session: Given) -> None:
    """Bring the database to this program's version.

    Stop all engines and agents and make a backup first. A database that is newer than the program is refused.
    """
    with opened(session, create=True, check_schema=False) as world:
        before, after = upgrade_schema(world.store)
        location = world.store.location
    if session.json:
        session.answer_json({"database": location, "before": before, "after": after})
    elif before is None:
        session.answer([f"{location} was empty; it has schema {after} now."])
    elif before == after:
        session.answer([f"{location} has schema {after}, as it should."])
    else:
        session.answer([f"{location} had schema {before}; it has schema {after} now."])


def _repair(session: Session, *, rehearse: bool) -> list[Repaired]:
    with opened(session) as world:
        return repair(world, by=find_person(), rehearse=rehearse)


def _repair_lines(repairs: Sequence[Repaired], *, dry_run: bool) -> Iterator[Text]:
    for one in repairs:
        yield Text(f"{one.name}: {'would ' if dry_run else ''}{one.does}")
        yield from (Text(f"    {line}") for line in one.done[:SHOWN])
        if len(one.done) > SHOWN:
            yield Text(f"    and {len(one.done) - SHOWN:,} more")
        if one.error:
            yield Text(f"    {one.error}", style=look_of("broken")[1])
    if not repairs:
        yield Text("There was nothing to mend.")
    yield Text()


def _check_lines(checks: Sequence[Check]) -> Iterator[Text]:
    for check in checks:
        sign, style = look_of(check.health)
        yield Text.assemble((f"{sign} {check.name}", style), f": {check.found}")
        if check.means:
            yield Text(f"    {check.means}")
        for line in (*check.remedies, check.hint):
            if line:
                yield Text(f"    {line}", style="cyan")
    wrong = [check for check in checks if check.health is not Health.OK]
    yield Text(f"{len(checks)} checks, {f'{len(wrong)} with something to look at' if wrong else 'all well'}")
