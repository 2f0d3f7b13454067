"""Limits: nothing is claimed for which there is no place, and nothing waits that has one. On both databases."""

from __future__ import annotations

import random
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from ostinato.model.changes import RunMoved
from ostinato.model.limits import LimitKind, LimitUse
from ostinato.model.runs import ClaimedRun
from ostinato.model.statuses import RunStatus
from ostinato.policies.limits import Bounds, have_room, list_demands
from ostinato.store import claims, stopping, usage
from ostinato.store.claims import HeldMove
from ostinato.store.database import Tx
from ostinato.testing.factories import NOON, make_account, make_definition, make_new_run
from ostinato.testing.night import AGENT, Night, open_night

ACCOUNTS = ("a", "b")


def declare(night: Night, **definitions: dict[str, Any]) -> None:
    """Declare two accounts, of which the second has one place, and definitions whose runs the test makes."""
    night.declare(
        accounts=[make_account("a"), make_account("b", concurrency=1)],
        definitions=[
            make_definition(name, matrix="account", start="manual", **values) for name, values in definitions.items()
        ],
    )
    night.tick()


def make_runs(night: Night, definition: str, count: int, *, account: str = "a", **values: Any) -> list[int]:
    """Make runs that wait, of a definition for an account; return their ids."""
    slot = night.slot(f"{definition}/{account}/2026-01-09")
    new = make_new_run(slot.definition_id, account_id=slot.account_id, **values)
    return night.create(*[new] * count)


def claim_ids(night: Night, **values: Any) -> list[int]:
    """Claim what can be, and return the ids."""
    return [run.id for run in night.claim(**values)]


def let_go(night: Night, run: ClaimedRun, to: RunStatus) -> None:
    """Have the agent let go of a run that has not ended."""
    with night.store.write() as tx:
        claims.move_held_runs(
            tx, [HeldMove(run.id, run.lease_token, RunMoved(to, "rests"))], actor=AGENT, now=night.now
        )


def test_a_definition_has_as_many_runs_as_it_allows(night: Night) -> None:
    """The end of one makes room for the next."""
    declare(night, few={"concurrency": 2}, many={})
    few = make_runs(night, "few", 4)
    many = make_runs(night, "many", 4)

    claimed = night.claim()

    assert sorted(run.id for run in claimed) == sorted(few[:2] + many)
    night.finish(claimed[0])
    assert claim_ids(night) == [few[2]]


def test_an_account_has_as_many_runs_as_it_allows(night: Night) -> None:
    """Of all its definitions together; runs without account are not concerned."""
    declare(night, one={}, two={})
    first, _ = (make_runs(night, name, 2, account="b") for name in ("one", "two"))
    others = [*make_runs(night, "one", 2), *night.create(make_new_run())]

    assert sorted(claim_ids(night)) == sorted([first[0], *others])


def test_a_queue_has_as_many_runs_as_it_allows(night: Night) -> None:
    """Whatever they are: definitions, or actions that were triggered."""
    night.limit(queues={"io": 2})
    declare(night, load={})
    limited = [*make_runs(night, "load", 2, queue="io"), *night.create(make_new_run(queue="io"))]
    (free,) = night.create(make_new_run())

    claimed = claim_ids(night, queues=["io", "default"])

    assert free in claimed
    assert len(set(claimed) & set(limited)) == 2


def test_a_pool_is_shared_by_all_that_use_it(night: Night) -> None:
    """Each takes as many places as it says; one for which there are too few keeps none of them from others."""
    night.limit(pools={"warehouse": 3})
    declare(night, big={"uses": {"warehouse": 2}}, small={"uses": {"warehouse": 1}}, none={})
    big = make_runs(night, "big", 2)
    small = make_runs(night, "small", 2)
    none = make_runs(night, "none", 2)

    claimed = night.claim()

    assert sorted(run.id for run in claimed) == sorted([big[0], small[0], *none])
    night.finish(next(run for run in claimed if run.id == big[0]))
    assert claim_ids(night) == [big[1]]


def test_what_is_blocked_keeps_nobody_from_a_place(night: Night) -> None:
    """However many stand before it, of however many definitions, and however little an agent asks for."""
    night.limit(pools={"warehouse": 1})
    declare(night, **{f"blocked-{number}": {"uses": {"warehouse": 1}, "priority": 9} for number in range(12)}, free={})
    for number in range(12):
        make_runs(night, f"blocked-{number}", 5, priority=9, due_at=NOON - timedelta(days=1))
    free = make_runs(night, "free", 3)
    assert len(night.claim(limit=1)) == 1

    assert claim_ids(night, limit=2) == free[:2]
    assert claim_ids(night, limit=2) == free[2:]


