"""Retry policies: how many attempts, when, and for which endings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.model.definitions import RetryKind, RetryRule
from ostinato.model.evidence import LOST_KINDS, EndKind
from ostinato.policies.retry import GiveUp, RetryAt, RetryFacts, is_worth_retrying, judge_retry, next_wait

ENDED = datetime(2026, 1, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)

FIXED = RetryRule(RetryKind.FIXED, attempts=3, base=30 * SECOND)
EXPONENTIAL = RetryRule(RetryKind.EXPONENTIAL, attempts=8, base=30 * SECOND, longest=300 * SECOND)
SERIES = RetryRule(RetryKind.SERIES, waits=(60 * SECOND, 300 * SECOND))


def make_facts(rule: RetryRule, *, failed: int = 1, lost: int = 0, **changes: object) -> RetryFacts:
    """Make the facts of a slot whose last run exited with 1."""
    facts = RetryFacts(rule, "slot-1", ENDED, EndKind.EXITED, exit_code=1, failed=failed, lost=lost)
    return replace(facts, **changes)  # type: ignore[arg-type]


def wait_of(facts: RetryFacts) -> float | None:
    """Return the seconds until the next attempt, or None where there is none."""
    match judge_retry(facts):
        case RetryAt(at, _):
            return (at - facts.ended_at).total_seconds()
        case GiveUp():
            return None


@pytest.mark.parametrize(
    ("rule", "waits"),
    [
        (RetryRule(), [None]),
        (FIXED, [30, 30, None]),
        (EXPONENTIAL, [30, 60, 120, 240, 300, 300, 300, None]),
        (SERIES, [60, 300, None]),
    ],
)
def test_each_policy_waits_as_declared_and_then_gives_up(rule: RetryRule, waits: list[float | None]) -> None:
    """``attempts`` counts the first attempt too; a series has one attempt more than waits."""
    assert [wait_of(make_facts(rule, failed=failed)) for failed in range(1, len(waits) + 1)] == waits


@pytest.mark.parametrize("kind", sorted(LOST_KINDS))
def test_lost_work_has_a_budget_of_its_own(kind: EndKind) -> None:
    """A machine that goes is not the job's fault: it is tried again at once, even where the policy is never."""
    rule = RetryRule(RetryKind.NEVER, lost_attempts=3)

    waits = [wait_of(make_facts(rule, failed=0, lost=lost, end_kind=kind, exit_code=None)) for lost in (1, 2, 3)]

    assert waits == [0, 0, None]


def test_losses_do_not_use_up_the_attempts_that_may_fail() -> None:
    """Two losses and one failure leave two attempts of three."""
    assert wait_of(make_facts(FIXED, failed=1, lost=2)) == 30


@pytest.mark.parametrize(("code", "retried"), [(75, True), (1, False), (None, False)])
def test_only_the_chosen_exit_codes_are_retried(code: int | None, retried: bool) -> None:
    """A signal has no exit code, so it is not among them."""
    rule = replace(FIXED, on_exit_codes=frozenset({75}))

    assert isinstance(judge_retry(make_facts(rule, exit_code=code)), RetryAt) == retried


def test_what_was_too_late_once_is_not_retried() -> None:
    """The reason says that another attempt would be later still."""
    verdict = judge_retry(make_facts(FIXED, end_kind=EndKind.TOO_LATE, exit_code=None))

    assert isinstance(verdict, GiveUp)
    assert "start_before" in verdict.reason


@given(st.integers(1, 10_000), st.floats(0, 1), st.text(min_size=1))
def test_jitter_lengthens_by_at_most_its_share_and_always_alike(failed: int, jitter: float, subject: str) -> None:
    """However often it failed, the wait stays within its cap plus jitter, and the same facts give the same wait."""
    rule = replace(EXPONENTIAL, attempts=20_000, jitter=jitter)
    plain = wait_of(make_facts(replace(rule, jitter=0.0), failed=failed))
    facts = make_facts(rule, failed=failed, subject=subject)

    wait = wait_of(facts)

    assert plain is not None
    assert wait is not None
    assert plain <= wait <= plain * (1 + jitter) + 1e-5
    assert wait == wait_of(facts)


def test_jitter_spreads_slots_that_failed_together() -> None:
    """A hundred slots that failed at one instant do not come back at one instant."""
    rule = replace(FIXED, jitter=0.5)

    waits = {wait_of(make_facts(rule, subject=f"slot-{number}")) for number in range(100)}

    assert len(waits) == 100


@pytest.mark.parametrize("rule", [RetryRule(), FIXED, EXPONENTIAL, SERIES, replace(FIXED, jitter=0.5)])
@pytest.mark.parametrize("failed", [1, 2, 3, 8])
def test_a_step_waits_as_a_slot_does(rule: RetryRule, failed: int) -> None:
    """The rule means the same for both; only what is counted differs."""
    wait = next_wait(rule, failed, "slot-1")

    assert (None if wait is None else wait.total_seconds()) == wait_of(make_facts(rule, failed=failed))


def test_exit_codes_are_asked_for_by_themselves() -> None:
    """A step that is no command has no exit code, and none is among those that are named."""
    rule = replace(FIXED, on_exit_codes=frozenset({75}))

    assert [is_worth_retrying(rule, code) for code in (75, 1, None)] == [True, False, False]
    assert is_worth_retrying(FIXED, None)
