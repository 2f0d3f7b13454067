"""Singletons: of the runs of one key one is carried out, whatever dies and whoever claims at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from ostinato.model.changes import RunMoved
from ostinato.model.runs import ClaimedRun
from ostinato.model.statuses import RunStatus
from ostinato.store import claims, runs
from ostinato.store import schema as t
from ostinato.store.claims import HeldMove
from ostinato.testing.factories import NOON, make_new_run, utc
from ostinato.testing.interleaving import interleave
from ostinato.testing.night import AGENT, Night, open_night


def make_singletons(night: Night, count: int, key: str = "refresh") -> list[int]:
    """Make runs that wait, of one key; return their ids."""
    return night.create(*(make_new_run(singleton_key=key) for _ in range(count)))


def rest(night: Night, run: ClaimedRun, to: RunStatus) -> None:
    """Have the agent let go of a run that has not ended."""
    with night.store.write() as tx:
        claims.move_held_runs(tx, [HeldMove(run.id, run.lease_token, RunMoved(to, "rests"))], actor=AGENT, now=NOON)


def holders(night: Night) -> list[int]:
    """Return the runs that hold a key."""
    with night.store.read() as tx:
        return list(
            tx.execute(select(t.runs.c.id).where(t.runs.c.singleton_held.is_not(None)).order_by(t.runs.c.id)).scalars()
        )


def held(night: Night, run_id: int) -> ClaimedRun:
    """Return a run as the agent that holds it knows it."""
    with night.store.read() as tx:
        (claimed,) = claims.list_claimed_runs(tx, [run_id])
    return claimed


def claim_ids(night: Night) -> list[int]:
    """Claim all that can be claimed, and return the ids."""
    return [run.id for run in night.claim()]


def test_one_runs_and_the_others_wait_in_their_order(night: Night) -> None:
    """Also those of higher priority; other keys, and runs without one, are not concerned."""
    first, second = make_singletons(night, 2)
    (urgent,) = night.create(make_new_run(singleton_key="refresh", priority=9))
    (other,) = make_singletons(night, 1, key="export")
    (plain,) = night.create(make_new_run())

    claimed = night.claim()

    assert {run.id for run in claimed} == {first, other, plain}
    assert holders(night) == [first, other]
    for run in claimed:
        night.finish(run)
    assert claim_ids(night) == [second]
    night.finish(held(night, second))
    assert claim_ids(night) == [urgent]


@pytest.mark.parametrize("status", [RunStatus.WAITING, RunStatus.SUSPENDED, RunStatus.PAUSED])
def test_a_singleton_is_held_until_the_end(night: Night, status: RunStatus) -> None:
    """Across rests and agents: who holds the key goes on, and nobody else begins."""
    first, second = make_singletons(night, 2)
    (run,) = night.claim()

    rest(night, run, status)

    assert holders(night) == [first]
    assert claim_ids(night) == ([first] if status is RunStatus.WAITING else [])
    assert night.runs()[-1].id == second


def test_a_lost_agent_does_not_free_the_key_before_the_end(night: Night) -> None:
    """The engine ends the run, and with that frees it."""
    first, second = make_singletons(night, 2)
    assert claim_ids(night) == [first]
    night.advance(minutes=5)
    night.beat()
    assert claim_ids(night) == []
    night.advance(minutes=5)

    night.tick()

    assert night.runs()[0].status is RunStatus.TIMEOUT
    assert claim_ids(night) == [second]


def test_a_run_that_would_rather_not_wait_is_refused(night: Night) -> None:
    """While one of its key lives that holds it; the answer tells which runs were not created."""
    a, b = (make_new_run(singleton_key=key, hold_singleton=True) for key in "ab")

    with night.store.write() as tx:
        first, refused, other = runs.create_runs(tx, [a, a, b], actor="ann", now=NOON)
        again = runs.create_runs(tx, [a], actor="ann", now=NOON)

    assert (refused, again) == (None, [None])
    claimed = night.claim()
    assert [run.id for run in claimed] == [first, other]
    night.finish(claimed[0])
    assert len(night.create(a)) == 1


def test_the_key_of_a_run_for_later_is_taken_too(night: Night) -> None:
    """It is live."""
    night.create(make_new_run(singleton_key="a", hold_singleton=True, start_at=utc("2026-02-01")))

    assert night.create(make_new_run(singleton_key="a", hold_singleton=True)) == []
    (waiting,) = make_singletons(night, 1, key="a")
    assert waiting not in claim_ids(night)


def test_agents_that_claim_at_once_carry_out_one(night: Night) -> None:
    """Many runs of few keys, many agents: at no time are two of a key held, and all are carried out."""
    for key in "abc":
        make_singletons(night, 8, key=key)
    agents = [night.agent(f"agent-{number}") for number in range(4)]
    together, total = Barrier(len(agents)), 24

    def work(number: int) -> list[int]:
        done: list[int] = []
        together.wait()
        while True:
            with night.store.write() as tx:
                claimed = claims.claim_runs(
                    tx, agent_id=agents[number].id, actor="a", queues=["default"], limit=2, now=NOON
                )
            for run in claimed:
                night.finish(run)
            done += [run.id for run in claimed]
            with night.store.read() as tx:
                if runs.count_runs(tx).get(RunStatus.SUCCESS, 0) == total:
                    return done

    with ThreadPoolExecutor(len(agents)) as pool:
        done = [run for share in pool.map(work, range(len(agents))) for run in share]

    assert len(done) == len(set(done)) == total


def test_a_claimant_leaves_singletons_to_one_who_is_at_it(postgres_url: str) -> None:
    """On PostgreSQL, where two cannot see what the other has just taken: it takes the rest, and waits for nobody."""
    with open_night(postgres_url) as night:
        (first, _), (plain,) = make_singletons(night, 2), night.create(make_new_run(priority=-1))
        agent = night.agent().id

        with night.store.write() as mine, night.store.write() as theirs:
            taken = claims.claim_runs(mine, agent_id=agent, actor="a", queues=["default"], limit=1, now=NOON)
            left = claims.claim_runs(theirs, agent_id=agent, actor="b", queues=["default"], limit=9, now=NOON)

    assert ([run.id for run in taken], [run.id for run in left]) == ([first], [plain])


def test_a_run_that_is_refused_waits_for_who_takes_the_key(night: Night) -> None:
    """A claim that is not committed yet may take it: the answer comes when that is known."""
    make_singletons(night, 1)
    agent = night.agent().id
    wanted = make_new_run(singleton_key="refresh", hold_singleton=True)

    refused = interleave(
        night.store,
        lambda tx: claims.claim_runs(tx, agent_id=agent, actor="a", queues=["default"], limit=1, now=NOON),
        lambda tx: runs.create_runs(tx, [wanted], actor="ann", now=NOON),
    )

    assert refused == [None]
