"""Running a slot again with all that was made from it: what runs again, in which order, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.operations.breaking import find_offences

from ostinato.errors import NotPossible
from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.engine import AuditEntry
from ostinato.model.runs import RunOrigin
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.operations.cancelling import cancel
from ostinato.operations.explaining import explain
from ostinato.operations.people import Person
from ostinato.operations.starting import describe_downstream, rerun, retry, trigger_slot
from ostinato.testing.factories import make_account, make_chain, make_definition, make_retry
from ostinato.testing.night import Night
from ostinato.world import World

ADA = Person("ada")
LOAD, SUM, REPORT = (f"{name}/-/2026-01-09" for name in ("load", "sum", "report"))
CHAIN = make_chain("load", "sum", "report")

Audit = Callable[[], list[AuditEntry]]
InTwoThreads = Callable[[Callable[[Person], object]], list[object]]


def work_through(night: Night, definitions: list[DeclaredDefinition]) -> None:
    """Declare these and run every slot that is due."""
    night.declare(definitions=definitions)
    night.work()


def test_what_was_made_from_a_slot_runs_again_after_it(night: Night, world: World) -> None:
    """Each in its turn, once what it depends on has succeeded anew; other days and definitions do not."""
    work_through(night, [*CHAIN, make_definition("other")])

    started = rerun(world, LOAD, by=ADA, reason="late files", downstream=True)

    assert sorted(map(str, started.downstream)) == [REPORT, SUM]
    assert [night.face(name) for name in (LOAD, SUM, REPORT)] == [SlotFace.WAITING, SlotFace.READY, SlotFace.READY]
    night.tick()
    assert [night.face(name) for name in (LOAD, SUM, REPORT)] == [
        SlotFace.WAITING,
        SlotFace.BLOCKED,
        SlotFace.BLOCKED,
    ]
    assert night.work() == [LOAD, SUM, REPORT]
    assert night.work() == []


def test_a_rerun_downstream_says_who_asked_and_why(night: Night, world: World, audit: Audit) -> None:
    """So do its explanation while it waits, its run, and the audit log with the command line."""
    work_through(night, CHAIN)

    rerun(world, LOAD, by=ADA, reason="late files", downstream=True)
    night.tick()
    waiting = explain(world, SUM).verdict
    night.work()

    run = night.run(SUM)
    assert waiting.startswith("blocked: ")
    assert waiting.endswith(f"; run again by ada: late files, after {LOAD}")
    assert (run.origin, run.requested_by, run.request_reason) == (RunOrigin.RERUN, "ada", "late files")
    assert (run.series, run.attempt) == (2, 1)
    assert audit()[0].command == f"ostinato rerun {LOAD} --downstream --reason 'late files'"


def test_without_being_asked_nothing_downstream_runs_again(night: Night, world: World) -> None:
    """The answer names none either."""
    work_through(night, CHAIN)

    started = rerun(world, LOAD, by=ADA, reason="late files")

    assert started.downstream == ()
    assert night.work() == [LOAD]


def test_what_fails_again_keeps_what_is_downstream_waiting(night: Night, world: World) -> None:
    """Nothing runs on what was made before; once the slot has succeeded after all, the rest goes on."""
    work_through(night, CHAIN)
    rerun(world, LOAD, by=ADA, reason="late files", downstream=True)

    ran = night.work(lambda run: RunStatus.FAILED)
    stood = night.face(SUM)
    retry(world, LOAD, by=ADA)

    assert (ran, stood) == ([LOAD], SlotFace.BLOCKED)
    assert night.work() == [LOAD, SUM, REPORT]


def test_every_account_downstream_of_a_slot_without_account_runs_again(night: Night, world: World) -> None:
    """As many as there are, and they are told by definition."""
    accounts = [make_account("a"), make_account("b")]
    per_account = make_definition("sum", reads_from=("load",), writes_to=("sum",), matrix="account")
    night.declare(accounts=accounts, definitions=[CHAIN[0], per_account, CHAIN[2]])
    night.work()

    started = rerun(world, LOAD, by=ADA, reason="late files", downstream=True)

    assert describe_downstream(started) == "3 slots downstream (sum 2, report 1)"
    assert sorted(night.work()) == [LOAD, REPORT, "sum/a/2026-01-09", "sum/b/2026-01-09"]


def test_later_days_follow_where_a_definition_reads_what_it_wrote(night: Night, world: World) -> None:
    """Each day was made from the one before it; they run one after another."""
    balance = make_definition("balance", reads_from=("balance",), writes_to=("balance",))
    night.declare(definitions=[balance])
    night.work()
    night.advance(days=2)
    night.work()

    rerun(world, "balance/-/2026-01-09", by=ADA, reason="wrong", downstream=True)

    assert night.work() == [f"balance/-/2026-01-{day:02}" for day in (9, 10, 11)]


def test_what_failed_downstream_runs_again_and_what_was_cancelled_does_not(night: Night, world: World) -> None:
    """A person has taken that one's turn; what depends on it was not made from this slot."""
    night.declare(definitions=[*CHAIN[:2], make_definition("copy", reads_from=("load",))])
    night.tick()
    night.finish(LOAD)
    night.tick()
    cancel(world, SUM, by=ADA)
    night.work(lambda run: RunStatus.FAILED)

    started = rerun(world, LOAD, by=ADA, reason="late files", downstream=True)

    assert [str(name) for name in started.downstream] == ["copy/-/2026-01-09"]
    assert night.work() == [LOAD, "copy/-/2026-01-09"]
    assert night.face(SUM) is SlotFace.CANCELLED


