"""Room: how much work may be under way at a time in all runs together, and which run is next when there is some.

It hands nothing out; it says who may.
"""

from __future__ import annotations

INFINITE = float("inf")


class Room:
    """For how many more work items there is room: ``free``. It is ``closed`` when no run is to line up any more.

    Runs that have work for which there is no room line up. While any of them does, no other run may hand work out past
    it: the most urgent is next, and of those alike the one that has waited longest.
    """

    def __init__(self, size: int | None) -> None:
        self.free: float = INFINITE if size is None else size
        self.closed = False
        self._line: dict[int, int] = {}

    def admits(self, run_id: int) -> bool:
        """Tell whether a run may hand out work now."""
        others_wait = len(self._line) > (run_id in self._line)
        return self.free > 0 and not others_wait

    def line_up(self, run_id: int, rank: int) -> None:
        """Have a run wait at the end of the line; ``rank`` is that of its most urgent work."""
        self._line.pop(run_id, None)
        self._line[run_id] = rank

    def leave_line(self, run_id: int) -> None:
        """Have a run wait no longer."""
        self._line.pop(run_id, None)

    @property
    def is_full(self) -> bool:
        """Tell whether any run waits in the line."""
        return bool(self._line)

    def find_next(self) -> int | None:
        """Return the run that may hand out work now; ``None`` when nobody waits or there is no room."""
        if self.free <= 0 or not self._line:
            return None
        return min(self._line, key=lambda run_id: self._line[run_id])
