"""Executors of calls, with real threads and a clock that stands still; agents and supervisors, with real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.crew import Crew

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


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    """Lend agents and supervisors in a folder of their own."""
    crew = Crew(tmp_path)
    yield crew
    crew.dismiss()
