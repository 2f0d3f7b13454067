"""Where a value stands in its file: what every problem points to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ostinato.errors import DeclarationError, Problem

Key: TypeAlias = str | int


@dataclass(frozen=True, slots=True)
class Spot:
    """The line where a key or an item stands, and the spots below it."""

    line: int
    below: Mapping[Key, Spot] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file, with the path of keys that leads to it.

    A place that is not in the file, such as that of a missing key, has the line of what encloses it.
    """

    file: str = ""
    line: int | None = None
    key: str = ""
    below: Mapping[Key, Spot] = field(default_factory=dict, repr=False)

    def at(self, *keys: Key) -> Place:
        """Return the place to which ``keys`` lead from here."""
        place = self
        for key in keys:
            spot = place.below.get(key)
            line, below = (spot.line, spot.below) if spot else (place.line, {})
            place = Place(self.file, line, _join(place.key, key), below)
        return place

    def problem(self, message: str, *, hint: str = "") -> Problem:
        """Return the problem that ``message`` tells of, at this place."""
        return Problem(message, file=self.file, line=self.line, key=self.key, hint=hint)

    def error(self, message: str, *, hint: str = "") -> DeclarationError:
        """Return an error with the one problem that ``message`` tells of."""
        return DeclarationError([self.problem(message, hint=hint)])

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line is not None else self.file


@dataclass(frozen=True, slots=True)
class Document:
    """A value as it was read, and its place."""

    value: Any
    place: Place


def _join(path: str, key: Key) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
