"""Starting by hand: what trigger, retry and rerun do, what each refuses, and who wins when two ask at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ostinato.errors import NotFound, NotPossible
from ostinato.model.definitions import DeclaredStep
from ostinato.model.engine import AuditEntry
from ostinato.model.runs import RunOrigin
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations.people import Person
from ostinato.operations.starting import Started, rerun, retry, trigger_once, trigger_slot
from ostinato.testing.factories import make_account, make_chain, make_definition, make_retry
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
SLOT = "sales/-/2026-01-09"
FUTURE = "sales/-/2026-01-10"

Operation = Callable[..., Started]
Audit = Callable[[], list[AuditEntry]]
InTwoThreads = Callable[[Callable[[Person], object]], list[object]]
TwoAtOnce = Callable[[Callable[[Person], Started]], tuple[Started, NotPossible]]


def declare(night: Night, **values: Any) -> None:
    """Declare one daily definition and create its slots and runs."""
    night.declare(definitions=[make_definition(**values)])
    night.tick()


def bring_to(night: Night, face: SlotFace) -> None:
    """Bring the slot of yesterday to a status."""
    if face in (SlotFace.FUTURE, SlotFace.BLOCKED):
        declare(night, start="manual" if face is SlotFace.BLOCKED else "after_success", delay=timedelta(days=3))
        return
    declare(night, retry=make_retry(2))
    if face is SlotFace.WAITING:
        return
    night.claim()
    match face:
        case SlotFace.SUCCESS | SlotFace.WARNING | SlotFace.CANCELLED:
            night.finish(SLOT, RunStatus(face.value))
        case SlotFace.RETRYING:
            night.finish(SLOT, RunStatus.FAILED)
            night.tick()
        case SlotFace.FAILED:
            night.finish(SLOT, RunStatus.FAILED)
            night.tick()
            night.advance(minutes=1)
            night.tick()
            night.finish(SLOT, RunStatus.FAILED)
            night.tick()


# --- trigger ----------------------------------------------------------------------------------------------------------


def test_a_slot_that_waits_for_its_period_is_triggered(night: Night, world: World, audit: Audit) -> None:
    """It has a run that waits, asked for by whom and why; and the audit log says the same."""
    declare(night)
    night.agent()

    started = trigger_slot(world, FUTURE, by=ADA, reason="the file came early")

    run = started.run
    assert (str(run.slot), run.status, run.origin) == (FUTURE, RunStatus.WAITING, RunOrigin.TRIGGER)
    assert (run.requested_by, run.request_reason, run.attempt) == ("ada", "the file came early", 1)
    assert started.claim.ready
    command = f"ostinato trigger {FUTURE} --reason 'the file came early'"
    assert audit() == [AuditEntry(night.now, "ada", "trigger", FUTURE, "the file came early", command=command)]
    assert [str(claimed.slot) for claimed in night.claim()][-1] == FUTURE


def test_a_slot_that_waits_for_others_is_triggered(night: Night, world: World) -> None:
    """What stands upstream is passed over, and the slot is blocked no longer."""
    night.declare(definitions=make_chain("load", "report"))
    night.tick()
    before = night.face("report/-/2026-01-08")

    trigger_slot(world, "report/-/2026-01-08", by=ADA)

    assert (before, night.face("report/-/2026-01-08")) == (SlotFace.BLOCKED, SlotFace.WAITING)


def test_a_triggered_run_says_what_keeps_agents_from_it(night: Night, world: World) -> None:
    """A pause is not passed over: the run waits, and the answer says for what."""
    declare(night)

    started = trigger_slot(world, FUTURE, by=ADA)

    assert started.claim.blocking is not None
    assert started.claim.blocking.reason == "no agent serves queue default"


def test_a_triggered_slot_may_be_as_late_as_if_it_were_due_now(night: Night, world: World) -> None:
    """``start_before`` counts from the asking: the period may be long over."""
    declare(night, start="manual", start_before=timedelta(hours=1))

    run = trigger_slot(world, SLOT, by=ADA).run

    assert run.start_before == night.now + timedelta(hours=1)


REFUSALS = [
    (trigger_slot, SlotFace.WAITING, "has a run that is waiting", "ostinato cancel"),
    (trigger_slot, SlotFace.RUNNING, "has a run that is running", "ostinato cancel"),
    (trigger_slot, SlotFace.RETRYING, "waits for its next attempt", "ostinato retry"),
    (trigger_slot, SlotFace.SUCCESS, "has succeeded", "ostinato rerun"),
    (trigger_slot, SlotFace.WARNING, "has succeeded", "ostinato rerun"),
    (trigger_slot, SlotFace.FAILED, "has failed", "ostinato retry"),
    (trigger_slot, SlotFace.CANCELLED, "was cancelled", "ostinato retry"),
    (retry, SlotFace.FUTURE, "has not run yet", "ostinato trigger"),
    (retry, SlotFace.BLOCKED, "has not run yet", "ostinato trigger"),
    (retry, SlotFace.WAITING, "has a run that is waiting", "ostinato cancel"),
    (retry, SlotFace.RUNNING, "has a run that is running", "ostinato cancel"),
    (retry, SlotFace.SUCCESS, "has succeeded", "ostinato rerun"),
    (rerun, SlotFace.FUTURE, "has not run yet", "ostinato trigger"),
    (rerun, SlotFace.WAITING, "has a run that is waiting", "ostinato cancel"),
    (rerun, SlotFace.RUNNING, "has a run that is running", "ostinato cancel"),
    (rerun, SlotFace.RETRYING, "waits for its next attempt", "ostinato retry"),
]


@pytest.mark.parametrize(("operation", "face", "message", "hint"), REFUSALS)
def test_what_does_not_fit_the_status_is_refused_with_what_does(
    *, night: Night, world: World, audit: Audit, operation: Operation, face: SlotFace, message: str, hint: str
) -> None:
    """Nothing changes, nothing is recorded, and the hint is the right command for this very slot."""
    bring_to(night, face)
    before = night.runs(SLOT)

    with pytest.raises(NotPossible, match=message) as refusal:
        operation(world, SLOT, by=ADA)

    assert f"{hint} {SLOT}" in refusal.value.hint
    assert (night.face(SLOT), night.runs(SLOT), audit()) == (face, before, [])


def test_one_of_two_who_trigger_at_once_is_told_of_the_other(
    night: Night, world: World, two_at_once: TwoAtOnce
) -> None:
    """The slot has one run; who came second learns that it waits."""
    declare(night, start="manual")

    started, refusal = two_at_once(lambda person: trigger_slot(world, SLOT, by=person))

    assert [run.id for run in night.runs(SLOT)] == [started.run.id]
    assert refusal.message == f"{SLOT} has a run that is waiting (run {started.run.id})"


def test_a_slot_that_the_engine_starts_at_the_same_moment_has_one_run(
    night: Night, world: World, in_two_threads: InTwoThreads
) -> None:
    """Whoever comes second finds it started."""
    steps, night.steps = night.steps, night.steps[:4]
    declare(night)
    night.steps = steps

    def act(person: Person) -> object:
        return trigger_slot(world, SLOT, by=ADA) if person == ADA else night.tick()

    answers = in_two_threads(act)

    (run,) = night.runs(SLOT)
    triggered = any(isinstance(answer, Started) for answer in answers)
    assert run.origin is (RunOrigin.TRIGGER if triggered else RunOrigin.SCHEDULE)


# --- retry ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("face", [SlotFace.FAILED, SlotFace.CANCELLED])
def test_a_slot_that_ended_without_success_gets_a_new_series(
    night: Night, world: World, audit: Audit, face: SlotFace
) -> None:
    """Its attempts are counted anew, so its retry policy applies to it as to any other."""
    bring_to(night, face)

    run = retry(world, SLOT, by=ADA, reason="the disk is back").run

    assert (run.series, run.attempt, run.origin, run.requested_by) == (2, 1, RunOrigin.RETRY, "ada")
    assert night.face(SLOT) is SlotFace.WAITING
    assert [entry.action for entry in audit()] == ["retry"]


def test_a_retried_slot_has_all_its_attempts_again(night: Night, world: World) -> None:
    """Two attempts are allowed: after the first failure of the new series the second follows."""
    bring_to(night, SlotFace.FAILED)
    retry(world, SLOT, by=ADA)

    night.finish(SLOT, RunStatus.FAILED)
    night.tick()

    assert (night.face(SLOT), night.run(SLOT).attempt, night.run(SLOT).series) == (SlotFace.RETRYING, 2, 2)


def test_an_attempt_that_is_yet_to_come_is_started_now(night: Night, world: World, audit: Audit) -> None:
    """It is the same run, in the same series: its wait is over, and nothing else changes."""
    bring_to(night, SlotFace.RETRYING)
    scheduled = night.run(SLOT)

    run = retry(world, SLOT, by=ADA, reason="mended").run

    assert (run.id, run.status, run.series, run.attempt) == (scheduled.id, RunStatus.WAITING, 1, 2)
    assert [entry.target for entry in audit()] == [SLOT]


def test_a_failure_that_the_engine_has_not_seen_yet_can_be_retried(night: Night, world: World) -> None:
    """Nobody need wait for the next pass, and that pass adds no second run."""
    declare(night, retry=make_retry(2))
    night.finish(SLOT, RunStatus.FAILED)

    run = retry(world, SLOT, by=ADA).run
    night.tick()

    assert (night.face(SLOT), night.run(SLOT).id, run.series) == (SlotFace.WAITING, run.id, 2)


def test_a_slot_is_retried_by_the_number_of_its_latest_run(night: Night, world: World) -> None:
    """The number is what people see in a list of runs."""
    bring_to(night, SlotFace.FAILED)

    run = retry(world, str(night.run(SLOT).id), by=ADA).run

    assert (str(run.slot), run.series) == (SLOT, 2)


def test_an_older_run_is_not_taken_for_its_slot(night: Night, world: World) -> None:
    """Whoever names it may not know what came after; the refusal says so."""
    bring_to(night, SlotFace.FAILED)
    first, latest = night.runs(SLOT)

    with pytest.raises(NotPossible, match=f"run {first.id} is not the latest of {SLOT}: that is run {latest.id}"):
        retry(world, str(first.id), by=ADA)


def test_there_is_nothing_to_retry_without_slot(night: Night, world: World) -> None:
    """A one-off has no series; the hint is the command that makes another."""
    declare(night)
    run = trigger_once(world, "sales", by=ADA, parameters={"note": "two words"}, start="2026-01-05").run

    with pytest.raises(NotPossible, match="is a one-off") as refusal:
        retry(world, str(run.id), by=ADA)

    command = "ostinato trigger sales --param 'note=two words' --start 2026-01-05T00:00:00Z"
    assert refusal.value.hint == f"run it once more: {command}"


def test_an_unknown_run_is_not_found(night: Night, world: World) -> None:
    """Numbers have no near spelling; the list of runs helps."""
    with pytest.raises(NotFound, match="there is no run 77"):
        retry(world, "77", by=ADA)


@pytest.mark.parametrize("face", [SlotFace.FAILED, SlotFace.RETRYING])
def test_one_of_two_who_retry_at_once_is_told_of_the_other(
    night: Night, world: World, two_at_once: TwoAtOnce, face: SlotFace
) -> None:
    """Whether a new run is created or a scheduled one is started: it happens once."""
    bring_to(night, face)

    started, refusal = two_at_once(lambda person: retry(world, SLOT, by=person))

    assert night.run(SLOT).id == started.run.id
    assert refusal.message == f"{SLOT} has a run that is waiting (run {started.run.id})"


# --- rerun ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("face", [SlotFace.SUCCESS, SlotFace.WARNING, SlotFace.FAILED, SlotFace.CANCELLED])
def test_a_slot_that_ended_runs_again(night: Night, world: World, audit: Audit, face: SlotFace) -> None:
    """However it ended: a new series, with who asked for it."""
    bring_to(night, face)

    run = rerun(world, SLOT, by=ADA, reason="wrong rates").run

    assert (run.series, run.attempt, run.origin, run.requested_by) == (2, 1, RunOrigin.RERUN, "ada")
    assert night.face(SLOT) is SlotFace.WAITING
    command = f"ostinato rerun {SLOT} --reason 'wrong rates'"
    assert audit() == [AuditEntry(night.now, "ada", "rerun", SLOT, "wrong rates", command=command)]


def test_a_rerun_leaves_what_ran_downstream_alone(night: Night, world: World) -> None:
    """And what has yet to run downstream waits for it."""
    night.declare(definitions=make_chain("load", "report"))
    night.work()

    rerun(world, "load/-/2026-01-09", by=ADA)
    night.tick()

    assert night.face("report/-/2026-01-09") is SlotFace.SUCCESS
    assert len(night.runs("report/-/2026-01-09")) == 1


def test_one_of_two_who_rerun_at_once_is_told_of_the_other(night: Night, world: World, two_at_once: TwoAtOnce) -> None:
    """A slot runs again once."""
    bring_to(night, SlotFace.SUCCESS)

    started, refusal = two_at_once(lambda person: rerun(world, SLOT, by=person))

    assert [run.series for run in night.runs(SLOT)] == [1, 2]
    assert refusal.message == f"{SLOT} has a run that is waiting (run {started.run.id})"


# --- one-offs ---------------------------------------------------------------------------------------------------------


def test_a_definition_is_run_once(night: Night, world: World, audit: Audit) -> None:
    """The run has no slot, and its parameters as they were given."""
    declare(night, queue="io", priority=3)

    run = trigger_once(world, "sales", by=ADA, reason="try it", parameters={"depth": "2"}).run

    assert (run.slot, run.definition, run.account, run.origin) == (None, "sales", None, RunOrigin.TRIGGER)
    assert (run.parameters, run.queue, run.priority, run.status) == ({"depth": "2"}, "io", 3, RunStatus.WAITING)
    command = "ostinato trigger sales --param depth=2 --reason 'try it'"
    assert audit() == [AuditEntry(night.now, "ada", "trigger", "definition sales", "try it", command=command)]


def test_a_one_off_gets_the_period_that_is_asked_for(night: Night, world: World) -> None:
    """Dates are those of the account's clock: the day begins at five in the morning of UTC."""
    night.declare(
        accounts=[make_account("us", time_zone="America/New_York")],
        definitions=[make_definition(matrix="account", command=("load", "{start}", "{end_date}"))],
    )
    night.tick()

    run = trigger_once(world, "sales", by=ADA, account="us", start="2026-01-05", end="2026-01-06T00:00Z").run

    assert (run.account, run.parameters) == ("us", {"start": "2026-01-05T05:00:00Z", "end": "2026-01-06T00:00:00Z"})


