"""Commands that look after an installation: ``db upgrade`` and ``doctor``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from ostinato.cli.exit_codes import ExitCode
from ostinato.cli.log_lines import QUIET, set_up_logging
from ostinato.cli.options import Given
from ostinato.cli.project import opened, project_file
from ostinato.cli.words import look_of
from ostinato.operations import shapes
from ostinato.operations.doctor import Check, Health, examine_project
from ostinato.store.versioning import upgrade_schema


def doctor(*, session: Given) -> ExitCode:
    """Look for what is wrong with the installation.

    It looks at the configuration, the database and its schema, clocks, disks and sources, and holds all rows against
    what must always be true. Nothing is changed. The exit code is 1 if something is broken.
    """
    set_up_logging(session.messages, QUIET)
    checks = examine_project(project_file(session))
    if session.json:
        session.answer_json([shapes.check(check) for check in checks])
    else:
        session.answer(_check_lines(checks))
    return ExitCode.NO if any(check.health is Health.BROKEN for check in checks) else ExitCode.OK


def upgrade(*, session: Given) -> None:
    """Bring the database to this program's version.

    Stop all engines and agents and make a backup first. A database that is newer than the program is refused.
    """
    with opened(session, check_schema=False) as world:
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


def _check_lines(checks: Sequence[Check]) -> Iterator[Text]:
    for check in checks:
        sign, style = look_of(check.health)
        yield Text.assemble((f"{sign} {check.name}", style), f": {check.found}")
        if check.means:
            yield Text(f"    {check.means}")
        if check.hint:
            yield Text(f"    {check.hint}", style="cyan")
    wrong = [check for check in checks if check.health is not Health.OK]
    yield Text(f"{len(checks)} checks, {f'{len(wrong)} with something to look at' if wrong else 'all well'}")
