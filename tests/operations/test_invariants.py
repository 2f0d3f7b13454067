"""The invariants asked of stored rows: sound rows break none, and every way to break one is found.

What constraints and triggers forbid has to be taken away first: that is what somebody does who changes a database by
hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.operations import breaking
from tests.operations.breaking import SLOT, change, drop_guards, find_offences

from ostinato.engine.context import Context, Desired
from ostinato.engine.ensure_definition_dependencies_exist import ensure_definition_dependencies_exist
from ostinato.model.engine import StepOutcome
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.operations.people import Person
from ostinato.operations.starting import rerun, retry, trigger_slot
from ostinato.store import journal, plans
from ostinato.store.database import Tx
from ostinato.store.invariants import MOST_SKEW
from ostinato.testing.factories import make_account, make_chain, make_definition, make_new_run, make_retry
from ostinato.testing.night import Night
from ostinato.testing.plans import make_step
from ostinato.world import World

ADA = Person("ada")


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
    breaking.add_second_attempt(night, RunStatus.WAITING)

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
    start_early(night, reads)
    change(night, "UPDATE slots SET created_at = created_at - :skew", skew=MOST_SKEW // timedelta(microseconds=1))

    offences = find_offences(night)

    assert list(offences) == [2]
    assert {offence.split()[3] for offence in offences[2]} == early


def test_a_run_that_is_hardly_younger_than_a_slot_upstream_is_not_judged(night: Night) -> None:
    """[2] The clock by which the one was made may be ahead of the other's: the slot was not there, perhaps."""
    start_early(night, "up")

    assert find_offences(night) == {}


def start_early(night: Night, reads: str) -> None:
    """Have ``down`` read what it names, and start as if it did not."""
    up, down = make_definition("up", writes_to=("up",)), make_definition("down", writes_to=("down",))
    night.declare(definitions=[up, replace(down, reads_from=(reads,))])
    steps = night.steps
    night.steps = tuple(forget_dependencies if step is ensure_definition_dependencies_exist else step for step in steps)
    night.tick()
    night.steps = steps
    night.tick(full=True)


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
    breaking.add_second_attempt(night, RunStatus.FAILED)
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


@pytest.mark.parametrize("status", [StepStatus.RUNNING, StepStatus.SUSPENDED])
def test_a_step_that_outlived_its_run_is_found(night: Night, status: StepStatus) -> None:
    """[6] Nobody will ever end it; one that has not begun, or has failed, may stay as it is."""
    run_id = breaking.end_with_a_plan(night, status)
    breaking.end_with_a_plan(night, StepStatus.PENDING)
    breaking.end_with_a_plan(night, StepStatus.ERROR)

    assert find_offences(night) == {6: [f"run {run_id} is success, and its step step-1 is {status}"]}


def test_an_event_that_nobody_will_take_is_found(night: Night) -> None:
    """[7] It waits for a run that has ended, or was given to a step that does not know of it."""
    ended = breaking.end_with_a_plan(night, StepStatus.SUCCESS)
    night.create(make_new_run())
    (run,) = night.claim()
    with night.store.write() as tx:
        plans.store_steps(tx, [(run.id, make_step(1, StepStatus.RUNNING, event_id=4711))])
    breaking.add_event(night, ended, "waiting")
    breaking.add_event(night, run.id, "waiting")
    breaking.add_event(night, run.id, "taken")

    assert find_offences(night) == {
        7: [
            f"event 1 is waiting, and its run {ended} is success",
            f"event 3 of run {run.id} was taken, and its step does not have it",
        ]
    }


def test_a_singleton_that_is_not_let_go_is_found(night: Night) -> None:
    """[4] No run of its key would ever be carried out again."""
    run = breaking.keep_singleton(night)

    assert find_offences(night) == {4: [f"run {run} has ended, and holds refresh still"]}


@pytest.mark.parametrize(
    ("forget", "offence"),
    [
        (breaking.forget_to_examine, "sales/-/2026-01-10 is due, has no run, and no reason is known"),
        (breaking.forget_to_decide, "and nothing was decided about another attempt"),
        (breaking.forget_to_start, "is scheduled still, though its start time has come"),
        (breaking.forget_to_wake, "is suspended still, though the time to wake it has come"),
        (breaking.forget_the_agent, "is running still, though its agent is lost"),
    ],
)
def test_what_was_forgotten_is_found_once_it_is_overdue(
    night: Night, forget: Callable[[Night], None], offence: str
) -> None:
    """[8] Not before: an engine is given its time."""
    night.declare(definitions=[make_definition(retry=make_retry(2, wait=timedelta(seconds=1)))])
    forget(night)
    in_time = find_offences(night)
    night.advance(minutes=12)

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
