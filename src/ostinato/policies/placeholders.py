"""Placeholders: where a command names what is known only when it runs, as in ``--date={start_date}``.

Owns their names, their grammar and their expansion; where the values come from is not known here. ``{{`` and ``}}``
stand for the braces themselves. ``{labels.NAME}`` is the account's label NAME.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

PLACEHOLDERS: Mapping[str, str] = {
    "account": "the account's token",
    "start": "the instant at which the slot's period starts, in UTC",
    "end": "the instant at which the slot's period ends, in UTC; it is no longer part of it",
    "start_date": "the date on which the slot's period starts, in the slot's time zone",
    "end_date": "the date on which the slot's period ends, in the slot's time zone: of a day, the next day",
    "slot": "the slot's name: definition/account/start",
    "run": "the number of the run",
    "attempt": "which attempt at the slot this is, from 1",
    "definition": "the definition's name",
}
"""Every placeholder and what it stands for, save those for labels."""

LABELS = "labels."
"""How the placeholder for an account's label begins."""

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_ESCAPES = {"{{": "{", "}}": "}"}


def list_placeholders(text: str) -> tuple[str, ...]:
    """Return the names of the placeholders in ``text``, each once, in order.

    ``ValueError`` says what is wrong with a brace or a name and, after a semicolon, what would be right.
    """
    names = (_read_name(found) for found in _BRACES.finditer(text) if found[0] not in _ESCAPES)
    return tuple(dict.fromkeys(names))


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders in ``text`` by their ``values``.

    ``ValueError`` names a placeholder that has no value: an account without that label, a run without a slot.
    """

    def replace(found: re.Match[str]) -> str:
        if found[0] in _ESCAPES:
            return _ESCAPES[found[0]]
        name = _read_name(found)
        if name not in values:
            raise ValueError(f"there is no value for {{{name}}}; known here: {_list_names(values)}")
        return values[name]

    return _BRACES.sub(replace, text)


def _read_name(found: re.Match[str]) -> str:
    if found[1] is None:
        raise ValueError(f"a {found[0]} stands alone; write {found[0] * 2} for the brace itself")
    name = found[1]
    if name in PLACEHOLDERS or (name.startswith(LABELS) and name != LABELS):
        return name
    close = get_close_matches(name.strip().casefold(), PLACEHOLDERS, n=1)
    hint = f"did you mean {{{close[0]}}}?" if close else f"allowed: {_list_names([*PLACEHOLDERS, LABELS + 'NAME'])}"
    raise ValueError(f"{{{name}}} is no placeholder; {hint} Write {{{{ and }}}} for braces themselves")


def _list_names(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
