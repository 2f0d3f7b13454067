"""Suspended runs wake in time, and runs whose agent is lost go on with another where they can."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ostinato.model.changes import RunMoved
from ostinato.model.evidence import EndKind
from ostinato.model.runs import ClaimedRun
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import EventFate, Rescue, StepRules, WakeKind
from ostinato.store import claims, due_runs, events, plans, runs
from ostinato.store import schema as t
from ostinato.store.claims import HeldMove
from ostinato.testing.factories import NOON, make_new_run
from ostinato.testing.night import AGENT, Night, changes
from ostinato.testing.plans import make_step

STEP = "ensure_suspended_runs_wake"


def suspend(night: Night, *, wake_at: datetime | None = None, wake_kind: WakeKind | None = None) -> int:
    """Have a run sleep, with a step that waits for an event; return its id."""
    night.create(make_new_run())
    (run,) = night.claim()
    asleep = HeldMove(run.id, run.lease_token, RunMoved(RunStatus.SUSPENDED, "it waits", wake_at=wake_at))
    with night.store.write() as tx:
        plans.store_steps(tx, [(run.id, make_step(1, StepStatus.SUSPENDED, wake_kind=wake_kind))])
        claims.move_held_runs(tx, [asleep], actor=AGENT, now=night.now)
    return run.id


def insert_event(night: Night, run_id: int, *, due_at: datetime) -> None:
    """Store an event as a child does whose parent is busy: it wakes nobody."""
    with night.store.write() as tx:
        tx.execute(
            t.events.insert().values(
                run_id=run_id,
                step=1,
                name="child",
                optional=True,
                fate=EventFate.WAITING,
                reason="",
                sent_by=AGENT,
                sent_at=night.now,
                due_at=due_at,
            )
        )


def statuses(night: Night) -> list[RunStatus]:
    """Return the status of every run, oldest first."""
    return [run.status for run in night.runs()]


def test_a_suspended_run_wakes_when_its_time_has_come(night: Night) -> None:
    """Not before, once, and only those whose time it is."""
    suspend(night, wake_at=NOON + timedelta(seconds=1))
    suspend(night, wake_at=NOON + timedelta(seconds=2))
    suspend(night)
    with night.store.read() as tx:
        assert due_runs.find_next_start(tx) == NOON + timedelta(seconds=1)
    early = changes(night.tick())
    night.advance(seconds=1)

    woken = [changes(night.tick()) for _ in range(2)]

    assert (early, woken) == ({}, [{STEP: 1}, {}])
    assert statuses(night) == ["waiting", "suspended", "suspended"]


def test_a_suspended_run_wakes_for_an_event_that_it_missed(night: Night) -> None:
    """When that is due, and its step can take it."""
    due, later, retrying = suspend(night), suspend(night), suspend(night, wake_kind=WakeKind.RETRY)
    insert_event(night, due, due_at=NOON)
    insert_event(night, later, due_at=NOON + timedelta(hours=1))
    insert_event(night, retrying, due_at=NOON)

    outcomes = changes(night.tick())

    assert outcomes == {STEP: 1}
    assert statuses(night) == ["waiting", "suspended", "suspended"]


def test_an_event_that_came_as_its_run_ended_is_answered(night: Night) -> None:
    """It would wait for ever."""
    run_id = suspend(night, wake_at=NOON)
    night.tick()
    (run,) = night.claim()
    night.finish(run)
    insert_event(night, run_id, due_at=NOON)

    outcomes = [changes(night.tick()) for _ in range(2)]

    with night.store.read() as tx:
        (event,) = events.list_events(tx, run_id)
    assert outcomes == [{STEP: 1}, {}]
    assert (event.fate, event.reason) == (EventFate.DROPPED, "the run has ended")


def lose_agent(night: Night, rules: StepRules) -> ClaimedRun:
    """Have an agent that holds a run with two steps fall silent; return the run."""
    night.create(make_new_run())
    (run,) = night.claim(agent="silent")
    steps = [make_step(1, StepStatus.RUNNING, rules=rules), make_step(2, rules=rules)]
    with night.store.write() as tx:
        plans.store_steps(tx, [(run.id, step) for step in steps])
        plans.keep_survival(tx, {run.id: steps})
    night.advance(minutes=2)
    night.tick()
    return run


def test_a_run_that_outlives_its_agent_is_handed_over(night: Night) -> None:
    """With its steps as they are: who claims it next sees what was under way; the lost agent is not heard any more."""
    run = lose_agent(night, StepRules(idempotent=True))

    (lost,) = night.runs()
    assert (lost.status, lost.agent, lost.started_at, lost.finished_at) == (RunStatus.WAITING, None, NOON, None)
    assert not night.finish(run)
    with night.store.read() as tx:
        assert runs.list_transitions(tx, run.id)[-1].cause == "its agent is lost: no heartbeat within the threshold"
        assert [step.status for step in plans.load_plans(tx, [run.id])[run.id]] == ["running", "pending"]
    (again,) = night.claim()
    assert (again.id, again.lease_token) == (run.id, run.lease_token + 2)
    night.tick()
    assert statuses(night) == [RunStatus.RUNNING]


def test_a_run_that_does_not_is_lost_with_it(night: Night) -> None:
    """Nothing of it is left under way: what ran has failed and says so, what had not begun has not."""
    run = lose_agent(night, StepRules(rescue=Rescue.FAIL))

    with night.store.read() as tx:
        running, pending = plans.load_plans(tx, [run.id])[run.id]
    assert statuses(night) == [RunStatus.TIMEOUT]
    assert running.error is not None
    assert (running.status, running.error.kind, running.finished_at) == (StepStatus.ERROR, EndKind.LOST, night.now)
    assert running.error.message == "abnormal termination: its agent is lost: no heartbeat within the threshold"
    assert pending.status is StepStatus.PENDING


@pytest.mark.parametrize("minutes", [1, 5])
def test_silence_counts_from_the_last_claim(night: Night, minutes: int) -> None:
    """A run that began long ago is not lost the moment that another agent takes it up."""
    suspend(night, wake_at=NOON)
    night.advance(hours=3)
    night.tick()
    night.agent("old")
    night.advance(minutes=5)
    night.claim(agent="old")
    night.advance(minutes=minutes, seconds=-1)

    night.tick()

    assert statuses(night) == ["running" if minutes == 1 else "timeout"]
