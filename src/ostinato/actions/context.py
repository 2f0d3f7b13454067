"""The surroundings of a call of an action: which step it is, what it can tell and ask, and how it suspends itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import structlog

from ostinato.actions.encoding import encode
from ostinato.actions.retries import read_duration
from ostinato.actions.services import Services
from ostinato.errors import NotPossible
from ostinato.model.steps import Event, Step


class Suspension(BaseException):
    """Ends a call that suspends its step. Only the runner catches it."""

    def __init__(self, wake_at: datetime | None, deadline_at: datetime | None) -> None:
        super().__init__("this step suspends itself")
        self.wake_at = wake_at
        self.deadline_at = deadline_at


class Cancellation(BaseException):
    """Ends a call that was asked to. Only the runner catches it."""


class StepContext:
    """The surroundings of one call. ``output`` is what the step keeps from call to call; in finalizing, its output.

    ``event`` is the event in hand, if any, ``context`` what the one who triggered the run wants carried along, and
    ``session`` what the session of a finalizing plan gave.
    """

    def __init__(
        self, run_id: int, step: Step, services: Services, *, event: Event | None, context: Mapping[str, Any]
    ) -> None:
        self.run_id = run_id
        self.number = step.number
        self.name = step.name
        self.try_number = step.tries
        self.event = event
        self.context = context
        self.output: Any = dict(step.output) if isinstance(step.output, Mapping) else {}
        self.session: Any = None
        self.suspension: Suspension | None = None
        self.services = services

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return self.services.now()

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell how far the step is, from 0 to 1, and in words."""
        if not 0 <= fraction <= 1:
            raise ValueError(f"progress is from 0 to 1, not {fraction}")
        self.services.report_progress(self.run_id, self.number, float(fraction), message)

    def emit(self, data: Any) -> None:
        """Add to the streamed output of the step: a log line, a part of a result. It must be JSON."""
        self.services.emit(self.run_id, self.number, encode(data, "emitted"))

    @property
    def is_cancelled(self) -> bool:
        """Tell whether the step is asked to end. Long work looks at it now and then."""
        return self.services.is_cancelled(self.run_id, self.number)

    def end_if_cancelled(self) -> None:
        """End the call here if the step is asked to end; it is then cancelled."""
        if self.is_cancelled:
            raise Cancellation

    @property
    def log(self) -> Any:
        """Return a logger that tells of which run and step it speaks."""
        return structlog.get_logger().bind(run=self.run_id, step=self.name)

    def suspend(
        self,
        *,
        until: datetime | timedelta | str | None = None,
        timeout: datetime | timedelta | str | None = None,
    ) -> NoReturn:
        """End this call; the step waits for an event, and holds nothing while it does.

        At ``until`` it is told the time, by an event named ``timer``; at ``timeout`` it fails. Both are instants, or
        durations from now on.
        """
        self.suspension = Suspension(self._to_instant(until), self._to_instant(timeout))
        raise self.suspension

    def _to_instant(self, when: datetime | timedelta | str | None) -> datetime | None:
        if when is None:
            return None
        if not isinstance(when, datetime):
            return self.now() + read_duration(when)
        if when.tzinfo is None:
            raise ValueError(f"{when} has no time zone, so it is no instant")
        return when.astimezone(UTC)


_CURRENT: ContextVar[StepContext | None] = ContextVar("ostinato_step", default=None)


def current_step() -> StepContext:
    """Return the surroundings of the step that is being carried out in this thread."""
    step = _CURRENT.get()
    if step is None:
        raise NotPossible(
            "no step is being carried out here",
            hint="ask in the thread in which the action is called, and not while planning",
        )
    return step


def suspend(
    *, until: datetime | timedelta | str | None = None, timeout: datetime | timedelta | str | None = None
) -> NoReturn:
    """End this call; the step waits for an event, and holds nothing while it does. See ``StepContext.suspend``."""
    current_step().suspend(until=until, timeout=timeout)


@contextmanager
def step_at_hand(step: StepContext) -> Iterator[None]:
    """Make ``step`` the current one within this block."""
    token = _CURRENT.set(step)
    try:
        yield
    finally:
        _CURRENT.reset(token)
