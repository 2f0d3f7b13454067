"""Explaining: for every slot, why it is or is not running, by the gates that the engine and the agents ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ostinato.errors import NotFound
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.model.transitions import Party
from ostinato.operations.cancelling import cancel
from ostinato.operations.explaining import Explanation, explain
from ostinato.operations.pausing import Pausable, pause
from ostinato.operations.people import Person
from ostinato.policies.verdict import Gate
from ostinato.store import agents, claims, journal
from ostinato.store import schema as t
from ostinato.store.moves import Move, move_runs
from ostinato.testing.factories import (
    make_account,
    make_chain,
    make_definition,
    make_maintenance,
    make_retry,
    utc,
)
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
SLOT = "sales/-/2026-01-09"
FUTURE = "sales/-/2026-01-10"


def declare(night: Night, **values: Any) -> None:
    """Declare one daily definition and create its slots and runs."""
    night.declare(definitions=[make_definition(**values)])
    night.tick()


def blocking(explanation: Explanation) -> Gate:
    """Return the first gate that is not satisfied."""
    return next(gate for gate in explanation.gates if not gate.satisfied)


def note_pass(night: Night) -> None:
    """Have an engine leave the record of a pass."""
    with night.store.write() as tx:
        journal.keep_pass(tx, engine="engine-1", started_at=night.now, seconds=0.1, outcomes=[])


# --- slots that have not run ------------------------------------------------------------------------------------------


def test_a_future_slot_waits_for_the_end_of_its_period(night: Night, world: World) -> None:
    """Its earliest start is that end."""
    declare(night)

    explanation = explain(world, FUTURE)

    assert (explanation.slot, explanation.status) == (FUTURE, SlotFace.FUTURE)
    assert explanation.verdict == "future: its period ends at 2026-01-11T00:00:00Z"
    assert explanation.earliest_start == utc("2026-01-11")
    assert [gate.gate for gate in explanation.gates] == ["definition_active", "definition_not_paused", "period_over"]


def test_a_blocked_slot_names_what_it_waits_for(night: Night, world: World) -> None:
    """The first gate that is not satisfied makes the verdict; the names and who clears it come with it."""
    night.declare(definitions=make_chain("load", "report"))
    night.tick()

    explanation = explain(world, "report/-/2026-01-09")

    assert explanation.status is SlotFace.BLOCKED
    assert "1 of 1 slot of load not succeeded: 1 under way" in explanation.verdict
    assert blocking(explanation).waits_for == ("load/-/2026-01-09",)
    assert blocking(explanation).clears == "the end of load/-/2026-01-09"


def test_a_slot_of_a_paused_definition_names_who_paused_it(night: Night, world: World) -> None:
    """And the command that ends the pause."""
    declare(night)
    pause(world, Pausable.DEFINITION, "sales", by=ADA, reason="prices are wrong")

    gate = blocking(explain(world, FUTURE))

    assert gate.reason == "definition sales was paused by ada at 2026-01-10T12:00:00Z: prices are wrong"
    assert gate.clears == "a person: ostinato resume definition sales"


def test_an_inactive_account_and_one_in_maintenance_stop_their_slots(night: Night, world: World) -> None:
    """Maintenance ends by itself, inactivity where it is declared."""
    window = make_maintenance("2026-01-10", "2026-01-12T06:00")
    night.declare(
        accounts=[make_account("off", active=False), make_account("busy", maintenance=window)],
        definitions=[make_definition(matrix="account")],
    )
    night.tick()

    off, busy = explain(world, "sales/off/2026-01-09"), explain(world, "sales/busy/2026-01-09")

    assert (blocking(off).gate, off.earliest_start) == ("account_active", None)
    assert (blocking(busy).gate, busy.earliest_start) == ("maintenance", utc("2026-01-12T06:00"))
    assert off.status is busy.status is SlotFace.BLOCKED


def test_a_manual_slot_waits_for_a_person(night: Night, world: World) -> None:
    """Its earliest start is nobody's to say."""
    declare(night, start="manual")

    explanation = explain(world, SLOT)

    assert (explanation.status, explanation.earliest_start) == (SlotFace.BLOCKED, None)
    assert blocking(explanation).clears == f"a person: ostinato trigger {SLOT}"


def test_a_ready_slot_waits_for_an_engine_that_is_at_work(night: Night, world: World) -> None:
    """Where none is, that is the gate that is not satisfied."""
    night.steps = night.steps[:4]
    declare(night)

    asleep = explain(world, SLOT)
    note_pass(night)
    awake = explain(world, SLOT)

    assert asleep.verdict == "ready: no engine is at work: no engine has made a pass"
    assert awake.verdict == "ready: the next pass of an engine starts it"
    assert awake.status is SlotFace.READY
    assert awake.earliest_start == night.now


