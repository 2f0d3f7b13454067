"""What the program looks like on a terminal of 80 columns."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from ostinato.testing.program import Answer, Program

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7][0-9;]*m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SHOW_CURSOR = "\x1b[?25h"


def lines_of(written: str) -> list[str]:
    """Return the lines of what was written to a terminal, without its control sequences."""
    return [CONTROL.sub("", line) for line in re.split(r"\r?\n|\r", written)]


@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["slots"], ["runs"], ["explain", "summary/2026-01-06"]])
def test_lines_fit(night: tuple[Program, Answer], arguments: list[str]) -> None:
    """No line is wider than the terminal, and what names a row is there in full."""
    lines = lines_of(night[0].on_terminal(*arguments))

    assert max(cell_len(line) for line in lines) <= 80
    if arguments in (["slots"], ["runs"]):
        assert any("report/-/2026-01-06" in line for line in lines)


def test_colours(night: tuple[Program, Answer]) -> None:
    """There are colours, and none where NO_COLOR asks for none; the words and signs are the same."""
    coloured = night[0].on_terminal("slots")
    plain = replace(night[0], environment={"NO_COLOR": "1"}).on_terminal("slots")

    assert COLOUR.search(coloured)
    assert not COLOUR.search(plain)
    assert "✗ failed" in plain


def test_the_display_of_up(night: tuple[Program, Answer]) -> None:
    """It stays within the terminal however narrow it is, is gone in the end, and gives the cursor back."""
    written = night[0].on_terminal("up", "--until-idle", columns=40, lines=8)
    display, _, ending = written.rpartition(SHOW_CURSOR)

    assert "9 of 12 slots done" in display
    assert max(cell_len(line) for line in lines_of(display)) <= 40
    assert "✗ report/-/2026-01-06" in ending
