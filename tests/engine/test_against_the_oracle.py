"""The engine does what the oracle foretells, in worlds that nobody chose."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ostinato.model.accounts import DeclaredAccount, Maintenance
from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.runs import ClaimedRun
from ostinato.model.slots import Slot
from ostinato.model.statuses import RunStatus, SlotStatus
from ostinato.policies.alignment import RemovalLimit
from ostinato.store import slot_lists
from ostinato.store.facts import list_upstream_ids
from ostinato.testing.factories import make_account, make_definition, make_retry, utc
from ostinato.testing.night import Night, open_night
from ostinato.testing.oracle import BOUNDARIES, ELAPSED, Oracle, OracleSlot

Key: TypeAlias = tuple[str, str | None, datetime]

CREATE_AHEAD = timedelta(days=2)
ZONES = ["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"]
BEGINNINGS = [
    utc("2026-01-10T12:00"),
    utc("2026-03-07T04:30"),  # New York goes forward on the 8th
    utc("2026-03-28T23:15"),  # London goes forward on the 29th
    utc("2026-04-03T20:00"),  # Lord Howe goes back, by half an hour, on the 5th
    utc("2026-10-03T03:00"),  # and forward on the 4th
    utc("2026-10-24T22:45"),  # London goes back on the 25th
    utc("2026-10-31T00:00"),  # New York goes back on November 1st
]
TOKENS = ("a", "b", "c")
NAMES = ("p", "q", "r", "s")
ENDINGS = [RunStatus.SUCCESS] * 6 + [RunStatus.WARNING] + [RunStatus.FAILED] * 2 + [RunStatus.CANCELLED]


@dataclass(frozen=True)
class Declared:
    """What is declared at one time."""

    accounts: tuple[DeclaredAccount, ...]
    definitions: tuple[DeclaredDefinition, ...]


@dataclass(frozen=True)
class World:
    """A beginning, what is declared then, and what happens: time passes, and declarations change."""

    begins_at: datetime
    seed: int
    declared: Declared
    hops: tuple[tuple[timedelta, Declared | None], ...]


def days_around(begins_at: datetime) -> st.SearchStrategy[date | None]:
    """Draw a date near the beginning, or none."""
    return st.none() | st.integers(-4, 4).map(lambda days: begins_at.date() + timedelta(days=days))


def hours(*values: float) -> st.SearchStrategy[timedelta]:
    """Draw one of these durations."""
    return st.sampled_from([timedelta(hours=value) for value in values])


@st.composite
def accounts(draw: st.DrawFn, begins_at: datetime, token: str) -> DeclaredAccount:
    """Draw an account, which may be stopped."""
    windows = hours(-24, 0, 6, 30).map(
        lambda later: Maintenance(begins_at + later, begins_at + later + timedelta(hours=20))
    )
    return make_account(
        token,
        time_zone=draw(st.sampled_from(ZONES)),
        starts_on=draw(days_around(begins_at)),
        active=draw(st.integers(0, 9)) > 0,
        maintenance=draw(st.none() | st.none() | windows),
    )


@st.composite
def definitions(draw: st.DrawFn, begins_at: datetime, name: str) -> DeclaredDefinition:
    """Draw a definition that reads what some of those before it, and perhaps it itself, write."""
    return make_definition(
        name,
        frequency=draw(st.sampled_from(sorted([*BOUNDARIES, *ELAPSED]))),
        matrix=draw(st.sampled_from(["none", "account"])),
        time_zone=draw(st.none() | st.none() | st.sampled_from(ZONES)),
        starts_on=draw(days_around(begins_at)),
        ends_on=draw(st.none() | st.none() | days_around(begins_at)),
        start=draw(st.sampled_from(["after_success", "after_success", "after_completion", "at_start", "manual"])),
        delay=draw(hours(0, 0, 1, 13)),
        retry=make_retry(draw(st.integers(1, 3)), wait=draw(hours(0, 2, 26))),
        reads_from=tuple(upstream for upstream in NAMES[: NAMES.index(name) + 1] if draw(st.booleans())),
        writes_to=(name,),
        active=draw(st.integers(0, 9)) > 0,
    )


@st.composite
def changes_of(draw: st.DrawFn, declared: Declared, begins_at: datetime) -> Declared:
    """Draw what is declared next: the same, but for one row that is new, different or gone."""
    if draw(st.booleans()):
        token = draw(st.sampled_from(TOKENS))
        others = [account for account in declared.accounts if account.token != token]
        row = draw(st.none() | accounts(begins_at, token))
        return replace(declared, accounts=(*others, *([row] if row else [])))
    name = draw(st.sampled_from(NAMES))
    rest = [definition for definition in declared.definitions if definition.name != name]
    drawn = draw(st.none() | definitions(begins_at, name))
    return replace(declared, definitions=(*rest, *([drawn] if drawn else [])))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a world."""
    begins_at = draw(st.sampled_from(BEGINNINGS))
    present = first = Declared(
        tuple(draw(accounts(begins_at, token)) for token in TOKENS[: draw(st.integers(0, 3))]),
        tuple(draw(definitions(begins_at, name)) for name in NAMES if draw(st.integers(0, 3)) > 0),
    )
    hops: list[tuple[timedelta, Declared | None]] = []
    for hop in draw(st.lists(hours(0.25, 1, 5, 9.5, 24, 30), max_size=5)):
        changed = draw(st.none() | changes_of(present, begins_at))
        present = changed or present
        hops.append((hop, changed))
    return World(begins_at, draw(st.integers(0, 2**16)), first, tuple(hops))