WRONG_ORDERS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"command": ("load", "{start_date}")}, {}, "uses {start_date}, so a one-off of it needs its start"),
    ({"command": ("load", "{end}")}, {"start": "2026-01-05"}, "uses {end}, so a one-off of it needs its end"),
    ({"command": ("load", "{slot}")}, {}, "uses {slot}, which a one-off does not have"),
    ({"environment": {"DAY": "{end_date}"}}, {}, "uses {end_date}, so a one-off of it needs its end"),
    (
        {"command": (), "steps": (DeclaredStep("a", action="m:f", inputs={"day": ["{start}"]}),)},
        {},
        "uses {start}, so a one-off of it needs its start",
    ),
    ({}, {"parameters": {"account": "us"}}, "a parameter cannot be called account"),
    ({}, {"parameters": {"start": "2026-01-05"}}, "a parameter cannot be called start"),
    ({}, {"parameters": {"two words": "1"}}, "a parameter cannot be called 'two words'"),
    ({}, {"parameters": {"depth": "1", "DEPTH": "2"}}, "the parameters depth and DEPTH cannot be told apart"),
    ({}, {"start": "last week"}, "the start cannot be read"),
    ({}, {"start": "2026-01-06", "end": "2026-01-06"}, "is not before the end"),
    ({}, {"account": "us"}, "sales runs without account"),
    ({"matrix": "account"}, {}, "sales runs for one account at a time"),
]


@pytest.mark.parametrize(("declared", "order", "message"), WRONG_ORDERS)
def test_a_one_off_that_could_not_work_is_refused(
    *, night: Night, world: World, audit: Audit, declared: dict[str, Any], order: dict[str, Any], message: str
) -> None:
    """Better a sentence now than a run that fails: nothing is created, nothing recorded."""
    declare(night, **declared)
    before = night.runs()

    with pytest.raises(NotPossible) as refusal:
        trigger_once(world, "sales", by=ADA, **order)

    assert message in refusal.value.message
    assert refusal.value.hint
    assert (night.runs(), audit()) == (before, [])
