"""Where the time of a chain's step goes: the processor's time in each layer, without what it calls in the others.

It puts a clock around the functions through which a step passes. The clocks cost about a microsecond each, so the sum
is more than a step takes without them: read the shares, not the sum.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from databases import add_database_options, open_bench
from shapes import SHAPES, carry_out, open_bench_world, trigger

from ostinato.agent import agent, work
from ostinato.agent.outbox import Outbox
from ostinato.director.director import Director
from ostinato.executors.local import LocalExecutor
from ostinato.executors.threads import ThreadExecutor
from ostinato.store.database import Store, Tx
from ostinato.store.prepared import Prepared

PLACES: tuple[tuple[str, Any, str], ...] = (
    ("agent's loop", agent.Agent, "tick"),
    ("agent's loop", agent.Agent, "wait"),
    ("director", Director, "start_execution"),
    ("director", Director, "work_finished"),
    ("director", Director, "hand_out"),
    ("director", Director, "next_wake_at"),
    ("outbox", Outbox, "add"),
    ("outbox", Outbox, "seal"),
    ("exchange", agent, "exchange"),
    ("SQL", Prepared, "change"),
    ("hand-off to a thread, and back", work.Workbench, "begin"),
    ("hand-off to a thread, and back", LocalExecutor, "start_call"),
    ("hand-off to a thread, and back", LocalExecutor, "wait"),
    ("hand-off to a thread, and back", ThreadExecutor, "_serve_next"),
    ("the action", work, "perform"),
)
"""Layers, and the functions by which they are entered."""

seconds: Counter[str] = Counter()
entered = threading.local()


def main() -> None:
    """Measure a chain, and print its layers."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_database_options(parser)
    for layer, owner, name in PLACES:
        setattr(owner, name, _timed(layer, getattr(owner, name)))
    Prepared.fetch = _list_timed("SQL", Prepared.fetch)  # type: ignore[method-assign]
    Outbox.settle = _list_timed("outbox", Outbox.settle)  # type: ignore[method-assign]
    Store.write = _transaction_timed(Store.write)  # type: ignore[method-assign]
    shape = SHAPES["chain-10000"]
    with open_bench(parser.parse_args()) as bench, open_bench_world(bench.folder, bench.new_database()) as world:
        trigger(world, shape)
        world.store.close()
        seconds.clear()
        carry_out(world, runs=shape.count, concurrency=shape.concurrency)
    for layer, spent in seconds.most_common():
        print(f"{layer:32}{spent / shape.steps * 1e6:8.1f} µs")
    print(f"{'together':32}{seconds.total() / shape.steps * 1e6:8.1f} µs")


@contextmanager
def in_layer(layer: str) -> Iterator[None]:
    """Put the time of this block down to a layer, and stop the clock of the one it was called from."""
    layers: list[str] = entered.__dict__.setdefault("layers", [])
    _note_time(layers)
    layers.append(layer)
    try:
        yield
    finally:
        _note_time(layers)
        layers.pop()


def _note_time(layers: list[str]) -> None:
    """Put the time since the last note down to the layer that the thread is in."""
    now = time.thread_time()
    if layers:
        seconds[layers[-1]] += now - entered.noted_at
    entered.noted_at = now


def _timed(layer: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        with in_layer(layer):
            return function(*args, **kwargs)

    return timed


def _list_timed(layer: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Time a generator, all of whose values are wanted."""
    return _timed(layer, lambda *args, **kwargs: iter(list(function(*args, **kwargs))))


def _transaction_timed(write: Callable[[Store], Any]) -> Any:
    """Time the beginning and the end of a transaction, and not what is done in it."""

    @contextmanager
    def timed(store: Store) -> Iterator[Tx]:
        transaction = write(store)
        with in_layer("begin and commit"):
            tx = transaction.__enter__()
        try:
            yield tx
        except BaseException:
            if not transaction.__exit__(*sys.exc_info()):
                raise
        else:
            with in_layer("begin and commit"):
                transaction.__exit__(None, None, None)

    return timed


if __name__ == "__main__":
    main()
