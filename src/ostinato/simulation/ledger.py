"""The ledger: what the code of users did, entered by that code itself. No crash takes anything out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeAlias

from ostinato.actions.context import StepContext


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done: ``what`` is ``run``, ``event``, ``finalize`` or ``command``.

    ``try_number`` is that which the step had when it was handed out. ``event_id`` is ``None`` for a timer.
    """

    what: str
    run_id: int
    step: int
    try_number: int
    event_id: int | None = None


Enter: TypeAlias = Callable[[Deed], None]

_ENTER: ContextVar[Enter] = ContextVar("ostinato_simulation_ledger")


@contextmanager
def keep_ledger(enter: Enter) -> Iterator[None]:
    """Have what is done within this block entered by ``enter``."""
    token = _ENTER.set(enter)
    try:
        yield
    finally:
        _ENTER.reset(token)


def enter_deed(what: str, step: StepContext) -> None:
    """Enter that the code of a step was called."""
    event_id = step.event.id if step.event is not None else None
    _ENTER.get()(Deed(what, step.run_id, step.number, step.try_number, event_id))
