"""Plans of steps that do nothing, in the shapes that are measured."""

from __future__ import annotations

from ostinato import action, concurrence, plan, sequence


@action
def nothing() -> None:
    """Do nothing."""


@plan
def chain(length: int) -> None:
    """Do nothing, ``length`` times, one after another."""
    with sequence():
        for _ in range(length):
            nothing()


@plan
def fan_out(width: int) -> None:
    """Do nothing once, then ``width`` times at once, then once when all of that is done."""
    with sequence():
        nothing()
        with concurrence():
            for _ in range(width):
                nothing()
        nothing()


@plan
def chains(count: int, length: int) -> None:
    """Do nothing in ``count`` chains at once, each of ``length`` steps."""
    for _ in range(count):
        with sequence():
            for _ in range(length):
                nothing()
