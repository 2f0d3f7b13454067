"""Lines that are too long for the terminal, broken between words and set in below what they belong to."""

from __future__ import annotations

import re

from rich.console import Console
from rich.text import Text

_LABEL = re.compile(r" *\S+ {2,}")
DEEPER = 2
LEAST = 20


def wrap(line: Text, console: Console) -> list[Text]:
    """Return ``line`` as the lines that fit ``console``; a line that must not be broken stays as it is."""
    if line.no_wrap or line.cell_len <= console.width:
        return [line]
    indent = _indent_of(line.plain)
    if console.width - indent < LEAST:
        return [line]
    first, *rest = line.wrap(console, console.width)
    below = line[len(first.plain) :]
    if not rest:
        return [first]
    deeper = _strip(below).wrap(console, console.width - indent)
    return [first, *(Text(" " * indent).append_text(one) for one in deeper)]


def _indent_of(plain: str) -> int:
    labelled = _LABEL.match(plain)
    return labelled.end() if labelled else len(plain) - len(plain.lstrip()) + DEEPER


def _strip(text: Text) -> Text:
    return text[len(text.plain) - len(text.plain.lstrip()) :]
