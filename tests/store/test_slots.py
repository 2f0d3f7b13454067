"""Slots: waking, examining, finding, counting and dropping them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ostinato.model.slots import SlotName
from ostinato.model.statuses import RunStatus, SlotStatus
from ostinato.policies.verdict import Gate
from ostinato.store import pruning, runs, slots
from ostinato.testing.factories import NOON, make_account, make_definition, make_new_run, utc
from ostinato.testing.night import Night, open_night

FIRST, SECOND, TODAY = "sales/-/2026-01-08", "sales/-/2026-01-09", "sales/-/2026-01-10"


@pytest.fixture
def planned(night: Night) -> Night:
    """Lend a night with slots that nobody has examined yet: two are due, the others are not."""
    night.declare(definitions=[make_definition(), make_definition("other", start="manual")])
    night.steps = night.steps[:4]
    night.tick()
    return night


def take(night: Night, *, limit: int = 9) -> list[int]:
    """Take the slots to examine, as a pass does."""
    with night.store.write() as tx:
        return slots.take_slots_to_examine(tx, now=night.now, limit=limit)


def test_slots_are_taken_once_longest_due_first(planned: Night) -> None:
    """Taking clears the wake-up; what is not due yet stays, and so does what starts by hand alone."""
    due = [planned.slot(FIRST).id, planned.slot(SECOND).id]

    assert take(planned, limit=1) == due[:1]
    assert take(planned) == due[1:]
    assert take(planned) == []
    planned.advance(hours=12)
    assert take(planned) == [planned.slot(TODAY).id]


def test_a_reason_is_kept_with_the_time_of_the_next_look(planned: Night) -> None:
    """Until then the slot is left in peace, unless something wakes it."""
    first, second = take(planned)
    again = planned.now + timedelta(minutes=5)
    in_maintenance = Gate("maintenance", False, "account is in maintenance", about="ann")
    waits = Gate("upstream ann", False, "waits for ann", about="ann")

    with planned.store.write() as tx:
        slots.keep_reasons(tx, {first: (in_maintenance, again), second: (waits, None)})

    assert [planned.slot(name).reason for name in (FIRST, SECOND)] == ["account is in maintenance", "waits for ann"]
    assert take(planned) == []
    planned.advance(minutes=5)
    assert take(planned) == [first]


def test_a_reason_is_not_kept_of_what_has_begun(planned: Night) -> None:
    """A slot that has got a run meanwhile is not waiting any more."""
    slot = planned.slot(FIRST)
    with planned.store.write() as tx:
        runs.create_runs(tx, [make_new_run(slot.definition_id, slot_id=slot.id)], actor="ann", now=NOON)
        slots.keep_reasons(tx, {slot.id: (Gate("stale", False, "stale"), NOON)})

    assert planned.slot(FIRST).reason == ""


def test_waking_reaches_due_slots_of_those_named(night: Night) -> None:
    """By definition or by account; what is not due, or awake already, is not counted."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=[make_definition("x", matrix="account"), make_definition("y", matrix="account")],
    )
    night.steps = night.steps[:4]
    night.tick()
    take(night)

    def wake(**chosen: list[str]) -> tuple[int, int]:
        with night.store.write() as tx:
            counts = slots.wake_slots(tx, now=night.now, **chosen), slots.wake_slots(tx, now=night.now, **chosen)
        taken = take(night, limit=99)
        assert len(taken) == counts[0]
        return counts

    assert wake(definitions=["x"]) == (4, 0)
    assert wake(accounts=["a"]) == (4, 0)
    assert wake(definitions=["x"], accounts=["a"]) == (6, 0)
    assert wake(definitions=[]) == (0, 0)
    assert wake() == (8, 0)


def test_waking_brings_a_later_look_forward(planned: Night) -> None:
    """A slot that would be looked at in an hour is looked at now."""
    first, second = take(planned)
    with planned.store.write() as tx:
        slots.keep_reasons(tx, {first: (Gate("later", False, "later"), NOON + timedelta(hours=1))})

    with planned.store.write() as tx:
        slots.wake_slots(tx, now=NOON)

    assert take(planned) == [first, second]


def test_any_number_of_names_can_be_woken(planned: Night) -> None:
    """More accounts than a statement takes parameters may change at once."""
    take(planned)

    with planned.store.write() as tx:
        woken = slots.wake_slots(tx, now=NOON, definitions=["sales"], accounts=[f"a{n}" for n in range(70_000)])

    assert woken == 2


def test_slots_whose_run_failed_are_taken_until_decided(night: Night) -> None:
    """Failing them ends them with a reason; nothing else does."""
    night.declare(definitions=[make_definition()])
    night.tick()
    for run in night.claim():
        night.finish(run, RunStatus.FAILED)

    with night.store.write() as tx:
        first = slots.take_slots_to_retry(tx, limit=1)
        both = slots.take_slots_to_retry(tx, limit=9)
        slots.fail_slots(tx, {both[0]: "no attempt left"}, now=NOON)
        left = slots.take_slots_to_retry(tx, limit=9)
        slots.fail_slots(tx, {both[0]: "again"}, now=NOON + timedelta(hours=1))

    assert (first, both, left) == (both[:1], [night.slot(FIRST).id, night.slot(SECOND).id], both[1:])
    slot = night.slot(FIRST)
    assert (slot.status, slot.reason, slot.finished_at) == (SlotStatus.FAILED, "no attempt left", NOON)
    assert night.slot(SECOND).status is SlotStatus.RETRYING


