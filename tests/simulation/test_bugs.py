"""The simulation finds bugs: each of those planted here, in a world in which nothing is wrong without it."""

from __future__ import annotations

from itertools import islice

import pytest
from tests.simulation.bugs import BUGS, Bug

from ostinato.simulation.campaigns import simulate_seeds
from ostinato.simulation.database import Laboratory
from ostinato.simulation.outcomes import Outcome
from ostinato.simulation.scripts import make_script
from ostinato.simulation.simulation import simulate

MOST_SEEDS = 60


@pytest.mark.parametrize("bug", [pytest.param(bug, id=name) for name, bug in BUGS.items()])
def test_a_bug_is_found(laboratory: Laboratory, bug: Bug) -> None:
    """It breaks an invariant that it should, in a world where none breaks without it."""
    with bug.plant():
        found = _find_broken(laboratory, bug)

    assert bug.shows & {breach.invariant for breach in found.breaches}
    assert not simulate(make_script(found.script.seed), laboratory).breaches


def _find_broken(laboratory: Laboratory, bug: Bug) -> Outcome:
    """Return the first world in which something breaks; it begins with one in which it is known to."""
    seeds = (bug.seed, *range(1, MOST_SEEDS))
    broken = (outcome for outcome in simulate_seeds(seeds, laboratory) if outcome.breaches)
    found = next(islice(broken, 1), None)
    assert found is not None, f"{bug.description}, and nobody notices"
    return found
