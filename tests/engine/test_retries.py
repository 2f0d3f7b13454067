"""What follows a run that failed: another attempt, on whose budget, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ostinato.model.definitions import RetryKind, RetryRule
from ostinato.model.evidence import EndKind
from ostinato.model.runs import RunOrigin
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.store import runs
from ostinato.testing.factories import make_definition, make_new_run, make_retry
from ostinato.testing.night import AGENT, Night

SLOT = "sales/-/2026-01-08"
MINUTE = timedelta(minutes=1)


def declare(night: Night, rule: RetryRule) -> None:
    """Have one slot with this rule, and a run of it."""
    night.declare(definitions=[make_definition(retry=rule, ends_on=date(2026, 1, 8))])
    night.tick()


def fail(night: Night, *, kind: EndKind = EndKind.EXITED, exit_code: int | None = None) -> timedelta | None:
    """Let the present attempt fail; return how long the next one waits, or ``None`` when there is none."""
    code = 1 if exit_code is None and kind is EndKind.EXITED else exit_code
    night.finish(SLOT, RunStatus.FAILED, kind=kind, exit_code=code)
    night.tick()
    run = night.run(SLOT)
    if run.status is RunStatus.SCHEDULED:
        assert run.start_at is not None
        wait = run.start_at - night.now
        night.clock.set(run.start_at)
        night.tick()
        return wait
    return timedelta(0) if run.status is RunStatus.WAITING else None


@pytest.mark.parametrize(
    ("rule", "waits"),
    [
        (RetryRule(RetryKind.NEVER), []),
        (make_retry(3, wait=5 * MINUTE), [5, 5]),
        (make_retry(2, wait=timedelta(0)), [0]),
        (RetryRule(RetryKind.EXPONENTIAL, attempts=5, base=MINUTE), [1, 2, 4, 8]),
        (RetryRule(RetryKind.EXPONENTIAL, attempts=5, base=MINUTE, factor=3, longest=10 * MINUTE), [1, 3, 9, 10]),
        (RetryRule(RetryKind.SERIES, waits=(MINUTE, 30 * MINUTE)), [1, 30]),
        (RetryRule(RetryKind.SERIES), []),
    ],
    ids=["never", "fixed", "at once", "exponential", "capped", "series", "empty series"],
)
def test_attempts_follow_as_the_rule_says(night: Night, rule: RetryRule, waits: list[float]) -> None:
    """As many as it allows, each after its wait; then the slot has failed."""
    declare(night, rule)

    answers = [fail(night) for _ in range(len(waits) + 1)]

    assert answers == [*(wait * MINUTE for wait in waits), None]
    assert night.face(SLOT) is SlotFace.FAILED
    assert [run.attempt for run in night.runs(SLOT)] == list(range(1, len(waits) + 2))


def test_a_retry_waits_for_its_time(night: Night) -> None:
    """Until then the slot is retrying and nobody can claim it; the run says why it exists."""
    declare(night, make_retry(2, wait=5 * MINUTE))
    night.finish(SLOT, RunStatus.FAILED)
    night.tick()

    run = night.run(SLOT)

    assert (run.origin, run.attempt, run.start_at) == (RunOrigin.RETRY, 2, night.now + 5 * MINUTE)
    assert night.face(SLOT) is SlotFace.RETRYING
    night.advance(minutes=4.99)
    night.tick()
    assert night.claim() == []
    night.advance(minutes=0.01)
    night.tick()
    assert [claimed.attempt for claimed in night.claim()] == [2]


def test_jitter_lengthens_the_wait_the_same_way_each_time(night: Night) -> None:
    """By a share of at most what is declared, so that a thousand failures do not come back at once."""
    declare(night, make_retry(9, wait=60 * MINUTE, jitter=0.5))

    waits = [fail(night) for _ in range(4)]

    assert len(set(waits)) == 4
    assert all(wait is not None and 60 * MINUTE <= wait <= 90 * MINUTE for wait in waits)


@pytest.mark.parametrize(("code", "again"), [(75, True), (1, False)])
def test_only_some_exit_codes_may_be_worth_another_attempt(night: Night, code: int, *, again: bool) -> None:
    """Others end the slot at once, and it says which they are."""
    declare(night, make_retry(3, on_exit_codes=frozenset({75, 111})))

    wait = fail(night, exit_code=code)

    assert wait == (MINUTE if again else None)
    if not again:
        assert night.slot(SLOT).reason.endswith("exit code 1 is not among those that are retried (75, 111)")


def test_work_that_was_lost_does_not_count_as_failed(night: Night) -> None:
    """An agent that died is not the job's fault: it has a budget of its own, and comes back at once."""
    declare(night, make_retry(2, wait=5 * MINUTE, lost_attempts=3))

    waits = [
        fail(night, kind=EndKind.LOST),
        fail(night),
        fail(night, kind=EndKind.STOPPED),
        fail(night),
    ]

    assert waits == [timedelta(0), 5 * MINUTE, timedelta(0), None]
    assert night.slot(SLOT).reason.endswith("ended: failed; no attempt left: 2 of 2 failed")


