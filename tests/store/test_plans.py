"""Plans: what is read of them, what persons change, and that no step leaves the edges of its table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from ostinato.errors import IllegalTransition, NotPossible, StoreError
from ostinato.model.changes import StepChanged, TryFailed
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import StepRow
from ostinato.model.transitions import STEP_TRANSITIONS, Party
from ostinato.store import plans
from ostinato.store.database import Tx
from ostinato.testing.factories import make_definition, make_retry
from ostinato.testing.interleaving import interleave
from ostinato.testing.night import Night
from ostinato.testing.plans import ERROR, HeldRun, hold_run, hold_runs, make_step, make_steps

EDGES = {(edge.source, edge.target) for edge in STEP_TRANSITIONS}
PAIRS = [(source, target) for source in StepStatus for target in StepStatus]
PENDING, FAILED = StepStatus.PENDING, StepStatus.ERROR


def pause(run: HeldRun) -> HeldRun:
    """Have a run wait for a person."""
    run.move(RunStatus.PAUSED)
    return run


def is_legal(source: StepStatus, target: StepStatus) -> bool:
    """Tell whether a step may go from one status to another, or stay."""
    return source is target or (source, target) in EDGES


def write_status(night: Night, run: HeldRun, number: int, status: StepStatus) -> bool:
    """Write a status as anybody with a connection could; ``False`` when the database refuses it as no edge."""
    write = text("UPDATE steps SET status = :status WHERE run_id = :run AND number = :number")
    try:
        with night.store.write() as tx:
            tx.execute(write, {"status": status.value, "run": run.id, "number": number})
    except StoreError as error:
        if "illegal status change of a step" not in str(error):
            raise
        return False
    return True


# --- the table of transitions ----------------------------------------------------------------------------------------


def test_the_database_keeps_steps_on_their_edges(night: Night) -> None:
    """[4] Whatever a program writes, a step changes its status along an edge of the table or not at all."""
    steps = [replace(make_step(number, source), error=ERROR) for number, (source, _) in enumerate(PAIRS, start=1)]
    run = hold_run(night, *steps)

    refused = [
        PAIRS[step.number - 1] for step in steps if not write_status(night, run, step.number, PAIRS[step.number - 1][1])
    ]

    assert refused == [(source, target) for source, target in PAIRS if not is_legal(source, target)]
    assert [step.status for step in run.steps] == [
        target if is_legal(source, target) else source for source, target in PAIRS
    ]


@pytest.mark.parametrize("by", Party)
def test_only_who_may_moves_a_step(night: Night, by: Party) -> None:
    """The table says by whom; what another asks for is refused before the database is asked."""
    allowed = {(edge.source, edge.target) for edge in STEP_TRANSITIONS if by in edge.by}
    with night.store.write() as tx:
        for source, target in PAIRS:
            change = StepChanged(source, make_step(1, target))
            try:
                found = plans.write_steps(tx, [(99, change)], by=by)
            except IllegalTransition:
                assert (source, target) not in allowed
            else:
                assert not found
                assert (source, target) in allowed or source is target


def test_a_failed_step_has_an_error(night: Night) -> None:
    """There is nothing to decide about an error that nobody can read."""
    with pytest.raises(StoreError):
        hold_run(night, replace(make_step(1, "error"), error=None))


# --- reading ---------------------------------------------------------------------------------------------------------


def test_a_large_plan_is_stored_and_read_in_order(night: Night) -> None:
    """More steps than one statement can name come back in the order of their numbers."""
    steps = make_steps(1_203)

    run = hold_run(night, *reversed(steps))

    assert run.steps == tuple(steps)
    with night.store.read() as tx:
        assert plans.count_steps(tx, [run.id]) == {run.id: {PENDING: 1_203}}


def test_runs_without_a_plan_are_absent(night: Night) -> None:
    """What has not been planned has no steps, which is something else than no step."""
    planned, unplanned = hold_runs(night, 2)
    with night.store.write() as tx:
        plans.store_steps(tx, [(planned.id, make_step(1))])

    with night.store.read() as tx:
        assert plans.load_plans(tx, [planned.id, unplanned.id]) == {planned.id: (make_step(1),)}
        assert plans.count_steps(tx, [planned.id, unplanned.id]) == {planned.id: {PENDING: 1}}
        assert plans.load_plans(tx, []) == {}


def test_a_step_is_found_by_number_and_by_name(night: Night) -> None:
    """Faces name a step either way."""
    run = hold_run(night, *make_steps(2))

    with night.store.read() as tx:
        found = [plans.find_step(tx, run.id, which) for which in (2, "step-2", 3, "step-3")]
        listed = plans.list_steps(tx, run.id)

    second = StepRow(make_steps(2)[1])
    assert found == [second, second, None, None]
    assert listed == [StepRow(step) for step in make_steps(2)]


def test_every_try_is_kept(night: Night) -> None:
    """All tries of a run that failed are listed, oldest first, also those of a step that was resumed."""
    run = hold_run(night, *make_steps(2))
    tries = [TryFailed(step, number, ERROR, night.now, night.now) for step, number in ((2, 1), (1, 1), (1, 2), (1, 1))]

    run.record(*tries)

    with night.store.read() as tx:
        assert plans.list_tries(tx, run.id) == tries


# --- the attempt before ----------------------------------------------------------------------------------------------


def fail_first_attempt(night: Night, *, change: bool = False) -> int:
    """Have the first attempt at a slot fail with a plan, and make the second; return its run's id."""
    night.declare(definitions=[make_definition(retry=make_retry(3), ends_on=None)])
    night.tick()
    claimed = next(run for run in night.claim() if str(run.slot) == "sales/-/2026-01-08")
    first = HeldRun(night, claimed.id, claimed.lease_token)
    with night.store.write() as tx:
        plans.store_steps(tx, [(first.id, step) for step in (make_step(1, "success"), make_step(2, "error"))])
    first.move(RunStatus.FAILED)
    if change:
        night.declare(definitions=[make_definition(retry=make_retry(3), command=("new",))])
    night.tick()
    night.advance(minutes=2)
    night.tick()
    night.claim()
    run = night.run("sales/-/2026-01-08")
    assert run.attempt == 2
    return run.id


