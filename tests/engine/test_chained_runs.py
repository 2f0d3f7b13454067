"""Chained runs: they start when what they need has succeeded, fail when it cannot any more, and say why they wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ostinato.model.changes import RunMoved
from ostinato.model.evidence import EndKind
from ostinato.model.runs import ClaimedRun, Run
from ostinato.model.statuses import RunStatus
from ostinato.policies.claim import judge_claim
from ostinato.store import claims, runs
from ostinato.store import schema as t
from ostinato.store.claim_facts import get_claim_facts
from ostinato.store.claims import HeldMove
from ostinato.testing.factories import NOON, make_new_run, utc
from ostinato.testing.night import AGENT, Night, changes

STEP = "ensure_chained_runs_start"


def find(night: Night, run_id: int) -> Run:
    """Return a run as it is stored."""
    with night.store.read() as tx:
        run = runs.find_run(tx, run_id)
    assert run is not None
    return run


def make_needed(night: Night, count: int) -> list[ClaimedRun]:
    """Have runs that others need, held by an agent."""
    night.create(*(make_new_run() for _ in range(count)))
    return night.claim()


def chain(night: Night, needed: list[ClaimedRun], **values: Any) -> int:
    """Create a run that needs others; return its id."""
    needs = tuple((run.id, f"load-{number}") for number, run in enumerate(needed, start=1))
    return night.create(make_new_run(needs=needs, **values))[0]


def pause(night: Night, run: ClaimedRun) -> None:
    """Have a run wait for a person."""
    with night.store.write() as tx:
        claims.move_held_runs(
            tx, [HeldMove(run.id, run.lease_token, RunMoved(RunStatus.PAUSED, "stuck"))], actor=AGENT, now=night.now
        )


def unmet(night: Night, run_id: int) -> list[str]:
    """Return what is said to stand against a run, agents aside."""
    night.agent()
    with night.store.read() as tx:
        facts = get_claim_facts(tx, find(night, run_id), heartbeat_timeout=timedelta(minutes=1))
    return [gate.reason for gate in judge_claim(facts, night.now).gates if not gate.satisfied]


def test_a_run_starts_when_all_that_it_needs_has_succeeded(night: Night) -> None:
    """With skipped steps or without; before that it is scheduled, and no agent takes it."""
    first, second = make_needed(night, 2)
    after = chain(night, [first, second])
    night.finish(first)
    half = changes(night.tick())
    waits_for = unmet(night, after)
    night.finish(second, RunStatus.WARNING)

    whole = [changes(night.tick()) for _ in range(2)]

    assert (half, whole) == ({}, [{STEP: 1}, {}])
    assert waits_for == [f"run {second.id} (load-2) is running"]
    assert [run.id for run in night.claim()] == [after]


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.TIMEOUT, RunStatus.CANCELLED])
def test_a_run_fails_with_what_it_needs(night: Night, status: RunStatus) -> None:
    """It names what did not succeed, and what needs it fails after it."""
    good, bad = make_needed(night, 2)
    after = chain(night, [good, bad])
    (last,) = night.create(make_new_run(needs=((after, "agg"),)))
    night.finish(good)
    night.finish(bad, status)

    night.tick()
    night.tick()

    failed = find(night, after)
    assert failed.evidence is not None
    assert (failed.status, failed.evidence.kind) == (RunStatus.FAILED, EndKind.UPSTREAM_FAILED)
    assert failed.reason == f"what it needs did not succeed: run {bad.id} (load-2) is {status}"
    assert find(night, last).reason == f"what it needs did not succeed: run {after} (agg) is failed"


def test_a_run_that_was_removed_is_missed(night: Night) -> None:
    """By those that needed it, under the name that it had."""
    (needed,) = make_needed(night, 1)
    after = chain(night, [needed])
    with night.store.write() as tx:
        tx.execute(t.runs.delete().where(t.runs.c.id == needed.id))
    said = unmet(night, after)

    night.tick()

    assert said == [f"run {needed.id} (load-1) was removed"]
    assert find(night, after).reason == f"what it needs did not succeed: run {needed.id} (load-1) was removed"


def test_a_paused_run_is_the_reason_to_wait(night: Night) -> None:
    """As long as it is paused; lists show it without asking further."""
    running, paused = make_needed(night, 2)
    after = chain(night, [running, paused])
    pause(night, paused)

    outcomes = [outcome for outcome in night.tick() if outcome.step == STEP]
    waits_for = find(night, after).waits_for
    with night.store.write() as tx:
        tx.execute(t.runs.update().where(t.runs.c.id == paused.id).values(status=RunStatus.WAITING))
    night.tick()

    assert [(outcome.changed, outcome.blocked) for outcome in outcomes] == [(0, 1)]
    assert waits_for == f"run {paused.id} (load-2) is paused"
    assert (find(night, after).status, find(night, after).waits_for) == (RunStatus.SCHEDULED, "")


def test_a_run_for_later_waits_for_both(night: Night) -> None:
    """For what it needs and for its time, whichever is last."""
    (needed,) = make_needed(night, 1)
    tomorrow, today = (chain(night, [needed], start_at=at) for at in (utc("2026-01-11"), NOON))
    night.tick()
    too_early = find(night, today).status
    night.finish(needed)
    night.tick()

    in_time = find(night, today).status, find(night, tomorrow).status
    night.advance(days=1)
    night.tick()

    assert (too_early, in_time) == (RunStatus.SCHEDULED, (RunStatus.WAITING, RunStatus.SCHEDULED))
    assert find(night, tomorrow).status is RunStatus.WAITING


def test_a_run_that_waits_too_long_fails_as_every_other(night: Night) -> None:
    """From its start_before on it may not start any more, whatever it waits for."""
    (needed,) = make_needed(night, 1)
    after = chain(night, [needed], start_before=NOON + timedelta(hours=1))
    night.advance(hours=1)
    night.beat()

    night.tick()

    evidence = find(night, after).evidence
    assert evidence is not None
    assert evidence.kind is EndKind.TOO_LATE
