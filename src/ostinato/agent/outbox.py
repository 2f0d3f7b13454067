"""What was decided and is not recorded yet. Nothing of a decision is acted on before it is.

Decisions are sealed into recordings when they are sent. What was sealed stays as it is until the store has answered:
one that has recorded it all the same, and could not say so, knows it again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator

from ostinato.director.decisions import Decision
from ostinato.model.runs import ClaimedRun
from ostinato.store.decisions import Recording


class Outbox:
    """The decisions about the runs in hand, in their order, on their way to the store."""

    def __init__(self) -> None:
        self._leases: dict[int, int] = {}
        self._recorded: dict[int, int] = {}
        self._decided: deque[Decision] = deque()
        self._sealed: list[Decision] = []
        self._recordings: tuple[Recording, ...] = ()

    def __len__(self) -> int:
        return len(self._decided) + len(self._sealed)

    def open(self, run: ClaimedRun, decision: Decision) -> None:
        """Begin with a run that was claimed; ``decision`` was recorded when it was."""
        self._leases[run.id] = run.lease_token
        self._recorded[run.id] = run.decision + bool(decision.changes)

    def close(self, run_id: int) -> None:
        """Have done with a run. What is still to be recorded of it is forgotten."""
        self._leases.pop(run_id, None)
        self._recorded.pop(run_id, None)

    def add(self, *decisions: Decision) -> None:
        """Add decisions; those that say nothing are left out."""
        self._decided += [decision for decision in decisions if decision.changes or decision.work or decision.stops]

    def seal(self) -> tuple[Recording, ...]:
        """Return what the store is to record next: the same until ``settle`` is called."""
        if not self._sealed:
            self._sealed = [decision for decision in self._decided if decision.run_id in self._leases]
            self._decided.clear()
            self._recordings = tuple(self._make_recordings(self._sealed))
        return self._recordings

    def settle(self, refused: Collection[int]) -> Iterator[Decision]:
        """Yield the decisions that are recorded now, and forget those about runs that were ``refused``."""
        settled, self._sealed, self._recordings = self._sealed, [], ()
        for decision in settled:
            if decision.run_id not in refused:
                yield decision

    def _make_recordings(self, decisions: Iterable[Decision]) -> Iterator[Recording]:
        for decision in decisions:
            run_id = decision.run_id
            if decision.changes:
                yield Recording(run_id, self._leases[run_id], self._recorded[run_id], decision.changes)
                self._recorded[run_id] += 1
