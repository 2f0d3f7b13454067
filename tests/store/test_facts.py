"""The facts that policies judge by: who is upstream of a slot, how it stands, and what its attempts came to."""

from __future__ import annotations

from datetime import date, timedelta

from ostinato.model.evidence import EndKind
from ostinato.model.slots import SlotName
from ostinato.model.statuses import RunStatus, SlotStatus
from ostinato.policies.start import Pause, SlotFacts, UpstreamFacts
from ostinato.store import accounts, definitions
from ostinato.store.facts import list_candidates, list_retry_candidates, list_upstream_ids
from ostinato.testing.factories import (
    NOON,
    make_account,
    make_chain,
    make_definition,
    make_maintenance,
    make_retry,
    utc,
)
from ostinato.testing.night import Night


def facts(night: Night, slot: str) -> SlotFacts:
    """Gather the facts of one slot."""
    with night.store.read() as tx:
        (candidate,) = list_candidates(tx, [night.slot(slot).id])
    return candidate.facts


def upstreams(night: Night, slot: str) -> list[str]:
    """Name the slots that one slot depends on."""
    with night.store.read() as tx:
        ids = list_upstream_ids(tx, [night.slot(slot).id])
    return sorted(name for name in night.slots() if night.slot(name).id in ids)


def days(name: str, account: str, *numbers: int) -> list[str]:
    """Name daily slots of January."""
    return [f"{name}/{account}/2026-01-{number:02}" for number in numbers]


