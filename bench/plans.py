"""How fast plans are carried out, compared with a driver alone that writes the same rows. See README.md."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bare import write_bare
from databases import Bench, add_database_options, open_bench
from shapes import SHAPES, Shape, carry_out, open_bench_world, trigger

HEADINGS = ("plans", "transactions", "transactions/s", "steps/s", "bare transactions/s", "ratio")


@dataclass(frozen=True, slots=True)
class Result:
    """The medians of all rounds. ``ratio`` is the bare loop's time by the agent's, each of the same round."""

    shape: str
    rounds: int
    transactions: float
    transactions_per_second: float
    steps_per_second: float
    bare_transactions_per_second: float
    ratio: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, and print it."""
    options = _read(arguments)
    results = []
    with open_bench(options) as bench:
        for name in options.shapes:
            results.append(measure(SHAPES[name], bench, options.rounds))
            if not options.json:
                _print_result(results[-1], first=len(results) == 1)
        memory = measure_memory(bench) if options.memory else None
    if options.json:
        print(json.dumps({"plans": [asdict(result) for result in results], "memory": memory}, indent=2))
    elif memory is not None:
        print("\nmemory, beyond what the program takes by itself:")
        print(f"  {memory['steps']:,} steps planned and stored: {memory['stored'] / 1e6:,.0f} MB at most")
        print(f"  loaded and carried out by an agent: {memory['carried_out'] / 1e6:,.0f} MB at most")


def measure(shape: Shape, bench: Bench, rounds: int) -> Result:
    """Carry a shape out and write it bare, in turns, and compare each with the one beside it."""
    pairs = [_measure_once(shape, bench) for _ in range(rounds)]
    return Result(
        shape=shape.name,
        rounds=rounds,
        transactions=statistics.median(agent.transactions for agent, _ in pairs),
        transactions_per_second=statistics.median(agent.transactions / agent.seconds for agent, _ in pairs),
        steps_per_second=statistics.median(shape.steps / agent.seconds for agent, _ in pairs),
        bare_transactions_per_second=statistics.median(bare.transactions / bare.seconds for _, bare in pairs),
        ratio=statistics.median(bare.seconds / agent.seconds for agent, bare in pairs),
    )


def measure_memory(bench: Bench) -> dict[str, int]:
    """Plan, store, load and carry out a large plan, each in a process of its own."""
    measured: dict[str, int] = {}
    database = bench.new_database()
    for what in ("stored", "carried_out"):
        command = [sys.executable, str(Path(__file__).with_name("memory.py")), what, str(bench.folder), database]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        measured |= json.loads(done.stdout)
    return measured


def _measure_once(shape: Shape, bench: Bench) -> tuple[Any, Any]:
    with open_bench_world(bench.folder, bench.new_database()) as world:
        trigger(world, shape)
        world.store.close()
        agent = carry_out(world, runs=shape.count, concurrency=shape.concurrency)
    with open_bench_world(bench.folder, bench.new_database()) as world:
        trigger(world, shape)
        world.store.close()
        return agent, write_bare(world.store, agent.transactions)


def _print_result(result: Result, *, first: bool) -> None:
    if first:
        print(" | ".join(f"{heading:>14}" for heading in HEADINGS))
    figures = (
        f"{result.transactions:,.0f}",
        f"{result.transactions_per_second:,.0f}",
        f"{result.steps_per_second:,.0f}",
        f"{result.bare_transactions_per_second:,.0f}",
        f"{result.ratio:.2f}",
    )
    cells = zip(HEADINGS, (result.shape, *figures), strict=True)
    print(" | ".join(f"{cell:>{max(14, len(heading))}}" for heading, cell in cells), flush=True)


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_database_options(parser)
    parser.add_argument("--shapes", nargs="*", choices=SHAPES, default=list(SHAPES), help="what to measure")
    parser.add_argument("--rounds", type=int, default=5, help="how often")
    parser.add_argument("--memory", action=argparse.BooleanOptionalAction, default=True, help="measure memory as well")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
