"""What agents do with runs that they hold: end them, let them rest, hand them over; and what follows from that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ostinato.model.changes import RunMoved
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.runs import ClaimedRun, Run
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import EventFate
from ostinato.store import claims, events, plans, runs
from ostinato.store import schema as t
from ostinato.store.claims import HeldMove
from ostinato.testing.factories import NOON, make_definition, make_end, make_evidence, make_new_run
from ostinato.testing.night import AGENT, Night
from ostinato.testing.plans import make_step

LATER = NOON + timedelta(hours=1)


def claim(night: Night, **values: Any) -> ClaimedRun:
    """Have an agent hold one new run."""
    night.create(make_new_run(**values))
    (claimed,) = night.claim()
    return claimed


def move(night: Night, run: ClaimedRun, to: RunStatus, **values: Any) -> bool:
    """Have the agent move its run; ``False`` when its lease is gone."""
    evidence = make_evidence(to) if to in FINAL_RUN_STATUSES else None
    moved = HeldMove(run.id, run.lease_token, RunMoved(to, f"because {to}", evidence, **values))
    with night.store.write() as tx:
        return not claims.move_held_runs(tx, [moved], actor=AGENT, now=night.now)


def find(night: Night, run_id: int) -> Run:
    """Return a run as it is stored."""
    with night.store.read() as tx:
        run = runs.find_run(tx, run_id)
    assert run is not None
    return run


@pytest.mark.parametrize("status", [RunStatus.SUSPENDED, RunStatus.PAUSED, RunStatus.WAITING])
def test_a_run_at_rest_is_held_by_nobody(night: Night, status: RunStatus) -> None:
    """Its agent has a place free; its first start stays, and its history tells who had it."""
    run = claim(night)

    assert move(night, run, status)

    resting = find(night, run.id)
    assert (resting.status, resting.agent, resting.started_at) == (status, None, NOON)
    with night.store.read() as tx:
        assert claims.list_held_runs(tx, agent_id=night.agent().id) == []
        assert runs.list_transitions(tx, run.id)[-1].actor == AGENT
    assert not move(night, run, RunStatus.SUCCESS)


def test_a_suspended_run_knows_when_to_wake(night: Night) -> None:
    """As long as it sleeps."""
    run = claim(night)

    move(night, run, RunStatus.SUSPENDED, wake_at=LATER)
    asleep = find(night, run.id).wake_at
    night.advance(hours=1)
    night.tick()

    assert asleep == LATER
    assert (find(night, run.id).status, find(night, run.id).wake_at) == (RunStatus.WAITING, None)


def test_a_run_is_handed_over_with_what_it_needs(night: Night) -> None:
    """It waits in the queue that was named, and says what for until somebody takes it."""
    run = claim(night)

    move(night, run, RunStatus.WAITING, queue="gpu", waits_for="agent-1 cannot import shop.flows:refresh")

    waiting = find(night, run.id)
    assert (waiting.queue, waiting.waits_for) == ("gpu", "agent-1 cannot import shop.flows:refresh")
    assert night.claim() == []
    assert [taken.id for taken in night.claim(agent="agent-2", queues=["gpu"])] == [run.id]
    assert find(night, run.id).waits_for == ""


def test_many_runs_end_together_and_each_by_itself(night: Night) -> None:
    """In one transaction, with their own evidence; a lease that is gone refuses one and no other."""
    night.create(*(make_new_run() for _ in range(4)))
    first, second, third, gone = night.claim()
    evidence = Evidence(EndKind.EXITED, "exit code 3", 3)
    ends = [
        make_end(third, RunStatus.FAILED, evidence),
        make_end(replace(gone, lease_token=7)),
        make_end(second),
        make_end(first),
    ]

    with night.store.write() as tx:
        refused = claims.move_held_runs(tx, ends, actor=AGENT, now=night.now)

    assert refused == {gone.id}
    assert [run.status for run in night.runs()] == ["success", "success", "failed", "running"]
    assert find(night, third.id).evidence == evidence


def test_the_end_of_a_run_answers_its_events(night: Night) -> None:
    """Those that nobody took, whether due or not; those of other runs stay."""
    run, other = claim(night), claim(night)
    with night.store.write() as tx:
        plans.store_steps(tx, [(id, make_step(1, StepStatus.SUSPENDED)) for id in (run.id, other.id)])
        for run_id, due_at in ((run.id, None), (run.id, LATER), (other.id, None)):
            events.send_event(tx, run_id=run_id, step=1, name="go", sent_by="ann", now=NOON, due_at=due_at)

    move(night, run, RunStatus.WARNING)

    with night.store.read() as tx:
        fates = [(event.fate, event.reason) for event in events.list_events(tx, run.id)]
        assert [event.fate for event in events.list_events(tx, other.id)] == [EventFate.WAITING]
    assert fates == [(EventFate.DROPPED, "the run has ended: warning")] * 2


def test_hooks_are_noted_with_the_status_they_are_for(night: Night) -> None:
    """Each by its name, when the run comes into a status that it names, and not when it leaves it."""
    hooks = {RunStatus.SUSPENDED: ["shop.hooks:tell"], RunStatus.SUCCESS: ["shop.hooks:tell", "shop.hooks:bill"]}
    run = claim(night, hooks=hooks)
    move(night, run, RunStatus.SUSPENDED, wake_at=NOON)
    night.tick()
    (again,) = night.claim()
    night.advance(minutes=1)

    move(night, again, RunStatus.SUCCESS)

    call = t.hook_calls.c
    with night.store.read() as tx:
        noted = tx.execute(select(call.run_id, call.hook, call.status, call.at, call.called_at).order_by(call.id)).all()
    assert [tuple(row) for row in noted] == [
        (run.id, "shop.hooks:tell", "suspended", NOON, None),
        (run.id, "shop.hooks:tell", "success", night.now, None),
        (run.id, "shop.hooks:bill", "success", night.now, None),
    ]


def test_a_run_without_definition_has_all_that_it_needs(night: Night) -> None:
    """Its action, what that is given, and what its caller wants carried along; faces name it by its action."""
    claimed = claim(night, input={"day": "2026-01-10"}, context={"locale": "de"}, parameters={"a": "1"})

    assert (claimed.definition, claimed.action, claimed.work) == (None, "shop.flows:refresh", "shop.flows:refresh")
    assert (claimed.input, claimed.context, claimed.time_zone) == ({"day": "2026-01-10"}, {"locale": "de"}, "UTC")
    run = find(night, claimed.id)
    assert (run.definition, run.work, run.slot) == (None, "shop.flows:refresh", None)
    move(night, claimed, RunStatus.FAILED)
    assert night.work() == []


def test_a_run_that_has_begun_goes_on_as_it_began(night: Night) -> None:
    """With the definition, the first start and the deadline of then, however late. One that has not is new."""
    night.declare(definitions=[make_definition(start="manual", time_limit=timedelta(hours=2))])
    night.tick()
    definition_id = night.slot("sales/-/2026-01-08").definition_id
    begun = claim(night, definition_id=definition_id, start_before=LATER)
    move(night, begun, RunStatus.SUSPENDED, wake_at=LATER)
    night.declare(definitions=[make_definition(start="manual", command=("new",))])
    night.advance(hours=1)
    night.tick()
    night.create(make_new_run(definition_id))

    again, new = night.claim()

    assert (again.id, again.definition, again.version) == (begun.id, begun.definition, begun.version)
    assert (again.started_at, again.deadline_at) == (NOON, NOON + timedelta(hours=2))
    assert new.definition is not None
    assert (new.definition.command, new.started_at, new.deadline_at) == (("new",), night.now, None)
