"""A world on every kind of database: the operations' view of a night that the tests drive by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from ostinato.clock import SystemClock
from ostinato.config import Config
from ostinato.errors import NotPossible
from ostinato.model.engine import AuditEntry
from ostinato.model.statuses import RunStatus
from ostinato.operations.people import Person
from ostinato.processes.agent import make_agent
from ostinato.store import journal
from ostinato.store.database import Store
from ostinato.store.versioning import open_schema
from ostinato.testing.night import Night, open_night
from ostinato.world import World


@pytest.fixture
def night(database_url: str) -> Iterator[Night]:
    """Lend a night on an empty database."""
    with open_night(database_url) as night:
        yield night


@pytest.fixture
def world(night: Night, database_url: str, tmp_path: Path) -> World:
    """Lend the world in which the night takes place."""
    return World(Config(folder=tmp_path, database=database_url), night.store, night.clock)


@pytest.fixture
def audit(night: Night) -> Callable[[], list[AuditEntry]]:
    """Lend a reader of the audit log, newest first."""

    def read() -> list[AuditEntry]:
        with night.store.read() as tx:
            return journal.list_audit(tx, limit=100)

    return read


@pytest.fixture
def in_two_threads() -> Callable[[Callable[[Person], object]], list[object]]:
    """Lend a way to have two people ask for the same at the same moment, each on a connection of their own.

    It returns both answers; a refusal counts as one.
    """

    def act_twice(act: Callable[[Person], object]) -> list[object]:
        barrier = Barrier(2)

        def ask(person: Person) -> object:
            barrier.wait()
            try:
                return act(person)
            except NotPossible as refusal:
                return refusal

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(ask, [Person("ada"), Person("grace")]))

    return act_twice


@pytest.fixture
def two_at_once(
    in_two_threads: Callable[[Callable[[Person], object]], list[object]],
) -> Callable[[Callable[[Person], object]], tuple[object, NotPossible]]:
    """Lend the same where one of the two is to be refused: it returns the other's answer, then the refusal."""

    def act_twice(act: Callable[[Person], object]) -> tuple[object, NotPossible]:
        answers = in_two_threads(act)
        refusals = [answer for answer in answers if isinstance(answer, NotPossible)]
        answered = [answer for answer in answers if not isinstance(answer, NotPossible)]
        assert len(answered) == len(refusals) == 1, answers
        return answered[0], refusals[0]

    return act_twice


@pytest.fixture
def live(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Lend a world in which time passes, on an empty database."""
    store = Store(database_url)
    open_schema(store)
    yield World(Config(folder=tmp_path, database=database_url), store, SystemClock())
    store.close()


@pytest.fixture
def carry_out(live: World) -> Callable[[], Counter[RunStatus]]:
    """Lend an agent that carries out what waits in the live world, and goes; it returns where the runs went."""

    def work() -> Counter[RunStatus]:
        agent = make_agent(live)
        agent.start(once=True)
        try:
            agent.tick()
            while not agent.is_done:
                agent.wait(agent.seconds_until_due())
                agent.tick()
        finally:
            agent.close()
        return agent.tally

    return work
