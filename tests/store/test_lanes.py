"""Lanes: one for each definition and account it is multiplied by, and how far its slots are planned."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ostinato.model.definitions import Matrix
from ostinato.store import accounts, definitions
from ostinato.store.database import Store
from ostinato.store.lanes import Lane, LaneChanges, align_lanes, list_lanes_to_plan, mark_planned
from ostinato.store.planning import PlannedPeriod, plan_slots
from ostinato.testing.factories import NOON, make_account, make_definition, utc
from ostinato.testing.night import Night

FAR = datetime(9000, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def declare(store: Store, *declared: Any) -> LaneChanges:
    """Have these accounts and definitions and no others, and align the lanes."""
    tokens = {row.token: row for row in declared if hasattr(row, "token")}
    names = {row.name: row for row in declared if hasattr(row, "name")}
    with store.write() as tx:
        known = {row.token for row in accounts.list_accounts(tx)}
        accounts.remove_accounts(tx, known - set(tokens))
        accounts.change_accounts(tx, [row for token, row in tokens.items() if token in known], source="s")
        accounts.add_accounts(tx, [row for token, row in tokens.items() if token not in known], source="s", now=NOON)
        known = {row.name for row in definitions.list_definitions(tx)}
        definitions.remove_definitions(tx, known - set(names))
        definitions.change_definitions(tx, [row for name, row in names.items() if name in known], source="s", now=NOON)
        definitions.add_definitions(tx, [row for name, row in names.items() if name not in known], source="s", now=NOON)
        return align_lanes(tx, now=NOON)


def lanes(store: Store) -> list[Lane]:
    """Return the lanes that still want slots, all of them until they are planned for good."""
    with store.read() as tx:
        return list_lanes_to_plan(tx, horizon=FAR, limit=99)


def plan(store: Store, *days: str, zone: str = "UTC", hours: int = 24) -> int:
    """Plan daily periods that begin on these days, of that zone, in every lane; return how many slots were made."""
    periods = [
        PlannedPeriod("daily", zone, utc(day), utc(day) + timedelta(hours=hours), date.fromisoformat(day[:10]), day)
        for day in days
    ]
    with store.write() as tx:
        return plan_slots(tx, [lane.id for lane in list_lanes_to_plan(tx, horizon=FAR, limit=99)], periods, now=NOON)


def test_definitions_and_accounts_multiply_to_lanes(store: Store) -> None:
    """One for each account where the matrix says so, else one; a second look changes nothing."""
    declared = [
        make_account("a"),
        make_account("b"),
        make_definition("each", matrix=Matrix.ACCOUNT),
        make_definition("once"),
    ]

    assert declare(store, *declared) == LaneChanges(added=3, changed=0, retired=0, removed_slots=0)
    assert declare(store, *declared) == LaneChanges(0, 0, 0, 0)
    assert len(lanes(store)) == 3


@pytest.mark.parametrize(
    ("account", "definition", "zone", "starts_on"),
    [
        (make_account(), make_definition(starts_on=None), "UTC", None),
        (make_account(time_zone="Asia/Tokyo"), make_definition(starts_on=None), "Asia/Tokyo", None),
        (make_account(time_zone="Asia/Tokyo"), make_definition(time_zone="UTC", starts_on=None), "UTC", None),
        (make_account(starts_on=date(2026, 1, 2)), make_definition(starts_on=None), "UTC", date(2026, 1, 2)),
        (
            make_account(starts_on=date(2026, 1, 2)),
            make_definition(starts_on=date(2026, 1, 1)),
            "UTC",
            date(2026, 1, 2),
        ),
        (
            make_account(starts_on=date(2026, 1, 2)),
            make_definition(starts_on=date(2026, 1, 3)),
            "UTC",
            date(2026, 1, 3),
        ),
        (make_account(), make_definition(starts_on=date(2026, 1, 3)), "UTC", date(2026, 1, 3)),
    ],
)
def test_a_lane_takes_zone_and_start_from_both(
    store: Store, account: Any, definition: Any, zone: str, starts_on: date | None
) -> None:
    """The definition's zone overrules the account's; the later of their starts counts."""
    declare(store, account, make_definition("other"), definition_for_accounts(definition))

    other, lane = sorted(lanes(store), key=lambda lane: lane.id)
    assert (lane.time_zone, lane.starts_on, lane.ends_on) == (zone, starts_on, None)
    assert (lane.frequency, lane.planned_until, lane.created_at) == ("daily", None, NOON)
    assert other.time_zone == "UTC"


def definition_for_accounts(definition: Any) -> Any:
    """Have a definition multiplied by accounts."""
    return make_definition(
        "sales", matrix=Matrix.ACCOUNT, time_zone=definition.time_zone, starts_on=definition.starts_on
    )


@pytest.mark.parametrize(
    "change",
    [
        {"frequency": "weekly"},
        {"time_zone": "Asia/Tokyo"},
        {"starts_on": date(2026, 1, 9)},
        {"starts_on": None},
        {"ends_on": date(2026, 1, 12)},
        {"start": "at_start"},
        {"delay": timedelta(hours=1)},
    ],
    ids=str,
)
def test_a_lane_that_lies_elsewhere_is_planned_anew(night: Night, change: dict[str, Any]) -> None:
    """Its slots that have not begun go, those that have stay; the lane of another definition is left alone."""
    night.declare(definitions=[make_definition(), make_definition("other")])
    night.tick()
    night.finish("sales/-/2026-01-08")

    changes = declare(night.store, make_definition(**change), make_definition("other"))

    assert changes == LaneChanges(added=0, changed=1, retired=0, removed_slots=11)
    assert list(night.slots("sales")) == ["sales/-/2026-01-08", "sales/-/2026-01-09"]
    assert len(night.slots("other")) == 13
    assert [lane.planned_until is None for lane in lanes(night.store)] == [True, False]


@pytest.mark.parametrize(
    "change", [{"priority": 7}, {"queue": "io"}, {"description": "x"}, {"command": ("y",)}], ids=str
)
def test_a_change_that_moves_no_period_leaves_the_slots(night: Night, change: dict[str, Any]) -> None:
    """Only what decides where slots lie has them planned anew."""
    night.declare(definitions=[make_definition()])
    night.tick()

    assert declare(night.store, make_definition(**change)) == LaneChanges(0, 0, 0, 0)


def test_a_lane_that_is_wanted_no_longer_retires(night: Night) -> None:
    """What has begun stays; when the lane is wanted again, it is the same lane, planned from its start."""
    account, each = make_account("a"), make_definition(matrix=Matrix.ACCOUNT)
    night.declare(accounts=[account], definitions=[each])
    night.tick()
    (before,) = lanes(night.store)

    once = declare(night.store, account, make_definition())
    kept = list(night.slots(account="a"))
    each_again = declare(night.store, account, each)

    assert once == LaneChanges(added=1, changed=0, retired=1, removed_slots=11)
    assert kept == ["sales/a/2026-01-08", "sales/a/2026-01-09"]
    assert each_again == LaneChanges(added=0, changed=1, retired=1, removed_slots=0)
    assert [(lane.id, lane.planned_until) for lane in lanes(night.store)] == [(before.id, None)]


def test_lanes_to_plan_are_those_that_end_before_the_horizon(store: Store) -> None:
    """New ones first, then those that end first; at most as many as asked for."""
    declare(store, *(make_definition(name) for name in "abcd"))
    a, b, c, d = (lane.id for lane in lanes(store))
    with store.write() as tx:
        mark_planned(tx, [a], utc("2026-01-12"))
        mark_planned(tx, [b], utc("2026-01-11"))
        mark_planned(tx, [c], utc("2026-01-15"))

        def listed(horizon: str, limit: int = 9) -> list[int]:
            return [lane.id for lane in list_lanes_to_plan(tx, horizon=utc(horizon), limit=limit)]

        assert listed("2026-01-15") == [d, b, a]
        assert listed("2026-01-15T00:01") == [d, b, a, c]
        assert listed("2026-01-15", limit=2) == [d, b]
        assert listed("2026-01-11") == [d]


def test_slots_are_planned_once(store: Store) -> None:
    """Planning the same periods again makes nothing; a new one between them is made."""
    declare(store, make_definition())

    made = [plan(store, "2026-01-08", "2026-01-10"), plan(store, "2026-01-08", "2026-01-09", "2026-01-10")]

    assert made == [2, 1]


def test_periods_of_other_frequencies_and_zones_are_not_for_a_lane(store: Store) -> None:
    """A lane takes those of its own."""
    declare(store, make_definition(frequency="weekly"), make_definition("far", time_zone="Asia/Tokyo"))

    assert plan(store, "2026-01-08") == 0
    assert plan(store, "2026-01-08", zone="Asia/Tokyo") == 1


def test_a_lane_is_planned_from_its_start_to_its_end(store: Store) -> None:
    """A period belongs to it that begins on or after its start, and not after the day of its end."""
    declare(store, make_definition(starts_on=date(2026, 1, 9), ends_on=date(2026, 1, 11)))

    assert plan(store, "2026-01-08", "2026-01-09", "2026-01-10", "2026-01-11", "2026-01-12") == 3


def test_a_lane_without_start_begins_with_the_period_of_its_creation(store: Store) -> None:
    """What was over when it came to be is not made up for."""
    declare(store, make_definition(starts_on=None))

    assert plan(store, "2026-01-08", "2026-01-09", "2026-01-10", "2026-01-11") == 2


def test_a_period_gives_way_to_a_slot_of_another_shape(night: Night) -> None:
    """What has begun or finished stands; a period that overlaps it would be the same work twice."""
    night.declare(definitions=[make_definition(frequency="weekly", starts_on=date(2025, 12, 29))])
    night.work()
    declare(night.store, make_definition(starts_on=date(2025, 12, 29)))
    with night.store.write() as tx:
        definitions.lengthen_periods(tx, "daily", DAY)

    assert list(night.slots()) == ["sales/-/2025-12-29"]
    assert plan(night.store, "2025-12-29", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06") == 2


def test_what_was_dropped_for_its_age_is_not_planned_again(night: Night) -> None:
    """Not even when the lane is planned anew."""
    night.declare(definitions=[make_definition()])
    night.work()
    night.set(retention=timedelta(days=3))
    night.advance(days=4)
    night.tick()
    assert list(night.slots())[:1] == ["sales/-/2026-01-10"]

    night.declare(definitions=[make_definition(delay=timedelta(hours=1))])
    night.tick()

    assert list(night.slots())[:1] == ["sales/-/2026-01-10"]
