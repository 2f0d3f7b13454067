"""Turns: who is taken next. Shares and levels in numbers, and what holds whatever waits and whatever is limited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.model.limits import LimitKind
from ostinato.policies.limits import Demand, LimitKey, add_places, have_room
from ostinato.policies.turns import Cohort, CohortKey, Pick, ShareKey, WaitingRun, find_level, pick_runs

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
QUEUES = ("default", "io")
TEN_MINUTES = timedelta(minutes=10)


@dataclass
class Waiting:
    """All that waits in a queue that is never empty unless told, and what is remembered from one claim to the next."""

    cohorts: dict[CohortKey, Cohort] = field(default_factory=dict)
    positions: dict[ShareKey, float] = field(default_factory=dict)
    now: datetime = NOW
    taken: list[CohortKey] = field(default_factory=list)
    _next_id: int = 0

    def add(
        self,
        account: int | None,
        *,
        runs: int = 1_000,
        priority: int = 0,
        definition: int | None = None,
        weight: float = 1.0,
        queue: str = "default",
        due: timedelta = timedelta(0),
        demands: tuple[Demand, ...] = (),
    ) -> CohortKey:
        """Have runs wait from now on."""
        key = CohortKey(queue, priority, account, definition)
        made = tuple(WaitingRun(self._next_id + number, NOW + due) for number in range(runs))
        self._next_id += runs
        self.cohorts[key] = Cohort(key, made, complete=True, waits_since=self.now, weight=weight, demands=demands)
        return key

    def claim(self, room: int, used: Mapping[LimitKey, int] | None = None) -> list[CohortKey]:
        """Claim runs as the store does, and tell of which cohorts."""
        pick = pick_runs(
            self.cohorts.values(),
            self.positions,
            used or {},
            queues=QUEUES,
            room=room,
            rises_every=TEN_MINUTES,
            now=self.now,
        )
        self.positions |= pick.positions
        for key in set(pick.runs.values()):
            rest = tuple(run for run in self.cohorts[key].runs if run.id not in pick.runs)
            self.cohorts[key] = replace(self.cohorts[key], runs=rest, waits_since=self.now)
        self.cohorts = {key: cohort for key, cohort in self.cohorts.items() if cohort.runs}
        self.taken += pick.runs.values()
        return list(pick.runs.values())

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


def count_accounts(taken: Iterable[CohortKey]) -> dict[int | None, int]:
    """Count what each account got."""
    return dict(Counter(key.account_id for key in taken))


@pytest.mark.parametrize("room", [1, 5, 7])
def test_accounts_share_by_their_weight(room: int) -> None:
    """However many are claimed at a time, and to within one run."""
    waiting = Waiting()
    for account, weight in ((1, 1.0), (2, 2.0), (3, 0.5)):
        waiting.add(account, weight=weight)

    for _ in range(70 // room):
        waiting.claim(room)

    assert count_accounts(waiting.taken) == {1: 20, 2: 40, 3: 10}


def test_a_flood_keeps_no_other_account_waiting() -> None:
    """It may be of any age and length: whoever comes later has a turn at once, and then every other one."""
    waiting = Waiting()
    waiting.add(1, due=-timedelta(days=365))
    waiting.claim(100)
    waiting.advance(hours=1)
    waiting.claim(1)
    waiting.add(2, runs=5)

    assert [key.account_id for key in waiting.claim(8)] == [2, 1, 2, 1, 2, 1, 2, 1]


def test_nobody_saves_turns_up() -> None:
    """An account that had nothing to run for long is not ahead of the others for as long afterwards."""
    waiting = Waiting()
    waiting.add(1)
    waiting.add(2, runs=1)
    waiting.claim(500)
    waiting.add(2)

    assert count_accounts(waiting.claim(10)) == {1: 5, 2: 5}


def test_the_share_of_an_account_is_not_that_of_its_definitions() -> None:
    """Of many definitions it gets no more than of one."""
    waiting = Waiting()
    for definition in range(9):
        waiting.add(1, definition=definition)
    waiting.add(2, definition=1)

    assert count_accounts(waiting.claim(10)) == {1: 5, 2: 5}


def test_within_an_account_what_was_due_first_comes_first() -> None:
    """Whatever its definition."""
    waiting = Waiting()
    late = waiting.add(1, definition=1, runs=2, due=timedelta(hours=1))
    early = waiting.add(1, definition=2, runs=2)

    assert waiting.claim(4) == [early, early, late, late]


def test_a_higher_priority_comes_first_in_all_accounts() -> None:
    """Turns are taken among what has the same."""
    waiting = Waiting()
    low = waiting.add(1, runs=3)
    high, other = (waiting.add(account, runs=2, priority=5) for account in (1, 2))

    taken = waiting.claim(6)

    assert sorted(taken[:4]) == sorted([high, high, other, other])
    assert taken[4:] == [low, low]


def test_what_waits_rises_until_it_is_taken() -> None:
    """One step in each span; then one run of it is taken, and the rest begins anew."""
    waiting = Waiting()
    low = waiting.add(1, priority=0)
    high = waiting.add(2, priority=2)
    came = []
    for _ in range(9):
        came += waiting.claim(1)
        waiting.advance(minutes=5)

    assert came == [high, high, high, high, low, high, high, high, low]


@pytest.mark.parametrize(("minutes", "level"), [(0, 5), (9.99, 5), (10, 6), (25, 7), (-3, 5)], ids=str)
def test_a_level_is_the_priority_and_the_steps_that_have_passed(minutes: float, level: int) -> None:
    """Clocks of two machines may differ a little: what waits since later than now has not sunk."""
    assert find_level(5, NOW - timedelta(minutes=minutes), NOW, TEN_MINUTES) == level


def test_a_definition_that_is_held_up_rises_though_its_account_is_served() -> None:
    """A limit keeps it; when a place is free, one of higher priority that was served since does not take it again."""
    place = LimitKey(LimitKind.POOL, "place")
    waiting = Waiting()
    plain = waiting.add(1, definition=1)
    held_up = waiting.add(1, definition=2, demands=(Demand(place, 1),))
    rival = waiting.add(2, definition=2, priority=2, demands=(Demand(place, 1),))
    came = []
    for _ in range(6):
        came += [key for key in waiting.claim(2) if key != plain]
        waiting.advance(minutes=5)

    assert came == [rival, rival, rival, rival, held_up, rival]
    assert waiting.taken.count(plain) == 6


def test_the_first_queue_of_an_agent_is_the_most_urgent() -> None:
    """Of what is on one level; a higher priority is more urgent still, and what waits in the others rises."""
    waiting = Waiting()
    other, urgent = waiting.add(1, queue="io"), waiting.add(1, queue="io", priority=1, runs=1)
    first = waiting.add(1)

    assert waiting.claim(3) == [urgent, first, first]
    waiting.advance(minutes=6)
    waiting.claim(1)
    waiting.advance(minutes=6)
    assert waiting.claim(2) == [other, first]


def test_more_is_asked_for_only_when_it_may_be_needed() -> None:
    """Of a cohort that is known in part no run is passed over; until all is known there is no answer."""
    waiting = Waiting()
    keys = [waiting.add(account, runs=3) for account in range(3)]
    whole = list(waiting.cohorts.values())
    heads = [replace(cohort, runs=cohort.runs[:1], complete=False) for cohort in whole]

    def pick(cohorts: Sequence[Cohort], room: int) -> Pick:
        return pick_runs(cohorts, {}, {}, queues=QUEUES, room=room, rises_every=TEN_MINUTES, now=NOW)

    assert pick(heads, 3) == pick(whole, 3)
    assert pick(heads, 4).wanted == {keys[0]}
    assert pick(heads, 6).wanted == set(keys)
    assert pick([whole[0], *heads[1:]], 4) == pick(whole, 4)


LIMITS = [LimitKey(LimitKind.POOL, name) for name in "abc"]


@st.composite
def crowds(draw: st.DrawFn) -> Waiting:
    """Draw what waits: few accounts and priorities, so that they meet, and limits of which some are tight."""
    sizes = {key: draw(st.integers(1, 4)) for key in LIMITS}
    waiting = Waiting()
    for _ in range(draw(st.integers(0, 8))):
        wanted = draw(st.dictionaries(st.sampled_from(LIMITS), st.integers(1, 2), max_size=2))
        waiting.add(
            draw(st.sampled_from([None, 1, 2])),
            runs=draw(st.integers(1, 4)),
            priority=draw(st.integers(-1, 1)),
            definition=draw(st.integers(1, 3)),
            weight=draw(st.sampled_from([0.5, 1.0, 3.0])),
            queue=draw(st.sampled_from(["default", "io"])),
            due=timedelta(minutes=draw(st.integers(-9, 9))),
            demands=tuple(Demand(key, sizes[key], min(places, sizes[key])) for key, places in wanted.items()),
        )
    return waiting


def list_demands_of(waiting: Waiting, run_ids: Iterable[int]) -> Iterator[tuple[Demand, ...]]:
    """Yield what runs need."""
    home = {run.id: cohort for cohort in waiting.cohorts.values() for run in cohort.runs}
    yield from (home[run_id].demands for run_id in run_ids)


@given(crowds(), st.integers(1, 12), st.dictionaries(st.sampled_from(LIMITS), st.integers(0, 4)))
def test_what_fits_is_taken_and_nothing_else(waiting: Waiting, room: int, used: dict[LimitKey, int]) -> None:
    """No limit is exceeded; and while there is room, nothing that a limit has a place for is left."""
    pick = pick_runs(waiting.cohorts.values(), {}, used, queues=QUEUES, room=room, rises_every=TEN_MINUTES, now=NOW)

    places = dict(used)
    for demands in list_demands_of(waiting, pick.runs):
        assert have_room(demands, places)
        add_places(places, demands)
    everything = {run.id for cohort in waiting.cohorts.values() for run in cohort.runs}
    assert len(pick.runs) == len(set(pick.runs)) <= room
    left = list_demands_of(waiting, everything - set(pick.runs))
    assert len(pick.runs) == room or not any(have_room(demands, places) for demands in left)


@given(crowds(), st.integers(1, 3))
def test_everything_that_waits_is_taken_one_day(waiting: Waiting, room: int) -> None:
    """Though runs of the highest priority come all the time and need the same places: nobody starves."""
    patient = {run.id for cohort in waiting.cohorts.values() for run in cohort.runs}
    rival = tuple(
        Demand(key, min((d.limit for c in waiting.cohorts.values() for d in c.demands if d.key == key), default=4))
        for key in LIMITS
    )
    for _ in range(40 * (len(patient) + 1)):
        waiting.add(9, priority=3, runs=room, demands=rival)
        before = {run.id for cohort in waiting.cohorts.values() for run in cohort.runs}
        waiting.claim(room)
        left = {run.id for cohort in waiting.cohorts.values() for run in cohort.runs}
        patient -= before - left
        waiting.advance(minutes=10)
        if not patient:
            return

    raise AssertionError(f"{patient} have never been taken")
