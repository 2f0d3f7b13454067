"""How bad a line is: the rules, each with lines that it means and lines that it does not."""

from __future__ import annotations

import re

import pytest

from ostinato.operations.log_levels import LogLevel, may_hold, tell_level, without_colours

LINES: dict[LogLevel | None, list[str]] = {
    LogLevel.ERROR: [
        "2026-01-05 03:00:01 ERROR cannot connect",
        "[ERROR] cannot connect",
        "CRITICAL:root:no space left",
        "FATAL: password authentication failed",
        "thread panicked: PANIC at the disk",
        "Traceback (most recent call last):",
        "ValueError: there is nothing",
        "sqlalchemy.exc.OperationalError: (psycopg) away",
        "KeyboardError",
        "RuntimeException: from elsewhere\r",
        "ts=1 level=error msg=no",
        '{"level": "error", "msg": "no"}',
        '{"severity":"CRITICAL"}',
        "error: unknown option",
        "  Fatal : not a git repository",
        "[error] 12#12: upstream timed out",
        "<err> broken",
    ],
    LogLevel.WARNING: [
        "2026-01-05 WARN  retrying",
        "WARNING:root:late",
        "level=warning msg=late",
        '{"level":"warn"}',
        "warning: unused variable",
        "[warn] slow",
        "/app/x.py:3: DeprecationWarning: gone soon",
        "UserWarning: think again",
    ],
    None: [
        "",
        "0 errors, 0 warnings",
        "error_rate=0.0",
        "no error",
        "written to errors.csv",
        "TERROR and ERRORS_FOUND=0",
        "INFO all well",
        "level=info msg=error-free",
        '  File "x.py", line 3, in <module>',
        "handled ValueError: by hand",
        "FATALITY",
    ],
}


@pytest.mark.parametrize(("level", "line"), [(level, line) for level, lines in LINES.items() for line in lines])
def test_a_line_is_as_bad_as_it_says(level: LogLevel | None, line: str) -> None:
    """And what colours it makes it neither better nor worse."""
    word = re.sub(r"([A-Za-z]+)", "\x1b[31m\\1\x1b[0m", line, count=1)

    assert tell_level(line.encode()) is level
    assert tell_level(without_colours(word.encode())) is level


@pytest.mark.parametrize("level", LogLevel)
def test_lines_among_which_is_a_bad_one_are_looked_at(level: LogLevel) -> None:
    """And others are not, of which that can be told at once."""
    bad = [line for worse in LogLevel for line in LINES[worse] if worse in (level, LogLevel.ERROR)]

    assert [line for line in bad if not may_hold(f"well\n{line}\nwell\n".encode(), level)] == []
    assert not may_hold(b"INFO all well\nlevel=info msg=on time\n", level)
