"""Placeholders: where a text names what is known only when it is used, as in ``--date={start_date}``.

Owns their names, their grammar and their expansion; where the values come from is not known here. ``{{`` and ``}}``
stand for the braces themselves. ``{labels.NAME}`` is the account's label NAME, ``{steps.NAME}`` the output of the step
NAME, and ``{steps.NAME.files[0].path}`` a part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
"""Every placeholder and what it stands for, save those for labels and for outputs of steps."""

LABELS = "labels."
"""How the placeholder for an account's label begins."""

STEPS = "steps."
"""How the placeholder for a step's output begins."""

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_ESCAPES = {"{{": "{", "}}": "}"}
_OUTPUT = re.compile(r"steps\.([A-Za-z0-9_-]+)((?:\.[^\s.\[\]]+|\[[0-9]{1,9}\])*)")
_KEYS = re.compile(r"\.([^.\[\]]+)|\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class OutputOf:
    """The output of a step, or the part of it to which ``path`` leads: keys of mappings, and indexes of lists."""

    step: str
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        """Return the placeholder that stands for it."""
        path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path)
        return f"{{{STEPS}{self.step}{path}}}"


def list_placeholders(text: str) -> tuple[str, ...]:
    """Return the names of the placeholders in ``text``, each once, in order; outputs of steps are not among them.

    ``ValueError`` says what is wrong with a brace or a name and, after a semicolon, what would be right.
    """
    return tuple(dict.fromkeys(part for part in _list_placeholders(text) if isinstance(part, str)))


def list_outputs(text: str) -> tuple[OutputOf, ...]:
    """Return the outputs that ``text`` refers to, each once, in order; errors are those of ``list_placeholders``."""
    return tuple(dict.fromkeys(part for part in _list_placeholders(text) if isinstance(part, OutputOf)))


def split_text(text: str) -> tuple[str | OutputOf, ...]:
    """Return ``text`` in parts: the outputs that it refers to, and what stands between them, still to be expanded."""
    parts: list[str | OutputOf] = []
    begin = 0
    for found in _BRACES.finditer(text):
        if found[0] not in _ESCAPES and isinstance(output := _read(found), OutputOf):
            parts += [text[begin : found.start()], output]
            begin = found.end()
    return tuple(part for part in (*parts, text[begin:]) if part)


def read_output(text: str) -> OutputOf | None:
    """Return the output that ``text`` as a whole stands for; ``None`` where it refers to none.

    ``ValueError`` says that a reference stands among other things, besides what ``list_placeholders`` says.
    """
    match split_text(text):
        case (OutputOf() as output,):
            return output
        case parts if any(isinstance(part, OutputOf) for part in parts):
            raise ValueError("the output of a step stands among other text; pass it as a value of its own")
    return None


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders in ``text`` by their ``values``.

    ``ValueError`` names a placeholder that has no value: an account without that label, a run without a slot.
    """

    def replace(found: re.Match[str]) -> str:
        if found[0] in _ESCAPES:
            return _ESCAPES[found[0]]
        name = _read(found)
        if not isinstance(name, str) or name not in values:
            raise ValueError(f"there is no value for {found[0]}; known here: {_write_names(values)}")
        return values[name]

    return _BRACES.sub(replace, text)


def _list_placeholders(text: str) -> Iterator[str | OutputOf]:
    return (_read(found) for found in _BRACES.finditer(text) if found[0] not in _ESCAPES)


def _read(found: re.Match[str]) -> str | OutputOf:
    """Return the name that stands in the braces that were found, or the output that it refers to."""
    if found[1] is None:
        raise ValueError(f"a {found[0]} stands alone; write {found[0] * 2} for the brace itself")
    name = found[1]
    if name in PLACEHOLDERS or (name.startswith(LABELS) and name != LABELS):
        return name
    if output := _OUTPUT.fullmatch(name):
        return OutputOf(output[1], tuple(key or int(index) for key, index in _KEYS.findall(output[2])))
    if name.startswith(STEPS):
        forms = "{steps.NAME}, {steps.NAME.KEY} or {steps.NAME.KEY[0]}"
        raise ValueError(f"{found[0]} names no output of a step; write {forms}")
    close = get_close_matches(name.strip().casefold(), PLACEHOLDERS, n=1)
    known = _write_names([*PLACEHOLDERS, LABELS + "NAME", STEPS + "NAME.KEY"])
    hint = f"did you mean {{{close[0]}}}?" if close else f"allowed: {known}"
    raise ValueError(f"{found[0]} is no placeholder; {hint} Write {{{{ and }}}} for braces themselves")


def _write_names(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
