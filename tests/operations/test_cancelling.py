"""Cancelling: what ends at once, what an agent is asked to end, what is refused, and who wins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ostinato.errors import NotFound, NotPossible
from ostinato.model.engine import AuditEntry
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.model.transitions import Party
from ostinato.operations.cancelling import Cancelled, cancel
from ostinato.operations.people import Person
from ostinato.operations.starting import trigger_once
from ostinato.store import claims
from ostinato.store import schema as t
from ostinato.store.moves import Move, move_runs
from ostinato.testing.factories import make_definition, make_retry
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
SLOT = "sales/-/2026-01-09"

Audit = Callable[[], list[AuditEntry]]
TwoAtOnce = Callable[[Callable[[Person], Cancelled]], tuple[Cancelled, NotPossible]]
InTwoThreads = Callable[[Callable[[Person], object]], list[object]]


def bring_to(night: Night, status: RunStatus) -> None:
    """Bring the latest run of the slot of yesterday to a live status."""
    night.declare(definitions=[make_definition(retry=make_retry(2))])
    night.tick()
    if status is RunStatus.SCHEDULED:
        night.finish(SLOT, RunStatus.FAILED)
        night.tick()
    elif status is not RunStatus.WAITING:
        night.claim()
    if status in (RunStatus.PAUSED, RunStatus.SUSPENDED):
        run = night.run(SLOT)
        with night.store.write() as tx:
            move = Move(status, Party.AGENT, "agent-1", "as its director decided", night.now)
            move_runs(tx, move, t.runs.c.id == run.id, values={"released_token": run.lease_token})


@pytest.mark.parametrize("status", [RunStatus.WAITING, RunStatus.SCHEDULED, RunStatus.PAUSED])
@pytest.mark.parametrize("by_number", [False, True])
def test_a_run_that_nobody_carries_out_is_cancelled_at_once(
    *, night: Night, world: World, audit: Audit, status: RunStatus, by_number: bool
) -> None:
    """By the name of its slot or by its number; no attempt follows, and the history says who and why."""
    bring_to(night, status)
    run = night.run(SLOT)

    cancelled = cancel(world, str(run.id) if by_number else SLOT, by=ADA, reason="wrong file")
    night.advance(days=1)
    night.tick()

    assert cancelled.at_once
    assert (cancelled.run.id, cancelled.run.status) == (run.id, RunStatus.CANCELLED)
    assert (night.face(SLOT), night.run(SLOT).reason) == (SlotFace.CANCELLED, "cancelled by ada: wrong file")
    assert [(entry.actor, entry.target) for entry in audit()] == [("ada", f"run {run.id} of {SLOT}")]


def test_the_agent_of_a_running_run_is_asked(night: Night, world: World, audit: Audit) -> None:
    """The run goes on until the agent has seen to it that nothing is left of it."""
    bring_to(night, RunStatus.RUNNING)

    cancelled = cancel(world, SLOT, by=ADA)

    with night.store.read() as tx:
        held = {run.id: run.cancel_requested_by for run in claims.list_held_runs(tx, agent_id=night.agent().id)}
    assert not cancelled.at_once
    assert (cancelled.run.status, held[cancelled.run.id]) == (RunStatus.RUNNING, "ada")
    assert [entry.action for entry in audit()] == ["cancel"]


def test_a_suspended_run_is_woken_to_be_cancelled(night: Night, world: World, audit: Audit) -> None:
    """Its steps may have something to undo: the agent that takes it up sees to that."""
    bring_to(night, RunStatus.SUSPENDED)

    cancelled = cancel(world, SLOT, by=ADA)

    assert not cancelled.at_once
    assert (cancelled.run.status, cancelled.run.cancel_requested_by) == (RunStatus.WAITING, "ada")
    assert [run.id for run in night.claim()] == [cancelled.run.id]


def test_a_one_off_is_cancelled_by_its_number(night: Night, world: World) -> None:
    """It has no other name."""
    night.declare(definitions=[make_definition()])
    night.tick()
    run = trigger_once(world, "sales", by=ADA).run

    assert cancel(world, str(run.id), by=ADA).run.status is RunStatus.CANCELLED


def test_a_slot_that_has_not_run_has_nothing_to_cancel(night: Night, world: World, audit: Audit) -> None:
    """What keeps it from starting is a pause, and the hint says so."""
    night.declare(definitions=[make_definition(delay=timedelta(days=9))])
    night.tick()

    with pytest.raises(NotPossible, match="has no run that could be cancelled") as refusal:
        cancel(world, SLOT, by=ADA)

    assert refusal.value.hint.endswith("ostinato pause definition sales")
    assert audit() == []


@pytest.mark.parametrize("status", [RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.CANCELLED])
def test_a_run_that_has_ended_stays_as_it_ended(night: Night, world: World, audit: Audit, status: RunStatus) -> None:
    """A final status never changes, whoever asks."""
    bring_to(night, RunStatus.RUNNING)
    night.finish(SLOT, status)
    run = night.run(SLOT)

    with pytest.raises(NotPossible, match=f"has ended already at 2026-01-10T12:00:00Z: {status}"):
        cancel(world, SLOT, by=ADA)

    assert (night.run(SLOT), audit()) == (run, [])


def test_who_asks_again_learns_who_asked_before(night: Night, world: World, audit: Audit) -> None:
    """The agent was told; a second request would change nothing."""
    bring_to(night, RunStatus.RUNNING)
    cancel(world, SLOT, by=ADA)

    with pytest.raises(NotPossible, match="ada has asked at 2026-01-10T12:00:00Z to cancel run"):
        cancel(world, SLOT, by=Person("grace"))

    assert len(audit()) == 1


def test_an_unknown_run_is_not_found(night: Night, world: World) -> None:
    """As everywhere."""
    with pytest.raises(NotFound, match="there is no run 77"):
        cancel(world, "77", by=ADA)


@pytest.mark.parametrize("status", [RunStatus.WAITING, RunStatus.RUNNING])
def test_one_of_two_who_cancel_at_once_is_told_of_the_other(
    night: Night, world: World, audit: Audit, two_at_once: TwoAtOnce, status: RunStatus
) -> None:
    """One of them cancelled it, or asked for it; the log has one entry."""
    bring_to(night, status)

    cancelled, refusal = two_at_once(lambda person: cancel(world, SLOT, by=person))

    ended = "has ended already" if status is RunStatus.WAITING else f"to cancel run {cancelled.run.id}"
    assert ended in refusal.message
    assert len(audit()) == 1


def test_a_run_that_an_agent_claims_at_the_same_moment_is_cancelled_all_the_same(
    night: Night, world: World, in_two_threads: InTwoThreads
) -> None:
    """Either it never starts, or its agent is asked: in no order does it run on unasked."""
    bring_to(night, RunStatus.WAITING)
    night.agent()

    answers = in_two_threads(lambda person: cancel(world, SLOT, by=ADA) if person == ADA else night.claim())

    cancelled = next(answer for answer in answers if isinstance(answer, Cancelled))
    (claimed,) = (answer for answer in answers if isinstance(answer, list))
    was_claimed = SLOT in {str(run.slot) for run in claimed}
    assert cancelled.at_once is not was_claimed
    assert (cancelled.run.cancel_requested_by == "ada") is was_claimed
