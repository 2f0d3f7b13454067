"""Blocks of a plan: which steps wait for which by mere order, with few edges.

The members of a sequence run one after the other, those of a concurrence side by side; blocks are members, too. A step
waits for the ends of the member before its own. Where those are many, a step that does nothing is put in between, as
soon as a second step would wait for them: n steps followed by m steps make 2n + m edges, not n times m.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

FEW = 8
"""So many ends are waited for by each step itself."""


@dataclass(slots=True)
class Ends:
    """The steps by which a member of a sequence ends. Steps after ``last`` that belong to it wait for them already."""

    steps: tuple[int, ...]
    last: int
    is_waited_for: bool = False
    join: int | None = None

    def list_edges(self, make_join: Callable[[tuple[int, ...]], int]) -> tuple[int, ...]:
        """Return for what one more step waits in order to come after these."""
        if len(self.steps) <= FEW or not self.is_waited_for:
            self.is_waited_for = True
            return self.steps
        if self.join is None:
            self.join = make_join(self.steps)
        return (self.join,)


@dataclass(slots=True)
class Block:
    """A block while it is open. ``entry`` is what its next member comes after, ``ends`` how it would end by now."""

    in_sequence: bool
    entry: tuple[Ends, ...]
    ends: list[int]

    def add_member(self, ends: Sequence[int], last: int) -> None:
        """Note how a member of this block ends; ``last`` is the last step of the plan by now."""
        if not ends:
            return
        if self.in_sequence:
            self.entry = (Ends(tuple(ends), last),)
            self.ends = list(ends)
        else:
            self.ends += ends

    def list_edges(self, needs: Iterable[int], make_join: Callable[[tuple[int, ...]], int]) -> tuple[int, ...]:
        """Return for what a new step waits by its place. What it needs may have it wait already."""
        latest = max(needs, default=0)
        edges = [edge for ends in self.entry if latest <= ends.last for edge in ends.list_edges(make_join)]
        return tuple(dict.fromkeys(edges))