def test_an_explanation_is_judged_anew(night: Night, world: World) -> None:
    """What the engine last noted may be out of date; the verdict and the status are of now."""
    night.declare(definitions=make_chain("load", "report"))
    night.tick()
    noted = night.slot("report/-/2026-01-09").reason
    night.finish("load/-/2026-01-09")

    explanation = explain(world, "report/-/2026-01-09")

    assert "not succeeded" in noted
    assert (explanation.status, night.face("report/-/2026-01-09")) == (SlotFace.READY, SlotFace.BLOCKED)


# --- slots with a run -------------------------------------------------------------------------------------------------


def test_a_waiting_slot_says_what_keeps_agents_from_it(night: Night, world: World) -> None:
    """First no agent at all, then one of another queue, then one that takes it."""
    declare(night, queue="io")

    without = explain(world, SLOT)
    night.agent("a", queues=["default"])
    elsewhere = explain(world, SLOT)
    night.agent("b", queues=["io"])
    taken = explain(world, SLOT)

    assert without.verdict == elsewhere.verdict == "waiting: no agent serves queue io"
    assert (without.status, without.run_id) == (SlotFace.WAITING, night.run(SLOT).id)
    assert taken.verdict == f"waiting: attempt 1 (run {night.run(SLOT).id}) is about to be taken by an agent"
    assert (without.earliest_start, taken.earliest_start) == (None, night.now)


def test_a_waiting_slot_waits_for_a_free_place(night: Night, world: World) -> None:
    """The agents' places are counted, and the runs that come first."""
    declare(night)
    with night.store.write() as tx:
        agent = agents.register_agent(
            tx, name="small", host="here", pid=1, queues=["default"], concurrency=1, version="0", now=night.now
        )
    free = explain(world, SLOT).gates[-1]
    with night.store.write() as tx:
        claims.claim_runs(tx, agent_id=agent.id, actor="small", queues=["default"], limit=1, now=night.now)

    full = blocking(explain(world, SLOT))

    assert (free.gate, free.satisfied, free.reason) == (
        "free_place",
        True,
        "1 of 1 places are free; 1 waiting before it",
    )
    assert (full.gate, full.reason, full.clears) == ("free_place", "all 1 places are taken", "the end of another run")


def test_a_waiting_slot_of_a_paused_account_is_not_taken(night: Night, world: World) -> None:
    """A pause keeps agents from runs that wait already."""
    night.declare(accounts=[make_account("acme")], definitions=[make_definition(matrix="account")])
    night.tick()
    pause(world, Pausable.ACCOUNT, "acme", by=ADA)

    assert explain(world, "sales/acme/2026-01-09").verdict.startswith("waiting: account acme was paused by ada")
    assert night.claim() == []


def test_a_running_slot_says_where_and_since_when(night: Night, world: World) -> None:
    """With the age of the last heartbeat, in whole seconds, and the time that is left."""
    declare(night, time_limit=timedelta(hours=2))
    night.claim()
    night.advance(seconds=20.75)

    explanation = explain(world, SLOT)

    run = night.run(SLOT)
    assert explanation.status is SlotFace.RUNNING
    assert explanation.verdict == f"running: attempt 1 (run {run.id}) since 2026-01-10T12:00:00Z on agent agent-1"
    assert [gate.reason for gate in explanation.gates] == [
        "agent agent-1 on here sent its last heartbeat 20s ago",
        "its time limit ends at 2026-01-10T14:00:00Z",
        "nobody has asked to cancel it",
    ]
    assert explanation.earliest_start is None


def test_a_running_slot_in_trouble_says_so(night: Night, world: World) -> None:
    """A silent agent, a limit that has passed, a request to cancel: each with who ends it."""
    declare(night, time_limit=timedelta(minutes=1))
    night.claim()
    cancel(world, SLOT, by=ADA)
    night.advance(minutes=2)

    explanation = explain(world, SLOT)

    assert [gate.satisfied for gate in explanation.gates] == [False, False, False]
    assert explanation.verdict.endswith("sent its last heartbeat 2m ago; after 1m it counts as lost")
    assert explanation.gates[1].reason == "its time limit ended at 2026-01-10T12:01:00Z"
    assert explanation.gates[2].reason == "ada asked to cancel it at 2026-01-10T12:00:00Z"


@pytest.mark.parametrize("status", [RunStatus.PAUSED, RunStatus.SUSPENDED])
def test_a_stopped_slot_says_why(night: Night, world: World, status: RunStatus) -> None:
    """Paused or suspended: since when, and by what."""
    declare(night)
    night.claim()
    run = night.run(SLOT)
    with night.store.write() as tx:
        move = Move(status, Party.AGENT, "agent-1", "as its director decided", night.now)
        move_runs(tx, move, t.runs.c.id == run.id, values={"released_token": run.lease_token})

    explanation = explain(world, SLOT)

    assert explanation.status == status.value
    assert (
        explanation.verdict == f"{status}: run {run.id} is {status} since 2026-01-10T12:00:00Z: as its director decided"
    )