def decide(world: World, slot: str, starts_at: datetime, attempt: int) -> RunStatus:
    """Decide by lot, but the same for the engine and the oracle, how an attempt ends."""
    lot = hashlib.sha256(f"{world.seed} {slot} {starts_at} {attempt}".encode()).digest()[0]
    return ENDINGS[lot % len(ENDINGS)]


def engine_ending(world: World) -> Callable[[ClaimedRun], RunStatus]:
    """Return how runs end."""

    def end(run: ClaimedRun) -> RunStatus:
        assert run.starts_at is not None
        return decide(world, f"{run.work}/{run.account}", run.starts_at, run.attempt)

    return end


def oracle_ending(world: World) -> Callable[[OracleSlot, int], str]:
    """Return how attempts end, in the oracle's words."""
    return lambda slot, attempt: decide(world, f"{slot.definition}/{slot.account}", slot.starts_at, attempt).value


def stored_slots(night: Night) -> dict[Key, Slot]:
    """Return every slot that is stored."""
    with night.store.read() as tx:
        listed = slot_lists.list_slots(tx, slot_lists.SlotFilter())
    return {(slot.name.definition, slot.name.account, slot.starts_at): slot for slot in listed}


def key_of(slot: OracleSlot) -> Key:
    """Return what tells a slot from all others."""
    return slot.definition, slot.account, slot.starts_at


def compare(night: Night, oracle: Oracle) -> None:
    """Hold every slot, its end, its status and what it depends on against the oracle."""
    stored = stored_slots(night)
    foretold = {key_of(slot): slot for slot in oracle.slots}
    assert {key: (slot.ends_at, told_status(slot)) for key, slot in stored.items()} == {
        key: (slot.ends_at, slot.status) for key, slot in foretold.items()
    }
    ids = {slot.id: key for key, slot in stored.items()}
    with night.store.read() as tx:
        for key in sorted(foretold, key=str)[:: max(1, len(foretold) // 12)]:
            upstreams = {ids[id] for id in list_upstream_ids(tx, [stored[key].id])}
            assert upstreams == {key_of(slot) for slot in oracle.upstreams(foretold[key])}, key
    silent = [key for key, slot in stored.items() if is_silent(slot, night.now)]
    assert silent == []


def told_status(slot: Slot) -> str:
    """Return a slot's status in the oracle's words: what has a run left between two hops waits for a retry."""
    return "retrying" if slot.status is SlotStatus.LIVE else slot.status.value


def is_silent(slot: Slot, now: datetime) -> bool:
    """Tell whether a due slot has neither a run nor a reason for having none."""
    return slot.status is SlotStatus.PENDING and slot.due_at is not None and slot.due_at <= now and not slot.reason


def play(night: Night, world: World) -> None:
    """Let the world go by, and compare after every hop."""
    night.set(create_ahead=CREATE_AHEAD, removals=RemovalLimit(confirmed=True))
    oracle = Oracle(create_ahead=CREATE_AHEAD)
    for hop, declared in ((timedelta(0), world.declared), *world.hops):
        night.clock.advance(hop)
        if declared is not None:
            night.declare(accounts=declared.accounts, definitions=declared.definitions)
            oracle.declare(declared.accounts, declared.definitions, now=night.now)
        night.work(engine_ending(world))
        oracle.advance(night.now, oracle_ending(world))
        compare(night, oracle)


@contextmanager
def sqlite_night(world: World) -> Iterator[Night]:
    """Lend a night on SQLite that begins with the world."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_night(f"sqlite:///{Path(folder) / 'o.db'}", now=world.begins_at) as night,
    ):
        yield night


@settings(max_examples=60, report_multiple_bugs=False, phases=set(Phase) - {Phase.explain})
@given(worlds())
def test_the_engine_does_what_the_oracle_foretells(world: World) -> None:
    """[2] [8] Slots, dependencies, starts, retries and ends are those that the declarations imply, whatever changes."""
    with sqlite_night(world) as night:
        play(night, world)


DAILY = replace(make_definition("p", writes_to=("p",), matrix="account", starts_on=None))
CHOSEN = {
    "every account's day makes a week": World(
        utc("2026-03-28T23:15"),
        7,
        Declared(
            (make_account("a", time_zone="Europe/London"), make_account("b", time_zone="America/New_York")),
            (DAILY, make_definition("q", frequency="weekly", reads_from=("p",), writes_to=("q",), starts_on=None)),
        ),
        tuple((timedelta(hours=30), None) for _ in range(7)),
    ),
    "from days to hours and back": World(
        utc("2026-10-24T22:45"),
        3,
        Declared((make_account("a", time_zone="Europe/London"),), (DAILY,)),
        (
            (timedelta(hours=9), Declared((make_account("a"),), (replace(DAILY, frequency="hourly"),))),
            (timedelta(hours=20), None),
            (timedelta(hours=5), Declared((make_account("a"), make_account("c")), (DAILY,))),
            (timedelta(hours=30), Declared((), (DAILY,))),
        ),
    ),
    "one after the other, with retries": World(
        utc("2026-01-10T12:00"),
        11,
        Declared(
            (make_account("a"),),
            (
                replace(DAILY, reads_from=("p",), frequency="every 6h", retry=make_retry(3, wait=timedelta(hours=2))),
                make_definition("q", start="after_completion", reads_from=("p",), writes_to=("q",)),
            ),
        ),
        tuple((timedelta(hours=5), None) for _ in range(9)),
    ),
}


@pytest.mark.parametrize("world", CHOSEN.values(), ids=CHOSEN)
def test_both_databases_do_what_the_oracle_foretells(database_url: str, world: World) -> None:
    """A few worlds that were chosen, on PostgreSQL too."""
    with open_night(database_url, now=world.begins_at) as night:
        play(night, world)
