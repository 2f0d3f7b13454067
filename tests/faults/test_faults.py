"""Kill -9 at every point between two writes, and commits of which nobody hears whether they succeeded.

What is done is in ``scenarios``, what must hold in ``checking``. Here processes of their own do it, one for each point.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults.forge import NOT_REACHED, OVER, Forged
from tests.faults.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
FEWEST_POINTS = 8
POSTGRES_STEP = 7
"""PostgreSQL takes longer to begin anew, and only its locks and its commits are other ones: it meets fewer faults."""


def forge(database: str | Path, folder: Path, scenario: str, fault: str, *, step: int = 1) -> list[Forged]:
    """Have the fault happen at every ``step``-th point; raises ``AssertionError`` at the first that ends badly."""
    words = [str(database), str(folder), scenario, fault, str(step)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.forge", *words],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            forged = list(_read(process))
        finally:
            process.kill()
    assert process.returncode == 0
    return forged


def _read(process: subprocess.Popen[str]) -> Iterator[Forged]:
    for line in process.stdout or ():
        forged = Forged(**json.loads(line))
        assert not forged.problems, f"at point {forged.at}, see {forged.folder}: {forged.problems}"
        yield forged


def _all_reached(forged: list[Forged], codes: list[int]) -> Any:
    """Tell whether the fault happened each time but the last, with these exit codes."""
    *reached, last = forged
    return all(one.codes == codes for one in reached) and last.codes == [NOT_REACHED]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_death_at_any_point(sqlite_template: Path, tmp_path: Path, scenario: str) -> None:
    """Wherever a process is killed, another goes on: nothing is forgotten, and nothing done that was recorded."""
    forged = forge(sqlite_template, tmp_path, scenario, "die")

    assert len(forged) > FEWEST_POINTS
    assert _all_reached(forged, [-signal.SIGKILL, OVER])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_lost_answer_at_any_point(sqlite_template: Path, tmp_path: Path, scenario: str) -> None:
    """Wherever a commit fails, or succeeds unheard, nothing is forgotten, doubled, or taken for interrupted."""
    forged = forge(sqlite_template, tmp_path, scenario, "lose")

    assert len(forged) > FEWEST_POINTS
    assert _all_reached(forged, [OVER])


@pytest.mark.parametrize(("fault", "codes"), [("die", [-signal.SIGKILL, OVER]), ("lose", [OVER])])
@pytest.mark.parametrize("scenario", ["chain", "family", "alone"])
def test_some_points_on_postgresql(
    postgres_database: str, tmp_path: Path, *, scenario: str, fault: str, codes: list[int]
) -> None:
    """The same holds on PostgreSQL."""
    forged = forge(postgres_database, tmp_path, scenario, fault, step=POSTGRES_STEP)

    assert len(forged) > FEWEST_POINTS // POSTGRES_STEP
    assert _all_reached(forged, codes)
