"""Drives one engine, in the main thread of a process of its own: for ever, or until it has caught up."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from ostinato.agent.identity import take_identity
from ostinato.agent.notifying import notifying
from ostinato.agent.stopping import StopSignals
from ostinato.loop.engine import Tick, make_engine
from ostinato.processes.turns import Turns
from ostinato.world import World


def run_engine(world: World) -> int:
    """Let the engine make passes until SIGTERM or SIGINT, and return how many. One that has begun is finished."""
    with StopSignals() as signals, notifying() as notifier, engine_turns(world) as turns:
        while signals.take() is None:
            turns.tick_if_due()
            pause = notifier.tell(turns.stage, turns.summary)
            select.select([signals.descriptor], [], [], min(turns.seconds_until_due(), pause))
        return turns.passes


@contextmanager
def engine_turns(world: World) -> Iterator[Turns]:
    """Give the turns of an engine that bears a name for as long, and gives the lead back in the end.

    No other living engine of the project on this machine has that name. One that is started after this one was killed
    takes it over, and the lead with it: nobody waits for a lease that nobody renews.
    """
    identity = take_identity(world.config.folder / ".ostinato" / "engines", None)
    try:
        engine = make_engine(world, name=identity.name)
        turns = Turns(engine, world.clock, interval=world.config.engine.interval)
        try:
            yield turns
        finally:
            turns.stop()
    finally:
        identity.release()


def make_passes(world: World, *, name: str) -> Iterator[Tick]:
    """Make passes until no step has more to do at once. Raises ``StoreUnavailable`` when the database is away."""
    engine = make_engine(world, name=name)
    more = True
    while more:
        tick = engine.tick()
        yield tick
        more = tick.more


def process_name() -> str:
    """Return a name that no other process has: of this machine, and of its number there."""
    return f"{socket.gethostname()}-{os.getpid()}"
