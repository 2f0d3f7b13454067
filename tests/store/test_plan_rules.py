"""The rules for plans, children, singletons and events, each tried by the SQL that a wrong program would send."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from ostinato.errors import StoreError
from ostinato.model.statuses import FINAL_STEP_STATUSES, StepStatus
from ostinato.model.transitions import STEP_TRANSITIONS
from ostinato.store import plans
from ostinato.store.database import Store
from ostinato.testing.factories import make_new_run
from ostinato.testing.night import Night
from ostinato.testing.plans import make_step

EDGES = {(edge.source, edge.target) for edge in STEP_TRANSITIONS}

INSERT_EVENT = """
    INSERT INTO events (run_id, step, name, optional, fate, reason, sent_by, sent_at, due_at, settled_at)
    VALUES (:run, 1, 'go', false, :fate, :reason, 'ann', 0, 0, :settled)
"""
INSERT_CHUNK = "INSERT INTO chunks (run_id, step, number, at, data) VALUES (:run, 1, 1, 0, '{}')"
INSERT_NEED = "INSERT INTO run_needs (run_id, needs_run_id, name) VALUES (:run, 4711, 'load')"


def carry_out(store: Store, statement: str, **values: object) -> int:
    """Carry out one statement as anybody with a connection could; return how many rows it changed."""
    with store.write() as tx:
        return tx.execute(text(statement), values).rowcount


def store_step(night: Night, run_id: int, status: StepStatus, number: int = 1) -> None:
    """Store a step of a run in any status, as a plan is stored that stands there already."""
    with night.store.write() as tx:
        plans.store_steps(tx, [(run_id, make_step(number, status))])


@pytest.fixture
def run_id(night: Night) -> int:
    """Give the id of a run that waits."""
    return night.create(make_new_run())[0]


@pytest.mark.parametrize("source", StepStatus)
def test_only_the_edges_of_the_table_are_open(night: Night, run_id: int, source: StepStatus) -> None:
    """[4] From each status a raw UPDATE reaches what the table allows, and nothing else; a final one reaches none."""
    for number, target in enumerate(sorted(set(StepStatus) - {source}), start=1):
        store_step(night, run_id, source, number)
        change = "UPDATE steps SET status = :status, error = '{}' WHERE run_id = :run AND number = :number"
        values: dict[str, Any] = {"status": target.value, "run": run_id, "number": number}
        if (source, target) in EDGES:
            assert carry_out(night.store, change, **values) == 1
        else:
            with pytest.raises(StoreError, match="illegal status change of a step"):
                carry_out(night.store, change, **values)
    assert source not in FINAL_STEP_STATUSES or not {target for start, target in EDGES if start is source}


@pytest.mark.parametrize("status", StepStatus)
def test_what_is_known_of_a_step_may_change_in_any_status(night: Night, run_id: int, status: StepStatus) -> None:
    """It is tried again, or what its skipping was to do is done."""
    store_step(night, run_id, status)

    assert carry_out(night.store, "UPDATE steps SET status = status, tries = tries + 1, finished_at = 1") == 1


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("status = 'bored'", "steps_status_check|illegal"),
        ("phase = 'dream'", "steps_phase_check"),
        ("wake_kind = 'cock'", "steps_wake_kind_check"),
        ("error = NULL", "steps_error_check"),
    ],
)
def test_a_step_cannot_contradict_itself(night: Night, run_id: int, change: str, rule: str) -> None:
    """Only words of the glossary are stored, and an error says what it is."""
    store_step(night, run_id, StepStatus.ERROR)

    with pytest.raises(StoreError, match=rule):
        carry_out(night.store, f"UPDATE steps SET {change}")  # noqa: S608


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("action = NULL", "runs_work_check"),
        ("parent_step = 1", "runs_parent_check"),
        ("parent_run_id = id", "runs_parent_check"),
        ("parent_run_id = id, parent_step = 1", "runs_parent_check"),
        ("wake_at = 1", "runs_wake_check"),
        ("halted_by = 'ann'", "runs_halt_check"),
        ("singleton_held = 'a'", "runs_singleton_check"),
        ("singleton_key = 'a', singleton_held = 'b'", "runs_singleton_check"),
        ("singleton_refuses = true", "runs_refuses_check"),
        (
            "singleton_key = 'a', singleton_held = 'a', status = 'cancelled', finished_at = 1, end_kind = 'cancelled'",
            "runs_singleton_check",
        ),
        ("parent_run_id = 4711, parent_step = 1, child_number = 1", "runs_parent_run_id_fk|FOREIGN KEY"),
    ],
)
def test_a_run_cannot_contradict_itself(night: Night, run_id: int, change: str, rule: str) -> None:
    """It has work to do, a parent as a whole, a time to wake while it sleeps, and a key while it lives."""
    with pytest.raises(StoreError, match=rule):
        carry_out(night.store, f"UPDATE runs SET {change}")  # noqa: S608


def test_a_child_has_its_number_alone(night: Night, run_id: int) -> None:
    """Two runs cannot be the same child of a step."""
    night.create(make_new_run(), make_new_run())
    adopt = "UPDATE runs SET parent_run_id = :run, parent_step = 1, child_number = 1 WHERE id <> :run"

    with pytest.raises(StoreError, match=r"runs_parent_run_id_parent_step_child_number_key|UNIQUE.*child_number"):
        carry_out(night.store, adopt, run=run_id)


def test_a_singleton_is_held_once(night: Night, run_id: int) -> None:
    """Whatever the two runs are doing."""
    night.create(make_new_run(singleton_key="a", hold_singleton=True))

    with pytest.raises(StoreError, match=r"runs_singleton_held_key|UNIQUE.*singleton_held"):
        carry_out(night.store, "UPDATE runs SET singleton_key = 'a', singleton_held = 'a'")


@pytest.mark.parametrize(
    ("fate", "reason", "settled", "rule"),
    [
        ("lost", "", None, "events_fate_check"),
        ("delivered", "", None, "events_settled_check"),
        ("waiting", "", 1, "events_settled_check"),
        ("taken", "", 1, "events_settled_check"),
        ("dropped", "", 1, "events_dropped_check"),
    ],
)
def test_an_event_has_one_fate(
    *, night: Night, run_id: int, fate: str, reason: str, settled: int | None, rule: str
) -> None:
    """Settled when it was taken in or dropped, and never dropped without a reason."""
    with pytest.raises(StoreError, match=rule):
        carry_out(night.store, INSERT_EVENT, run=run_id, fate=fate, reason=reason, settled=settled)


def test_a_piece_of_output_is_kept_once(night: Night, run_id: int) -> None:
    """Pieces are numbered within their step."""
    carry_out(night.store, INSERT_CHUNK, run=run_id)

    with pytest.raises(StoreError, match=r"chunks_run_id_step_number_key|UNIQUE.*chunks"):
        carry_out(night.store, INSERT_CHUNK, run=run_id)


def test_a_run_that_is_removed_takes_all_that_hangs_on_it(night: Night, run_id: int) -> None:
    """[9] Its steps, events, output, children and needs; what needs it stays, and learns of it."""
    (child,) = night.create(make_new_run(parent_run_id=run_id, parent_step=1, child_number=1))
    (after,) = night.create(make_new_run(needs=((run_id, "load"),)))
    for id in (run_id, child, after):
        store_step(night, id, StepStatus.PENDING)
        carry_out(night.store, INSERT_EVENT, run=id, fate="waiting", reason="", settled=None)
        carry_out(night.store, INSERT_CHUNK, run=id)
        carry_out(night.store, INSERT_NEED, run=id)

    carry_out(night.store, "DELETE FROM runs WHERE id = :run", run=run_id)

    with night.store.read() as tx:
        kept = {
            table: set(tx.execute(text(f"SELECT run_id FROM {table}")).scalars())  # noqa: S608
            for table in ("steps", "events", "chunks", "run_needs", "transitions")
        }
        needs = tx.execute(text("SELECT needs_run_id FROM run_needs ORDER BY 1")).scalars().all()
    assert kept == {table: {after} for table in kept}
    assert needs == [run_id, 4711]