def test_work_that_is_lost_too_often_is_given_up(night: Night) -> None:
    """Even where failures would be retried; and where they would not, a loss is."""
    declare(night, replace(make_definition().retry, lost_attempts=3))

    waits = [fail(night, kind=EndKind.LOST) for _ in range(3)]

    assert waits == [timedelta(0), timedelta(0), None]
    assert night.slot(SLOT).reason.endswith("ended: failed; lost 3 times; at most 3 lost attempts are allowed")


def test_a_run_whose_agent_fell_silent_gets_a_successor(night: Night) -> None:
    """[8] The engine ends it, and another agent takes it up; the silent one can write nothing any more."""
    declare(night, RetryRule())
    (run,) = night.claim()
    night.advance(seconds=59)
    night.tick()
    assert night.face(SLOT) is SlotFace.RUNNING

    night.advance(seconds=1)
    night.tick()

    assert [one.status for one in night.runs(SLOT)] == [RunStatus.TIMEOUT, RunStatus.WAITING]
    assert not night.finish(run)
    assert [claimed.attempt for claimed in night.claim(agent="agent-2")] == [2]


def test_an_agent_that_keeps_its_heartbeat_keeps_its_runs(night: Night) -> None:
    """However long they take."""
    declare(night, RetryRule())
    (run,) = night.claim()
    for _ in range(10):
        night.advance(seconds=50)
        night.beat(AGENT)
        night.tick()

    assert night.finish(run)


def test_a_run_beyond_its_time_limit_ends_and_counts_as_failed(night: Night) -> None:
    """Agents end them; where one does not, the engine does after a while, on the job's own budget."""
    night.declare(
        definitions=[
            make_definition(retry=make_retry(2, wait=MINUTE), time_limit=10 * MINUTE, ends_on=date(2026, 1, 8))
        ]
    )
    night.tick()
    (run,) = night.claim()
    night.advance(minutes=10.99)
    night.beat()
    night.tick()
    before = night.face(SLOT)

    night.advance(minutes=0.01)
    night.beat()
    night.tick()

    assert before is SlotFace.RUNNING
    assert night.face(SLOT) is SlotFace.RETRYING
    assert not night.finish(run)


def test_the_budget_is_that_of_the_series(night: Night) -> None:
    """Whoever asks to run a slot anew gives it all its attempts again."""
    declare(night, make_retry(2, wait=timedelta(0)))
    assert [fail(night), fail(night)] == [timedelta(0), None]
    slot = night.slot(SLOT)

    with night.store.write() as tx:
        anew = make_new_run(slot.definition_id, slot_id=slot.id, series=2)
        assert runs.create_runs(tx, [anew], actor="ann", now=night.now)

    assert [fail(night), fail(night)] == [timedelta(0), None]
    assert [(run.series, run.attempt, run.requested_by) for run in night.runs(SLOT)] == [
        (1, 1, None),
        (1, 2, None),
        (2, 1, "tester"),
        (2, 2, "tester"),
    ]


def test_a_success_needs_no_successor(night: Night) -> None:
    """Neither does a cancellation: a person decided."""
    declare(night, make_retry(5))
    night.finish(SLOT, RunStatus.CANCELLED)
    night.tick()

    assert night.face(SLOT) is SlotFace.CANCELLED
    assert len(night.runs(SLOT)) == 1