def test_a_slot_depends_on_those_of_its_account_and_of_none(night: Night) -> None:
    """Same account, or no account; never another account's."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=[
            make_definition("own", matrix="account", writes_to=("x",)),
            make_definition("common", writes_to=("x",)),
            make_definition("sum", matrix="account", reads_from=("x",)),
            make_definition("total", reads_from=("x",)),
        ],
    )
    night.tick()

    assert upstreams(night, "sum/a/2026-01-09") == [*days("common", "-", 9), *days("own", "a", 9)]
    assert upstreams(night, "total/-/2026-01-09") == [
        *days("common", "-", 9),
        *days("own", "a", 9),
        *days("own", "b", 9),
    ]
    assert upstreams(night, "own/a/2026-01-09") == []


def test_a_slot_depends_on_those_whose_period_overlaps(night: Night) -> None:
    """Longer and shorter periods alike; one that only touches does not overlap."""
    start = date(2025, 12, 29)
    night.declare(
        definitions=[
            make_definition("week", frequency="weekly", writes_to=("x",), reads_from=("z",), starts_on=start),
            make_definition("day", reads_from=("x",), starts_on=start),
            make_definition("source", writes_to=("z",), starts_on=start),
        ]
    )
    night.tick()

    assert upstreams(night, "day/-/2026-01-04") == ["week/-/2025-12-29"]
    assert upstreams(night, "day/-/2026-01-05") == ["week/-/2026-01-05"]
    assert upstreams(night, "week/-/2026-01-05") == days("source", "-", *range(5, 12))


def test_accounts_in_other_zones_overlap_by_instants(night: Night) -> None:
    """A common day in UTC meets two local days of an account far west or east."""
    night.declare(
        accounts=[make_account("ny", time_zone="America/New_York"), make_account("tk", time_zone="Asia/Tokyo")],
        definitions=[
            make_definition("own", matrix="account", writes_to=("x",)),
            make_definition("total", reads_from=("x",)),
        ],
    )
    night.tick()

    assert upstreams(night, "total/-/2026-01-09") == [*days("own", "ny", 8, 9), *days("own", "tk", 9, 10)]


def test_who_reads_what_it_writes_depends_on_its_slot_before(night: Night) -> None:
    """On that alone, in its own lane; the first has none."""
    night.declare(
        accounts=[make_account("a"), make_account("b")],
        definitions=[make_definition("sum", matrix="account", reads_from=("x",), writes_to=("x",))],
    )
    night.tick()

    assert upstreams(night, "sum/a/2026-01-08") == []
    assert upstreams(night, "sum/a/2026-01-10") == days("sum", "a", 9)


def test_upstream_slots_are_counted_by_definition_and_status(night: Night) -> None:
    """With the name of one of each, so that a person can be told what is waited for."""
    night.declare(
        accounts=[make_account(token) for token in "abc"],
        definitions=[
            make_definition("own", matrix="account", writes_to=("x",)),
            make_definition("late", writes_to=("x",), starts_on=date(2026, 1, 15)),
            make_definition("total", reads_from=("x", "y"), writes_to=("y",)),
        ],
    )
    night.tick()
    night.finish("own/b/2026-01-09")
    night.finish("own/c/2026-01-09", RunStatus.FAILED)

    assert facts(night, "total/-/2026-01-09").upstreams == (
        UpstreamFacts("late"),
        UpstreamFacts(
            "own",
            {SlotStatus.LIVE: 1, SlotStatus.SUCCESS: 1, SlotStatus.RETRYING: 1},
            {
                SlotStatus.LIVE: SlotName("own", "a", "2026-01-09"),
                SlotStatus.SUCCESS: SlotName("own", "b", "2026-01-09"),
                SlotStatus.RETRYING: SlotName("own", "c", "2026-01-09"),
            },
        ),
        UpstreamFacts(
            "total", {SlotStatus.PENDING: 1}, {SlotStatus.PENDING: SlotName("total", None, "2026-01-08")}, previous=True
        ),
    )


def test_what_stands_above_a_slot_is_gathered(night: Night) -> None:
    """Its definition and account: declared active or not, paused or not, in maintenance or not."""
    window = make_maintenance("2026-01-10", None)
    night.declare(
        accounts=[make_account("a", active=False, maintenance=window)],
        definitions=[make_definition("load", matrix="account", active=False, delay=timedelta(hours=1))],
    )
    night.tick()
    with night.store.write() as tx:
        accounts.pause_account(tx, "a", actor="ann", reason="audit", now=NOON)
        definitions.pause_definition(tx, "load", actor="bob", reason="", now=NOON)

    found = facts(night, "load/a/2026-01-09")

    assert (found.starts_at, found.ends_at, found.due_at) == (
        utc("2026-01-09"),
        utc("2026-01-10"),
        utc("2026-01-10T01:00"),
    )
    assert (found.definition_active, found.account_active, found.maintenance) == (False, False, window)
    assert (found.account_pause, found.definition_pause) == (Pause(NOON, "ann", "audit"), Pause(NOON, "bob", ""))


def test_candidates_come_by_due_time(night: Night) -> None:
    """Whatever the order in which they are asked for, and however many there are."""
    night.declare(definitions=make_chain("x", "y", starts_on=date(2024, 11, 1)))
    night.tick()
    ids = [night.slot(name).id for name in ("y/-/2026-01-09", "x/-/2025-01-01", "y/-/2025-06-01", "x/-/2026-01-09")]

    with night.store.read() as tx:
        found = [candidate.slot_id for candidate in list_candidates(tx, ids)]
        everything = list_candidates(tx, range(1, 2_000))

    assert found == [ids[1], ids[2], *sorted((ids[0], ids[3]))]
    assert len(everything) == len(night.slots()) > 500


def test_attempts_are_counted_by_whose_fault_they_were(night: Night) -> None:
    """What failed and what was lost apart, of the present series alone."""
    night.declare(definitions=[make_definition(retry=make_retry(attempts=9), ends_on=date(2026, 1, 8))])
    night.tick()
    for status, kind in [
        (RunStatus.FAILED, EndKind.EXITED),
        (RunStatus.TIMEOUT, EndKind.LOST),
        (RunStatus.FAILED, EndKind.OUT_OF_MEMORY),
    ]:
        night.finish("sales/-/2026-01-08", status, kind=kind, exit_code=7 if kind is EndKind.EXITED else None)
        if kind is not EndKind.OUT_OF_MEMORY:
            night.tick()
            night.advance(minutes=1)
            night.tick()

    with night.store.read() as tx:
        (found,) = list_retry_candidates(tx, [night.slot("sales/-/2026-01-08").id])

    assert (found.facts.failed, found.facts.lost, found.attempts) == (2, 1, 3)
    assert (found.facts.end_kind, found.facts.exit_code, found.facts.ended_at) == (
        EndKind.OUT_OF_MEMORY,
        None,
        night.now,
    )
    assert found.facts.rule == make_retry(attempts=9)


def test_only_slots_that_wait_for_a_decision_are_retry_candidates(night: Night) -> None:
    """One that was decided on in the meantime is not decided on again."""
    night.declare(definitions=[make_definition()])
    night.tick()

    with night.store.read() as tx:
        assert list_retry_candidates(tx, [night.slot("sales/-/2026-01-08").id]) == []
