"""``ostinato simulate-faults``: for those who develop Ostinato."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Annotated, Any

from cyclopts import Parameter

from ostinato.cli.exit_codes import ExitCode
from ostinato.cli.log_lines import Logs, set_up_logging
from ostinato.cli.options import Flag, Given
from ostinato.clock import SystemClock
from ostinato.simulation.campaigns import Figures, shrink_outcome, simulate_seeds
from ostinato.simulation.database import open_laboratory
from ostinato.simulation.outcomes import Outcome
from ostinato.simulation.scripts import TURNS
from ostinato.simulation.story import tell_script


def simulate_faults(
    *,
    seeds: Annotated[int, Parameter(help="How many worlds to simulate.")] = 100,
    seed: Annotated[int, Parameter(help="The seed of the first; those after it have the numbers that follow.")] = 1,
    steps: Annotated[int, Parameter(help="How many turns are taken in each while anything may go wrong.")] = TURNS,
    shrink: Annotated[bool, Flag, Parameter(help="Leave out of what goes wrong all that need not be there.")] = False,
    session: Given,
) -> ExitCode:
    """Simulate worlds in which everything goes wrong.

    Each seed makes a world: machines, processes, definitions, plans, people, and faults between any two writes. After
    every commit it is checked what may never be. A world in which it was is told from beginning to end; the same seed
    tells the same story every time. No project is needed.
    """
    set_up_logging(session.messages, Logs(level=logging.CRITICAL))
    clock, figures = SystemClock(), Figures()
    began = clock.monotonic()
    with open_laboratory() as laboratory:
        for outcome in simulate_seeds(range(seed, seed + seeds), laboratory, turns=steps):
            told = shrink_outcome(outcome, laboratory) if shrink and outcome.breaches else outcome
            figures.add(told)
            if told.breaches and not session.json:
                session.answer(_tell(told))
    seconds = clock.monotonic() - began
    if session.json:
        session.answer_json(_shape(figures, seconds))
    else:
        session.answer([_summarize(figures, seconds)])
    return ExitCode.NO if figures.broken else ExitCode.OK


def _tell(outcome: Outcome) -> Iterator[str]:
    yield from tell_script(outcome.script)
    yield from outcome.story
    yield from (f"broken: {breach}" for breach in outcome.breaches)
    yield ""


def _summarize(figures: Figures, seconds: float) -> str:
    broken = ", ".join(str(outcome.script.seed) for outcome in figures.broken)
    came_of_it = f"invariants broke with seed {broken}" if broken else "all invariants held"
    return (
        f"{figures.seeds} worlds, {figures.turns} turns, {figures.commits} commits, {figures.faults} faults "
        f"({figures.faults / seconds:.0f} a second): {came_of_it}"
    )


def _shape(figures: Figures, seconds: float) -> dict[str, Any]:
    return {
        "seeds": figures.seeds,
        "turns": figures.turns,
        "commits": figures.commits,
        "faults": figures.faults,
        "seconds": round(seconds, 3),
        "broken": [
            {
                "seed": outcome.script.seed,
                "breaches": [{"invariant": one.invariant, "seen": one.seen} for one in outcome.breaches],
                "script": list(tell_script(outcome.script)),
                "story": list(outcome.story),
            }
            for outcome in figures.broken
        ],
    }
