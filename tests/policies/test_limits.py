"""Limits: which places a run needs, whether they are free, and in which words that is said."""

from __future__ import annotations

import pytest

from ostinato.model.limits import ClaimRules, LimitKind
from ostinato.policies.limits import Bounds, Demand, LimitKey, Occupancy, have_room, limit_gate, list_demands

POOL = LimitKey(LimitKind.POOL, "warehouse")
BOUNDS = Bounds("io", "sales", definition_limit=2, uses={"warehouse": 3}, account="acme", account_limit=4)


def test_a_run_needs_a_place_of_all_that_limits_it() -> None:
    """Of its definition, its account and its queue one each, and of pools as many as its definition says."""
    demands = list_demands(BOUNDS, ClaimRules({"warehouse": 8, "other": 1}, {"io": 5, "cpu": 1}))

    assert [(str(demand.key), demand.limit, demand.places) for demand in demands] == [
        ("definition sales", 2, 1),
        ("account acme", 4, 1),
        ("queue io", 5, 1),
        ("pool warehouse", 8, 3),
    ]


def test_what_is_not_declared_limits_nothing() -> None:
    """No concurrency, another queue, a pool that is gone: a run of such needs no place."""
    assert list_demands(Bounds("cpu", "sales", uses={"warehouse": 3}, account="acme"), ClaimRules({}, {"io": 5})) == ()


def test_a_run_that_uses_more_than_there_is_takes_all_of_it() -> None:
    """It waits until it is alone, and not for ever."""
    (demand,) = list_demands(Bounds("io", uses={"warehouse": 9}), ClaimRules({"warehouse": 8}))

    assert (demand.places, demand.fits(0), demand.fits(1)) == (8, True, False)


@pytest.mark.parametrize(("used", "fits"), [(5, True), (6, False), (9, False)])
def test_there_is_room_while_the_places_are_free(used: int, fits: bool) -> None:
    """Exactly as many as it needs, of every limit that concerns it; also when that was lowered below what is used."""
    demands = (Demand(POOL, 8, 3), Demand(LimitKey(LimitKind.QUEUE, "io"), 1))

    assert have_room(demands, {POOL: used}) is fits
    assert not have_room(demands, {POOL: used, LimitKey(LimitKind.QUEUE, "io"): 1})


@pytest.mark.parametrize(
    ("occupancy", "reason", "clears"),
    [
        (Occupancy(Demand(POOL, 8), 7), "pool warehouse: 7 of 8 places are used", None),
        (
            Occupancy(Demand(POOL, 8), 8, (3,)),
            "pool warehouse: 8 of 8 places are used, by run 3",
            "the end of one of these runs: ostinato show 3",
        ),
        (
            Occupancy(Demand(POOL, 8, 3), 7, (3, 4, 5, 6)),
            "pool warehouse: 7 of 8 places are used, by runs 3, 4, 5, …, and it needs 3",
            "the end of one of these runs: ostinato show 3",
        ),
    ],
)
def test_a_limit_says_how_much_is_used_and_by_whom(occupancy: Occupancy, reason: str, clears: str | None) -> None:
    """Whoever waits can see for what."""
    gate = limit_gate(occupancy)

    assert (gate.gate, gate.reason, gate.satisfied) == ("pool", reason, clears is None)
    assert gate.clears == (clears or "")


def test_every_kind_of_limit_has_its_gate() -> None:
    """Programs can tell them apart."""
    gates = [limit_gate(Occupancy(demand, 0)).gate for demand in list_demands(BOUNDS, ClaimRules({"warehouse": 8}))]

    assert gates == ["definition_limit", "account_limit", "pool"]
