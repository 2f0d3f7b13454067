"""Gathering the rows of one source: all of them, or every problem that they have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic

from ostinato.documents import Place
from ostinato.errors import DeclarationError, Problem
from ostinato.sources.protocols import Loaded, T


class Gathering(Generic[T]):
    """Rows and problems as they come up. A name that comes up twice is a problem."""

    def __init__(self) -> None:
        self._rows: dict[str, T] = {}
        self._places: dict[str, Place] = {}
        self._problems: list[Problem] = []

    def add(self, name: str, row: T, place: Place) -> None:
        """Take in a row that is declared at ``place``."""
        if name in self._places:
            hint = "give one of them another name, or take it away"
            self.refuse([place.problem(f"{name} is declared twice, first at {self._places[name]}", hint=hint)])
            return
        self._rows[name] = row
        self._places[name] = place

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Take in problems; there will be no rows then."""
        self._problems.extend(problems)

    def finish(self) -> Loaded[T]:
        """Return the rows; a ``DeclarationError`` holds the problems, if there are any."""
        if self._problems:
            raise DeclarationError(self._problems)
        places = {name: str(place) for name, place in self._places.items()}
        return Loaded(tuple(self._rows.values()), places)
