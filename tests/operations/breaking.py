"""Breaking: rows that no program could have written, made by raw SQL, and what is found of them.

What constraints and triggers forbid has to be taken away first: that is what somebody does who changes a database by
hand.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from ostinato.model.changes import RunMoved
from ostinato.model.statuses import RunStatus, StepStatus
from ostinato.store import plans
from ostinato.store import schema as t
from ostinato.store.claims import HeldMove, move_held_runs
from ostinato.store.invariants import INVARIANTS, find_since
from ostinato.testing.factories import make_new_run, utc
from ostinato.testing.night import Night
from ostinato.testing.plans import make_step

SLOT = "sales/-/2026-01-09"


def find_offences(night: Night) -> dict[int, list[str]]:
    """Return what breaks invariants, by their number."""
    with night.store.read() as tx:
        since = find_since(tx, overdue_since=night.now - timedelta(minutes=10))
        found = {invariant.number: invariant.find(tx, since) for invariant in INVARIANTS}
    return {number: offences for number, offences in found.items() if offences}


def change(night: Night, statement: str, **values: object) -> None:
    """Change the database by hand."""
    with night.store.write() as tx:
        tx.execute(text(statement), values)


def drop_guards(night: Night) -> None:
    """Take away the triggers on runs, and the unique indexes."""
    if night.store.dialect == "sqlite":
        for trigger in ("runs_status_update", "runs_status_insert", "runs_lease_update"):
            change(night, f"DROP TRIGGER {trigger}")
    else:
        change(night, "ALTER TABLE runs DISABLE TRIGGER USER")
    change(night, "DROP INDEX runs_live_key")
    change(night, "DROP INDEX runs_succeeded_key")


def add_second_attempt(night: Night, status: RunStatus) -> int:
    """Copy the only run of the slot as if it were the next attempt; return its id."""
    first = night.run(SLOT).id
    same = ", ".join(column.name for column in t.runs.c if column.name not in ("id", "attempt", "status"))
    copy = f"INSERT INTO runs (attempt, status, {same}) SELECT 2, :status, {same} FROM runs WHERE id = :run"  # noqa: S608
    change(night, copy, status=status.value, run=first)
    with night.store.write() as tx:
        (second,) = tx.execute(text("SELECT max(id) FROM runs")).one()
        tx.execute(
            text(
                "INSERT INTO transitions (run_id, to_status, at, cause, actor, lease_token)"
                " VALUES (:run, :status, 0, 'by hand', 'me', 0)"
            ),
            {"run": second, "status": status.value},
        )
    return int(second)


def end_with_a_plan(night: Night, status: StepStatus, **values: Any) -> int:
    """Have a run that has ended long ago, with a step in some status; return its id."""
    night.create(make_new_run())
    (run,) = night.claim()
    night.finish(run)
    with night.store.write() as tx:
        plans.store_steps(tx, [(run.id, make_step(1, status, **values))])
    night.advance(minutes=11)
    return run.id


def add_event(night: Night, run_id: int, fate: str) -> None:
    """Have an event for the first step of a run."""
    insert = (
        "INSERT INTO events (run_id, step, name, optional, fate, reason, sent_by, sent_at, due_at)"
        " VALUES (:run, 1, 'go', false, :fate, '', 'ann', 0, 0)"
    )
    change(night, insert, run=run_id, fate=fate)


def keep_singleton(night: Night) -> int:
    """Have a run that has ended hold its singleton; return its id."""
    night.create(make_new_run(singleton_key="refresh"))
    (run,) = night.claim()
    night.finish(run)
    with night.store.write() as tx:
        tx.execute(
            text("PRAGMA ignore_check_constraints = ON")
            if night.store.dialect == "sqlite"
            else text("ALTER TABLE runs DROP CONSTRAINT runs_singleton_check")
        )
        tx.execute(text("UPDATE runs SET singleton_held = 'refresh'"))
    return run.id


def forget_to_examine(night: Night) -> None:
    """Lose the wake-up of the slot that comes next."""
    night.work()
    night.clock.set(utc("2026-01-11"))
    change(night, "UPDATE slots SET examine_at = NULL")


def forget_to_decide(night: Night) -> None:
    """Leave a failed run to itself."""
    night.tick()
    night.finish(SLOT, RunStatus.FAILED)
    night.finish("sales/-/2026-01-08")


def forget_to_start(night: Night) -> None:
    """Leave a scheduled run to itself."""
    night.tick()
    night.finish("sales/-/2026-01-08")
    night.finish(SLOT, RunStatus.FAILED)
    night.tick()


def forget_to_wake(night: Night) -> None:
    """Leave a suspended run to itself."""
    night.work()
    night.create(make_new_run())
    (run,) = night.claim()
    asleep = HeldMove(run.id, run.lease_token, RunMoved(RunStatus.SUSPENDED, "it waits", wake_at=night.now))
    with night.store.write() as tx:
        move_held_runs(tx, [asleep], actor="agent-1", now=night.now)


def forget_the_agent(night: Night) -> None:
    """Leave a run to an agent that is gone."""
    night.work()
    night.create(make_new_run())
    night.claim()
