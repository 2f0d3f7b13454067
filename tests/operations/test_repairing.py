"""Repairs: whatever somebody has broken by hand is mended, or left for a person with what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.operations import breaking
from tests.operations.breaking import SLOT, change, drop_guards, find_offences

from ostinato.model.engine import AuditEntry
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.operations.doctor import Check, Health, examine
from ostinato.operations.halting import halt
from ostinato.operations.people import Person
from ostinato.operations.repairing import MENDED, REPAIRS, Repaired, prescribe, repair
from ostinato.operations.starting import rerun
from ostinato.store import plans
from ostinato.store.breaches import Breach, Offence
from ostinato.testing.factories import make_account, make_definition, make_new_run, make_retry
from ostinato.testing.night import Night
from ostinato.testing.plans import make_step
from ostinato.world import World

ADA = Person("ada")


def break_singleton(night: Night) -> None:
    """Have a run that has ended keep its singleton."""
    breaking.keep_singleton(night)


def open_step(night: Night) -> None:
    """Leave steps under way in runs that have ended."""
    breaking.end_with_a_plan(night, StepStatus.RUNNING)
    breaking.end_with_a_plan(night, StepStatus.SUSPENDED)


def leave_event(night: Night) -> None:
    """Leave an event to a run that has ended."""
    breaking.add_event(night, breaking.end_with_a_plan(night, StepStatus.SUCCESS), "waiting")


def lose_end_of_history(night: Night) -> None:
    """Lose the last entry of one history, and the whole of another."""
    night.tick()
    night.finish(SLOT)
    night.finish("sales/-/2026-01-08")
    last = night.run(SLOT).id
    change(night, "DELETE FROM transitions WHERE run_id = :run AND to_status = 'success'", run=last)
    change(night, "DELETE FROM transitions WHERE run_id <> :run", run=last)


def revive(night: Night) -> None:
    """Have runs live again that have ended, and their slots not know of it."""
    night.tick()
    night.finish(SLOT)
    night.finish("sales/-/2026-01-08", RunStatus.CANCELLED)
    night.create(make_new_run())
    (run,) = night.claim()
    night.finish(run, RunStatus.FAILED)
    for status, slot in (("waiting", SLOT), ("paused", "sales/-/2026-01-08")):
        set_back(night, night.run(slot).id, status)
    set_back(night, run.id, "suspended")
    night.tick()  # an engine that goes on with what it finds makes nothing worse


def set_back(night: Night, run_id: int, status: str) -> None:
    """Give a run that has ended a status of those that live."""
    if night.store.dialect == "postgresql":
        change(night, "ALTER TABLE runs DISABLE TRIGGER USER")
    else:
        change(night, "DROP TRIGGER IF EXISTS runs_status_update")
    change(
        night,
        "UPDATE runs SET status = :to, finished_at = NULL, end_kind = NULL WHERE id = :run",
        to=status,
        run=run_id,
    )


def reopen_slot(night: Night) -> None:
    """Have a slot say that its run goes on, which has ended."""
    night.tick()
    night.finish(SLOT)
    change(night, "UPDATE slots SET status = 'live', finished_at = NULL WHERE id = :slot", slot=night.slot(SLOT).id)


def close_slot(night: Night) -> None:
    """Have a slot say that it has succeeded, of which the run goes on."""
    night.tick()
    night.claim()
    night.beat()
    change(night, "UPDATE slots SET status = 'success', finished_at = 0 WHERE id = :slot", slot=night.slot(SLOT).id)


def take_slot_back(night: Night) -> None:
    """Have a slot say that it has not run, though it has."""
    night.tick()
    night.finish(SLOT)
    change(
        night,
        "UPDATE slots SET status = 'pending', attempts = 0, finished_at = NULL, run_id = NULL WHERE id = :slot",
        slot=night.slot(SLOT).id,
    )


def unlink_slot(night: Night) -> None:
    """Have a slot not know its run."""
    night.tick()
    night.finish(SLOT)
    change(night, "UPDATE slots SET run_id = NULL WHERE id = :slot", slot=night.slot(SLOT).id)


def lose_run(night: Night) -> None:
    """Have a slot say that it runs, of which the run was deleted."""
    night.tick()
    change(night, "DELETE FROM runs WHERE id = :run", run=night.run(SLOT).id)


def date_lease_ahead(night: Night) -> None:
    """Have an engine that is gone lead for a year."""
    night.work()
    in_a_year = int((night.now + timedelta(days=365)).timestamp() * 1_000_000)
    change(night, "INSERT INTO leases (name, holder, expires_at) VALUES ('engine', 'gone', :at)", at=in_a_year)


def date_heartbeat_ahead(night: Night) -> None:
    """Have an agent that is gone seem alive for a year."""
    night.work()
    in_a_year = int((night.now + timedelta(days=365)).timestamp() * 1_000_000)
    change(night, "UPDATE agents SET heartbeat_at = :at", at=in_a_year)


def misplace_run(night: Night) -> None:
    """Give a run that has not begun to another account."""
    night.declare(accounts=[make_account("a"), make_account("b")], definitions=[make_definition(matrix="account")])
    night.tick()
    other = "UPDATE runs SET account_id = (SELECT id FROM accounts WHERE token = 'b') WHERE id = :run"
    change(night, other, run=night.run("sales/a/2026-01-09").id)


MENDABLE: dict[str, tuple[Callable[[Night], None], set[int]]] = {
    "release-singletons": (break_singleton, {4}),
    "close-steps": (open_step, {6}),
    "drop-events": (leave_event, {7}),
    "complete-histories": (lose_end_of_history, {4}),
    "end-again": (revive, {4, 8}),
    "realign-slots": (reopen_slot, {8}),
    "realign-slots, closed": (close_slot, {8}),
    "realign-slots, pending": (take_slot_back, {8}),
    "realign-slots, unlinked": (unlink_slot, {8}),
    "realign-slots, empty": (lose_run, {8}),
    "drop-leases": (date_lease_ahead, {8}),
    "mend-heartbeats": (date_heartbeat_ahead, {8}),
    "rehome-runs": (misplace_run, {9}),
    "wake-slots": (breaking.forget_to_examine, {8}),
    "decide-retries": (breaking.forget_to_decide, {8}),
    "start-runs": (breaking.forget_to_start, {8}),
    "wake-runs": (breaking.forget_to_wake, {8}),
    "end-runs": (breaking.forget_the_agent, {8}),
}


@pytest.mark.parametrize("case", MENDABLE)
def test_what_can_be_mended_with_certainty_is(
    night: Night, world: World, audit: Callable[[], list[AuditEntry]], case: str
) -> None:
    """It is found, the rehearsal says what would be done and does nothing, and then it is done, told and kept."""
    break_it, broken = MENDABLE[case]
    night.declare(definitions=[make_definition(retry=make_retry(2, wait=timedelta(seconds=1)))])
    break_it(night)
    if case != "realign-slots, closed":  # its agent lives
        night.advance(minutes=12)
    found = find_offences(night)

    rehearsed = repair(world, by=ADA, rehearse=True)
    unchanged = find_offences(night)
    done = repair(world, by=ADA)

    assert found.keys() == broken
    assert unchanged == found
    assert rehearsed == done
    assert case.split(",", maxsplit=1)[0] in {one.name for one in done}
    assert [one.error for one in done if one.error] == []
    assert find_offences(night) == {}
    kept = [entry for entry in audit() if entry.action == "repair"]
    assert {(entry.actor, entry.target) for entry in kept} == {("ada", one.name) for one in done}
    assert all(entry.reason for entry in kept)
    assert repair(world, by=ADA) == []


def test_every_repair_of_a_breach_is_tried() -> None:
    """Those that are not named above are steps of the engine that see to other things, or tried below."""
    tried = {case.split(",")[0] for case in MENDABLE} | {"restore-guards"}
    by_the_way = {"full-pass", "derive-dependencies", "lay-out-slots", "create-runs", "start-chains", "mark-agents"}

    assert {one.name for one in REPAIRS} == tried | by_the_way


@pytest.mark.parametrize("breach", Breach)
def test_there_is_something_to_do_about_every_breach(breach: Breach) -> None:
    """A repair mends it, or a person is told by which commands."""
    remedy = prescribe(Offence(breach, "it is broken", 7))

    assert (remedy == "to mend it: ostinato doctor --repair") == (breach in MENDED)
    assert "ostinato" in remedy


def test_slots_wake_what_waited_for_them(night: Night, world: World) -> None:
    """What depends on a slot that has ended after all goes on in the same repair."""
    up, down = make_definition(writes_to=("sales",)), make_definition("sum", reads_from=("sales",))
    night.declare(definitions=[up, down])
    reopen_slot(night)

    repair(world, by=ADA)

    assert night.face("sum/-/2026-01-09") is SlotFace.WAITING


def test_a_run_whose_agent_may_live_is_left_alone(night: Night, world: World) -> None:
    """Silence for longer than the threshold is not enough here: the database may have been away, and nobody heard."""
    night.declare(definitions=[make_definition()])
    night.tick()
    night.claim()
    night.advance(minutes=5)

    repair(world, by=ADA)

    assert night.run(SLOT).status is RunStatus.RUNNING


def test_guards_that_were_taken_away_are_put_back(night: Night, world: World) -> None:
    """Triggers, switched off or dropped, indexes, and constraints where they can be taken away."""
    sound = check(world, "guards")
    drop_guards(night)
    if night.store.dialect == "postgresql":
        change(night, "DROP TRIGGER steps_guard_update ON steps")
        change(night, "ALTER TABLE runs DROP CONSTRAINT runs_lease_check")
    broken = check(world, "guards")
    repaired = repair(world, by=ADA)

    assert (sound.health, broken.health) == (Health.OK, Health.BROKEN)
    assert "index runs_live_key" in broken.found
    assert check(world, "guards").health is Health.OK
    assert [one.name for one in repaired] == ["restore-guards"]
    assert len(repaired[0].done) == (5 if night.store.dialect == "sqlite" else 6)


def check(world: World, name: str) -> Check:
    """Return what one check of the doctor finds."""
    return next(check for check in examine(world) if check.name == name)


def remedies(world: World, number: int) -> tuple[str, ...]:
    """Return what the doctor says is to be done about an invariant that is broken."""
    return check(world, f"invariant {number}").remedies


def errors(repaired: list[Repaired]) -> dict[str, str]:
    """Return what repairs could not do, by their names."""
    return {one.name: one.error for one in repaired if one.error}


def test_two_live_runs_are_left_for_a_person(night: Night, world: World) -> None:
    """[1] Once the person has ended one of them, as the doctor says, the rest is mended."""
    night.declare(definitions=[make_definition()])
    night.tick()
    drop_guards(night)
    second = breaking.add_second_attempt(night, RunStatus.WAITING)
    first_try = repair(world, by=ADA)
    told = remedies(world, 1)
    halt(world, str(second), by=ADA)
    night.advance(minutes=12)

    assert find_offences(night).keys() == {8}
    assert f"ostinato halt {second}" in told[0]
    assert "runs_live_key cannot be put back" in errors(first_try)["restore-guards"]
    assert errors(repair(world, by=ADA)) == {}
    assert find_offences(night) == {}
    assert check(world, "guards").health is Health.OK
    assert night.face(SLOT) is SlotFace.WAITING


def start_early(night: Night) -> None:
    """Have a run that was created too early."""
    change(night, "UPDATE runs SET created_at = 0 WHERE id = :run", run=night.run(SLOT).id)


def run_twice(night: Night) -> None:
    """Have a second attempt after a success."""
    drop_guards(night)
    breaking.add_second_attempt(night, RunStatus.FAILED)
    change(night, "UPDATE slots SET run_id = :run WHERE id = :slot", run=night.run(SLOT).id, slot=night.slot(SLOT).id)
    change(night, "UPDATE slots SET status = 'failed' WHERE id = :slot", slot=night.slot(SLOT).id)


def change_end(night: Night) -> None:
    """Have a run say another end than its history."""
    drop_guards(night)
    change(night, "UPDATE runs SET status = 'warning' WHERE id = :run", run=night.run(SLOT).id)
    change(night, "UPDATE slots SET status = 'warning' WHERE id = :slot", slot=night.slot(SLOT).id)


def write_stale(night: Night) -> None:
    """Have an end been written under a lease that was gone."""
    stale = "UPDATE transitions SET lease_token = 0 WHERE run_id = :run AND to_status = 'success'"
    change(night, stale, run=night.run(SLOT).id)


def contradict(night: Night) -> None:
    """Have a slot that failed, of which the run has succeeded."""
    change(night, "UPDATE slots SET status = 'failed' WHERE id = :slot", slot=night.slot(SLOT).id)


def delete_run(night: Night) -> None:
    """Have a slot that has succeeded, of which the run was deleted."""
    change(night, "DELETE FROM runs WHERE id = :run", run=night.run(SLOT).id)


def give_away(night: Night) -> None:
    """Have a run that has begun belong to another definition."""
    night.declare(definitions=[make_definition(), make_definition("other")])
    night.tick()
    other = "UPDATE runs SET definition_id = (SELECT id FROM definitions WHERE name = 'other') WHERE id = :run"
    change(night, other, run=night.run(SLOT).id)


@pytest.mark.parametrize(
    ("break_it", "number", "goes_by_rerun"),
    [
        (start_early, 2, False),
        (run_twice, 3, False),
        (change_end, 4, False),
        (write_stale, 5, False),
        (contradict, 8, True),
        (delete_run, 8, True),
        (give_away, 9, False),
    ],
)
def test_what_nobody_else_can_judge_is_left_for_a_person(
    night: Night, world: World, break_it: Callable[[Night], None], number: int, goes_by_rerun: bool
) -> None:
    """Nothing is rewritten; the doctor says what to look at, and that the slot can be run again, which works."""
    night.declare(definitions=[make_definition()])
    night.work()
    break_it(night)
    night.work()
    night.advance(minutes=12)
    found = find_offences(night)
    repaired = repair(world, by=ADA)
    (told,) = remedies(world, number)

    assert found.keys() == {number}
    assert {one.name for one in repaired} <= {"restore-guards", "mark-agents"}
    assert find_offences(night) == found
    assert f"rerun {SLOT}" in told or "ostinato logs" in told or "ostinato show" in told
    rerun(world, SLOT, by=ADA)
    night.work()
    assert (find_offences(night) == {}) is goes_by_rerun


def test_an_event_that_its_step_does_not_know_of_is_left_for_a_person(night: Night, world: World) -> None:
    """[7] Nobody knows whether the step had it: to give it once more, or never, could both be wrong."""
    night.create(make_new_run())
    (run,) = night.claim()
    with night.store.write() as tx:
        plans.store_steps(tx, [(run.id, make_step(1, StepStatus.RUNNING, event_id=4711))])
    breaking.add_event(night, run.id, "taken")
    repair(world, by=ADA)

    assert find_offences(night).keys() == {7}
    assert f"ostinato send-event {run.id} STEP NAME" in remedies(world, 7)[0]


def test_a_repair_that_fails_keeps_no_other_from_its_work(night: Night, world: World) -> None:
    """What went wrong is told; nothing of that repair is done, and all of the others."""
    run_id = breaking.end_with_a_plan(night, StepStatus.RUNNING)
    change(night, "DROP TABLE leases")
    rehearsed, done = repair(world, by=ADA, rehearse=True), repair(world, by=ADA)

    for repaired in (rehearsed, done):
        assert "drop-leases" in errors(repaired)
        assert "close-steps" in {one.name for one in repaired}
    with night.store.read() as tx:
        (row,) = plans.list_steps(tx, run_id)
    assert row.step.status is StepStatus.ERROR