# --- slots that failed, and slots that ended --------------------------------------------------------------------------


def test_a_retrying_slot_says_when_the_next_attempt_comes_and_why(night: Night, world: World) -> None:
    """The reason is the retry policy's own."""
    declare(night, retry=make_retry(3, wait=timedelta(minutes=5)))
    night.finish(SLOT, RunStatus.FAILED)
    night.tick()

    explanation = explain(world, SLOT)

    assert explanation.status is SlotFace.RETRYING
    assert explanation.verdict == "retrying: it starts at 2026-01-10T12:05:00Z; attempt 1 of 3 failed"
    assert explanation.earliest_start == utc("2026-01-10T12:05")


def test_a_failure_that_the_engine_has_yet_to_see_is_judged_by_the_retry_policy(night: Night, world: World) -> None:
    """The same code that the next pass uses says what it will decide."""
    declare(night, retry=make_retry(3, wait=timedelta(minutes=5)))
    night.finish(SLOT, RunStatus.FAILED)
    night.finish("sales/-/2026-01-08", RunStatus.FAILED, exit_code=1)

    explanation = explain(world, SLOT)

    assert explanation.verdict == "retrying: attempt 1 of 3 failed; the next follows at 2026-01-10T12:05:00Z"
    assert explanation.earliest_start == utc("2026-01-10T12:05")
    assert [gate.satisfied for gate in explanation.gates] == [False, False]


def test_a_failure_without_further_attempt_says_so_before_the_engine_does(night: Night, world: World) -> None:
    """Nobody need wait to learn that a person is needed."""
    declare(night)
    night.finish(SLOT, RunStatus.FAILED)

    explanation = explain(world, SLOT)

    assert explanation.verdict == "retrying: no further attempt: its retry policy is never"
    assert blocking(explanation).clears == f"a person: ostinato retry {SLOT}"
    assert explanation.earliest_start is None


@pytest.mark.parametrize(
    ("status", "verb"),
    [
        (RunStatus.SUCCESS, "rerun"),
        (RunStatus.WARNING, "rerun"),
        (RunStatus.FAILED, "retry"),
        (RunStatus.CANCELLED, "retry"),
    ],
)
def test_a_slot_that_ended_says_how_and_what_a_person_can_do(
    night: Night, world: World, status: RunStatus, verb: str
) -> None:
    """The attempt, when, and the right command."""
    declare(night)
    night.finish(SLOT, status)
    night.tick()

    explanation = explain(world, SLOT)

    (gate,) = explanation.gates
    assert explanation.status == status.value
    assert explanation.verdict.startswith(
        f"{status}: attempt 1 (run {night.run(SLOT).id}) ended at 2026-01-10T12:00:00Z"
    )
    assert explanation.verdict.endswith(f"to run it again: ostinato {verb} {SLOT}")
    assert gate.satisfied is (verb == "rerun")


def test_a_failed_slot_says_why_no_attempt_follows_and_what_the_last_one_said(night: Night, world: World) -> None:
    """Both the policy's reason and the run's evidence."""
    declare(night, retry=make_retry(1))
    night.finish(SLOT, RunStatus.FAILED)
    night.tick()

    assert "(failed): ended: failed; no attempt left: 1 of 1 failed" in explain(world, SLOT).verdict


# --- slots that do not exist ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("sales/2026-01-25", "there is no slot sales/-/2026-01-25 yet: slots are created 10d ahead"),
        ("sales/2026-01-01", "there is no slot sales/-/2026-01-01: that is before its start, 2026-01-08"),
        ("sale/2026-01-09", "there is no definition sale"),
    ],
)
def test_a_slot_that_does_not_exist_is_explained_as_well(night: Night, world: World, name: str, verdict: str) -> None:
    """It has no status; the one gate says why, and what to do."""
    declare(night)

    explanation = explain(world, name)

    assert (explanation.status, explanation.verdict) == (None, verdict)
    assert [(gate.gate, gate.satisfied) for gate in explanation.gates] == [("exists", False)]
    assert explanation.gates[0].clears


def test_what_is_no_name_of_a_slot_is_an_error(night: Night, world: World) -> None:
    """There is nothing to explain."""
    with pytest.raises(NotFound, match="a slot is named definition/account/start"):
        explain(world, "sales")


def test_a_slot_that_does_not_exist_has_its_full_name(night: Night, world: World) -> None:
    """As if it existed: programs compare names."""
    declare(night)

    assert explain(world, "sales/2026-01-25").slot == "sales/-/2026-01-25"
