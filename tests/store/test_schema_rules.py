"""The rules that hold whatever a program does, each tried by the SQL that a wrong program would send."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ostinato.errors import StoreError
from ostinato.model.statuses import FINAL_RUN_STATUSES, RunStatus
from ostinato.model.transitions import INITIAL_RUN_STATUSES, RUN_TRANSITIONS
from ostinato.store.database import Store
from ostinato.testing.factories import make_account, make_chain, make_definition
from ostinato.testing.night import Night

EDGES = {(edge.source, edge.target) for edge in RUN_TRANSITIONS}

INSERT_RUN = """
    INSERT INTO runs (slot_id, definition_id, version, series, attempt, status, origin, requested_by, parameters, queue,
                      priority, due_at, created_at, finished_at, end_kind, lease_token, released_token, end_message,
                      decision, outlives_agent, waits_for, waits_since, singleton_refuses)
    SELECT CAST(:slot AS BIGINT), id, version, :series, :attempt, :status, 'schedule', :asker, '{}', 'default',
           0, 0, 0, CASE WHEN :final THEN 1 END, CASE WHEN :final THEN 'exited' END, 0, 0, '',
           0, false, '', 0, false
    FROM definitions
    RETURNING id
"""
SET_STATUS = """
    UPDATE runs SET status = :status,
                    finished_at = CASE WHEN :final THEN 1 END,
                    end_kind = CASE WHEN :final THEN 'exited' END,
                    lease_token = lease_token + :claims,
                    released_token = CASE WHEN :claims = 0 THEN lease_token END
    WHERE id = :id
"""
SECOND_SLOT = """
    INSERT INTO slots (lane_id, label, time_zone, starts_at, ends_at, status, reason, series, attempts, created_at)
    SELECT lane_id, 'x', time_zone, starts_at, ends_at + 1, 'pending', '', 1, 0, 0 FROM slots LIMIT 1
"""
SECOND_LANE = """
    INSERT INTO lanes (definition_id, retired, frequency, time_zone, start_kind, delay, created_at)
    SELECT definition_id, retired, frequency, time_zone, start_kind, delay, created_at FROM lanes
