"""What pages say in passing is true as well: every command that one names can be parsed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts.exceptions import CycloptsError

from ostinato.cli.app import COMMANDS, make_app

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "src" / "ostinato" / "examples").glob("*/README.md")),
    *sorted({*(ROOT / "docs").rglob("*.md")} - {ROOT / "docs" / "reference" / "cli.md"}),  # that one is generated
]

_IN_TEXT = re.compile(r"`ostinato ([^`]+)`")
_IN_BLOCK = re.compile(r"(?:^ *(?:\$ )?|&& )ostinato ([a-z][^\n#|&>]*)", re.MULTILINE)
_BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def list_commands(text: str) -> Iterator[str]:
    """Yield the command lines of the program that a page has in code spans and in blocks for a shell."""
    for found in _IN_TEXT.finditer(text):
        yield " ".join(found[1].split())
    for block in _BLOCK.finditer(text):
        for found in _IN_BLOCK.finditer(block[1]):
            yield found[1].strip()


def is_command(line: str) -> bool:
    """Tell whether the command line can be parsed, or is nothing but the name of a command."""
    if line in {name for _, name, _, _ in COMMANDS}:
        return True
    app = make_app()
    try:
        _, given, _ = app.meta.parse_args(shlex.split(line), print_error=False, exit_on_error=False)
        app.parse_args(list(given.args), print_error=False, exit_on_error=False)
    except CycloptsError:
        return False
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    """Names, options and arguments are those of the program."""
    lines = list_commands(page.read_text(encoding="utf-8"))

    assert [line for line in lines if not is_command(line)] == []


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("retry SLOT --reason why", True),
        ("rerun SLOT --downstairs", False),
        ("retry SLOT RUN", False),
        ("retry", True),
        ("dance", False),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(line: str, right: bool) -> None:
    """The test above can fail."""
    assert is_command(line) == right
