"""Campaigns: many simulations, one after another, and what came of them all together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ostinato.simulation.database import Laboratory
from ostinato.simulation.outcomes import Outcome
from ostinato.simulation.scripts import TURNS, make_script
from ostinato.simulation.shrinking import shrink
from ostinato.simulation.simulation import simulate


@dataclass(slots=True)
class Figures:
    """What came of all simulations of a campaign. ``broken`` are those in which an invariant broke."""

    seeds: int = 0
    turns: int = 0
    commits: int = 0
    faults: int = 0
    broken: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.seeds += 1
        self.turns += outcome.turns
        self.commits += outcome.commits
        self.faults += outcome.faults
        if outcome.breaches:
            self.broken.append(outcome)


def simulate_seeds(seeds: Iterable[int], laboratory: Laboratory, *, turns: int = TURNS) -> Iterator[Outcome]:
    """Simulate the world of each seed."""
    for seed in seeds:
        yield simulate(make_script(seed, turns=turns), laboratory)


def shrink_outcome(outcome: Outcome, laboratory: Laboratory) -> Outcome:
    """Return the outcome of the smallest script that was found in which the same invariant breaks."""
    broken, script = outcome.breaches[0].invariant, outcome.script
    is_late = outcome.turns >= script.turns
    happened = tuple(incident for incident in script.incidents if incident.turn <= outcome.turns)
    smallest = shrink(
        replace(script, incidents=happened),
        lambda smaller: simulate(smaller, laboratory, comes_to_rest=is_late).breaks(broken),
    )
    return simulate(smallest, laboratory)
