"""The invariants asked of stored rows: sound rows break none, and every way to break one is found.

What constraints and triggers forbid has to be taken away first: that is what somebody does who changes a database by
hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from ostinato.engine.context import Context, Desired
from ostinato.engine.ensure_definition_dependencies_exist import ensure_definition_dependencies_exist
from ostinato.model.changes import RunMoved
from ostinato.model.engine import StepOutcome
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.operations.people import Person
from ostinato.operations.starting import rerun, retry, trigger_slot
from ostinato.store import journal, plans
from ostinato.store.claims import HeldMove, move_held_runs
from ostinato.store.database import Tx
from ostinato.store.invariants import INVARIANTS, find_since
from ostinato.testing.factories import make_account, make_chain, make_definition, make_new_run, make_retry, utc
from ostinato.testing.night import Night
from ostinato.testing.plans import make_step
from ostinato.world import World

ADA = Person("ada")
SLOT = "sales/-/2026-01-09"


def find_offences(night: Night) -> dict[int, list[str]]:
    """Return what breaks invariants, by their number."""
    with night.store.read() as tx:
        since = find_since(tx, overdue_since=night.now - timedelta(minutes=10))
        found = {invariant.number: invariant.find(tx, since) for invariant in INVARIANTS}
    return {number: offences for number, offences in found.items() if offences}


def change(night: Night, statement: str, **values: object) -> None:
    """Change the database by hand."""
    with night.store.write() as tx:
        tx.execute(text(statement), values)


def drop_guards(night: Night) -> None:
    """Take away the triggers on runs, and the unique indexes."""
    if night.store.dialect == "sqlite":
        for trigger in ("runs_status_update", "runs_status_insert", "runs_lease_update"):
            change(night, f"DROP TRIGGER {trigger}")
    else:
        change(night, "ALTER TABLE runs DISABLE TRIGGER USER")
    change(night, "DROP INDEX runs_live_key")
    change(night, "DROP INDEX runs_succeeded_key")


def add_second_attempt(night: Night, status: RunStatus) -> None:
    """Copy the only run of the slot as if it were the next attempt."""
    change(
        night,
        """
        INSERT INTO runs (
            attempt, status, slot_id, definition_id, account_id, version, series, origin, parameters, queue, priority,
            due_at, created_at, started_at, finished_at, lease_token, released_token, end_kind, end_message,
            decision, outlives_agent, waits_for
        )
        SELECT
            2, :status, slot_id, definition_id, account_id, version, series, origin, parameters, queue, priority,
            due_at, created_at, started_at, finished_at, lease_token, released_token, end_kind, end_message,
            0, false, ''
        FROM runs WHERE id = :run
        """,
        status=status.value,
        run=night.run(SLOT).id,
    )


def test_a_busy_night_breaks_none(night: Night, world: World) -> None:
    """Failures, retries, lost agents, reruns, triggers and changed declarations: all of it is sound."""
    accounts = [make_account("uk", time_zone="Europe/London"), make_account("us", time_zone="America/New_York")]
    chain = make_chain("load", "sum", matrix="account", retry=make_retry(2))
    total = make_definition("total", reads_from=("sum", "total"), writes_to=("total",))
    night.declare(accounts=accounts, definitions=[*chain, total, make_definition("hand", start="manual")])
    trigger = iter(["hand/-/2026-01-09", "total/-/2026-01-09"])

    for hour in range(30):
        night.work(lambda run: RunStatus.FAILED if run.id % 5 == 0 else RunStatus.SUCCESS)
        night.advance(hours=1)
        if hour in (3, 5):
            trigger_slot(world, next(trigger), by=ADA)
        if hour == 7:
            rerun(world, "load/uk/2026-01-08", by=ADA)
        if hour == 9:
            night.declare(definitions=[*chain, total, make_definition("late", reads_from=("sum",))])

    assert len(night.runs()) > 15
    assert find_offences(night) == {}


def test_a_night_in_which_agents_are_lost_breaks_none(night: Night, world: World) -> None:
    """Leases are revoked, and runs follow runs."""
    night.declare(definitions=[make_definition()])
    night.tick()
    lost = 0
    while night.claim():
        lost += 1
        night.advance(minutes=2)
        night.tick()
    retry(world, SLOT, by=ADA)
    night.claim()

    assert lost > 1
    assert len(night.runs(SLOT)) == lost + 1
    assert find_offences(night) == {}


def test_two_live_runs_of_a_slot_are_found(night: Night) -> None:
    """[1] A run that waits beside another one that does."""
    night.declare(definitions=[make_definition()])
    night.tick()
    drop_guards(night)
    add_second_attempt(night, RunStatus.WAITING)

    assert find_offences(night)[1] == [f"{SLOT} has 2 live runs"]


def test_a_run_before_its_slot_was_due_is_found(night: Night) -> None:
    """[2] To the microsecond."""
    night.declare(definitions=[make_definition()])
    night.tick()
    run = night.run(SLOT)
    before = "SELECT due_at - 1 FROM slots WHERE slots.id = runs.slot_id"
    change(night, f"UPDATE runs SET created_at = ({before}) WHERE id = :run", run=run.id)  # noqa: S608  nothing is put in

    assert find_offences(night) == {2: [f"run {run.id} of {SLOT} was created before the slot was due"]}


@pytest.mark.parametrize(
    ("reads", "early"),
    [("up", {"down/-/2026-01-08", "down/-/2026-01-09"}), ("down", {"down/-/2026-01-09"})],
)
def test_a_run_before_its_upstream_had_succeeded_is_found(night: Night, reads: str, early: set[str]) -> None:
    """[2] Of another definition, or of the slot before it in its own."""
    up, down = make_definition("up", writes_to=("up",)), make_definition("down", writes_to=("down",))
    night.declare(definitions=[up, replace(down, reads_from=(reads,))])
    steps = night.steps
    night.steps = tuple(forget_dependencies if step is ensure_definition_dependencies_exist else step for step in steps)
    night.tick()
    night.steps = steps
    night.tick(full=True)

    offences = find_offences(night)

    assert list(offences) == [2]
    assert {offence.split()[3] for offence in offences[2]} == early


def forget_dependencies(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
    """Say that the dependencies are as declared, and derive none: what a wrong program would do."""
    journal.set_revision(tx, "dependencies", journal.get_revision(tx, "declared"))
    return StepOutcome("ensure_definition_dependencies_exist")


def test_what_was_started_by_hand_needs_no_upstream(night: Night, world: World) -> None:
    """[2] Who triggers a slot passes over its start policy; that breaks nothing."""
    night.declare(definitions=make_chain("up", "down"))
    night.tick()
    trigger_slot(world, "down/-/2026-01-12", by=ADA)

    assert find_offences(night) == {}


def test_a_dependency_that_came_later_is_not_held_against_earlier_runs(night: Night) -> None:
    """[2] They were judged by what was declared then."""
    night.declare(definitions=[make_definition("down"), make_definition("up", writes_to=("up",))])
    night.work(lambda run: RunStatus.SUCCESS if run.work == "down" else RunStatus.FAILED)
    night.advance(minutes=1)
    night.declare(definitions=[make_definition("down", reads_from=("up",)), make_definition("up", writes_to=("up",))])
    night.tick()

    assert find_offences(night) == {}


def test_a_run_after_a_success_is_found(night: Night) -> None:
    """[3] In the same series; a new one is asked for by a person."""
    night.declare(definitions=[make_definition()])
    night.tick()
    night.finish(SLOT)
    first = night.run(SLOT).id
    drop_guards(night)
    add_second_attempt(night, RunStatus.FAILED)
    last = night.run(SLOT).id

    assert find_offences(night)[3] == [f"run {last} of {SLOT} came after run {first} had succeeded"]


def test_a_changed_end_is_found(night: Night) -> None:
    """[4] By the status alone, or by an entry in the history."""
    night.declare(definitions=[make_definition()])
    night.tick()
    night.finish(SLOT)
    run = night.run(SLOT)
    drop_guards(night)
    change(night, "UPDATE runs SET status = 'failed' WHERE id = :run", run=run.id)

    by_status = find_offences(night)[4]
    change(
        night,
        "INSERT INTO transitions (run_id, from_status, to_status, at, cause, actor, lease_token)"
        " VALUES (:run, 'success', 'running', 0, '', 'me', 1)",
        run=run.id,
    )

    assert by_status == [f"run {run.id} is failed, and its history ends with success"]
    assert find_offences(night)[4][0] == f"run {run.id} went from success to running"


def test_a_write_under_a_stale_lease_is_found(night: Night) -> None:
    """[5] The token in the history shrinks, or does not grow with a claim."""
    night.declare(definitions=[make_definition()])
    night.tick()
    night.finish(SLOT)
    run = night.run(SLOT)
    stale = "UPDATE transitions SET lease_token = 0 WHERE run_id = :run"
    change(night, f"{stale} AND to_status = 'success'", run=run.id)
    shrunk = find_offences(night)
    change(night, stale, run=run.id)

    assert shrunk == {5: [f"run {run.id} became success under lease 0, after lease 1"]}
    assert find_offences(night) == {5: [f"run {run.id} became running under lease 0, after lease 0"]}


def end_with_a_plan(night: Night, status: StepStatus, **values: Any) -> int:
    """Have a run that has ended long ago, with a step in some status; return its id."""
    night.create(make_new_run())
    (run,) = night.claim()
    night.finish(run)
    with night.store.write() as tx:
        plans.store_steps(tx, [(run.id, make_step(1, status, **values))])
    night.advance(minutes=11)
    return run.id


@pytest.mark.parametrize("status", [StepStatus.RUNNING, StepStatus.SUSPENDED])
def test_a_step_that_outlived_its_run_is_found(night: Night, status: StepStatus) -> None:
    """[6] Nobody will ever end it; one that has not begun, or has failed, may stay as it is."""
    run_id = end_with_a_plan(night, status)
    end_with_a_plan(night, StepStatus.PENDING)
    end_with_a_plan(night, StepStatus.ERROR)

    assert find_offences(night) == {6: [f"run {run_id} is success, and its step step-1 is {status}"]}


def test_an_event_that_nobody_will_take_is_found(night: Night) -> None:
    """[7] It waits for a run that has ended, or was given to a step that does not know of it."""
    ended = end_with_a_plan(night, StepStatus.SUCCESS)
    night.create(make_new_run())
    (run,) = night.claim()
    with night.store.write() as tx:
        plans.store_steps(tx, [(run.id, make_step(1, StepStatus.RUNNING, event_id=4711))])
    insert = (
        "INSERT INTO events (run_id, step, name, optional, fate, reason, sent_by, sent_at, due_at)"
        " VALUES (:run, 1, 'go', false, :fate, '', 'ann', 0, 0)"
    )
    change(night, insert, run=ended, fate="waiting")
    change(night, insert, run=run.id, fate="waiting")
    change(night, insert, run=run.id, fate="taken")

    assert find_offences(night) == {
        7: [
            f"event 1 is waiting, and its run {ended} is success",
            f"event 3 of run {run.id} was taken, and its step does not have it",
        ]
    }


def test_a_singleton_that_is_not_let_go_is_found(night: Night) -> None:
    """[4] No run of its key would ever be carried out again."""
    night.create(make_new_run(singleton_key="refresh"))
    (run,) = night.claim()
    night.finish(run)
    with night.store.write() as tx:
        tx.execute(
            text("PRAGMA ignore_check_constraints = ON")
            if night.store.dialect == "sqlite"
            else text("ALTER TABLE runs DROP CONSTRAINT runs_singleton_check")
        )
        tx.execute(text("UPDATE runs SET singleton_held = 'refresh'"))

    assert find_offences(night) == {4: [f"run {run.id} has ended, and holds refresh still"]}


def forget_to_examine(night: Night) -> None:
    """Lose the wake-up of the slot that comes next."""
    night.work()
    night.clock.set(utc("2026-01-11"))
    change(night, "UPDATE slots SET examine_at = NULL")


def forget_to_decide(night: Night) -> None:
    """Leave a failed run to itself."""
    night.tick()
    night.finish(SLOT, RunStatus.FAILED)
    night.finish("sales/-/2026-01-08")


def forget_to_start(night: Night) -> None:
    """Leave a scheduled run to itself."""
    night.tick()
    night.finish("sales/-/2026-01-08")
    night.finish(SLOT, RunStatus.FAILED)
    night.tick()


def forget_to_wake(night: Night) -> None:
    """Leave a suspended run to itself."""
    night.work()
    night.create(make_new_run())
    (run,) = night.claim()
    asleep = HeldMove(run.id, run.lease_token, RunMoved(RunStatus.SUSPENDED, "it waits", wake_at=night.now))
    with night.store.write() as tx:
        move_held_runs(tx, [asleep], actor="agent-1", now=night.now)


@pytest.mark.parametrize(
    ("forget", "offence"),
    [
        (forget_to_examine, "sales/-/2026-01-10 is due, has no run, and no reason is known"),
        (forget_to_decide, "and nothing was decided about another attempt"),
        (forget_to_start, "is scheduled still, though its start time has come"),
        (forget_to_wake, "is suspended still, though the time to wake it has come"),
    ],
)
def test_what_was_forgotten_is_found_once_it_is_overdue(
    night: Night, forget: Callable[[Night], None], offence: str
) -> None:
    """[8] Not before: an engine is given its time."""
    night.declare(definitions=[make_definition(retry=make_retry(2, wait=timedelta(seconds=1)))])
    forget(night)
    in_time = find_offences(night)
    night.advance(minutes=11)

    late = find_offences(night)

    assert in_time == {}
    assert list(late) == [8]
    assert any(offence in found for found in late[8])


def test_a_slot_that_says_otherwise_than_its_run_is_found(night: Night) -> None:
    """[8] It would stay as it is for ever."""
    night.declare(definitions=[make_definition()])
    night.tick()
    night.finish(SLOT)
    slot = night.slot(SLOT).id
    change(night, "UPDATE slots SET status = 'live', finished_at = NULL WHERE id = :slot", slot=slot)

    assert find_offences(night) == {8: [f"{SLOT} is live, and its latest run success"]}


def test_a_run_under_another_account_than_its_slot_is_found(night: Night) -> None:
    """[9] Removing that account would take it from the slot's."""
    night.declare(accounts=[make_account("a"), make_account("b")], definitions=[make_definition(matrix="account")])
    night.tick()
    run = night.run("sales/a/2026-01-09")
    change(
        night, "UPDATE runs SET account_id = (SELECT id FROM accounts WHERE token = 'b') WHERE id = :run", run=run.id
    )

    assert find_offences(night) == {9: [f"run {run.id} of sales/a/2026-01-09 belongs to another definition or account"]}
