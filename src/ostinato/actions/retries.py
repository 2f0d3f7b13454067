"""How often a failed step is tried again, and after which waits, as it is written in Python."""

from __future__ import annotations

from datetime import timedelta

from ostinato.durations import parse_duration
from ostinato.errors import PlanningError
from ostinato.model.definitions import RetryKind, RetryRule


def fixed(attempts: int, wait: timedelta | str = "1m", *, jitter: float = 0.0) -> RetryRule:
    """Try at most ``attempts`` times, the first one too, ``wait`` apart."""
    _check(attempts, jitter)
    return RetryRule(RetryKind.FIXED, attempts=attempts, base=read_duration(wait), jitter=jitter)


def exponential(
    attempts: int,
    base: timedelta | str = "30s",
    max: timedelta | str | None = None,  # noqa: A002 - the word that files use, too
    factor: float = 2.0,
    jitter: float = 0.0,
) -> RetryRule:
    """Try at most ``attempts`` times, the first one too; wait ``base``, then ``factor`` times as long each time.

    No wait is longer than ``max``, but for the ``jitter``: the share of the wait by which it is lengthened at most.
    """
    _check(attempts, jitter)
    if factor < 1:
        raise PlanningError(f"the factor of a retry is at least 1, not {factor}")
    longest = None if max is None else read_duration(max)
    return RetryRule(
        RetryKind.EXPONENTIAL,
        attempts=attempts,
        base=read_duration(base),
        factor=factor,
        longest=longest,
        jitter=jitter,
    )


def series(*waits: timedelta | str, jitter: float = 0.0) -> RetryRule:
    """Try once more after each of ``waits``."""
    _check(len(waits) + 1, jitter)
    return RetryRule(RetryKind.SERIES, waits=tuple(read_duration(wait) for wait in waits), jitter=jitter)


def read_duration(value: timedelta | str) -> timedelta:
    """Return a duration of zero or more, given as such or as a text like ``10m``."""
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise PlanningError(f"a duration cannot be negative ({value})")
        return value
    if not isinstance(value, str):
        raise PlanningError(f"{value!r} is no duration", hint="write a timedelta, or a text such as 30s or 1h30m")
    try:
        return parse_duration(value)
    except ValueError as error:
        raise PlanningError(str(error)) from None


def _check(attempts: int, jitter: float) -> None:
    if attempts < 1:
        raise PlanningError(f"there is at least 1 attempt, not {attempts}")
    if jitter < 0:
        raise PlanningError(f"jitter is a share of the wait, 0 or more, not {jitter}")