"""


def carry_out(store: Store, statement: str, **values: object) -> int:
    """Carry out one statement as anybody with a connection could; return how many rows it changed."""
    with store.write() as tx:
        return tx.execute(text(statement), values).rowcount


def insert_run(
    store: Store,
    status: RunStatus = RunStatus.WAITING,
    *,
    slot: int | None = None,
    series: int = 1,
    attempt: int = 1,
    asker: str | None = None,
) -> int:
    """Insert a run of the only definition, with all that its status wants, past every function of the store."""
    values = {"slot": slot, "series": series, "attempt": attempt, "asker": asker, "status": status.value}
    with store.write() as tx:
        id: int = tx.execute(text(INSERT_RUN), values | {"final": status in FINAL_RUN_STATUSES}).scalar_one()
    return id


def set_status(store: Store, run_id: int, status: RunStatus) -> None:
    """Write a status with all that it wants, as a program would that knows the columns and no transition table."""
    carry_out(
        store,
        SET_STATUS,
        id=run_id,
        status=status.value,
        final=status in FINAL_RUN_STATUSES,
        claims=int(status is RunStatus.RUNNING),
    )


def make_run(store: Store, status: RunStatus) -> int:
    """Insert a run and bring it into ``status`` over edges of the table."""
    path = shortest_path(status)
    run_id = insert_run(store, path[0])
    for target in path[1:]:
        set_status(store, run_id, target)
    return run_id


def shortest_path(status: RunStatus) -> list[RunStatus]:
    """Return the statuses from an initial one to ``status``, both included."""
    paths = [[initial] for initial in sorted(INITIAL_RUN_STATUSES)]
    for path in paths:
        if path[-1] is status:
            return path
        paths += [[*path, target] for source, target in sorted(EDGES) if source is path[-1] and target not in path]
    raise LookupError(status)


def declare_one(night: Night) -> int:
    """Have one definition with slots of which the first is due; return the id of that slot."""
    night.declare(definitions=[make_definition(start="manual")])
    night.tick()
    return night.slot("sales/-/2026-01-08").id


@pytest.mark.parametrize("source", RunStatus)
def test_only_the_edges_of_the_table_are_open(night: Night, store: Store, source: RunStatus) -> None:
    """[4] From each status a raw UPDATE reaches what the table allows, and nothing else; a final one reaches none."""
    declare_one(night)
    for target in set(RunStatus) - {source}:
        run_id = make_run(store, source)
        if (source, target) in EDGES:
            set_status(store, run_id, target)
        else:
            with pytest.raises(StoreError, match="illegal status change"):
                set_status(store, run_id, target)


@pytest.mark.parametrize("status", sorted(set(RunStatus) - INITIAL_RUN_STATUSES))
def test_a_run_is_born_scheduled_or_waiting(night: Night, store: Store, status: RunStatus) -> None:
    """[2] Nothing can be inserted that has started or finished already."""
    declare_one(night)

    with pytest.raises(StoreError, match=r"illegal status change|runs_lease_check"):
        insert_run(store, status)


def test_a_slot_has_one_live_run(night: Night, store: Store) -> None:
    """[1] A second live run of a slot is refused, in the same series and in another, born so or moved there."""
    slot = declare_one(night)
    insert_run(store, slot=slot)

    with pytest.raises(StoreError, match=r"runs_(live|succeeded)_key|UNIQUE constraint failed: runs\.slot_id"):
        insert_run(store, slot=slot, attempt=2)
    with pytest.raises(StoreError, match=r"runs_live_key|UNIQUE constraint failed: runs\.slot_id"):
        insert_run(store, slot=slot, series=2, asker="ann")


def test_one_off_runs_may_be_live_at_once(night: Night, store: Store) -> None:
    """The rules for slots do not count runs that have none."""
    declare_one(night)

    assert insert_run(store) != insert_run(store)


@pytest.mark.parametrize("status", [RunStatus.SUCCESS, RunStatus.WARNING])
def test_no_run_follows_a_success_unless_asked_for(night: Night, store: Store, status: RunStatus) -> None:
    """[3] Beside a success nothing starts in its series; a new series needs somebody who asked for it."""
    slot = declare_one(night)
    done = insert_run(store, slot=slot)
    set_status(store, done, RunStatus.RUNNING)
    set_status(store, done, status)

    with pytest.raises(StoreError, match=r"runs_succeeded_key|UNIQUE constraint failed: runs\.slot_id, runs\.series"):
        insert_run(store, slot=slot, attempt=2)
    with pytest.raises(StoreError, match="runs_asked_for_check"):
        insert_run(store, slot=slot, series=2)
    assert insert_run(store, slot=slot, series=2, asker="ann")


def test_an_attempt_is_made_once(night: Night, store: Store) -> None:
    """Two runs of a slot cannot both be its first attempt, even when the first has failed."""
    slot = declare_one(night)
    failed = insert_run(store, slot=slot)
    set_status(store, failed, RunStatus.FAILED)

    with pytest.raises(StoreError, match=r"runs_slot_id_series_attempt_key|UNIQUE constraint failed: .*attempt"):
        insert_run(store, slot=slot)
    assert insert_run(store, slot=slot, attempt=2)


@pytest.mark.parametrize("token", ["NULL", "lease_token - 1", "lease_token + 1"], ids=["missing", "stale", "invented"])
def test_only_the_present_lease_ends_a_run(night: Night, store: Store, token: str) -> None:
    """[5] Whoever ends a run must write the token of its lease; a stale, a missing or an invented one is refused."""
    declare_one(night)
    run_id = make_run(store, RunStatus.RUNNING)
    finish = f"UPDATE runs SET status = 'success', finished_at = 1, end_kind = 'exited', released_token = {token}"  # noqa: S608

    with pytest.raises(StoreError, match="runs_lease_check"):
        carry_out(store, f"{finish} WHERE id = :id", id=run_id)


def test_a_lease_token_never_goes_back(night: Night, store: Store) -> None:
    """[5] Not even together with the release that it would fit."""
    declare_one(night)
    run_id = make_run(store, RunStatus.RUNNING)

    with pytest.raises(StoreError, match="a lease token only grows"):
        carry_out(store, "UPDATE runs SET lease_token = lease_token - 1 WHERE id = :id", id=run_id)


def test_a_claim_needs_a_new_token(night: Night, store: Store) -> None:
    """[5] Running under the token of an earlier lease would let its former holder write."""
    declare_one(night)
    run_id = make_run(store, RunStatus.WAITING)

    with pytest.raises(StoreError, match="a lease token only grows"):
        carry_out(store, "UPDATE runs SET status = 'running', released_token = NULL WHERE id = :id", id=run_id)


def test_a_waiting_run_keeps_its_released_token(night: Night, store: Store) -> None:
    """[5] Nobody may pretend that a run which waits is still held by somebody."""
    declare_one(night)
    run_id = make_run(store, RunStatus.WAITING)

    with pytest.raises(StoreError, match="runs_lease_check"):
        carry_out(store, "UPDATE runs SET released_token = NULL WHERE id = :id", id=run_id)


def test_a_run_ends_once_in_its_history_too(night: Night, store: Store) -> None:
    """[4] The history has room for one end."""
    declare_one(night)
    run_id = make_run(store, RunStatus.FAILED)
    end = (
        "INSERT INTO transitions (run_id, from_status, to_status, at, cause, actor, lease_token)"
        " VALUES (:id, 'waiting', :status, 0, '', '', 0)"
    )
    carry_out(store, end, id=run_id, status="failed")

    with pytest.raises(StoreError, match=r"transitions_final_key|UNIQUE constraint failed: transitions\.run_id"):
        carry_out(store, end, id=run_id, status="success")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("status = 'success'", "runs_finished_check|runs_lease_check|illegal"),
        ("status = 'done'", "runs_status_check|illegal"),
        ("finished_at = 1, end_kind = 'exited'", "runs_finished_check"),
        ("end_kind = 'bored'", "runs_end_kind_check"),
        ("end_kind = 'exited'", "runs_ended_check"),
        ("origin = 'chance'", "runs_origin_check"),
    ],
)
def test_a_run_cannot_contradict_itself(night: Night, store: Store, change: str, rule: str) -> None:
    """Only what is final has an end and evidence of it, and only words of the glossary are stored."""
    declare_one(night)
    run_id = insert_run(store)

    with pytest.raises(StoreError, match=rule):
        carry_out(store, f"UPDATE runs SET {change} WHERE id = :id", id=run_id)  # noqa: S608


@pytest.mark.parametrize("status", sorted(FINAL_RUN_STATUSES))
def test_every_end_has_its_evidence(night: Night, store: Store, status: RunStatus) -> None:
    """A run that is final says what ended it: the retry policy and people read that."""
    declare_one(night)
    run_id = make_run(store, RunStatus.RUNNING)

    with pytest.raises(StoreError, match="runs_ended_check"):
        carry_out(
            store,
            "UPDATE runs SET status = :status, finished_at = 1, released_token = lease_token WHERE id = :id",
            id=run_id,
            status=status.value,
        )


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("starts_at = ends_at", "slots_period_check"),
        ("status = 'success', attempts = 1", "slots_finished_check"),
        ("finished_at = 1", "slots_finished_check"),
        ("status = 'live'", "slots_attempts_check"),
        ("attempts = 1", "slots_attempts_check"),
        ("status = 'bored', attempts = 1", "slots_status_check"),
    ],
)
def test_a_slot_cannot_contradict_itself(night: Night, store: Store, change: str, rule: str) -> None:
    """A period has a length, only a final slot has an end, and a slot without attempt is pending."""
    slot = declare_one(night)

    with pytest.raises(StoreError, match=rule):
        carry_out(store, f"UPDATE slots SET {change} WHERE id = :id", id=slot)  # noqa: S608


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        (SECOND_SLOT, r"slots_lane_id_starts_at_key|UNIQUE constraint failed: slots\.lane_id"),
        (SECOND_LANE, "lanes_place_key"),
        ("UPDATE definitions SET matrix = 'galaxy'", "definitions_matrix_check"),
        ("UPDATE definitions SET start_kind = 'never'", "definitions_start_kind_check"),
    ],
    ids=["slot", "lane", "matrix", "start"],
)
def test_rows_that_may_not_be(night: Night, store: Store, statement: str, rule: str) -> None:
    """One slot starts at an instant in a lane, one lane lies in a place, and only known words are stored."""
    declare_one(night)

    with pytest.raises(StoreError, match=rule):
        carry_out(store, statement)


def count_rows_by_owner(store: Store) -> dict[tuple[str, str, str | None], int]:
    """Count lanes, slots, runs and history entries for each definition and account."""
    owned = {
        "lanes": "lanes l",
        "slots": "slots s JOIN lanes l ON l.id = s.lane_id",
        "runs": "runs l",
        "transitions": "transitions x JOIN runs l ON l.id = x.run_id",
    }
    counts: dict[tuple[str, str, str | None], int] = {}
    with store.read() as tx:
        for table, source in owned.items():
            rows = tx.execute(
                text(
                    f"SELECT d.name, a.token, count(*) FROM {source} JOIN definitions d ON d.id = l.definition_id"  # noqa: S608
                    " LEFT JOIN accounts a ON a.id = l.account_id GROUP BY d.name, a.token"
                )
            )
            counts |= {(table, row[0], row[1]): row[2] for row in rows}
    return counts


@pytest.mark.parametrize(
    ("statement", "name", "token"),
    [
        ("DELETE FROM definitions WHERE name = 'load'", "load", None),
        ("DELETE FROM accounts WHERE token = 'a'", None, "a"),
    ],
    ids=["definition", "account"],
)
def test_a_removal_takes_what_is_its_own(
    night: Night, store: Store, statement: str, name: str | None, token: str | None
) -> None:
    """[9] A deleted account or definition takes its lanes, slots, runs and history, and no row of others."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=[*make_chain("load", "agg", matrix="account"), make_definition("net", reads_from=("agg",))],
    )
    night.work()
    before = count_rows_by_owner(store)

    carry_out(store, statement)

    stays = {key: count for key, count in before.items() if key[1] != name and (token is None or key[2] != token)}
    assert count_rows_by_owner(store) == stays
    assert 0 < len(stays) < len(before)
    assert carry_out(store, "DELETE FROM runs WHERE slot_id NOT IN (SELECT id FROM slots)") == 0


def test_an_agent_that_is_removed_leaves_its_runs(night: Night, store: Store) -> None:
    """What ran is history; who ran it may be forgotten."""
    declare_one(night)
    run_id = make_run(store, RunStatus.WAITING)
    agent = night.agent()
    carry_out(store, "UPDATE runs SET agent_id = :agent WHERE id = :id", agent=agent.id, id=run_id)

    carry_out(store, "DELETE FROM agents")

    assert [run.agent for run in night.runs()] == [None]