def test_a_further_attempt_finds_the_plan_of_the_one_before(night: Night) -> None:
    """It is what it was when that attempt ended."""
    run_id = fail_first_attempt(night)

    with night.store.read() as tx:
        former = plans.load_former_plan(tx, run_id)
    assert former is not None
    assert former.steps == (make_step(1, "success"), make_step(2, "error"))


def test_a_plan_of_another_version_is_not_carried_on(night: Night) -> None:
    """Its steps are not those of today's definition."""
    run_id = fail_first_attempt(night, change=True)

    with night.store.read() as tx:
        assert plans.load_former_plan(tx, run_id) is None


def test_a_first_attempt_has_none_before(night: Night) -> None:
    """Nor has a one-off, whatever other one-offs have done."""
    one, _ = hold_runs(night, 2, make_step(1))

    with night.store.read() as tx:
        assert plans.load_former_plan(tx, one.id) is None


# --- what persons change ---------------------------------------------------------------------------------------------


def test_a_person_changes_steps_of_a_paused_run(night: Night) -> None:
    """Skipping and resuming are written as they were decided."""
    run = pause(hold_run(night, make_step(1, "error"), make_step(2, "error"), make_step(3)))
    skipped = [make_step(number, "skipped", finished_at=night.now) for number in (1, 3)]
    resumed = replace(make_step(2), error=ERROR)

    with night.store.write() as tx:
        plans.change_steps(
            tx,
            run.id,
            [StepChanged(FAILED, skipped[0]), StepChanged(FAILED, resumed), StepChanged(PENDING, skipped[1])],
        )

    assert run.steps == (skipped[0], resumed, skipped[1])


def test_a_person_who_comes_too_late_changes_nothing(night: Night) -> None:
    """Of two who decide about one step the second is told that it went another way; his other changes are undone."""
    run = pause(hold_run(night, make_step(1, "error"), make_step(2, "error")))
    skip = [StepChanged(FAILED, make_step(number, "skipped")) for number in (1, 2)]

    def decide_otherwise(tx: Tx) -> str:
        try:
            plans.change_steps(tx, run.id, skip)
        except NotPossible as error:
            tx.rollback()
            return str(error)
        return ""

    said = interleave(
        night.store,
        lambda tx: plans.change_steps(tx, run.id, [StepChanged(FAILED, replace(make_step(2), error=ERROR))]),
        decide_otherwise,
    )

    assert f"step 2 of run {run.id} was to go from error to skipped, and is now pending" in said
    assert [step.status for step in run.steps] == [FAILED, PENDING]


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.FAILED])
def test_the_steps_of_a_run_that_an_agent_holds_or_that_has_ended_stay(night: Night, status: RunStatus) -> None:
    """The agent knows them as they are; and what has ended is history."""
    run = hold_run(night, make_step(1, "error"))
    if status is not RunStatus.RUNNING:
        run.move(status)

    for act in (
        lambda tx: plans.change_steps(tx, run.id, [StepChanged(FAILED, make_step(1, "skipped"))]),
        lambda tx: plans.edit_input(tx, run.id, 1, {"day": "2026-01-09"}),
    ):
        with pytest.raises(NotPossible, match=f"it is {status}"), night.store.write() as tx:
            act(tx)

    assert run.steps == (make_step(1, "error"),)


@pytest.mark.parametrize("status", StepStatus)
def test_only_what_is_still_to_run_gets_another_input(night: Night, status: StepStatus) -> None:
    """A pending or failed step can be given another input, also one that refers to other steps."""
    run = pause(hold_run(night, make_step(1), make_step(2, status)))
    given = {"rows": {"$ref": 1, "path": ["rows"]}}

    with night.store.write() as tx:
        edited = plans.edit_input(tx, run.id, 2, given)

    assert edited is (status in (PENDING, FAILED))
    assert run.step(2).input == (given if edited else {})


def test_a_run_that_does_not_exist_is_named(night: Night) -> None:
    """Nobody changes the steps of nothing."""
    with pytest.raises(NotPossible, match="there is no run 99"), night.store.write() as tx:
        plans.edit_input(tx, 99, 1, {})
