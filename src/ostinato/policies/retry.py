"""Retry policies: whether what failed, a slot's run or a step, is tried again, and when."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ostinato.model.definitions import RetryKind, RetryRule
from ostinato.model.evidence import LOST_KINDS, EndKind

LOST_WAIT = timedelta(seconds=0)
"""Work that was lost is tried again at once: nothing about it was at fault."""


@dataclass(frozen=True, slots=True)
class RetryFacts:
    """What is known of the present series of a slot whose last run failed.

    ``failed`` counts the attempts that failed by their own fault, the last one too, ``lost`` those that were lost.
    ``subject`` identifies the slot; it only spreads the jitter.
    """

    rule: RetryRule
    subject: str
    ended_at: datetime
    end_kind: EndKind
    exit_code: int | None
    failed: int
    lost: int


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Another attempt follows at ``at``."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further attempt follows."""

    reason: str


def judge_retry(facts: RetryFacts) -> RetryAt | GiveUp:
    """Judge whether another attempt follows, and when."""
    if facts.end_kind is EndKind.TOO_LATE:
        return GiveUp("its start_before has passed; another attempt would be later still")
    if facts.end_kind in LOST_KINDS:
        return _judge_lost(facts)
    return _judge_failed(facts)


def _judge_lost(facts: RetryFacts) -> RetryAt | GiveUp:
    allowed = facts.rule.lost_attempts
    if facts.lost >= allowed:
        return GiveUp(f"lost {facts.lost} times; at most {allowed} lost attempts are allowed")
    return RetryAt(facts.ended_at + LOST_WAIT, f"attempt lost, {facts.lost} of at most {allowed}")


def next_wait(rule: RetryRule, failed: int, subject: str) -> timedelta | None:
    """Return the wait before the next attempt after ``failed`` of them failed; ``None`` when none is left.

    ``subject`` only spreads the jitter. Which failures are worth another attempt is not asked here.
    """
    if failed >= _count_allowed(rule):
        return None
    return _lengthen(_WAITS[rule.kind](rule, failed), rule.jitter, f"{subject}#{failed}")


def is_worth_retrying(rule: RetryRule, exit_code: int | None) -> bool:
    """Tell whether ``rule`` grants another attempt after this exit code; ``None`` where nothing exited."""
    return rule.on_exit_codes is None or exit_code in rule.on_exit_codes


def _judge_failed(facts: RetryFacts) -> RetryAt | GiveUp:
    rule = facts.rule
    if rule.kind is RetryKind.NEVER:
        return GiveUp("its retry policy is never")
    if not is_worth_retrying(rule, facts.exit_code):
        ended = f"exit code {facts.exit_code}" if facts.exit_code is not None else facts.end_kind.value
        return GiveUp(f"{ended} is not among those that are retried ({_list_codes(rule)})")
    wait, allowed = next_wait(rule, facts.failed, facts.subject), _count_allowed(rule)
    if wait is None:
        return GiveUp(f"no attempt left: {facts.failed} of {allowed} failed")
    return RetryAt(facts.ended_at + wait, f"attempt {facts.failed} of {allowed} failed")


def _list_codes(rule: RetryRule) -> str:
    return ", ".join(map(str, sorted(rule.on_exit_codes or ())))


def _count_allowed(rule: RetryRule) -> int:
    """Return how many attempts may be made, the first one too."""
    match rule.kind:
        case RetryKind.NEVER:
            return 1
        case RetryKind.SERIES:
            return len(rule.waits) + 1
    return rule.attempts


def _fixed_wait(rule: RetryRule, failed: int) -> timedelta:
    return rule.base


def _exponential_wait(rule: RetryRule, failed: int) -> timedelta:
    longest = rule.longest or timedelta(days=366)
    try:
        return min(rule.base * rule.factor ** (failed - 1), longest)
    except OverflowError:
        return longest


def _series_wait(rule: RetryRule, failed: int) -> timedelta:
    return rule.waits[failed - 1]


_WAITS: Mapping[RetryKind, Callable[[RetryRule, int], timedelta]] = {
    RetryKind.FIXED: _fixed_wait,
    RetryKind.EXPONENTIAL: _exponential_wait,
    RetryKind.SERIES: _series_wait,
}


def _lengthen(wait: timedelta, jitter: float, subject: str) -> timedelta:
    """Lengthen ``wait`` by a share of at most ``jitter`` that depends on ``subject`` alone."""
    digest = hashlib.blake2b(subject.encode(), digest_size=8).digest()
    return wait * (1 + jitter * int.from_bytes(digest, "big") / 2**64)
