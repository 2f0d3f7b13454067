"""Chance that depends on a seed and on what is asked, and on nothing else: not on what was asked before."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_RANGE = 1 << 64


class Chance:
    """Answers questions by chance. The same question has the same answer as often as it is asked.

    So a world from which something is taken away goes on as before wherever that does not matter.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def number(self, *question: object) -> float:
        """Return a number from 0 up to, and without, 1."""
        asked = "/".join(map(str, (self._seed, *question)))
        return int.from_bytes(blake2b(asked.encode(), digest_size=8).digest(), "big") / _RANGE

    def happens(self, likelihood: float, *question: object) -> bool:
        """Tell whether something happens that does so once in ``1 / likelihood`` times."""
        return self.number(*question) < likelihood

    def between(self, least: int, most: int, *question: object) -> int:
        """Return a whole number from ``least`` to ``most``."""
        return least + int(self.number(*question) * (most - least + 1))

    def choose(self, items: Sequence[T], *question: object) -> T:
        """Return one of ``items``."""
        return items[int(self.number(*question) * len(items))]
