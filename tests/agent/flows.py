"""Actions that agents carry out in tests: each waits for the test, and tells it when it was called."""

from __future__ import annotations

import threading
from typing import Any

from ostinato import Action, Event, action, plan
from ostinato.actions.hooks import StatusChange
from ostinato.errors import StoreUnavailable

PATIENCE_SECONDS = 60.0


class Gates:
    """What keeps calls from going on, and counts them."""

    def __init__(self) -> None:
        self.calls = 0
        self._is_open = False
        self._changed = threading.Condition()

    def close(self) -> None:
        """Keep all calls from now on waiting."""
        with self._changed:
            self.calls, self._is_open = 0, False

    def open(self) -> None:
        """Let the calls go on."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def pass_through(self) -> None:
        """Be called, and wait until the gates are open."""
        with self._changed:
            self.calls += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_open, PATIENCE_SECONDS)

    def wait_for_calls(self, count: int) -> None:
        """Wait until so many calls have come since the gates were closed."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.calls >= count, PATIENCE_SECONDS), "nobody calls"


GATES = Gates()


@action(idempotent=True)
def hold() -> None:
    """Wait until the gates are open."""
    GATES.pass_through()


@action
def note() -> str:
    """Do something."""
    return "noted"


@plan
def relay() -> None:
    """Do something that takes its time, and something else when that is done."""
    first = hold()
    note(after=[first])


class Ask(Action):
    """Wait for an event. While it begins to, it waits at the gates."""

    def run(self) -> Any:
        GATES.pass_through()
        self.step.suspend()

    def on_event(self, event: Event) -> Any:
        return event.name


class Wait(Action):
    """Wait for an event."""

    def run(self) -> Any:
        self.step.suspend()

    def on_event(self, event: Event) -> Any:
        return event.name


class Nap(Action):
    """Wait for an hour."""

    def run(self) -> Any:
        self.step.suspend(until="1h")

    def on_event(self, event: Event) -> Any:
        return event.name


def tell(change: StatusChange) -> None:
    """Be a hook, which waits until the gates are open."""
    GATES.pass_through()


@action(hooks={"success": tell})
def announce() -> None:
    """Do nothing, and have somebody told so."""


@plan(singleton=True, hooks={"success": tell})
def alone() -> None:
    """Be the only one of its kind."""
    note()


@plan(hooks={"failed": tell})
def heard() -> None:
    """Have somebody told if it fails."""
    note()


class Away:
    """Makes a database be away at the points between writes that are told, counted from when it is made."""

    def __init__(self, *points: int) -> None:
        self._points = points
        self._passed = 0

    def __call__(self, point: str) -> None:
        self._passed += 1
        if self._passed in self._points:
            raise StoreUnavailable(f"it is away {point}")
