"""What is finished and old goes, in batches, and nothing that is there comes to be or starts because of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from ostinato.engine import ensure_retention as retention
from ostinato.model.engine import StepOutcome
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import RunStatus
from ostinato.store import journal, runs
from ostinato.store import schema as t
from ostinato.testing.factories import make_account, make_chain, make_definition, make_new_run
from ostinato.testing.night import Night, changes

DAYS = timedelta(days=1)


@pytest.fixture
def old(night: Night) -> Night:
    """Lend a night with ten days behind it, of which five are kept."""
    night.set(retention=5 * DAYS, create_ahead=2 * DAYS)
    night.declare(accounts=[make_account("a")], definitions=[make_definition(matrix="account")])
    night.work()
    for _ in range(10):
        night.advance(days=1)
        night.work()
    return night


def test_what_is_older_than_the_retention_goes(old: Night) -> None:
    """With its runs and their history; what ended since stays, and so does what has not ended."""
    with old.store.read() as tx:
        history = tx.execute(select(func.count()).select_from(t.transitions)).scalar()

    assert list(old.slots()) == [f"sales/a/2026-01-{day}" for day in range(14, 23)]
    assert (len(old.runs()), history) == (6, 18)


def test_old_slots_go_in_batches(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass drops a batch and says whether there is more, so that it holds nobody up for long."""
    monkeypatch.setattr(retention, "BATCH", 3)
    night.declare(definitions=[make_definition(starts_on=date(2026, 1, 1))])
    night.work()
    night.set(retention=DAYS)
    night.advance(days=2)

    def dropped() -> StepOutcome:
        return next(outcome for outcome in night.run_pass() if outcome.step == "ensure_retention")

    batches = [dropped() for _ in range(4)]

    assert [(batch.changed, batch.more) for batch in batches] == [(3, True), (3, True), (3, True), (0, False)]


def ids(night: Night) -> list[int]:
    """Return which runs there are."""
    return [run.id for run in night.runs()]


def advance_with_agent(night: Night, *, days: int) -> None:
    """Move the clock on, while the agent goes on beating; then tick."""
    night.advance(days=days)
    night.beat()
    night.tick()


def test_what_was_dropped_does_not_come_back(old: Night) -> None:
    """Neither by a full look nor by a change that has the slots laid out anew."""
    before = list(old.slots())

    old.tick(full=True)
    old.declare(definitions=[make_definition(matrix="account", delay=timedelta(hours=1))])
    old.tick()

    assert list(old.slots()) == before


def test_old_one_off_runs_and_passes_go(old: Night) -> None:
    """Also what belongs to no slot."""
    definition = old.slot("sales/a/2026-01-14").definition_id
    with old.store.write() as tx:
        runs.create_runs(tx, [make_new_run(definition)], actor="ann", now=old.now)
        journal.keep_pass(tx, engine="e", started_at=old.now, seconds=0, outcomes=())
    (one_off,) = old.claim()
    old.finish(one_off)
    old.advance(days=1)
    old.tick()
    assert one_off.id in {run.id for run in old.runs()}

    old.advance(days=5)
    old.tick()

    assert one_off.id not in {run.id for run in old.runs()}
    with old.store.read() as tx:
        assert journal.list_passes(tx, limit=9) == []


def test_children_are_kept_as_long_as_their_parent_counts_them(night: Night) -> None:
    """They go when it has ended, and it goes after them: it never takes along a child that goes on."""
    night.set(retention=5 * DAYS)
    night.create(make_new_run())
    (parent,) = night.claim()
    night.create(*(make_new_run(parent_run_id=parent.id, parent_step=1, child_number=number) for number in (1, 2)))
    first, second = night.claim()
    night.finish(first)
    advance_with_agent(night, days=6)
    counted = ids(night)
    night.finish(parent)
    advance_with_agent(night, days=6)
    left = ids(night)

    night.finish(second)
    advance_with_agent(night, days=6)
    night.tick()

    assert (counted, left) == ([parent.id, first.id, second.id], [parent.id, second.id])
    assert ids(night) == []


def test_a_run_that_another_waits_for_is_kept(night: Night) -> None:
    """If it went, that would fail for want of it."""
    night.set(retention=5 * DAYS)
    night.create(make_new_run(), make_new_run())
    done, slow = night.claim()
    (after,) = night.create(make_new_run(needs=((done.id, "load"), (slow.id, "agg"))))
    night.finish(done)
    advance_with_agent(night, days=6)

    night.finish(slow)
    night.tick()

    assert [run.id for run in night.claim()] == [after]


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.CANCELLED])
def test_a_failure_that_is_waited_for_stays(night: Night, status: RunStatus) -> None:
    """[2] If it went, what waits for it would have nothing to wait for any more, and start."""
    night.set(retention=5 * DAYS)
    night.declare(definitions=make_chain("load", "agg", "report", ends_on=date(2026, 1, 9)))
    night.work(lambda run: status if run.slot and run.slot.label == "2026-01-08" else RunStatus.SUCCESS)

    night.advance(days=30)
    night.tick()
    night.tick(full=True)

    assert night.slots() == {
        "load/-/2026-01-08": SlotFace(status.value),
        "agg/-/2026-01-08": SlotFace.BLOCKED,
        "report/-/2026-01-08": SlotFace.BLOCKED,
    }


def test_a_failure_that_the_next_slot_waits_for_stays(night: Night) -> None:
    """[2] The same where slots run one after the other."""
    night.set(retention=5 * DAYS)
    night.declare(definitions=[make_definition(reads_from=("x",), writes_to=("x",), ends_on=date(2026, 1, 10))])
    night.work(lambda run: RunStatus.FAILED if run.slot and run.slot.label == "2026-01-09" else RunStatus.SUCCESS)

    night.advance(days=30)
    night.tick(full=True)

    assert list(night.slots().values()) == [SlotFace.FAILED, SlotFace.BLOCKED]


def test_failures_that_are_waited_for_do_not_hold_up_the_others(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were they taken into a batch each time, nothing else would ever be dropped."""
    monkeypatch.setattr(retention, "BATCH", 2)
    night.set(retention=5 * DAYS)
    night.declare(definitions=make_chain("load", "agg", starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 9)))
    night.work(lambda run: RunStatus.FAILED if run.starts_at and run.starts_at.day < 6 else RunStatus.SUCCESS)

    night.advance(days=30)
    outcomes = night.tick()

    assert changes(outcomes)["ensure_retention"] == 8
    assert len(night.slots()) == 10
