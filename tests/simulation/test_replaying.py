"""A seed tells the same story whenever and wherever it is told, and a story that goes wrong can be made short."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.simulation.bugs import BUGS

from ostinato.simulation.campaigns import shrink_outcome
from ostinato.simulation.database import Laboratory
from ostinato.simulation.incidents import FAULTS, Kind
from ostinato.simulation.scripts import make_script
from ostinato.simulation.simulation import simulate
from ostinato.simulation.story import tell_script

ROOT = Path(__file__).parents[2]
DIGESTS = """
import logging, structlog
from ostinato.simulation.campaigns import simulate_seeds
from ostinato.simulation.database import open_laboratory
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
with open_laboratory() as laboratory:
    for outcome in simulate_seeds((3, 16), laboratory):
        print(outcome.digest)
"""


def _tell_digests(hash_seed: str) -> list[str]:
    """Let a process of its own simulate some worlds; return what stands for their stories."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", DIGESTS]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return told.stdout.split()


def test_the_same_seed_tells_the_same_story() -> None:
    """Two processes that hash differently simulate the same worlds, word by word."""
    first = _tell_digests("1")

    assert len(set(first)) == 2
    assert _tell_digests("2") == first


def test_a_world_does_not_depend_on_those_before_it(laboratory: Laboratory) -> None:
    """What was simulated before leaves nothing behind."""
    first = simulate(make_script(4), laboratory)
    simulate(make_script(5), laboratory)

    assert simulate(make_script(4), laboratory) == first


def test_everything_happens_in_some_world() -> None:
    """No kind of incident is missing from the scripts, and all that is a fault is counted as one."""
    happened = {incident.kind for seed in range(1, 101) for incident in make_script(seed).incidents}

    assert happened == set(Kind)
    assert happened > FAULTS


def test_a_story_that_goes_wrong_is_made_short(laboratory: Laboratory) -> None:
    """Of what happened remains what it takes, and the breach is the same."""
    bug = BUGS["same lease"]
    with bug.plant():
        broken = simulate(make_script(bug.seed, turns=30), laboratory)
        short = shrink_outcome(broken, laboratory)

    assert short.breaks(broken.breaches[0].invariant)
    assert short.script.size < broken.script.size / 2
    assert len(short.story) < len(broken.story)
    assert next(tell_script(short.script)).startswith(f"seed {bug.seed}: ")
