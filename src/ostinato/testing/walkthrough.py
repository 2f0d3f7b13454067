"""Follows a page of the documentation to the letter: writes its files, runs its commands, compares what they print.

A block fenced as ``console`` holds commands after ``$ `` and what each prints, on standard output and standard error
together, as on a terminal. In what is printed, ``…`` stands for any text within a line, and a line of ``…`` alone for
any number of lines; a command after which nothing is shown may print anything. One that ends in ``# exits with N`` is
expected to, where a signal counts as 128 and its number, as for a shell. A block fenced as ``yaml title=…`` (or any
other language with a title) is the content of that file. All other blocks are left alone.

Commands are run by a shell; those that need nothing of one, and are our program alone, by the nursery.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ostinato.testing import nursery

_BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
_EXPECTED_EXIT = re.compile(r"\s+# exits with (\d+)$")
_OURS_ALONE = re.compile(r"""ostinato( ([\w./:=,@%+-]|'[^']*'|"[^"$`\\]*")+)*""")
"""A command of our program in which a shell would find nothing to do but to take words out of their quotes."""


@dataclass(frozen=True)
class File:
    """A file that the page has the reader write."""

    name: str
    content: str


@dataclass(frozen=True)
class Command:
    """A command that the page has the reader run, and what it says is printed."""

    line: str
    exit_code: int
    printed: str


def read_page(page: Path) -> Iterator[File | Command]:
    """Yield what the page has the reader do, in order."""
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["title"]:
            yield File(block["title"], block["body"])
        elif block["language"] == "console":
            yield from _read_commands(block["body"])


def follow(page: Path, folder: Path) -> int:
    """Do what the page says, in ``folder``; return how many commands were run.

    Raises ``AssertionError`` at the first command that exits or prints otherwise than the page says.
    """
    run = 0
    for step in read_page(page):
        if isinstance(step, File):
            target = folder / step.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.content, encoding="utf-8")
            continue
        folder = _run(step, folder)
        run += 1
    return run


def _read_commands(body: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, _, printed = part.partition("\n")
        expected = _EXPECTED_EXIT.search(line)
        yield Command(_EXPECTED_EXIT.sub("", line), int(expected[1]) if expected else 0, printed)


def _run(command: Command, folder: Path) -> Path:
    if command.line.startswith("cd "):
        return folder / command.line.removeprefix("cd ")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    run = _run_program if _OURS_ALONE.fullmatch(command.line) else _run_in_shell
    code, printed = run(command.line, folder, environment)
    exit_code = code if code >= 0 else 128 - code
    if exit_code != command.exit_code:
        raise AssertionError(f"$ {command.line}\nexited with {exit_code}:\n{printed}")
    if not matches(command.printed, printed):
        raise AssertionError(f"$ {command.line}\nexpected:\n{command.printed}\nprinted:\n{printed}")
    return folder


def _run_program(line: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run our program without its imports, which take longer than most that pages have it do."""
    _, *arguments = shlex.split(line)
    ended = nursery.run(arguments, folder=folder, environment=environment, as_script=True, together=True)
    return ended.code, ended.out.decode()


def _run_in_shell(line: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout


def matches(expected: str, printed: str) -> bool:
    """Tell whether what was printed is what the page shows, white space at the end of lines aside."""
    lines = [line.rstrip() for line in expected.strip("\n").splitlines()]
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"[ \t]*\n" for line in lines
    )
    return re.fullmatch(pattern or r"(?:.*\n)*", printed.strip("\n") + "\n") is not None
