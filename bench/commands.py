"""What a run of a command costs beside its process: many runs of ``true``, and the same processes without a store."""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from databases import Bench, add_database_options, open_bench
from shapes import carry_out, open_bench_world
from sqlalchemy import event

from ostinato.clock import SystemClock
from ostinato.executors.commands import Command
from ostinato.executors.local import LocalExecutor
from ostinato.store import definitions, runs
from ostinato.testing.factories import make_definition, make_new_run
from ostinato.world import World

WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run: its seconds in an agent's hands and its process's alone, both with the others at its side.

    ``rows`` are those that are written about it; only SQLite tells.
    """

    agent_seconds: float
    process_seconds: float
    transactions: float
    rows: float | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_database_options(parser)
    parser.add_argument("--runs", type=int, default=2_000, help="how many runs")
    parser.add_argument("--concurrency", type=int, default=20, help="how many at once")
    parser.add_argument("--rounds", type=int, default=3, help="how often")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    with open_bench(options) as bench:
        cost = measure(bench, options.runs, options.concurrency, options.rounds)
    if options.json:
        print(json.dumps(asdict(cost), indent=2))
        return
    beside = cost.agent_seconds - cost.process_seconds
    print(f"a run in an agent's hands   {cost.agent_seconds * 1e3:8.3f} ms")
    print(f"its process alone           {cost.process_seconds * 1e3:8.3f} ms")
    print(f"what is beside it           {beside * 1e3:8.3f} ms, in {cost.transactions:.3f} transactions")
    if cost.rows is not None:
        print(f"rows written                {cost.rows:8.1f}")


def measure(bench: Bench, count: int, concurrency: int, rounds: int) -> Cost:
    """Carry the runs out and start the processes alone, in turns; then count what is written, which takes its time."""
    taken, alone = [], []
    for _ in range(rounds):
        with _open_world_with_runs(bench, count) as world:
            taken.append(carry_out(world, runs=count, concurrency=concurrency))
        alone.append(_run_processes(bench.folder, count, concurrency))
    return Cost(
        agent_seconds=statistics.median(one.seconds for one in taken) / count,
        process_seconds=statistics.median(alone) / count,
        transactions=statistics.median(one.transactions for one in taken) / count,
        rows=_count_rows(bench, count, concurrency),
    )


def _open_world_with_runs(bench: Bench, count: int) -> World:
    world = open_bench_world(bench.folder, bench.new_database())
    now = world.clock.now()
    with world.store.write() as tx:
        definitions.add_definitions(tx, [make_definition("nothing", command=("true",))], source="bench", now=now)
        (definition,) = definitions.list_definitions(tx)
        new = make_new_run(definition.id, version=definition.version, due_at=now)
        runs.create_runs(tx, [new] * count, actor="bench", now=now)
    world.store.close()
    return world


def _run_processes(folder: Path, count: int, concurrency: int) -> float:
    """Return how long as many processes take that nobody records."""
    executor = LocalExecutor(SystemClock(), log_size=10_000_000, folder=folder / "supervisors")
    executor.open("alone")
    environment = dict(os.environ)
    logs = folder / "alone"
    logs.mkdir(exist_ok=True)
    began = perf_counter()
    started = ended = 0
    while ended < count:
        while started < count and len(executor) < concurrency:
            started += 1
            executor.start_command(Command((started, 1), ("true",), environment, folder, logs / f"{started}.log"))
        for one in executor.wait(1):
            ended += 1
            executor.forget(one.key)
    seconds = perf_counter() - began
    executor.close()
    return seconds


def _count_rows(bench: Bench, count: int, concurrency: int) -> float | None:
    """Count the statements that write rows while the runs are carried out: SQLite carries one out for every row."""
    with _open_world_with_runs(bench, count) as world:
        if world.store.dialect != "sqlite":
            return None
        statements: list[str] = []

        @event.listens_for(world.store.engine, "connect")
        def trace(connection: Any, record: object) -> None:
            connection.set_trace_callback(statements.append)

        carry_out(world, runs=count, concurrency=concurrency)
    return sum(statement.startswith(WRITES) for statement in statements) / count


if __name__ == "__main__":
    main()
