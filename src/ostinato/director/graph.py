"""Who waits for whom in a plan. It knows steps by their numbers, and nothing else of them.

Only what has not finished is waited for: a step that finishes is forgotten together with its edges. What that costs is
what its successors cost, however large the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


class Graph:
    """The edges of a plan that still hold somebody back."""

    def __init__(self) -> None:
        self._needing: dict[int, list[int]] = {}
        self._following: dict[int, list[int]] = {}
        self._missing: dict[int, int] = {}

    def add(self, number: int, needs: Iterable[int], after: Iterable[int]) -> bool:
        """Add a step that waits for these, none of which has finished; tell whether it waits for none at all."""
        needed, followed = set(needs), set(after)
        for other in needed:
            self._needing.setdefault(other, []).append(number)
        for other in followed:
            self._following.setdefault(other, []).append(number)
        self._missing[number] = len(needed) + len(followed)
        return not self._missing[number]

    def finish(self, number: int) -> list[int]:
        """Take in that a step has finished; return those that wait for nothing any more."""
        freed = []
        for successor in (*self._needing.pop(number, ()), *self._following.pop(number, ())):
            self._missing[successor] -= 1
            if not self._missing[successor]:
                freed.append(successor)
        return freed

    @property
    def needing(self) -> Mapping[int, Sequence[int]]:
        """Return, for each step that has not finished, those that need its output."""
        return self._needing
