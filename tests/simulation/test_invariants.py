"""Whatever goes wrong, and in whatever order, nothing happens that may never be."""

from __future__ import annotations

import pytest

from ostinato.simulation.campaigns import simulate_seeds
from ostinato.simulation.database import Laboratory

SEEDS, AT_A_TIME = 200, 5
"""How many worlds are simulated, and how many of them by one test: so the work can be shared."""
LONG_NIGHTS = (8, 585, 1002451)


@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_A_TIME))
def test_all_invariants_hold(laboratory: Laboratory, first: int) -> None:
    """After every commit of every world, and when all have come to rest."""
    for outcome in simulate_seeds(range(first, first + AT_A_TIME), laboratory):
        assert outcome.commits
        assert not outcome.breaches, f"ostinato simulate-faults --seeds 1 --seed {outcome.script.seed} --shrink"


def test_long_nights_end_well_too(laboratory: Laboratory) -> None:
    """In which everybody is frozen at once, and clocks are set back while somebody is."""
    for outcome in simulate_seeds(LONG_NIGHTS, laboratory, turns=250):
        assert not outcome.breaches, f"--seeds 1 --seed {outcome.script.seed} --steps 250 --shrink"
