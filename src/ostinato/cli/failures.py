"""Errors as people and programs read them: what is wrong, where, and what to do."""

from __future__ import annotations

import json as json_module
import sys
from dataclasses import asdict
from typing import Any

from cyclopts.exceptions import CycloptsError
from rich.text import Text

from ostinato.cli.session import PlainConsole
from ostinato.cli.usage import describe_usage_error
from ostinato.errors import DeclarationError, OstinatoError, Problem

BUG_HINT = "this is a bug in Ostinato: please report it with the lines above"


def report_error(error: OstinatoError, *, json: bool) -> None:
    """Report an error that Ostinato raised on purpose."""
    problems = error.problems if isinstance(error, DeclarationError) else ()
    if json:
        _write_json(error.code, error.message, error.hint, problems)
    elif problems:
        _write([*render_problems(problems), _headline(count_problems(len(problems)))])
    else:
        _write([_headline(error.message), *_hint(error.hint)])


def report_usage(error: CycloptsError, *, json: bool) -> None:
    """Report a command line that cannot be understood."""
    message, hint = describe_usage_error(error)
    if json:
        _write_json("usage", message, hint)
    else:
        _write([_headline(message), *_hint(hint)])


def report_bug(traceback: str, *, json: bool) -> None:
    """Report an exception that nobody foresaw."""
    message = traceback.strip().splitlines()[-1]
    sys.stderr.write(traceback)
    if json:
        _write_json("bug", message, BUG_HINT)
    else:
        _write([_headline(message), *_hint(BUG_HINT)])


def render_problems(problems: tuple[Problem, ...]) -> list[Text]:
    """Return the lines that show ``problems``, each with its place and its hint."""
    lines: list[Text] = []
    for problem in problems:
        place = ": ".join(part for part in (problem.place, problem.key) if part)
        lines.append(Text.assemble((f"{place}: " if place else "", "bold"), problem.message))
        lines += _hint(problem.hint)
    return lines


def count_problems(number: int) -> str:
    """Return the number of problems in words."""
    return "1 problem found" if number == 1 else f"{number} problems found"


def _headline(message: str) -> Text:
    return Text.assemble(("error: ", "bold red"), message)


def _hint(hint: str) -> list[Text]:
    return [Text(f"  {line}", style="cyan") for line in hint.splitlines()]


def _write(lines: list[Text]) -> None:
    console = PlainConsole(stderr=True)
    for line in lines:
        console.print(line)


def _write_json(code: str, message: str, hint: str, problems: tuple[Problem, ...] = ()) -> None:
    error: dict[str, Any] = {
        "code": code,
        "message": message,
        "hint": hint,
        "problems": [asdict(problem) for problem in problems],
    }
    sys.stdout.write(json_module.dumps({"error": error}, ensure_ascii=False, indent=2) + "\n")
