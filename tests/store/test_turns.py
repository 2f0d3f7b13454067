"""Turns: what is remembered from one claim to the next, so that accounts share and nobody waits for ever."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from ostinato.store import accounts
from ostinato.store import schema as t
from ostinato.testing.factories import NOON, make_account, make_definition, make_new_run
from ostinato.testing.night import Night, open_night


def declare(night: Night, **weights: float) -> None:
    """Declare accounts by their weights, and a definition whose runs the test makes."""
    night.declare(
        accounts=[make_account(token, weight=weight) for token, weight in weights.items()],
        definitions=[make_definition("load", matrix="account", start="manual")],
    )
    night.tick()


def make_runs(night: Night, account: str, count: int, **values: Any) -> list[int]:
    """Make runs of an account that wait; return their ids."""
    slot = night.slot(f"load/{account}/2026-01-09")
    return night.create(*[make_new_run(slot.definition_id, account_id=slot.account_id, **values)] * count)


def claim_accounts(night: Night, times: int, *, limit: int = 1) -> list[str | None]:
    """Claim some times, and tell for which accounts."""
    return [run.account for _ in range(times) for run in night.claim(limit=limit)]


def test_accounts_share_by_weight_from_claim_to_claim(night: Night) -> None:
    """Also where an agent takes one run at a time and none of another account is running."""
    declare(night, gold=3.0, plain=1.0)
    for account in ("plain", "gold"):
        make_runs(night, account, 20)

    assert Counter(claim_accounts(night, 12)) == {"gold": 9, "plain": 3}
    assert Counter(claim_accounts(night, 1, limit=8)) == {"gold": 6, "plain": 2}


def test_who_comes_late_has_a_turn_at_once(night: Night) -> None:
    """A backfill of another account, however old, does not stand before it."""
    declare(night, backfill=1.0, late=1.0)
    make_runs(night, "backfill", 50, due_at=NOON - timedelta(days=900))
    claim_accounts(night, 10)
    make_runs(night, "late", 3)

    assert claim_accounts(night, 6) == ["late", "backfill"] * 3


def test_runs_without_account_take_turns_too(night: Night) -> None:
    """As if they were one account more."""
    declare(night, a=1.0)
    make_runs(night, "a", 9)
    night.create(*[make_new_run()] * 9)

    assert Counter(claim_accounts(night, 8)) == {"a": 4, None: 4}


def test_what_waits_long_rises(night: Night) -> None:
    """Past a stream of higher priority that never ends: one run for each time that it has risen so far."""
    declare(night, patient=1.0, pressing=1.0)
    make_runs(night, "patient", 5)
    came = []
    for _ in range(9):
        make_runs(night, "pressing", 1, priority=2)
        came += claim_accounts(night, 1)
        night.advance(minutes=5)

    assert [place for place, account in enumerate(came) if account == "patient"] == [4, 8]


def test_how_fast_it_rises_can_be_set(night: Night) -> None:
    """By the project."""
    night.limit(rises_every=timedelta(minutes=1))
    declare(night, patient=1.0, pressing=1.0)
    make_runs(night, "patient", 1)
    night.advance(minutes=2)
    make_runs(night, "pressing", 1, priority=2)

    assert claim_accounts(night, 1) == ["patient"]


def test_a_run_that_was_asleep_has_not_waited(night: Night) -> None:
    """It rises from when it could go on, and not from when it was made."""
    declare(night, a=1.0, b=1.0)
    (sleeper,) = make_runs(night, "a", 1, start_at=NOON + timedelta(hours=5))
    night.advance(hours=5)
    night.tick()
    (other,) = make_runs(night, "b", 1, priority=1)

    assert [run.id for run in night.claim(limit=1)] == [other]
    assert [run.id for run in night.claim(limit=1)] == [sleeper]


def test_removing_an_account_removes_its_turns(night: Night) -> None:
    """Nothing is left of it, and others are not touched."""
    declare(night, a=1.0, b=1.0)
    for account in ("a", "b"):
        make_runs(night, account, 1)
    night.claim()
    declare(night, b=1.0)

    with night.store.read() as tx:
        left = [tx.execute(select(table.c.account_id)).scalars().all() for table in (t.shares, t.turns)]

    assert left == [[night.slot("load/b/2026-01-09").account_id]] * 2


def test_what_is_being_removed_is_passed_over(postgres_url: str) -> None:
    """On PostgreSQL: who removes an account holds its runs; nothing is claimed of it, noted of it, or waited for."""
    with open_night(postgres_url) as night:
        declare(night, a=1.0)
        make_runs(night, "a", 3)
        night.agent()

        with night.store.write() as tx:
            accounts.remove_accounts(tx, ["a"])
            claimed = night.claim()

    assert claimed == []
