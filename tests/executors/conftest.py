"""Executors of calls, with real threads and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ostinato.testing.calls import CallBench, open_bench


@pytest.fixture
def calls() -> Iterator[CallBench]:
    """Lend an executor that has a thread for every call."""
    with open_bench() as bench:
        yield bench


@pytest.fixture
def lone_calls() -> Iterator[CallBench]:
    """Lend an executor with one thread, so that calls have to wait for each other."""
    with open_bench(most_threads=1) as bench:
        yield bench
