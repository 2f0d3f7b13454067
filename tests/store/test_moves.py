"""The one writer of statuses: what moves, what is refused, what the history and the slot say afterwards."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostinato.errors import IllegalTransition
from ostinato.model.runs import Transition
from ostinato.model.statuses import FINAL_RUN_STATUSES, SLOT_STATUS_OF_RUN, RunStatus, SlotStatus
from ostinato.model.transitions import INITIAL_RUN_STATUSES, RUN_TRANSITIONS, Party
from ostinato.store import runs
from ostinato.store import schema as t
from ostinato.store.database import Store
from ostinato.store.moves import Move, MovedRun, move_runs
from ostinato.testing.factories import NOON, make_definition, make_evidence, make_new_run, utc
from ostinato.testing.night import Night

EDGES = {(edge.source, edge.target, party) for edge in RUN_TRANSITIONS for party in edge.by}

moves = st.lists(st.tuples(st.sampled_from(RunStatus), st.sampled_from(Party)), max_size=8)


def move(store: Store, run_id: int, to: RunStatus, by: Party, *, expected: list[RunStatus] | None = None) -> bool:
    """Ask for one run to be moved, with what a caller adds where a lease begins or ends."""
    released = None if to is RunStatus.RUNNING else t.runs.c.lease_token
    with store.write() as tx:
        moved = move_runs(
            tx,
            Move(to, by, "tester", f"because {to}", NOON),
            t.runs.c.id == run_id,
            expected=expected,
            evidence=make_evidence(to) if to in FINAL_RUN_STATUSES else None,
            values={"released_token": released},
        )
    return bool(moved)


def make_run(night: Night, *, later: bool = False) -> int:
    """Make one run of a slot: scheduled when it is to start ``later``, else waiting."""
    night.declare(definitions=[make_definition(start="manual")])
    night.tick()
    slot = night.slot("sales/-/2026-01-08")
    run = make_new_run(
        slot.definition_id, slot_id=slot.id, start_at=utc("2026-01-11") if later else None, cause="made by a test"
    )
    return night.create(run)[0]


def history(store: Store, run_id: int) -> list[Transition]:
    """Return the history of a run."""
    with store.read() as tx:
        return runs.list_transitions(tx, run_id)


@pytest.fixture
def definition_id(night: Night) -> int:
    """Give the id of one definition, for one-off runs."""
    night.declare(definitions=[make_definition(start="manual")])
    night.tick()
    return night.slot("sales/-/2026-01-08").definition_id


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(later=st.booleans(), wishes=moves)
def test_no_sequence_of_moves_leaves_the_edges(
    night: Night, definition_id: int, *, later: bool, wishes: list[tuple[RunStatus, Party]]
) -> None:
    """[4] Whatever is asked in whatever order, a run goes along edges alone, and its history is the way it went."""
    run = make_new_run(definition_id, start_at=utc("2026-01-11") if later else None)
    (run_id,) = night.create(run)
    way = [RunStatus.SCHEDULED if later else RunStatus.WAITING]
    for to, by in wishes:
        legal = (way[-1], to, by) in EDGES
        try:
            moved = move(night.store, run_id, to, by)
        except IllegalTransition:
            moved = False
            assert not any((source, to, by) in EDGES for source in RunStatus)
        assert moved == legal
        way += [to] if moved else []

    entries = history(night.store, run_id)
    assert [entry.to_status for entry in entries] == way
    assert [entry.from_status for entry in entries] == [None, *way[:-1]]
    assert way[0] in INITIAL_RUN_STATUSES
    with night.store.read() as tx:
        assert runs.list_runs(tx, run_ids=[run_id])[0].status is way[-1]


def test_a_move_that_no_edge_allows_is_a_bug(night: Night) -> None:
    """An expected status without such an edge raises, before anything is asked of the database."""
    run_id = make_run(night)

    with pytest.raises(IllegalTransition, match="the person may not move a run from waiting to success"):
        move(night.store, run_id, RunStatus.SUCCESS, Party.PERSON, expected=[RunStatus.WAITING])
    with pytest.raises(IllegalTransition, match="to scheduled"):
        move(night.store, run_id, RunStatus.SCHEDULED, Party.ENGINE)


def test_a_run_that_is_elsewhere_is_not_moved(night: Night) -> None:
    """To come too late is a normal answer: nothing is moved and nothing is written."""
    run_id = make_run(night)
    move(night.store, run_id, RunStatus.CANCELLED, Party.PERSON)

    assert not move(night.store, run_id, RunStatus.RUNNING, Party.AGENT)
    assert [entry.to_status for entry in history(night.store, run_id)] == [RunStatus.WAITING, RunStatus.CANCELLED]


def test_a_move_tells_what_it_moved_and_records_it(night: Night) -> None:
    """The answer and the history hold where the run came from, by whom, when, why, and under which lease."""
    run_id = make_run(night)
    slot_id = night.slot("sales/-/2026-01-08").id
    claim = Move(RunStatus.RUNNING, Party.AGENT, "agent-7", "claimed", utc("2026-01-10T13:00"))

    with night.store.write() as tx:
        moved = move_runs(tx, claim, t.runs.c.id == run_id)

    assert moved == [MovedRun(run_id, slot_id, RunStatus.WAITING, RunStatus.RUNNING, lease_token=1)]
    assert history(night.store, run_id) == [
        Transition(run_id, None, RunStatus.WAITING, NOON, "made by a test", "tester", 0),
        Transition(run_id, RunStatus.WAITING, RunStatus.RUNNING, utc("2026-01-10T13:00"), "claimed", "agent-7", 1),
    ]


@pytest.mark.parametrize("status", sorted(FINAL_RUN_STATUSES))
def test_the_end_of_a_run_is_carried_over_to_its_slot(night: Night, status: RunStatus) -> None:
    """A slot follows its run in the same transaction; one that may be retried is not final yet, and says why."""
    run_id = make_run(night)
    move(night.store, run_id, RunStatus.RUNNING, Party.AGENT)

    move(night.store, run_id, status, Party.AGENT)

    slot = night.slot("sales/-/2026-01-08")
    retrying = SLOT_STATUS_OF_RUN[status] is SlotStatus.RETRYING
    assert slot.status is SLOT_STATUS_OF_RUN[status]
    assert (slot.finished_at, slot.reason) == ((None, f"because {status}") if retrying else (NOON, ""))


@pytest.mark.parametrize("status", [RunStatus.PAUSED, RunStatus.SUSPENDED])
def test_a_run_that_rests_keeps_its_slot_live(night: Night, status: RunStatus) -> None:
    """[1] Whatever is not final occupies the slot."""
    run_id = make_run(night)
    move(night.store, run_id, RunStatus.RUNNING, Party.AGENT)

    move(night.store, run_id, status, Party.AGENT)

    slot = night.slot("sales/-/2026-01-08")
    assert (slot.status, slot.run_status) == (SlotStatus.LIVE, status)


def test_many_runs_move_at_once(night: Night, definition_id: int) -> None:
    """More runs than one statement can name move in one call, each with its history."""
    new = [make_new_run(definition_id) for _ in range(1_201)]
    created = night.create(*new)
    with night.store.write() as tx:
        moved = move_runs(tx, Move(RunStatus.CANCELLED, Party.PERSON, "ann", "all", NOON), evidence=CANCELLED)

    assert [run.id for run in moved] == created
    with night.store.read() as tx:
        assert runs.count_runs(tx) == {RunStatus.CANCELLED: 1_201}
    assert len(history(night.store, created[-1])) == 2


CANCELLED = make_evidence(RunStatus.CANCELLED)
