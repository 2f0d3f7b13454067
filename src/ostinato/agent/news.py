"""News: how far steps have come, and what they let out on the way, told by the threads that carry them out."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from ostinato.model.steps import Json

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class News:
    """What is to be kept about steps that run: progress as (run, step, fraction, message), output as (run, step, data).

    ``leases`` are the tokens under which the runs are held.
    """

    progress: tuple[tuple[int, int, float | None, str | None], ...] = ()
    chunks: tuple[tuple[int, int, Json], ...] = ()
    leases: Mapping[int, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.progress or self.chunks)


class NewsDesk:
    """Collects news from all threads. Of progress the last word counts; of output, every one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: dict[Key, tuple[float | None, str | None]] = {}
        self._chunks: list[tuple[int, int, Json]] = []

    def __bool__(self) -> bool:
        return bool(self._progress or self._chunks)

    def tell_progress(self, key: Key, fraction: float | None, message: str | None) -> None:
        """Take in how far a step has come."""
        with self._lock:
            self._progress[key] = (fraction, message)

    def tell_chunk(self, key: Key, data: Json) -> None:
        """Take in a piece of a step's output."""
        with self._lock:
            self._chunks.append((*key, data))

    def take(self, leases: Mapping[int, int]) -> News:
        """Return what there is, of runs that are held under ``leases``, and begin anew."""
        with self._lock:
            progress, self._progress = self._progress, {}
            chunks, self._chunks = self._chunks, []
        return News(
            tuple((*key, *told) for key, told in progress.items() if key[0] in leases),
            tuple(chunk for chunk in chunks if chunk[0] in leases),
            leases,
        )

    def put_back(self, news: News) -> None:
        """Take news back that could not be told; what has come since is newer."""
        with self._lock:
            old = {(run_id, step): (fraction, message) for run_id, step, fraction, message in news.progress}
            self._progress = {**old, **self._progress}
            self._chunks = [*news.chunks, *self._chunks]
