"""Runs: creating them, ending them under a lease, and what the engine and people do to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ostinato.model.changes import RunMoved
from ostinato.model.evidence import EndKind, Evidence
from ostinato.model.runs import ClaimedRun, HeldRun, NewRun, RunOrigin
from ostinato.model.slots import SlotName
from ostinato.model.statuses import RunStatus, SlotStatus
from ostinato.policies.alignment import RemovalLimit
from ostinato.store import claims, due_runs, runs, slots, stopping
from ostinato.store.claims import HeldMove
from ostinato.store.database import Store, Tx
from ostinato.testing.factories import (
    NOON,
    make_account,
    make_definition,
    make_end,
    make_new_run,
    utc,
)
from ostinato.testing.night import AGENT, Night

FIRST, SECOND = "sales/-/2026-01-08", "sales/-/2026-01-09"
LATER = utc("2026-01-10T15:00")


@pytest.fixture
def planned(night: Night) -> Night:
    """Lend a night with the slots of one definition that starts nothing by itself."""
    night.declare(definitions=[make_definition(start="manual")])
    night.tick()
    return night


def new_run(night: Night, slot: str | None = FIRST, **values: Any) -> NewRun:
    """Make a run to be created of a slot, or a one-off."""
    found = night.slot(slot or FIRST)
    return make_new_run(found.definition_id, slot_id=found.id if slot else None, **values)


def start(night: Night) -> ClaimedRun:
    """Have one run of a slot, claimed by an agent."""
    night.create(new_run(night))
    return night.claim()[0]


def hand_over(night: Night, run_id: int, *, cause: str = "agent stops") -> bool:
    """Have the agent that has the first lease of a run hand it over."""
    move = HeldMove(run_id, 1, RunMoved(RunStatus.WAITING, cause))
    with night.store.write() as tx:
        return not claims.move_held_runs(tx, [move], actor=AGENT, now=night.now)


def cancel(tx: Tx, run_id: int, *, reason: str = "", cause: str = "cancelled by ann") -> bool:
    """Have a person cancel a run."""
    return stopping.cancel_run(tx, run_id=run_id, actor="ann", reason=reason, cause=cause, now=NOON)


def rows(store: Store, run_id: int) -> tuple[object, ...]:
    """Return all that is stored of a run and its history, to be compared."""
    with store.read() as tx:
        return runs.find_run(tx, run_id), runs.list_transitions(tx, run_id)


def test_a_new_run_waits_and_its_slot_is_live(planned: Night) -> None:
    """Creation, the first entry of the history and the slot agree."""
    (run_id,) = planned.create(new_run(planned, cause="somebody asked", attempt=2))

    run, slot = planned.run(FIRST), planned.slot(FIRST)
    assert (run.id, run.status, run.created_at, run.lease_token) == (run_id, RunStatus.WAITING, NOON, 0)
    assert (run.slot, run.origin, run.requested_by) == (SlotName("sales", None, "2026-01-08"), "trigger", "tester")
    assert (slot.status, slot.run_id, slot.run_status) == (SlotStatus.LIVE, run_id, RunStatus.WAITING)
    assert (slot.series, slot.attempts, slot.reason) == (1, 2, "")
    with planned.store.read() as tx:
        (entry,) = runs.list_transitions(tx, run_id)
    assert (entry.from_status, entry.to_status, entry.cause, entry.actor) == (
        None,
        RunStatus.WAITING,
        "somebody asked",
        "tester",
    )


@pytest.mark.parametrize(
    ("start_at", "status"),
    [(NOON + timedelta(microseconds=1), RunStatus.SCHEDULED), (NOON, RunStatus.WAITING), (None, RunStatus.WAITING)],
)
def test_a_run_for_later_is_scheduled(planned: Night, start_at: object, status: RunStatus) -> None:
    """Only a start time to come makes a run ``scheduled``."""
    planned.create(new_run(planned, start_at=start_at))

    assert planned.run(FIRST).status is status


def test_a_slot_that_has_a_run_gets_no_second(planned: Night) -> None:
    """[1] Runs that a constraint refuses are passed over, the others are made; the answer names those alone."""
    planned.create(new_run(planned, FIRST))

    created = planned.create(new_run(planned, FIRST, attempt=2), new_run(planned, SECOND), new_run(planned, None))

    assert [run.id for run in planned.runs()][1:] == created
    assert [run.slot_id for run in planned.runs()] == [planned.slot(FIRST).id, planned.slot(SECOND).id, None]
    assert planned.slot(FIRST).attempts == 1


def test_runs_without_slot_are_created_together(planned: Night) -> None:
    """Each with its own beginning, in the order in which they were asked for; more than one statement names."""
    made = planned.create(*(new_run(planned, None, cause=f"because {number}") for number in range(501)))

    with planned.store.read() as tx:
        causes = [runs.list_transitions(tx, made[number])[0].cause for number in (0, 1, 500)]
    assert made == sorted(set(made))
    assert causes == ["because 0", "because 1", "because 500"]


def test_a_succeeded_slot_gets_a_run_only_in_a_new_series(planned: Night) -> None:
    """[3] And then its slot is live again."""
    planned.finish(start(planned))

    again = planned.create(new_run(planned, attempt=2))
    anew = planned.create(new_run(planned, series=2, origin=RunOrigin.RERUN))

    assert again == []
    assert len(anew) == 1
    slot = planned.slot(FIRST)
    assert (slot.status, slot.series, slot.attempts, slot.finished_at) == (SlotStatus.LIVE, 2, 1, None)


def test_an_agent_ends_its_run_with_evidence(planned: Night) -> None:
    """The end is written with its time, evidence and history, and releases the lease."""
    claimed = start(planned)
    planned.advance(minutes=3)

    evidence = Evidence(EndKind.SIGNALLED, "killed", signal="SIGKILL")
    with planned.store.write() as tx:
        end = make_end(claimed, RunStatus.FAILED, evidence)
        assert claims.move_held_runs(tx, [end], actor="a", now=planned.now) == frozenset()

    run = planned.run(FIRST)
    assert (run.status, run.finished_at, run.evidence, run.reason) == (
        RunStatus.FAILED,
        planned.now,
        evidence,
        "killed",
    )
    assert not planned.finish(claimed)


def revoke(night: Night) -> None:
    """Have the engine end the runs of silent agents."""
    night.advance(minutes=1)
    with night.store.write() as tx:
        assert due_runs.time_out_silent_runs(tx, silent_since=night.now, actor="engine", now=night.now, limit=9) == 1


def give_away(night: Night) -> None:
    """Hand the run over, and have another agent claim it."""
    assert hand_over(night, night.run(FIRST).id)
    assert night.claim(agent="agent-2")


@pytest.mark.parametrize("lose", [revoke, give_away], ids=["revoked", "held by another"])
def test_an_agent_whose_lease_is_gone_changes_nothing(planned: Night, lose: object) -> None:
    """[5] Neither the end of a run nor handing it over is possible under a former lease; no row changes."""
    claimed = start(planned)
    assert callable(lose)
    lose(planned)
    before = rows(planned.store, claimed.id), planned.slot(FIRST)

    handed = hand_over(planned, claimed.id)
    ended = [planned.finish(claimed, status) for status in (RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.CANCELLED)]

    assert not handed
    assert ended == [False, False, False]
    assert (rows(planned.store, claimed.id), planned.slot(FIRST)) == before


def test_a_token_from_the_future_changes_nothing(planned: Night) -> None:
    """[5] A lease is held by exactly one token."""
    claimed = start(planned)

    with planned.store.write() as tx:
        end = make_end(replace(claimed, lease_token=claimed.lease_token + 1))
        refused = claims.move_held_runs(tx, [end], actor="a", now=NOON)

    assert refused == {claimed.id}
    assert planned.run(FIRST).status is RunStatus.RUNNING


def test_a_run_handed_over_waits_and_has_begun(planned: Night) -> None:
    """No agent is left of it; its first start and its deadline stay, and its history tells who had it."""
    claimed = start(planned)
    planned.advance(minutes=3)

    assert hand_over(planned, claimed.id)

    run = planned.run(FIRST)
    assert (run.status, run.agent, run.started_at, run.lease_token) == (RunStatus.WAITING, None, NOON, 1)
    with planned.store.read() as tx:
        assert runs.list_transitions(tx, run.id)[-1].cause == "agent stops"
    (again,) = planned.claim(agent="agent-2")
    assert (again.started_at, planned.run(FIRST).claimed_at) == (NOON, planned.now)


def test_an_agent_sees_what_it_holds(planned: Night) -> None:
    """Running runs of its own, each with its lease and who wants it cancelled."""
    claimed = start(planned)
    planned.create(new_run(planned, SECOND))
    planned.claim(agent="agent-2")

    with planned.store.write() as tx:
        asked = [cancel(tx, claimed.id, reason="wrong data") for _ in range(2)]
        held = claims.list_held_runs(tx, agent_id=planned.agent().id)

    assert asked == [True, False]
    assert held == [HeldRun(claimed.id, 1, "ann", "wrong data", outlives_agent=False)]
    planned.finish(claimed)
    with planned.store.read() as tx:
        assert claims.list_held_runs(tx, agent_id=planned.agent().id) == []


def test_a_run_that_nobody_carries_out_is_cancelled_at_once(planned: Night) -> None:
    """And once."""
    (waiting,) = planned.create(new_run(planned))

    with planned.store.write() as tx:
        cancelled = [cancel(tx, waiting, cause="not needed") for _ in range(2)]

    assert cancelled == [True, False]
    assert planned.run(FIRST).evidence == Evidence(EndKind.CANCELLED, "not needed")
    assert planned.slot(FIRST).status is SlotStatus.CANCELLED


def test_a_running_run_is_not_cancelled_behind_its_agent(planned: Night) -> None:
    """It would go on unseen: its agent is asked."""
    claimed = start(planned)

    with planned.store.write() as tx:
        assert cancel(tx, claimed.id)

    run = planned.run(FIRST)
    assert (run.status, run.cancel_requested_by, run.cancel_requested_at) == (RunStatus.RUNNING, "ann", NOON)


def test_scheduled_runs_wait_from_their_time_on(planned: Night) -> None:
    """Earliest first, at most as many as asked for, and none before its time."""
    times = {FIRST: NOON + timedelta(hours=2), SECOND: NOON + timedelta(hours=1)}
    planned.create(*(new_run(planned, slot, start_at=at) for slot, at in times.items()))
    with planned.store.read() as tx:
        assert due_runs.find_next_start(tx) == times[SECOND]

    with planned.store.write() as tx:
        counts = [
            due_runs.start_scheduled_runs(tx, actor="e", now=now, limit=1)
            for now in (times[SECOND] - timedelta(microseconds=1), times[FIRST], times[FIRST], times[FIRST])
        ]

    assert counts == [0, 1, 1, 0]
    assert {run.status for run in planned.runs()} == {RunStatus.WAITING}
    with planned.store.read() as tx:
        assert due_runs.find_next_start(tx) is None


def test_a_person_may_hasten_a_scheduled_run(planned: Night) -> None:
    """It waits at once; one that waits already stays as it is."""
    (run_id,) = planned.create(new_run(planned, start_at=LATER))

    with planned.store.write() as tx:
        hastened = [runs.hasten_run(tx, run_id=run_id, actor="ann", cause="now", now=NOON) for _ in range(2)]

    assert hastened == [True, False]
    assert planned.run(FIRST).status is RunStatus.WAITING


def test_runs_that_are_too_late_fail(planned: Night) -> None:
    """Scheduled and waiting ones alike, from their start_before on; a running one has made it."""
    limit = NOON + timedelta(hours=1)
    planned.create(
        new_run(planned, FIRST, start_before=limit),
        new_run(planned, SECOND, start_before=limit, start_at=LATER),
        new_run(planned, None),
    )
    (claimed,) = planned.create(new_run(planned, None, start_before=limit, priority=9))
    planned.claim(limit=1)

    with planned.store.write() as tx:
        counts = [
            due_runs.fail_late_runs(tx, actor="e", now=now, limit=9)
            for now in (limit - timedelta(microseconds=1), limit)
        ]

    assert counts == [0, 2]
    assert [run.status for run in planned.runs()] == ["failed", "failed", "waiting", "running"]
    assert planned.run(FIRST).evidence == Evidence(EndKind.TOO_LATE, planned.run(FIRST).reason)
    assert planned.runs()[-1].id == claimed


def test_runs_of_silent_agents_are_lost(planned: Night) -> None:
    """[5] Silence counts from the heartbeat and from the claim, whichever is later; the lease is revoked."""
    planned.agent("silent")
    planned.advance(seconds=60)
    claimed = start(planned)
    planned.create(new_run(planned, SECOND))
    planned.claim(agent="silent")
    planned.advance(seconds=60)
    planned.beat(AGENT)

    with planned.store.write() as tx:
        counts = [
            due_runs.time_out_silent_runs(tx, silent_since=since, actor="e", now=planned.now, limit=9)
            for since in (planned.now - timedelta(seconds=61), planned.now - timedelta(seconds=60))
        ]

    lost = planned.run(SECOND)
    assert counts == [0, 1]
    assert (lost.status, lost.lease_token) == (RunStatus.TIMEOUT, 2)
    assert lost.evidence is not None
    assert lost.evidence.kind is EndKind.LOST
    assert planned.run(FIRST).id == claimed.id
    assert planned.run(FIRST).status is RunStatus.RUNNING


def test_runs_beyond_their_time_limit_end(night: Night) -> None:
    """[5] The lease is revoked, so that an agent which did not end them in time cannot write any more."""
    night.declare(definitions=[make_definition(time_limit=timedelta(minutes=10))])
    night.tick()
    claimed = night.claim()[0]
    night.advance(minutes=10)

    with night.store.write() as tx:
        counts = [
            due_runs.time_out_long_runs(tx, overdue_since=since, actor="e", now=night.now, limit=1)
            for since in (night.now - timedelta(microseconds=1), night.now)
        ]

    assert counts == [0, 1]
    assert night.run(FIRST).status is RunStatus.TIMEOUT
    assert not night.finish(claimed)


def test_runs_are_found_by_what_they_belong_to(night: Night) -> None:
    """Every filter narrows the answer, newest first; counts are by status."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=[make_definition("x", matrix="account"), make_definition("y", matrix="account")],
    )
    night.tick()
    night.finish("x/a/2026-01-08", RunStatus.FAILED)

    with night.store.read() as tx:
        everything = runs.list_runs(tx)
        chosen = runs.list_runs(tx, definition="x", account="a", statuses=[RunStatus.FAILED, RunStatus.SUCCESS])
        newest = runs.list_runs(tx, definition="x", limit=2)
        counts = runs.count_runs(tx)
        one, none = runs.find_run(tx, chosen[0].id), runs.find_run(tx, 0)
        by_id = runs.list_runs(tx, run_ids=[chosen[0].id])

    assert [run.id for run in everything] == sorted((run.id for run in everything), reverse=True)
    assert [str(run.slot) for run in chosen] == ["x/a/2026-01-08"]
    assert newest == [run for run in everything if run.definition == "x"][:2]
    assert counts == {RunStatus.FAILED: 1, RunStatus.RUNNING: 7}
    assert (one, none, by_id) == (chosen[0], None, chosen)


def test_a_run_of_a_locked_slot_is_created_after_the_lock(planned: Night) -> None:
    """A person who retries holds the slot's row; what is read under the lock is the truth until the commit."""
    with planned.store.write() as tx:
        slot = slots.lock_slot(tx, planned.slot(FIRST).id)
        assert slot is not None
        assert runs.create_runs(tx, [make_new_run(slot.definition_id, slot_id=slot.id)], actor="ann", now=NOON)
        assert slots.lock_slot(tx, 0) is None

    assert planned.slot(FIRST).status is SlotStatus.LIVE


def test_the_lease_of_a_removed_run_is_good_for_no_other(planned: Night) -> None:
    """[5] A run that was removed while it ran leaves its id to nobody: its agent cannot end another by mistake."""
    claimed = start(planned)
    planned.declare(definitions=[])
    planned.set(removals=RemovalLimit(confirmed=True))
    planned.tick()
    planned.declare(definitions=[make_definition(start="manual")])
    planned.tick()
    other = start(planned)

    assert other.lease_token == claimed.lease_token
    assert not planned.finish(claimed)
    assert planned.run(FIRST).status is RunStatus.RUNNING
