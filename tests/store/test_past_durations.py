"""How long runs usually take: of which runs that is told, and how the history is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from tests.query_plans import explain, list_whole_scans

from ostinato.model.statuses import RunStatus
from ostinato.store.database import Store, Tx
from ostinato.store.past_durations import SAMPLED_LANES, SAMPLED_SLOTS, list_day_attempts, measure_usual_durations
from ostinato.store.slots import accept_slot
from ostinato.testing.factories import NOON, make_account, make_definition
from ostinato.testing.night import Night

DAY = timedelta(days=1)
LONG_AGO = date(2025, 12, 1)


def carry_out(night: Night, minutes: Callable[[str], int], ending: RunStatus = RunStatus.SUCCESS) -> None:
    """Carry out what waits, one after another; the minutes that each takes follow from its slot."""
    night.beat()
    night.tick()
    while claimed := night.claim(limit=1):
        night.advance(minutes=minutes(str(claimed[0].slot)))
        night.finish(claimed[0], ending)


def measure(night: Night) -> dict[str, timedelta]:
    """Return how long runs usually take, by the name of the definition."""
    with night.store.read() as tx:
        found = measure_usual_durations(tx, night.now)
    names = {night.slot(name).definition_id: name.partition("/")[0] for name in night.slots()}
    return {names[id]: usual for id, usual in found.items()}


def test_what_is_usual_is_the_median_of_the_last_successes(night: Night) -> None:
    """Older ones do not count."""
    night.declare(definitions=[make_definition("load", starts_on=LONG_AGO)])
    night.tick()
    newest = [name for name in night.slots() if name <= "load/-/2026-01-09"][-SAMPLED_SLOTS:]
    carry_out(night, lambda slot: newest.index(slot) + 1 if slot in newest else 50)

    assert measure(night) == {"load": timedelta(minutes=3)}


def test_what_never_succeeded_has_no_usual_duration(night: Night) -> None:
    """It is absent, rather than quick."""
    night.declare(definitions=[make_definition("load")])
    carry_out(night, lambda _: 5, RunStatus.FAILED)

    assert measure(night) == {}


def test_what_was_accepted_took_no_usual_time(night: Night) -> None:
    """Its slot counts as done; the run of it failed all the same."""
    night.declare(definitions=[make_definition("load")])
    carry_out(night, lambda _: 5, RunStatus.FAILED)
    with night.store.write() as tx:
        accept_slot(tx, night.slot("load/-/2026-01-09").id, by="ann", why="it is there", now=night.now)

    assert measure(night) == {}


def test_lanes_are_asked_from_the_first_to_the_last(night: Night) -> None:
    """Of many accounts those are not left out that come late in the order."""
    accounts = [make_account(f"shop-{number:02}") for number in range(3 * SAMPLED_LANES)]
    day = date(2026, 1, 9)
    night.declare(
        accounts=accounts, definitions=[make_definition("load", matrix="account", starts_on=day, ends_on=day)]
    )
    carry_out(night, lambda slot: 2 + int(slot.split("/")[1][-2:]))

    middle = 3 * (SAMPLED_LANES // 2)
    assert measure(night) == {"load": timedelta(minutes=2 + middle)}


@pytest.mark.parametrize("account_id", [None, 1])
def test_durations_are_found_by_lanes(store: Store, account_id: int | None) -> None:
    """Of a long history nothing is read but the slots of these days, and their runs."""

    def ask(tx: Tx) -> object:
        wanted = {"definition_id": 1, "account_id": account_id}
        return list_day_attempts(tx, **wanted, first_day=NOON.date() - 60 * DAY, last_day=NOON.date())  # type: ignore[arg-type]

    plan = explain(store, ask)

    indexes = (
        "slots_lane_id_starts_at_key|sqlite_autoindex_slots_1",
        "runs_slot_id_series_attempt_key|sqlite_autoindex_runs_1",
    )
    missing = [index for index in indexes if not any(name in step for name in index.split("|") for step in plan)]
    assert (missing, list_whole_scans(plan, "slots", "runs")) == ([], []), plan


def test_usual_durations_are_found_by_lanes(store: Store) -> None:
    """From the end of each lane that is asked."""
    plan = explain(store, lambda tx: measure_usual_durations(tx, NOON))

    assert list_whole_scans(plan, "slots", "runs") == [], plan
