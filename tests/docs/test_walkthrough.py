"""The test of pages can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from ostinato.testing.walkthrough import follow, matches


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a … z\n", "a to z\n", True),
        ("a … z\n", "a to y\n", False),
        ("a\n…\nz\n", "a\n1\n2\nz\n", True),
        ("a\n…\nz\n", "a\nz\n", True),
        ("a\n…\nz\n", "a\n1\n", False),
        ("", "anything\n", True),
    ],
)
def test_what_is_shown_is_compared_with_what_is_printed(expected: str, printed: str, same: bool) -> None:
    """An ellipsis stands for what may differ, and for nothing else."""
    assert matches(expected, printed) == same


@pytest.mark.parametrize(
    ("command", "right"),
    [
        ("cat a.txt", True),
        ("cat a.txt >&2", True),
        ("false", False),
        ("false   # exits with 1", True),
        ("kill -9 $$  # exits with 137", True),
    ],
)
def test_commands_are_run_and_files_written(tmp_path: Path, command: str, right: bool) -> None:
    """A command that exits otherwise than the page says is an error."""
    page = tmp_path / "page.md"
    page.write_text(
        f'```text title="a.txt"\nhello\n```\n\n```console\n$ {command}\n{"hello" if "cat" in command else ""}\n```\n'
    )

    if right:
        assert follow(page, tmp_path) == 1
    else:
        with pytest.raises(AssertionError):
            follow(page, tmp_path)


@pytest.mark.parametrize("command", ["ostinato --version", "ostinato status", "ostinato show 'a run' \"of mine\""])
def test_our_program_is_the_same_without_a_shell(tmp_path: Path, command: str) -> None:
    """It is run without one where none is needed, and ends, prints and words its errors as it does with one."""
    page = tmp_path / "page.md"
    page.write_text(f"```console\n$ {command} > with.txt 2>&1; echo $? >> with.txt\n```\n")
    follow(page, tmp_path)
    *printed, code = (tmp_path / "with.txt").read_text().splitlines()

    page.write_text("\n".join(["```console", f"$ {command}   # exits with {code}", *printed, "```", ""]))

    assert follow(page, tmp_path) == 1
