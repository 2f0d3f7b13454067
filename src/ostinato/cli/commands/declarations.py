"""Commands about what is declared: ``validate``, ``diff`` and ``apply``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from ostinato.cli.exit_codes import ExitCode
from ostinato.cli.failures import count_problems, render_problems
from ostinato.cli.options import Flag, Given, ReasonOption
from ostinato.cli.project import opened, opened_to_rehearse, project_file
from ostinato.cli.session import Session
from ostinato.cli.words import count
from ostinato.config import load_config
from ostinato.errors import DeclarationError, Problem
from ostinato.operations import declaring, shapes
from ostinato.operations.declaring import Diff
from ostinato.operations.people import find_person
from ostinato.sources import check_declarations

NAMES_SHOWN = 20
"""How many names of a kind are listed; JSON has them all."""


def validate(*, session: Given) -> ExitCode:
    """Check the project file and all that it declares.

    Every problem is shown with its place in the file. No database is needed, and none is touched.
    """
    file = project_file(session)
    problems = _find_problems(session)
    if session.json:
        session.answer_json(shapes.validation(problems))
    elif problems:
        session.answer(render_problems(problems))
        session.answer([Text(count_problems(len(problems)), style="bold red")])
    else:
        session.answer([Text.assemble(("✓ ", "green"), f"{file} and all that it declares is sound")])
    return ExitCode.NO if problems else ExitCode.OK


def _find_problems(session: Session) -> tuple[Problem, ...]:
    try:
        return tuple(check_declarations(load_config(project_file(session))))
    except DeclarationError as error:
        return error.problems


def diff(*, session: Given) -> ExitCode:
    """Show what the next pass of the engine would change.

    It rehearses that pass and takes everything back; a project that has no database yet does not get one. The exit
    code is 1 if a source cannot be loaded or is held back.
    """
    with opened_to_rehearse(session) as world:
        found = declaring.diff(world)
    _answer(session, found, done=False)
    return _code(found)


def apply(
    *,
    confirm_removals: Annotated[
        bool, Flag, Parameter(help="Follow sources too that are held back because they would remove much.")
    ] = False,
    reason: ReasonOption = "",
    session: Given,
) -> ExitCode:
    """Let accounts, definitions and slots follow what is declared.

    An engine does the same by itself in every pass, except for removals that are held back: these want a word from you.
    """
    with opened(session, create=True) as world:
        made = declaring.apply(world, by=find_person(), reason=reason, confirm_removals=confirm_removals)
    _answer(session, made, done=True)
    return _code(made)


def _answer(session: Session, found: Diff, *, done: bool) -> None:
    if session.json:
        session.answer_json(shapes.diff(found))
    else:
        session.answer(_diff_lines(found, done=done))


def _code(found: Diff) -> ExitCode:
    return ExitCode.NO if found.errors or found.held_back else ExitCode.OK


def _diff_lines(found: Diff, *, done: bool) -> Iterator[Text]:
    if found.empty:
        yield Text("Everything is as it is declared.")
        return
    for kind, changes in (
        ("account", found.accounts),
        ("definition", found.definitions),
        ("dependency", found.dependencies),
    ):
        for sign, style, names in (
            ("+", "green", changes.add),
            ("~", "yellow", changes.change),
            ("-", "red", changes.remove),
        ):
            yield from (Text.assemble((f"{sign} ", style), f"{kind} {name}") for name in names[:NAMES_SHOWN])
            if len(names) > NAMES_SHOWN:
                yield Text.assemble((f"{sign} ", style), f"and {len(names) - NAMES_SHOWN} more")
    if found.slots_added:
        yield Text.assemble(("+ ", "green"), count(found.slots_added, "slot"))
    if found.slots_removed:
        yield Text.assemble(
            ("- ", "red"), f"{count(found.slots_removed, 'slot')}, with {count(found.runs_removed, 'run')}"
        )
    yield from _troubles(found)
    yield Text("This is done." if done else "Nothing was changed. Do it now: ostinato apply")


def _troubles(found: Diff) -> Iterator[Text]:
    for error in found.errors:
        yield Text.assemble(("✗ ", "bold red"), error)
    for held_back in found.held_back:
        yield Text.assemble(("‖ ", "yellow"), f"held back: {held_back}")
    if found.held_back:
        yield Text("  if that is meant: ostinato apply --confirm-removals", style="cyan")