def test_a_slot_is_found_by_name_or_start(night: Night) -> None:
    """With account or without; a name that fits nothing finds nothing."""
    night.declare(
        accounts=[make_account("uk", time_zone="Europe/London"), make_account("us", time_zone="America/New_York")],
        definitions=[make_definition("x", matrix="account"), make_definition("y")],
    )
    night.tick()

    with night.store.read() as tx:
        found = slots.find_slot(tx, SlotName("x", "us", "2026-01-08"))
        assert found is not None
        assert (found.starts_at, found.time_zone) == (utc("2026-01-08T05:00"), "America/New_York")
        assert slots.find_slot_starting(tx, "x", "us", found.starts_at) == found
        assert slots.find_slot(tx, SlotName("y", None, "2026-01-08")) is not None
        assert slots.find_slot_starting(tx, "y", None, utc("2026-01-08")) is not None
        assert slots.find_slot_starting(tx, "x", "uk", found.starts_at) is None
        assert slots.find_slot(tx, SlotName("x", None, "2026-01-08")) is None
        assert slots.find_slot(tx, SlotName("y", "us", "2026-01-08")) is None
        assert slots.find_slot(tx, SlotName("x", "us", "2025-01-08")) is None


def test_what_goes_with_removed_rows_is_counted(night: Night) -> None:
    """Slots and runs of the definitions and accounts named, each once."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=[
            make_definition("x", matrix="account", ends_on=utc("2026-01-09").date()),
            make_definition("y", ends_on=utc("2026-01-09").date()),
        ],
    )
    night.tick()

    with night.store.read() as tx:
        assert slots.count_slots_of(tx, definitions=["x"]) == (4, 4)
        assert slots.count_slots_of(tx, accounts=["a"]) == (2, 2)
        assert slots.count_slots_of(tx, definitions=["x", "y"], accounts=["a"]) == (6, 6)
        assert slots.count_slots_of(tx) == (0, 0)


def test_old_slots_are_dropped_with_their_runs_in_batches(night: Night) -> None:
    """Only what is final, finished and ended before the instant goes, oldest end first."""
    night.declare(definitions=[make_definition(), make_definition("slow", start="manual")])
    night.work()
    night.advance(days=3)
    night.work()

    with night.store.write() as tx:
        dropped = [pruning.prune_slots(tx, finished_before=NOON + timedelta(hours=1), limit=1) for _ in range(3)]
        dropped.append(pruning.prune_slots(tx, finished_before=NOON, limit=9))

    assert dropped == [1, 1, 0, 0]
    assert next(iter(night.slots("sales"))) == TODAY
    assert [str(run.slot) for run in night.runs()] == [TODAY, "sales/-/2026-01-11", "sales/-/2026-01-12"]
    assert len(night.slots("slow")) == 16


def test_a_slot_that_ended_late_is_kept_by_its_period(night: Night) -> None:
    """Both its end and the end of its period must lie far enough back."""
    night.declare(definitions=[make_definition("early", start="at_start")])
    night.work()
    today = night.slot("early/-/2026-01-10")
    assert today.status is SlotStatus.SUCCESS

    with night.store.write() as tx:
        dropped = pruning.prune_slots(tx, finished_before=utc("2026-01-10T23:59"), limit=9)

    assert dropped == 2
    assert next(iter(night.slots("early"))) == "early/-/2026-01-10"


def test_old_one_off_runs_are_dropped(night: Night) -> None:
    """Those without slot that finished before the instant; runs of slots go with their slots."""
    night.declare(definitions=[make_definition()])
    night.tick()
    definition = night.slot(FIRST).definition_id
    with night.store.write() as tx:
        made = runs.create_runs(tx, [make_new_run(definition)] * 3, actor="ann", now=NOON)
    for run in night.claim():
        if run.id != made[-1]:
            night.finish(run)

    with night.store.write() as tx:
        dropped = [
            pruning.prune_one_off_runs(tx, finished_before=before, limit=1)
            for before in (NOON, *[NOON + timedelta(seconds=1)] * 3)
        ]

    assert dropped == [0, 1, 1, 0]
    assert [run.id for run in night.runs() if run.slot_id is None] == made[-1:]
    assert len([run for run in night.runs() if run.slot_id is not None]) == 2


def test_engines_pass_over_what_another_examines(postgres_url: str) -> None:
    """On PostgreSQL two engines share the slots to examine and to retry instead of waiting for each other."""
    with open_night(postgres_url) as night, open_night(postgres_url) as other:
        night.declare(definitions=[make_definition()])
        night.steps = night.steps[:4]
        night.tick()

        with night.store.write() as mine, other.store.write() as theirs:
            first = slots.take_slots_to_examine(mine, now=NOON, limit=1)
            second = slots.take_slots_to_examine(theirs, now=NOON, limit=9)

        assert [first, second] == [[night.slot(FIRST).id], [night.slot(SECOND).id]]