@pytest.mark.parametrize("case", ["running", "retrying"])
def test_it_is_refused_while_something_downstream_is_under_way(night: Night, world: World, case: str) -> None:
    """That one uses what was made before; nothing is changed at all."""
    night.declare(definitions=make_chain("load", "sum", "report", retry=make_retry(2)))
    night.tick()
    night.finish(LOAD)
    night.tick()
    if case == "retrying":
        night.finish(SUM, RunStatus.FAILED)
    before = night.slots()

    with pytest.raises(NotPossible) as refusal:
        rerun(world, LOAD, by=ADA, reason="late files", downstream=True)

    assert refusal.value.message == f"{SUM} downstream of {LOAD} has a run now, with what {LOAD} made before"
    assert refusal.value.hint == f"wait for it, or end it: ostinato cancel {SUM}"
    assert night.slots() == before


def test_what_starts_by_hand_waits_for_a_person_again(night: Night, world: World) -> None:
    """Nobody has said yes to what is made now."""
    night.declare(definitions=[CHAIN[0], make_definition("publish", reads_from=("load",), start="manual")])
    night.work()
    publish = "publish/-/2026-01-09"
    trigger_slot(world, publish, by=ADA)
    night.work()

    rerun(world, LOAD, by=ADA, reason="late files", downstream=True)

    assert night.work() == [LOAD]
    assert night.face(publish) is SlotFace.BLOCKED
    assert trigger_slot(world, publish, by=ADA).run.series == 2


def test_too_late_counts_from_the_asking(night: Night, world: World) -> None:
    """The period may be long over."""
    definitions = make_chain("load", "sum", start_before=timedelta(hours=30))
    work_through(night, definitions)
    night.advance(days=5)
    night.work()

    rerun(world, LOAD, by=ADA, reason="late files", downstream=True)

    assert night.work() == [LOAD, SUM]
    assert night.run(SUM).start_before == night.now + timedelta(hours=30)


def test_a_failed_rerun_downstream_is_retried_as_ever(night: Night, world: World) -> None:
    """Its next attempt is of the same series, and asked for by the same person."""
    work_through(night, make_chain("load", "sum", retry=make_retry(2, wait=timedelta(seconds=0))))
    rerun(world, LOAD, by=ADA, reason="late files", downstream=True)
    failing = iter([RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.SUCCESS])

    night.work(lambda run: next(failing))

    runs = night.runs(SUM)[1:]
    assert [(run.series, run.attempt, run.requested_by) for run in runs] == [(2, 1, "ada"), (2, 2, "ada")]
    assert night.face(SUM) is SlotFace.SUCCESS


def test_a_slot_that_waits_to_run_again_outlives_a_new_calendar(night: Night, world: World) -> None:
    """It has a history, which goes with nothing but its definition or account."""
    work_through(night, CHAIN)
    rerun(world, LOAD, by=ADA, reason="late files", downstream=True)

    night.declare(definitions=make_chain("load", "sum", "report", time_zone="Europe/London"))
    night.tick()

    assert len(night.runs(SUM)) == 1
    assert night.work()[:3] == [LOAD, SUM, REPORT]


def test_the_doctor_finds_nothing_wrong_with_what_waits_to_run_again(night: Night, world: World) -> None:
    """A slot that is pending and has runs of an earlier series alone is as it should be."""
    work_through(night, CHAIN)
    rerun(world, LOAD, by=ADA, reason="late files", downstream=True)
    night.tick()

    assert find_offences(night) == {}


@pytest.mark.parametrize("ask", [rerun, retry])
def test_what_is_to_run_again_already_is_not_asked_to_twice(
    night: Night, world: World, ask: Callable[..., object]
) -> None:
    """The refusal says where to look for what it waits for; it may be triggered before its time."""
    work_through(night, CHAIN)
    rerun(world, LOAD, by=ADA, reason="late files", downstream=True)

    with pytest.raises(NotPossible, match=f"{SUM} is to run again already") as refusal:
        ask(world, SUM, by=ADA)

    assert refusal.value.hint == f"what it waits for: ostinato explain {SUM}"
    assert trigger_slot(world, SUM, by=ADA).run.series == 2


def test_two_who_ask_at_once_do_not_stand_in_each_others_way(
    night: Night, world: World, in_two_threads: InTwoThreads
) -> None:
    """One of them is told that the slot runs already; everything runs again once."""
    work_through(night, CHAIN)

    answers = in_two_threads(lambda by: rerun(world, LOAD, by=by, reason="late files", downstream=True))

    assert [isinstance(answer, NotPossible) for answer in answers].count(True) == 1
    assert night.work() == [LOAD, SUM, REPORT]
