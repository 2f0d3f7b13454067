"""How many faults an installation survives: simulated worlds, one after another, until so many faults have happened.

    python bench/faults.py                        # ten thousand faults
    python bench/faults.py --faults 1000000       # a million, which takes hours
    python bench/faults.py --seed 5000 --json     # other worlds; figures for programs

Every invariant is checked after every commit. A world in which one breaks is named with its seed, and told by
``ostinato simulate-faults --seeds 1 --seed SEED --shrink``.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import count
from time import perf_counter

import structlog

from ostinato.simulation.campaigns import Figures, simulate_seeds
from ostinato.simulation.database import open_laboratory
from ostinato.simulation.scripts import TURNS

SECONDS_BETWEEN_NEWS = 10.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of all worlds; ``breaches`` are sentences that begin with their seed."""

    seeds: int
    steps: int
    commits: int
    faults: int
    seconds: float
    faults_per_second: float
    breaches: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, and print; return 1 if any invariant broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=10_000, help="how many faults are to happen")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first world")
    parser.add_argument("--steps", type=int, default=TURNS, help="how many turns anything may go wrong in each world")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    result = measure(options.faults, options.seed, options.steps)
    print(json.dumps(asdict(result), indent=2) if options.json else describe(result))
    return 1 if result.breaches else 0


def measure(faults: int, seed: int, steps: int) -> Result:
    """Simulate world after world until so many faults have happened; say now and then how far it is."""
    figures, began = Figures(), perf_counter()
    told_at = began
    with open_laboratory() as laboratory:
        for outcome in simulate_seeds(count(seed), laboratory, turns=steps):
            figures.add(outcome)
            if outcome.breaches or perf_counter() - told_at > SECONDS_BETWEEN_NEWS:
                told_at = perf_counter()
                print(describe(summarize(figures, told_at - began)), file=sys.stderr, flush=True)
            if figures.faults >= faults:
                return summarize(figures, perf_counter() - began)
    raise AssertionError("count() does not end")


def summarize(figures: Figures, seconds: float) -> Result:
    """Return what has come of the worlds so far."""
    return Result(
        seeds=figures.seeds,
        steps=figures.turns,
        commits=figures.commits,
        faults=figures.faults,
        seconds=round(seconds, 3),
        faults_per_second=round(figures.faults / seconds, 1),
        breaches=tuple(f"{one.script.seed}: {breach}" for one in figures.broken for breach in one.breaches),
    )


def describe(result: Result) -> str:
    """Return the figures in words."""
    broken = f"{len(result.breaches)} breaches: {'; '.join(result.breaches)}" if result.breaches else "no breach"
    return (
        f"{result.seeds} seeds, {result.steps} steps, {result.commits} commits, {result.faults} faults in "
        f"{result.seconds:.0f} s ({result.faults_per_second:.0f} a second), {broken}"
    )


if __name__ == "__main__":
    sys.exit(main())
