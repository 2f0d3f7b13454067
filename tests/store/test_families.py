"""Parents and children: what a child tells its parent, what ends with a parent, and that neither blocks the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from ostinato.model.changes import RunMoved
from ostinato.model.evidence import EndKind
from ostinato.model.runs import ClaimedRun, Run
from ostinato.model.statuses import FINAL_RUN_STATUSES, LIVE_RUN_STATUSES, RunStatus, StepStatus
from ostinato.model.steps import CHILD, Event, EventFate, WakeKind
from ostinato.store import claims, definitions, events, plans, runs, stopping
from ostinato.store import schema as t
from ostinato.store.claims import HeldMove
from ostinato.store.database import Tx
from ostinato.store.leases import lock_runs
from ostinato.testing.factories import NOON, make_definition, make_end, make_evidence, make_new_run
from ostinato.testing.interleaving import interleave
from ostinato.testing.night import AGENT, Night, open_night
from ostinato.testing.plans import make_step

STEP = 1
"""The step of the parent that has children."""


def make_child(parent: int, number: int = 1, **values: Any) -> Any:
    """Make a child to be created."""
    return make_new_run(parent_run_id=parent, parent_step=STEP, child_number=number, **values)


def make_parent(night: Night, **values: Any) -> ClaimedRun:
    """Have an agent hold a run with a step that waits for what it starts."""
    night.create(make_new_run())
    (parent,) = night.claim()
    with night.store.write() as tx:
        plans.store_steps(tx, [(parent.id, make_step(STEP, StepStatus.SUSPENDED, **values))])
    return parent


def make_family(night: Night, children: int = 1, *, at: RunStatus = RunStatus.SUSPENDED) -> list[ClaimedRun]:
    """Have a parent in a live status, and children that agents hold; return all of them, the parent first."""
    parent = make_parent(night)
    night.create(*(make_child(parent.id, number) for number in range(children)))
    claimed = night.claim()
    move(night, parent, at)
    return [parent, *claimed]


def move(night: Night, run: ClaimedRun, to: RunStatus) -> None:
    """Have the agent move a run that it holds on."""
    if to is RunStatus.RUNNING:
        return
    evidence = make_evidence(to) if to in FINAL_RUN_STATUSES else None
    with night.store.write() as tx:
        claims.move_held_runs(
            tx, [HeldMove(run.id, run.lease_token, RunMoved(to, f"because {to}", evidence))], actor=AGENT, now=NOON
        )


def cancel(run_id: int) -> Callable[[Tx], bool]:
    """Return the act of a person who cancels a run."""
    return lambda tx: stopping.cancel_run(
        tx, run_id=run_id, actor="ann", reason="wrong", cause="cancelled by ann: wrong", now=NOON
    )


def halt(run_id: int) -> Callable[[Tx], bool]:
    """Return the act of a person who halts a run."""
    return lambda tx: stopping.halt_run(tx, run_id=run_id, actor="ann", cause="halted by ann", now=NOON)


def end(run: ClaimedRun) -> Callable[[Tx], object]:
    """Return the act of an agent that ends its run."""
    return lambda tx: claims.move_held_runs(tx, [make_end(run)], actor=AGENT, now=NOON)


def find(night: Night, run_id: int) -> Run:
    """Return a run as it is stored."""
    with night.store.read() as tx:
        run = runs.find_run(tx, run_id)
    assert run is not None
    return run


def news(night: Night, run_id: int) -> list[Event]:
    """Return the events of a run."""
    with night.store.read() as tx:
        return events.list_events(tx, run_id)


# --- what a child tells its parent -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [*sorted(FINAL_RUN_STATUSES), RunStatus.PAUSED])
def test_a_child_that_ends_or_pauses_wakes_its_parent(night: Night, status: RunStatus) -> None:
    """In the transaction in which it does: an event for the step that has started it, from who ended it."""
    parent, child = make_family(night)

    move(night, child, status)

    (event,) = news(night, parent.id)
    assert (event.step, event.name, event.fate, event.due_at, event.sent_by) == (
        STEP,
        CHILD,
        EventFate.WAITING,
        NOON,
        AGENT,
    )
    assert find(night, parent.id).status is RunStatus.WAITING


@pytest.mark.parametrize("status", [RunStatus.SUSPENDED, RunStatus.WAITING])
def test_a_child_that_rests_tells_nothing(night: Night, status: RunStatus) -> None:
    """Its parent has nothing to count."""
    parent, child = make_family(night)

    move(night, child, status)

    assert news(night, parent.id) == []
    assert find(night, parent.id).status is RunStatus.SUSPENDED


def test_many_children_make_one_event(night: Night) -> None:
    """Whether they end at once or one after the other; when that was taken, there is another."""
    parent, *children = make_family(night, 5)
    with night.store.write() as tx:
        claims.move_held_runs(tx, [make_end(child) for child in children[:2]], actor=AGENT, now=NOON)
    night.finish(children[2])
    (first,) = news(night, parent.id)
    with night.store.write() as tx:
        tx.execute(t.events.update().values(fate=EventFate.TAKEN))

    for child in children[3:]:
        night.finish(child)

    assert [event.id != first.id for event in news(night, parent.id)] == [False, True]


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.WAITING])
def test_a_parent_that_is_awake_stays_where_it_is(night: Night, status: RunStatus) -> None:
    """The event waits for it."""
    parent, child = make_family(night, at=status)

    night.finish(child)

    assert [event.fate for event in news(night, parent.id)] == [EventFate.WAITING]
    assert find(night, parent.id).status is status


def test_a_step_that_waits_for_another_try_is_not_woken(night: Night) -> None:
    """Nobody could give it the event; it finds that when it is tried."""
    parent = make_parent(night, wake_kind=WakeKind.RETRY)
    night.create(make_child(parent.id))
    (child,) = night.claim()
    move(night, parent, RunStatus.SUSPENDED)

    night.finish(child)

    assert len(news(night, parent.id)) == 1
    assert find(night, parent.id).status is RunStatus.SUSPENDED


@pytest.mark.parametrize("status", [StepStatus.SUCCESS, StepStatus.CANCELLED, StepStatus.SKIPPED])
def test_a_step_that_has_ended_is_told_nothing(night: Night, status: StepStatus) -> None:
    """It could not take it."""
    parent = make_parent(night)
    night.create(make_child(parent.id))
    (child,) = night.claim()
    with night.store.write() as tx:
        tx.execute(t.steps.update().values(status=StepStatus.RUNNING, wake_kind=None))
        if status is StepStatus.SKIPPED:
            tx.execute(t.steps.delete())
            plans.store_steps(tx, [(parent.id, make_step(STEP, status))])
        else:
            tx.execute(t.steps.update().values(status=status))

    night.finish(child)

    assert news(night, parent.id) == []


def test_a_parent_that_has_ended_is_told_nothing(night: Night) -> None:
    """Its children go on by themselves."""
    parent, child = make_family(night, at=RunStatus.FAILED)

    night.finish(child)

    assert news(night, parent.id) == []


def test_no_child_is_created_twice(night: Night) -> None:
    """Whoever asks again is told which are there: they have no id among the new ones."""
    parent = make_parent(night)
    night.create(make_child(parent.id, 1))

    with night.store.write() as tx:
        ids = runs.create_runs(tx, [make_child(parent.id, n) for n in (0, 1, 2)], actor=AGENT, now=NOON)

    assert [id is None for id in ids] == [False, True, False]
    assert [run.child_number for run in night.runs() if run.parent_run_id == parent.id] == [1, 0, 2]


@pytest.mark.parametrize("stop", [cancel, halt])
def test_a_parent_that_is_stopped_gets_no_more_children(night: Night, stop: Callable[[int], Any]) -> None:
    """Not even where its agent is just about to start some: the one waits for the other."""
    parent = make_parent(night)

    ids = interleave(
        night.store, stop(parent.id), lambda tx: runs.create_runs(tx, [make_child(parent.id)], actor=AGENT, now=NOON)
    )

    assert ids == [None]


@pytest.mark.parametrize("stop", [cancel, halt])
def test_a_child_that_is_just_created_is_stopped_with_its_parent(night: Night, stop: Callable[[int], Any]) -> None:
    """Its creation is not committed when the person begins: they wait, and look again."""
    parent = make_parent(night)

    interleave(
        night.store, lambda tx: runs.create_runs(tx, [make_child(parent.id)], actor=AGENT, now=NOON), stop(parent.id)
    )

    assert night.runs()[-1].status is RunStatus.CANCELLED


# --- cancelling ------------------------------------------------------------------------------------------------------


def test_a_family_is_cancelled_from_the_top(night: Night) -> None:
    """What nobody carries out at once, the rest by agents; each says with whom it was cancelled."""
    parent, running, paused, asleep = make_family(night, 3)
    move(night, paused, RunStatus.PAUSED)
    move(night, asleep, RunStatus.SUSPENDED)
    waiting, grandchild = night.create(
        make_child(parent.id, 9), make_child(running.id, 1, start_at=NOON.replace(year=2027))
    )

    with night.store.write() as tx:
        assert cancel(parent.id)(tx)

    statuses = {run.id: (run.status, run.cancel_requested_by) for run in night.runs()}
    assert statuses == {
        parent.id: (RunStatus.WAITING, "ann"),
        running.id: (RunStatus.RUNNING, "ann"),
        paused.id: (RunStatus.CANCELLED, None),
        asleep.id: (RunStatus.WAITING, "ann"),
        waiting: (RunStatus.CANCELLED, None),
        grandchild: (RunStatus.CANCELLED, None),
    }
    assert find(night, waiting).reason == f"with run {parent.id}: cancelled by ann: wrong"


def test_whoever_cancels_again_is_told(night: Night) -> None:
    """A run that was to be cancelled, or has ended, is not cancelled once more; nothing is written."""
    parent, _ = make_family(night)
    with night.store.write() as tx:
        cancel(parent.id)(tx)
    before = [find(night, parent.id), *night.runs()]

    with night.store.write() as tx:
        assert not cancel(parent.id)(tx)
        assert not cancel(4711)(tx)

    assert [find(night, parent.id), *night.runs()] == before


def test_a_run_to_be_cancelled_is_taken_whatever_is_paused(night: Night) -> None:
    """Else it could not be cancelled before the pause ends."""
    night.declare(definitions=[make_definition(start="manual")])
    night.tick()
    definition_id = night.slot("sales/-/2026-01-08").definition_id
    night.create(make_new_run(definition_id))
    (run,) = night.claim()
    move(night, run, RunStatus.SUSPENDED)
    with night.store.write() as tx:
        definitions.pause_definition(tx, "sales", actor="ann", reason="", now=NOON)

        cancel(run.id)(tx)

    assert [taken.id for taken in night.claim()] == [run.id]


def test_the_steps_of_a_paused_run_are_cancelled_with_it(night: Night) -> None:
    """Those that have not ended; a failed one still says why."""
    parent = make_parent(night)
    with night.store.write() as tx:
        failed, pending, done = (
            make_step(2, StepStatus.ERROR),
            make_step(3, after=(1,)),
            make_step(4, StepStatus.SUCCESS),
        )
        plans.store_steps(tx, [(parent.id, step) for step in (failed, pending, done)])
    move(night, parent, RunStatus.PAUSED)

    with night.store.write() as tx:
        cancel(parent.id)(tx)

    with night.store.read() as tx:
        steps = plans.load_plans(tx, [parent.id])[parent.id]
    assert [step.status for step in steps] == ["cancelled", "error", "cancelled", "success"]
    assert (steps[0].finished_at, steps[2].finished_at) == (NOON, NOON)


# --- halting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", sorted(LIVE_RUN_STATUSES - {RunStatus.SCHEDULED}))
def test_a_halted_run_ends_at_once(night: Night, status: RunStatus) -> None:
    """From wherever it is, with its children and all its steps; what its agent still says is not heard."""
    parent, child = make_family(night, at=status)

    with night.store.write() as tx:
        assert halt(parent.id)(tx)
        assert not halt(parent.id)(tx)

    halted = find(night, parent.id)
    assert (halted.status, halted.halted_by, halted.reason) == (RunStatus.CANCELLED, "ann", "halted by ann")
    assert halted.evidence is not None
    assert halted.evidence.kind is EndKind.CANCELLED
    assert (find(night, child.id).status, find(night, child.id).halted_by) == (RunStatus.CANCELLED, None)
    assert (night.finish(parent), night.finish(child)) == (False, False)
    with night.store.read() as tx:
        assert [step.status for step in plans.load_plans(tx, [parent.id])[parent.id]] == [StepStatus.CANCELLED]


def test_a_halt_is_lifted_once(night: Night) -> None:
    """Then its slot may be run again; a run that is not halted has nothing to lift."""
    parent = make_parent(night)
    with night.store.write() as tx:
        before = stopping.lift_halt(tx, run_id=parent.id)
        halt(parent.id)(tx)
        lifted = [stopping.lift_halt(tx, run_id=parent.id) for _ in range(2)]

    assert (before, lifted) == (False, [True, False])
    assert find(night, parent.id).halted_by is None


# --- who waits for whom ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [cancel, halt])
def test_a_child_that_ends_and_a_parent_that_is_stopped_do_not_block_each_other(
    night: Night, stop: Callable[[int], Any]
) -> None:
    """The person holds the parent and wants the child; the agent holds the child and tells the parent."""
    parent, child = make_family(night)

    stopped = interleave(night.store, lambda tx: lock_runs(tx, [child.id]), stop(parent.id), end(child))

    assert stopped
    assert find(night, child.id).status is RunStatus.SUCCESS
    assert find(night, parent.id).status in (RunStatus.WAITING, RunStatus.CANCELLED)


def test_a_parent_that_is_busy_is_told_all_the_same(night: Night) -> None:
    """Its agent is just putting it to sleep: the child waits for nobody, and the engine wakes the parent."""
    parent, child = make_family(night, at=RunStatus.RUNNING)
    sleep = HeldMove(parent.id, parent.lease_token, RunMoved(RunStatus.SUSPENDED, "it waits for its children"))

    interleave(night.store, lambda tx: claims.move_held_runs(tx, [sleep], actor=AGENT, now=NOON), end(child))
    night.tick()

    assert [event.name for event in news(night, parent.id)] == [CHILD]
    assert find(night, parent.id).status is RunStatus.WAITING


def test_a_child_waits_for_nobody_to_tell_its_parent(postgres_url: str) -> None:
    """On PostgreSQL, where somebody else may hold the parent's row: it is told, and woken by others."""
    with open_night(postgres_url) as night:
        parent, child = make_family(night)

        with night.store.write() as holder, night.store.write() as agent:
            lock_runs(holder, [parent.id])
            agent.execute(text("SET LOCAL lock_timeout = '10s'"))
            end(child)(agent)

        assert len(news(night, parent.id)) == 1
        assert find(night, parent.id).status is RunStatus.SUSPENDED
        night.tick()
        assert find(night, parent.id).status is RunStatus.WAITING


def test_a_removal_waits_for_children_before_it_begins(night: Night) -> None:
    """It takes a definition's runs with their children, whatever those belong to; an agent that ends one goes first."""
    night.declare(definitions=[make_definition(start="manual")])
    night.tick()
    definition_id = night.slot("sales/-/2026-01-08").definition_id
    night.create(make_new_run(definition_id))
    (parent,) = night.claim()
    with night.store.write() as tx:
        plans.store_steps(tx, [(parent.id, make_step(STEP, StepStatus.SUSPENDED))])
    night.create(make_child(parent.id))
    (child,) = night.claim()

    interleave(
        night.store,
        lambda tx: lock_runs(tx, [child.id]),
        lambda tx: definitions.remove_definitions(tx, ["sales"]),
        end(child),
    )

    assert night.runs() == []