@pytest.mark.parametrize("status", [RunStatus.SUSPENDED, RunStatus.PAUSED, RunStatus.WAITING])
def test_a_run_at_rest_uses_no_place(night: Night, status: RunStatus) -> None:
    """And needs one again when it goes on."""
    declare(night, load={"concurrency": 1})
    first, second = make_runs(night, "load", 2)
    (run,) = night.claim()

    let_go(night, run, status)
    resumed = claim_ids(night)

    assert resumed == ([first] if status is RunStatus.WAITING else [second])
    assert claim_ids(night) == []


def test_a_run_that_is_lost_gives_its_place_back(night: Night) -> None:
    """Nobody has to say so: places are counted from what runs."""
    declare(night, load={"concurrency": 1})
    first, second = make_runs(night, "load", 2)
    assert claim_ids(night) == [first]
    night.advance(minutes=5)

    night.tick()

    assert night.runs()[0].status is RunStatus.TIMEOUT
    assert claim_ids(night, agent="agent-2") == [second]


def test_what_is_to_be_cancelled_waits_for_no_place(night: Night) -> None:
    """Its agent has to end it, and that must be possible whatever is full."""
    night.limit(queues={"default": 1})
    declare(night, load={"concurrency": 1})
    first, _ = make_runs(night, "load", 2)
    (run,) = night.claim()
    let_go(night, run, RunStatus.SUSPENDED)
    assert len(night.claim()) == 1

    with night.store.write() as tx:
        stopping.cancel_run(tx, run_id=first, actor="ann", reason="", cause="cancelled", now=night.now)

    assert claim_ids(night) == [first]


def test_a_pool_that_is_gone_limits_nothing(night: Night) -> None:
    """Runs that waited for it go on."""
    night.limit(pools={"warehouse": 1})
    declare(night, load={"uses": {"warehouse": 1}})
    first, second = make_runs(night, "load", 2)
    assert claim_ids(night) == [first]

    night.limit(pools={})

    assert claim_ids(night) == [second]


def test_a_pool_that_became_too_small_is_taken_whole(night: Night) -> None:
    """Who uses more places than there are now waits until it is alone, and not for ever."""
    night.limit(pools={"warehouse": 2})
    declare(night, big={"uses": {"warehouse": 4}}, small={"uses": {"warehouse": 1}})
    (small,) = make_runs(night, "small", 1, priority=1)
    (big,) = make_runs(night, "big", 1)
    (run,) = night.claim()

    assert run.id == small
    night.finish(run)
    assert claim_ids(night) == [big]


def test_a_limit_that_is_lowered_waits_for_what_runs(night: Night) -> None:
    """Nothing is stopped; nothing begins until enough has ended."""
    declare(night, load={"concurrency": 3})
    runs = make_runs(night, "load", 4)
    claimed = night.claim()
    declare(night, load={"concurrency": 1})

    for run in claimed:
        assert claim_ids(night) == []
        night.finish(run)
    assert claim_ids(night) == [runs[3]]


def test_all_limits_are_listed(night: Night) -> None:
    """What there is, what is used, what waits and for whom; what is not limited is not named."""
    night.limit(pools={"warehouse": 4, "spare": 1}, queues={"default": 9})
    declare(night, load={"uses": {"warehouse": 3}}, sum={"concurrency": 2})
    make_runs(night, "load", 3)
    make_runs(night, "sum", 3)
    make_runs(night, "sum", 2, account="b")
    night.claim(limit=4)

    with night.store.read() as tx:
        listed = usage.list_limits(tx, night.rules)

    assert listed == [
        LimitUse(LimitKind.POOL, "spare", 1, used=0, waiting=0),
        LimitUse(LimitKind.POOL, "warehouse", 4, used=3, waiting=2, waiting_accounts=(("a", 2),)),
        LimitUse(LimitKind.QUEUE, "default", 9, used=3, waiting=5, waiting_accounts=(("a", 4), ("b", 1))),
        LimitUse(LimitKind.DEFINITION, "sum", 2, used=2, waiting=3, waiting_accounts=(("a", 2), ("b", 1))),
        LimitUse(LimitKind.ACCOUNT, "b", 1, used=1, waiting=1, waiting_accounts=(("b", 1),)),
    ]


def find_breaches(tx: Tx, night: Night) -> list[LimitUse]:
    """Return the limits of which more is used than there is."""
    return [limit for limit in usage.list_limits(tx, night.rules) if limit.used > limit.limit]


def find_overlooked(tx: Tx, night: Night, waiting: Collection[tuple[int, Bounds]]) -> list[int]:
    """Return the waiting runs for which all places that they need are free."""
    used = usage.count_used(tx, night.rules)
    return [run_id for run_id, bounds in waiting if have_room(list_demands(bounds, night.rules), used)]


