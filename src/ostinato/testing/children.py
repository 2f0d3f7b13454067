"""Child processes that begin together: for tests of what happens when several programs use one database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

READY = "ready"
"""The line that a child prints before it waits for the line that lets all children begin."""


def run_together(code: str, arguments: Sequence[Sequence[str]], *, seconds: float = 100) -> list[str]:
    """Run ``code`` in one Python process for each list of ``arguments``; return what each printed after it began.

    Each prints ``ready``, then reads a line, which comes when all are ready. They import from where this process
    does. Raises ``AssertionError`` with its complaints when one fails, and leaves none behind.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for words in arguments
    ]
    try:
        for child in children:
            _wait_until_ready(child)
        for child in children:
            _write_line(child)
        return [_output(child, seconds) for child in children]
    finally:
        for child in children:
            child.kill()
            child.communicate()


def _wait_until_ready(child: subprocess.Popen[str]) -> None:
    line = child.stdout.readline() if child.stdout else ""
    if line.strip() != READY:
        child.kill()
        raise AssertionError(f"a child did not begin: {line}{child.communicate()[1]}")


def _write_line(child: subprocess.Popen[str]) -> None:
    if child.stdin:
        child.stdin.write("\n")
        child.stdin.flush()


def _output(child: subprocess.Popen[str], seconds: float) -> str:
    output, complaints = child.communicate(timeout=seconds)
    if child.returncode:
        raise AssertionError(f"a child ended with {child.returncode}: {complaints}")
    return output
