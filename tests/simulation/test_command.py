"""``ostinato simulate-faults``."""

from __future__ import annotations

import json

import pytest
from tests.simulation.bugs import BUGS

from ostinato.cli.app import main
from ostinato.cli.exit_codes import ExitCode


def test_what_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Figures are all there is to say."""
    code = main(["simulate-faults", "--seeds", "2", "--steps", "30", "--json"])

    answer = json.loads(capsys.readouterr().out)
    assert code == ExitCode.OK
    assert (answer["seeds"], answer["broken"]) == (2, [])
    assert answer["commits"] > 0


def test_what_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """A world in which an invariant breaks is told, with the seed by which it can be told again."""
    bug = BUGS["hand out first"]
    with bug.plant():
        code = main(["simulate-faults", "--seeds", "1", "--seed", str(bug.seed)])

    said = capsys.readouterr().out
    assert code == ExitCode.NO
    assert said.startswith(f"seed {bug.seed}: ")
    assert "broken: [6] " in said
    assert f"invariants broke with seed {bug.seed}" in said