@pytest.mark.parametrize("seed", range(4))
def test_no_place_is_free_that_somebody_waits_for(night: Night, seed: int) -> None:
    """Whatever is limited and whatever comes and goes: after a claim without end, who waits has no place.

    And at no time is a limit exceeded.
    """
    chance = random.Random(seed)
    night.limit(pools={"p": chance.randint(1, 4), "q": 2}, queues={"io": chance.randint(1, 3)})
    shapes: dict[str, dict[str, Any]] = {
        f"d{number}": {
            "concurrency": chance.choice([None, 1, 3]),
            "uses": {pool: chance.randint(1, 2) for pool in chance.sample(["p", "q", "gone"], chance.randint(0, 2))},
        }
        for number in range(4)
    }
    declare(night, **shapes)
    bounds: dict[int, Bounds] = {}
    running: list[ClaimedRun] = []
    for _ in range(12):
        for _ in range(chance.randint(0, 5)):
            name, account, queue = (
                chance.choice(list(shapes)),
                chance.choice(ACCOUNTS),
                chance.choice(["io", "default"]),
            )
            (made,) = make_runs(night, name, 1, account=account, queue=queue, priority=chance.randint(0, 1))
            limit, uses = shapes[name]["concurrency"], shapes[name]["uses"]
            bounds[made] = Bounds(queue, name, limit, uses, account, 1 if account == "b" else None)
        room = chance.choice([1, 2, 1_000])
        claimed = night.claim(limit=room, queues=["default", "io"])
        running += claimed
        waiting = [(id, bounds[id]) for id in bounds if id not in {run.id for run in running}]
        with night.store.read() as tx:
            assert find_breaches(tx, night) == []
            assert len(claimed) == room or find_overlooked(tx, night, waiting) == []
        for run in chance.sample(running, min(len(running), chance.randint(0, 3))):
            running.remove(run)
            del bounds[run.id]
            night.finish(run)
        night.advance(minutes=chance.randint(0, 20))


def test_agents_that_claim_at_once_exceed_no_limit(night: Night) -> None:
    """Each looks after its own claim whether too much is used, before it ends what it has: never."""
    night.limit(pools={"warehouse": 3}, queues={"default": 4})
    declare(night, load={"uses": {"warehouse": 1}, "concurrency": 3}, plain={})
    total = len(make_runs(night, "load", 16)) + len(make_runs(night, "plain", 8, account="b"))
    agents = [night.agent(f"agent-{number}") for number in range(4)]
    together = Barrier(len(agents))

    def work(number: int) -> int:
        done, breaches = 0, 0
        together.wait()
        while True:
            with night.store.write() as tx:
                claimed = claims.claim_runs(
                    tx,
                    agent_id=agents[number].id,
                    actor="a",
                    queues=["default"],
                    limit=2,
                    now=NOON,
                    rules=night.rules,
                )
            with night.store.read() as tx:
                breaches += len(find_breaches(tx, night))
            for run in claimed:
                night.finish(run)
            done += len(claimed)
            with night.store.read() as tx:
                waiting = {limit.name: limit.waiting for limit in usage.list_limits(tx, night.rules)}["default"]
            if breaches or (not claimed and not waiting):
                assert breaches == 0
                return done

    with ThreadPoolExecutor(len(agents)) as pool:
        done = list(pool.map(work, range(len(agents))))

    assert sum(done) == total


def test_a_claimant_leaves_what_is_limited_to_one_who_is_at_it(postgres_url: str) -> None:
    """On PostgreSQL, where it cannot see what the other has just taken. It waits for a moment, then takes the rest."""
    with open_night(postgres_url) as night:
        declare(night, load={"concurrency": 1}, plain={})
        first, second = make_runs(night, "load", 2)
        (plain,) = make_runs(night, "plain", 1, priority=-1)
        agent = night.agent().id

        with night.store.write() as mine, night.store.write() as theirs:
            taken = claims.claim_runs(mine, agent_id=agent, actor="a", queues=["default"], limit=1, now=NOON)
            left = claims.claim_runs(theirs, agent_id=agent, actor="b", queues=["default"], limit=9, now=NOON)
        after = claim_ids(night)

    assert ([run.id for run in taken], [run.id for run in left], after) == ([first], [plain], [])
    assert second not in after


def test_a_claimant_goes_on_when_the_other_has_ended(postgres_url: str) -> None:
    """On PostgreSQL: who waited for its turn sees what the other has taken, and takes what is left of the places."""
    with open_night(postgres_url) as night:
        declare(night, load={"concurrency": 3})
        runs = make_runs(night, "load", 4)
        agent, together = night.agent().id, Barrier(2)

        def claim() -> list[int]:
            together.wait()
            with night.store.write() as tx:
                claimed = claims.claim_runs(tx, agent_id=agent, actor="b", queues=["default"], limit=9, now=NOON)
            return [run.id for run in claimed]

        with ThreadPoolExecutor(1) as pool:
            with night.store.write() as tx:
                first = claims.claim_runs(tx, agent_id=agent, actor="a", queues=["default"], limit=1, now=NOON)
                others = pool.submit(claim)
                together.wait()
            taken = [run.id for run in first] + others.result() + claim_ids(night)

    assert taken == runs[:3]
