"""What suspended runs cost: many of them are created, suspend themselves, are each sent an event, and finish.

Agents work in processes of their own: one that has the runs suspend themselves and then ends, and one that finishes
them. Printed are the seconds of each phase, and the memory (RSS) of the agents: before they look at the store, at most,
and when they have let go of all runs.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import structlog
from databases import Bench, add_database_options, open_bench
from shapes import open_bench_world
from sleepers import Sleep

from ostinato.actions.requests import build_plan, make_request
from ostinato.model.statuses import RunStatus
from ostinato.model.steps import Event
from ostinato.processes.agent import make_agent
from ostinato.store import events, plans, runs
from ostinato.testing.factories import make_new_run
from ostinato.world import World

BATCH = 1_000
"""So many runs are created, and so many events are sent, in one transaction."""
CONCURRENCY = 500


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print it."""
    options = _read(arguments)
    if options.agent:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        folder, database, status = options.agent
        with open_bench_world(Path(folder), database) as world:
            print(json.dumps(work(world, RunStatus(status), options.runs)))
        return
    with open_bench(options) as bench:
        measured = measure(bench, options.runs)
    print(json.dumps(measured, indent=2) if options.json else "\n".join(_describe(measured, options.runs)))


def measure(bench: Bench, count: int) -> dict[str, Any]:
    """Go through all phases; return the seconds of each, and the memory of the agents."""
    database = bench.new_database()
    with open_bench_world(bench.folder, database) as world:
        began = time.perf_counter()
        run_ids = create(world, count)
        created = time.perf_counter()
        suspending = _hire(bench.folder, database, RunStatus.SUSPENDED, count)
        suspended = time.perf_counter()
        send(world, run_ids)
        sent = time.perf_counter()
    finishing = _hire(bench.folder, database, RunStatus.SUCCESS, count)
    return {
        "runs": count,
        "seconds": {
            "create": created - began,
            "suspend": suspending.pop("seconds"),
            "events": sent - suspended,
            "finish": finishing.pop("seconds"),
        },
        "memory": {"suspend": suspending, "finish": finishing},
    }


def create(world: World, count: int) -> list[int]:
    """Create runs with their plans; return their ids."""
    now, request, steps = datetime.now(UTC), make_request(Sleep), build_plan(Sleep)
    new = make_new_run(version="", due_at=now, requested_by="bench", action=request.action, input=request.input)
    run_ids: list[int] = []
    while len(run_ids) < count:
        size = min(BATCH, count - len(run_ids))
        with world.store.write() as tx:
            ids = [id for id in runs.create_runs(tx, [new] * size, actor="bench", now=now) if id is not None]
            plans.store_steps(tx, ((id, step) for id in ids for step in steps))
            plans.keep_survival(tx, dict.fromkeys(ids, steps))
        run_ids += ids
    return run_ids


def send(world: World, run_ids: Sequence[int]) -> None:
    """Send each run an event."""
    (step,) = (step.number for step in build_plan(Sleep) if step.phase == "run")
    for first in range(0, len(run_ids), BATCH):
        batch = [Event(run_id, step, "wake up", sent_by="bench") for run_id in run_ids[first : first + BATCH]]
        with world.store.write() as tx:
            events.send_events(tx, batch, now=datetime.now(UTC))


def work(world: World, status: RunStatus, count: int) -> dict[str, float]:
    """Have an agent work until it has let ``count`` runs go as ``status``."""
    process = psutil.Process()
    agent = make_agent(world, concurrency=CONCURRENCY)
    agent.start()
    before = peak = process.memory_info().rss
    began = time.perf_counter()
    agent.tick()
    while agent.tally[status] < count:
        agent.wait(agent.seconds_until_due())
        agent.tick()
        peak = max(peak, process.memory_info().rss)
    seconds = time.perf_counter() - began
    after = process.memory_info().rss
    agent.close()
    return {"seconds": seconds, "before": before, "peak": peak, "after": after}


def _hire(folder: Path, database: str, status: RunStatus, count: int) -> dict[str, Any]:
    """Have a process of its own do ``work``."""
    words = ["--runs", str(count), "--agent", str(folder), database, status]
    done = subprocess.run([sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True)
    worked: dict[str, Any] = json.loads(done.stdout)
    return worked


def _describe(measured: dict[str, Any], count: int) -> Iterator[str]:
    yield f"{count:,} runs"
    for phase, seconds in measured["seconds"].items():
        yield f"  {phase:<8} {seconds:8.1f} s  {count / seconds:8,.0f} runs/s"
    yield "memory of the agent, in MB"
    for phase, figures in measured["memory"].items():
        told = ", ".join(f"{when} {bytes_ / 1e6:,.0f}" for when, bytes_ in figures.items())
        yield f"  {phase:<8} {told}"


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_database_options(parser)
    parser.add_argument("--runs", type=int, default=10_000, help="how many")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--agent", nargs=3, metavar=("DIR", "URL", "STATUS"), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
