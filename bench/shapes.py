"""What is measured: runs of plans in a database of their own, and an agent that carries them out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import noops

from ostinato.clock import SystemClock
from ostinato.config import Config
from ostinato.model.statuses import RunStatus
from ostinato.operations.people import Person
from ostinato.operations.triggering import trigger_plan
from ostinato.processes.agent import make_agent
from ostinato.store.database import Store
from ostinato.store.versioning import open_schema
from ostinato.world import World

BENCH = Person("bench")


@dataclass(frozen=True, slots=True)
class Shape:
    """``count`` runs of a plan with these arguments, for an agent that does ``concurrency`` things at once."""

    name: str
    plan: Any
    arguments: Mapping[str, int]
    steps: int
    count: int = 1
    concurrency: int = 200


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("chain-1000", noops.chain, {"length": 1_000}, steps=1_000),
        Shape("chain-10000", noops.chain, {"length": 10_000}, steps=10_000),
        Shape("fan-out-1000", noops.fan_out, {"width": 1_000}, steps=1_002),
        Shape("fan-out-10000", noops.fan_out, {"width": 10_000}, steps=10_002),
        Shape("plans-1000", noops.chain, {"length": 3}, steps=3_000, count=1_000),
    )
}
LARGE = Shape("large", noops.chains, {"count": 100, "length": 1_000}, steps=100_000)
"""What memory is measured with."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How long it took to carry a shape out, and in how many transactions."""

    seconds: float
    transactions: int


def open_bench_world(folder: Path, database: str) -> World:
    """Open a world on an empty database.

    The connection that made the tables is closed, for an agent's is not such a one: it begins with nothing in its
    caches.
    """
    config = Config(folder, database)
    world = World(config, Store(config.database), SystemClock())
    open_schema(world.store)
    world.store.close()
    return world


def trigger(world: World, shape: Shape) -> None:
    """Plan and store the runs of a shape."""
    for _ in range(shape.count):
        trigger_plan(world, shape.plan, kwargs=shape.arguments, by=BENCH)


def carry_out(world: World, *, runs: int, concurrency: int) -> Taken:
    """Have an agent carry out all ``runs`` that wait: from its first look at the store until the last has ended."""
    transactions = 0

    def count(point: str) -> None:
        nonlocal transactions
        transactions += point == "after commit"

    world.store.fault_point = count
    agent = make_agent(world, concurrency=concurrency)
    try:
        agent.start()
        began = time.perf_counter()
        agent.tick()
        while agent.tally.total() < runs:
            agent.wait(agent.seconds_until_due())
            agent.tick()
        seconds = time.perf_counter() - began
    finally:
        agent.close()
    if agent.tally[RunStatus.SUCCESS] != runs:
        raise RuntimeError(f"not every run has succeeded: {dict(agent.tally)}")
    return Taken(seconds, transactions)
