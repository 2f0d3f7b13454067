"""What steps give away while they run: chunks in order, progress, and nothing of it without the lease."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ostinato.model.runs import RunOrigin
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.model.steps import Chunk, Json
from ostinato.store import children, chunks, plans, runs
from ostinato.store.database import Tx
from ostinato.testing.factories import make_new_run
from ostinato.testing.interleaving import interleave
from ostinato.testing.night import Night
from ostinato.testing.plans import HeldRun, hold_run, hold_runs, make_step


def leases(*held: HeldRun) -> dict[int, int]:
    """Return the tokens under which runs are held."""
    return {run.id: run.lease_token for run in held}


def test_chunks_are_numbered_within_their_step(night: Night) -> None:
    """They come back in the order in which they were added, whatever else was added between them."""
    run, other = hold_runs(night, 2, make_step(1, "running"), make_step(2, "running"))
    added: list[list[tuple[int, int, Json]]] = [
        [(run.id, 1, "a"), (run.id, 2, {"rows": 3}), (other.id, 1, "x"), (run.id, 1, None)],
        [(run.id, 1, ["c"])],
    ]

    for part in added:
        with night.store.write() as tx:
            assert not chunks.add_chunks(tx, part, leases=leases(run, other), now=night.now)

    first = [Chunk(run.id, 1, number, night.now, data) for number, data in enumerate(("a", None, ["c"]), start=1)]
    second = Chunk(run.id, 2, 1, night.now, {"rows": 3})
    with night.store.read() as tx:
        assert chunks.list_chunks(tx, run.id) == [first[0], second, *first[1:]]
        assert chunks.list_chunks(tx, run.id, 1) == first
        assert chunks.list_chunks(tx, run.id, 1, after=1, limit=1) == first[1:2]
        assert chunks.list_chunks(tx, other.id) == [Chunk(other.id, 1, 1, night.now, "x")]


ACTS: dict[str, Callable[[Tx, Night, HeldRun, HeldRun], frozenset[int]]] = {
    "chunks": lambda tx, night, lost, kept: chunks.add_chunks(
        tx, [(lost.id, 1, "a"), (kept.id, 1, "b")], leases=leases(lost, kept), now=night.now
    ),
    "progress": lambda tx, night, lost, kept: chunks.keep_progress(
        tx, [(lost.id, 1, 0.5, "half"), (kept.id, 1, 0.5, "half")], leases=leases(lost, kept)
    ),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nothing_is_kept_of_a_run_whose_lease_is_gone(
    night: Night, act: Callable[[Tx, Night, HeldRun, HeldRun], frozenset[int]]
) -> None:
    """[5] Its id is answered; what was told of other runs is kept."""
    lost, kept = hold_runs(night, 2, make_step(1, "running"))
    lost.move(RunStatus.PAUSED)

    with night.store.write() as tx:
        assert act(tx, night, lost, kept) == {lost.id}

    with night.store.read() as tx:
        left = [
            (len(chunks.list_chunks(tx, run.id)), [row.progress for row in plans.list_steps(tx, run.id)])
            for run in (lost, kept)
        ]
    assert left[0] == (0, [None])
    assert left[1] in [(1, [None]), (0, [0.5])]


def test_two_who_add_chunks_wait_for_each_other(night: Night) -> None:
    """Numbers are given under the lock of the run: none is given twice."""
    run = hold_run(night, make_step(1, "running"))

    def add(tx: Tx) -> frozenset[int]:
        return chunks.add_chunks(tx, [(run.id, 1, "line")] * 2, leases=leases(run), now=night.now)

    assert not interleave(night.store, add, add)

    with night.store.read() as tx:
        assert [chunk.number for chunk in chunks.list_chunks(tx, run.id)] == [1, 2, 3, 4]


def test_the_last_word_about_progress_is_kept(night: Night) -> None:
    """It is shown with the step, stays when the step ends, and of a step that does not run nothing is kept."""
    run = hold_run(night, make_step(1, "running"), make_step(2))

    with night.store.write() as tx:
        chunks.keep_progress(tx, [(run.id, 1, 0.1, None), (run.id, 2, 0.9, "too early")], leases=leases(run))
        chunks.keep_progress(tx, [(run.id, 1, 0.7, "7 of 10 files")], leases=leases(run))
    run.change(1, StepStatus.SUCCESS)

    with night.store.read() as tx:
        shown = [(row.progress, row.progress_message) for row in plans.list_steps(tx, run.id)]
    assert shown == [(0.7, "7 of 10 files"), (None, None)]


def test_children_are_counted_by_step(night: Night) -> None:
    """And a step knows the highest number of its own."""
    parent = hold_run(night, make_step(1, "suspended"), make_step(2, "suspended"))
    definition_id = night.slot("sales/-/2026-01-08").definition_id
    numbered = [(1, 2), (1, 1), (2, 1)]
    new = [
        make_new_run(
            definition_id, origin=RunOrigin.TRIGGER, parent_run_id=parent.id, parent_step=step, child_number=number
        )
        for step, number in numbered
    ]
    with night.store.write() as tx:
        runs.create_runs(tx, new, actor="tester", now=night.now)
    (claimed,) = night.claim(limit=1)
    HeldRun(night, claimed.id, claimed.lease_token).move(RunStatus.SUCCESS)

    with night.store.read() as tx:
        assert children.count_children(tx, parent.id, 1) == {RunStatus.SUCCESS: 1, RunStatus.WAITING: 1}
        assert children.count_children(tx, parent.id, 3) == {}
        assert [children.find_last_child(tx, parent.id, step) for step in (1, 2, 3)] == [2, 1, 0]
