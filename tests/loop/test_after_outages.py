"""What the engine decides after it could not look for a while: nothing, until whoever lives could have said so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from ostinato.engine.context import EngineSettings
from ostinato.engine.ensure_lost_agents_marked import ensure_lost_agents_marked
from ostinato.engine.ensure_runs_timeout import ensure_runs_timeout
from ostinato.engine.reading import SourceReader
from ostinato.errors import StoreUnavailable
from ostinato.loop.engine import Engine
from ostinato.model.engine import LEADERSHIP
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.store import agents, journal
from ostinato.testing.factories import make_definition
from ostinato.testing.night import Night, open_night

INTERVAL = timedelta(seconds=15)


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """Lend a night in which an agent carries out a run."""
    with open_night(f"sqlite:///{tmp_path / 'ostinato.db'}") as night:
        night.declare(definitions=[make_definition(starts_on=date(2026, 1, 9))])
        night.tick()
        night.claim()
        night.beat()
        yield night


@pytest.fixture
def engine(night: Night) -> Engine:
    """Lend an engine that judges agents, and has listened for longer than the threshold."""
    engine = make_engine(night)
    for _ in range(5):
        engine.tick(lead=True)
        night.clock.advance(INTERVAL)
        night.beat()
    return engine


def make_engine(night: Night, name: str = "engine-1") -> Engine:
    """Make an engine that judges agents, and does nothing else."""
    return Engine(
        night.store,
        night.clock,
        SourceReader([], []),
        name=name,
        settings=EngineSettings(),
        interval=INTERVAL,
        full_pass_every=timedelta(days=1),
        steps=[ensure_runs_timeout, ensure_lost_agents_marked],
    )


def make_passes(engine: Engine, night: Night, *, seconds: int) -> None:
    """Let time pass, and the engine make its passes."""
    for _ in range(0, seconds, 15):
        night.clock.advance(INTERVAL)
        engine.tick(lead=True)


@contextmanager
def outage(night: Night) -> Iterator[None]:
    """Have every commit fail within this block."""

    def lose(point: str) -> None:
        raise StoreUnavailable("the database is away")

    night.store.fault_point, before = lose, night.store.fault_point
    yield
    night.store.fault_point = before


def find_standing(night: Night, slot: str = "sales/2026-01-09") -> tuple[RunStatus, AgentStatus]:
    """Return how the run of a slot stands, and its agent."""
    with night.store.read() as tx:
        (agent,) = agents.list_agents(tx)
    return night.run(slot).status, agent.status


ALIVE = (RunStatus.RUNNING, AgentStatus.ALIVE)
LOST = (RunStatus.TIMEOUT, AgentStatus.LOST)


def test_who_is_silent_while_the_engine_listens_is_lost(night: Night, engine: Engine) -> None:
    """As soon as the threshold is reached, and not before."""
    make_passes(engine, night, seconds=45)
    before = find_standing(night)
    make_passes(engine, night, seconds=15)

    assert (before, find_standing(night)) == (ALIVE, LOST)


def be_away(night: Night, engine: Engine) -> None:
    """Have the store be away for ten minutes."""
    with outage(night):
        for _ in range(2):
            night.advance(minutes=5)
            with pytest.raises(StoreUnavailable):
                engine.tick(lead=True)


def stand_still(night: Night, engine: Engine) -> None:
    """Have the engine, and all others, do nothing for ten minutes."""
    night.advance(minutes=10)


def jump(night: Night, engine: Engine) -> None:
    """Have the clock be put forward, as it is when a machine wakes up."""
    night.clock._now += timedelta(minutes=10)


BREAKS = [be_away, stand_still, jump]


@pytest.mark.parametrize("happen", BREAKS)
def test_who_could_not_be_heard_is_not_lost(
    night: Night, engine: Engine, happen: Callable[[Night, Engine], None]
) -> None:
    """[8] Who lives beats when that is possible again, and goes on with what it has."""
    happen(night, engine)
    engine.tick(lead=True)
    make_passes(engine, night, seconds=45)
    before = find_standing(night)
    night.beat()
    make_passes(engine, night, seconds=45)

    assert (before, find_standing(night)) == (ALIVE, ALIVE)


@pytest.mark.parametrize("happen", BREAKS)
def test_who_stays_silent_is_lost_in_the_end(
    night: Night, engine: Engine, happen: Callable[[Night, Engine], None]
) -> None:
    """[8] The time that an agent is given to be heard is the threshold, once more."""
    happen(night, engine)
    engine.tick(lead=True)
    make_passes(engine, night, seconds=60)

    assert find_standing(night) == LOST


def test_who_could_not_tell_of_an_end_is_not_over_its_time_limit(night: Night, engine: Engine) -> None:
    """A run may have ended long before its limit, and nobody could say so."""
    limited = make_definition("limited", starts_on=date(2026, 1, 9), time_limit=timedelta(minutes=2))
    night.declare(definitions=[make_definition(starts_on=date(2026, 1, 9)), limited])
    night.tick()
    night.claim()
    be_away(night, engine)
    night.beat()
    engine.tick(lead=True)
    make_passes(engine, night, seconds=45)
    before = find_standing(night, "limited/2026-01-09")
    night.beat()
    make_passes(engine, night, seconds=15)

    assert before == ALIVE
    assert find_standing(night, "limited/2026-01-09") == (RunStatus.TIMEOUT, AgentStatus.ALIVE)
    assert find_standing(night) == ALIVE


def test_an_engine_that_has_just_come_listens_first(night: Night) -> None:
    """It does not know whether the store was away before."""
    night.advance(minutes=10)
    engine = make_engine(night)
    engine.tick(lead=True)
    before = find_standing(night)
    make_passes(engine, night, seconds=60)

    assert (before, find_standing(night)) == (ALIVE, LOST)


def test_who_stands_by_listens_as_well(night: Night, engine: Engine) -> None:
    """When it takes the lead, it judges at once."""
    second = make_engine(night, "engine-2")
    for _ in range(4):
        engine.tick(lead=True)
        second.tick(lead=True)
        night.clock.advance(INTERVAL)
    engine.stop()
    second.tick(lead=True)

    assert find_standing(night) == LOST


def test_a_pass_by_itself_takes_heartbeats_at_their_word(night: Night) -> None:
    """As where somebody has one made now and then: nobody else would ever judge."""
    night.advance(minutes=1)
    make_engine(night).tick()

    assert find_standing(night) == LOST


def test_nobody_waits_for_a_clock_that_was_ahead(night: Night, engine: Engine) -> None:
    """Neither for the lead of an engine, nor for the silence of an agent, that date from an hour ahead."""
    night.advance(hours=1)
    night.beat()
    engine.tick(lead=True)
    night.clock.set(night.now - timedelta(hours=1))
    second = make_engine(night, "engine-2")
    led = [second.tick(lead=True).led]
    night.advance(seconds=45)
    led.append(second.tick(lead=True).led)
    make_passes(second, night, seconds=60)

    assert led == [False, True]
    assert find_standing(night) == LOST


def test_what_a_living_leader_holds_is_not_cut_down(night: Night) -> None:
    """Who stands by leaves a lease alone that is as long as its own would be."""
    first, second = make_engine(night), make_engine(night, "engine-2")
    first.tick(lead=True)
    night.advance(seconds=20)
    second.tick(lead=True)

    with night.store.read() as tx:
        holders = [
            journal.find_lease_holder(tx, LEADERSHIP, now=night.now + timedelta(seconds=seconds))
            for seconds in (24, 25)
        ]
    assert holders == ["engine-1", None]
