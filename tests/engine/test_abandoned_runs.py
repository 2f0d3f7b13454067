"""Cancelling completes whatever becomes of the agent: by the engine where it is lost, by the next one where it can."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ostinato.model.evidence import EndKind
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.store import plans, stopping
from ostinato.testing.factories import make_definition, make_retry
from ostinato.testing.night import Night
from ostinato.testing.plans import make_step

SLOT = "sales/-/2026-01-09"


@pytest.fixture
def running(night: Night) -> int:
    """Give a run that is being carried out, and would be tried again; its time limit is an hour."""
    retry = make_retry(5, wait=timedelta(0))
    night.declare(definitions=[make_definition(retry=retry, time_limit=timedelta(hours=1))])
    night.tick()
    (run,) = [run for run in night.claim() if str(run.slot) == SLOT]
    return run.id


def ask(night: Night, run_id: int) -> None:
    """Ask the agent of a run to cancel it."""
    with night.store.write() as tx:
        stopping.cancel_run(tx, run_id=run_id, actor="ada", reason="", cause="cancelled by ada", now=night.now)


def test_a_run_whose_agent_is_lost_is_cancelled_and_not_tried_again(night: Night, running: int) -> None:
    """It was to be cancelled, so it is; its steps are closed, and its slot is at an end."""
    with night.store.write() as tx:
        plans.store_steps(tx, [(running, make_step(1, StepStatus.RUNNING))])
    ask(night, running)
    night.advance(minutes=2)
    night.tick()
    run = night.run(SLOT)

    assert (run.id, run.status) == (running, RunStatus.CANCELLED)
    assert run.evidence is not None
    assert (run.evidence.kind, run.reason) == (EndKind.CANCELLED, "it was to be cancelled, and its agent is lost")
    assert night.face(SLOT) is SlotFace.CANCELLED
    with night.store.read() as tx:
        (row,) = plans.list_steps(tx, running)
    assert row.step.status is StepStatus.CANCELLED


def test_others_whose_agent_is_lost_are_tried_again(night: Night, running: int) -> None:
    """Of two runs of one agent only that is cancelled of which somebody asked it."""
    ask(night, running)
    night.advance(minutes=2)
    night.tick()

    statuses = [run.status for run in night.runs("sales/-/2026-01-08")]
    assert statuses[0] is RunStatus.TIMEOUT
    assert len(statuses) == 2


def test_a_run_whose_agent_does_not_heed_its_deadline_is_cancelled(night: Night, running: int) -> None:
    """The agent lives, and ends nothing: neither for its time nor because it was asked."""
    ask(night, running)
    for _ in range(70):
        night.advance(minutes=1)
        night.beat()
        night.tick()
    run = night.run(SLOT)

    assert (run.id, run.status) == (running, RunStatus.CANCELLED)
    assert run.reason == "it was to be cancelled, and its agent did not heed that"


def test_a_run_that_outlives_its_agent_is_left_to_the_next_one(night: Night, running: int) -> None:
    """Its steps may have to be told that it is cancelled, and only an agent can do that."""
    with night.store.write() as tx:
        tx.exec_driver_sql("UPDATE runs SET outlives_agent = true")
    ask(night, running)
    night.advance(minutes=2)
    night.tick()
    waiting = night.run(SLOT).status
    (taken,) = [run for run in night.claim(agent="other") if run.id == running]

    assert waiting is RunStatus.WAITING
    assert taken.cancel_requested_by == "ada"
