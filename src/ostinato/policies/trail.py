"""The trail: which of a growing row of numbers have been seen, though some come to light later than higher ones."""

from __future__ import annotations

from collections.abc import Iterable

PATIENCE_SECONDS = 30.0
"""How long a number that is missing may still come; after that it counts as one that was never used."""

LOOK_BACK = 1_000
"""So many numbers at most are kept open for that."""


class Trail:
    """Remembers what has been seen. Numbers up to ``after`` are settled: it is enough to ask for those above."""

    def __init__(self, after: int) -> None:
        self.after = after
        self._seen: set[int] = set()
        self._missed_at: dict[int, float] = {}

    def take(self, numbers: Iterable[int], now: float) -> list[int]:
        """Return those that have not been seen before, in their order; ``now`` is in seconds, from any start."""
        new = sorted({number for number in numbers if number > self.after} - self._seen)
        self._seen.update(new)
        self._settle(now)
        return new

    def _settle(self, now: float) -> None:
        highest = max(self._seen, default=self.after)
        self.after = max(self.after, highest - LOOK_BACK)
        number = self.after + 1
        while number <= highest and (
            number in self._seen or now - self._missed_at.setdefault(number, now) >= PATIENCE_SECONDS
        ):
            number += 1
        self.after = number - 1
        for missing in range(number, highest):
            if missing not in self._seen:
                self._missed_at.setdefault(missing, now)
        self._seen = {number for number in self._seen if number > self.after}
        self._missed_at = {number: at for number, at in self._missed_at.items() if number > self.after}
