"""How bad a line of a log is, told by what stands in it. Owns the rules, which are few and know no particular program.

A line is an error, or a warning, if it has

- the word ERROR, CRITICAL, FATAL, SEVERE or PANIC, or WARN or WARNING, in capitals;
- such a word in any case as the value of ``level`` or ``severity``, in brackets, or at the beginning before a colon;
- the head of a Python traceback, or the name of an exception or of a warning at the beginning before a colon.

All other lines are neither, whatever they speak of: "0 errors" is none. What colours a terminal does not count.
"""

from __future__ import annotations

import re
from enum import StrEnum


class LogLevel(StrEnum):
    """How bad a line is."""

    WARNING = "warning"
    ERROR = "error"


def _make_rules(capitals: str, words: str, names: str, *more: str) -> re.Pattern[bytes]:
    """Make one expression of all rules for a level."""
    rules = [
        rf"(?<![A-Za-z0-9_])(?:{capitals})(?![A-Za-z0-9_])",
        rf"(?i:\b(?:level|severity|lvl)[\"']?[ \t]*[=:][ \t]*[\"']?(?:{words})\b)",
        rf"(?i:[\[<(](?:{words})[\])>])",
        rf"^[ \t]*(?i:{words})[ \t]*:",
        rf"^[A-Za-z_][\w.]*(?:{names})(?::|\r?$)",
        *more,
    ]
    return re.compile("|".join(rules).encode())


_ERROR = _make_rules(
    "ERROR|CRITICAL|FATAL|SEVERE|PANIC",
    "error|err|critical|crit|fatal|severe|panic|alert|emerg(?:ency)?",
    "Error|Exception",
    r"^Traceback \(most recent call last\)",
)
_WARNING = _make_rules("WARN|WARNING", "warn|warning", "Warning", r"^\S+:\d+: \w*Warning: ")

_ERROR_SIGNS = (b"err", b"crit", b"fatal", b"severe", b"panic", b"alert", b"emerg", b"traceback", b"exception")
_WARNING_SIGNS = (b"warn",)
"""One of them is in every line of that level, in whatever case. To look for them takes next to no time."""

_COLOURS = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def without_colours(text: bytes) -> bytes:
    """Return a piece of a log without what only makes a terminal show it otherwise."""
    return _COLOURS.sub(b"", text) if b"\x1b" in text else text


def tell_level(line: bytes) -> LogLevel | None:
    """Return how bad a line is, given without colours; ``None`` for one that is neither an error nor a warning."""
    signs = line.lower()
    if any(sign in signs for sign in _ERROR_SIGNS) and _ERROR.search(line):
        return LogLevel.ERROR
    return LogLevel.WARNING if any(sign in signs for sign in _WARNING_SIGNS) and _WARNING.search(line) else None


def may_hold(lines: bytes, level: LogLevel) -> bool:
    """Tell whether any of many lines might be as bad as ``level``, or worse. If not, none is."""
    signs = lines.lower()
    wanted = _ERROR_SIGNS if level is LogLevel.ERROR else (*_ERROR_SIGNS, *_WARNING_SIGNS)
    return any(sign in signs for sign in wanted)
