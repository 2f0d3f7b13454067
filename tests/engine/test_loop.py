"""The engine's loop: outlives the failures of its steps, and leads alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

import pytest
from sqlalchemy import text

from ostinato.engine.context import Context, Desired, EngineSettings
from ostinato.engine.reading import SourceReader
from ostinato.engine.steps import STEPS, Step
from ostinato.errors import DeclarationError, Problem, StoreUnavailable
from ostinato.loop.engine import Engine
from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.engine import StepOutcome
from ostinato.model.slots import SlotFace
from ostinato.sources.protocols import Loaded
from ostinato.store import accounts, journal
from ostinato.store.database import Tx
from ostinato.testing.factories import make_account, make_definition, utc
from ostinato.testing.night import Night, open_night
from ostinato.testing.postgres import PostgresServer

T = TypeVar("T", DeclaredAccount, DeclaredDefinition)

INTERVAL = timedelta(seconds=5)


@dataclass
class ListSource(Generic[T]):
    """A source that declares what stands in a list, or fails with what is put in its way."""

    rows: list[T]
    name: str = "list"
    kind: str = "list"
    fingerprints: list[str | None] = field(default_factory=list)
    error: Exception | None = None
    loads: int = 0

    def load(self) -> Loaded[T]:
        self.loads += 1
        if self.error:
            raise self.error
        return Loaded(tuple(self.rows))

    def fingerprint(self) -> str | None:
        return self.fingerprints[-1] if self.fingerprints else None


def make_flaky(errors: list[str]) -> Step:
    """Make a step that breaks what it can and then fails, as long as ``errors`` says how."""

    def ensure_the_moon_shines(tx: Tx, desired: Desired, context: Context) -> StepOutcome:
        if errors:
            tx.execute(text("DELETE FROM definitions"))
            if errors[-1] == "SQL":
                tx.execute(text("SELECT moon FROM definitions"))
            raise LookupError(errors[-1])
        return StepOutcome("ensure_the_moon_shines", examined=1)

    return ensure_the_moon_shines


def make_engine(
    night: Night,
    *,
    name: str = "engine-1",
    steps: Iterable[Step] = STEPS,
    accounts: ListSource[DeclaredAccount] | None = None,
    definitions: ListSource[DeclaredDefinition] | None = None,
) -> Engine:
    """Make an engine on the store and the clock of the night."""
    return Engine(
        night.store,
        night.clock,
        SourceReader([accounts or ListSource([])], [definitions or ListSource([make_definition()])]),
        name=name,
        settings=EngineSettings(),
        interval=INTERVAL,
        full_pass_every=timedelta(minutes=10),
        steps=tuple(steps),
    )


def test_a_pass_makes_what_is_declared_true_and_is_kept(night: Night) -> None:
    """What every step did is stored, with the time it took."""
    tick = make_engine(night).tick()

    assert night.face("sales/-/2026-01-08") is SlotFace.WAITING
    assert tick.led
    assert tick.errors == ()
    with night.store.read() as tx:
        (kept,) = journal.list_passes(tx, limit=9)
    assert (kept.engine, kept.started_at, kept.outcomes) == ("engine-1", night.now, tick.outcomes)
    assert [outcome.step for outcome in kept.outcomes] == [step.__name__ for step in STEPS]


@pytest.mark.parametrize(("error", "told"), [("no moon", "LookupError: no moon"), ("SQL", "StoreError: .*moon")])
def test_a_step_that_raises_is_reported_and_the_others_go_on(night: Night, error: str, told: str) -> None:
    """[8] Whatever it did in its transaction is undone; nothing else suffers."""
    errors: list[str] = []
    engine = make_engine(night, steps=[*STEPS[:4], make_flaky(errors), *STEPS[4:]])
    engine.tick()
    night.advance(days=1)
    errors.append(error)

    tick = engine.tick()

    (failed,) = tick.errors
    assert (failed.step, failed.failed) == ("ensure_the_moon_shines", 1)
    assert re.match(told, failed.error)
    assert len(tick.outcomes) == len(STEPS) + 1
    assert night.face("sales/-/2026-01-10") is SlotFace.WAITING


def test_a_step_that_keeps_raising_is_tried_less_and_less_often(night: Night) -> None:
    """Ten seconds later, then twenty, at most five minutes; once it succeeds it runs in every pass again."""
    errors = ["no moon"]
    engine = make_engine(night, steps=[make_flaky(errors)])
    tried = []
    for second in range(0, 1_200, 5):
        tick = engine.tick()
        tried += [second] if tick.outcomes else []
        night.clock.advance(INTERVAL)

    errors.clear()
    night.advance(minutes=5)
    healed = [engine.tick().outcomes for _ in range(2)]

    assert tried == [0, 10, 30, 70, 150, 310, 610, 910]
    assert [[outcome.error for outcome in outcomes] for outcomes in healed] == [[""], [""]]


def test_one_engine_leads(night: Night) -> None:
    """The other does nothing until the lead is given back, or its holder has been silent for long enough."""
    first, second = make_engine(night), make_engine(night, name="engine-2")

    led = [first.tick(lead=True).led, second.tick(lead=True).led, first.tick(lead=True).led]
    first.stop()
    led.append(second.tick(lead=True).led)
    night.advance(seconds=29)
    led.append(first.tick(lead=True).led)
    night.advance(seconds=1)
    led.append(first.tick(lead=True).led)

    assert led == [True, False, True, True, False, True]
    assert second.tick().led


def test_everything_is_looked_at_now_and_then(night: Night) -> None:
    """[8] At the first pass, and every ten minutes: what nobody noticed heals by then."""
    night.clock.set(utc("2026-01-10T23:59"))
    engine = make_engine(night)
    engine.tick()
    with night.store.write() as tx:
        tx.execute(text("UPDATE slots SET examine_at = NULL WHERE status = 'pending'"))

    night.advance(minutes=9)
    engine.tick()
    before = night.face("sales/-/2026-01-10")
    night.advance(minutes=1)
    engine.tick()

    assert before is SlotFace.READY
    assert night.face("sales/-/2026-01-10") is SlotFace.WAITING


def test_a_source_is_loaded_when_its_fingerprint_changes(night: Night) -> None:
    """One without fingerprint is loaded each time; one that failed is tried again each time."""
    known, unknown = ListSource([make_account("a")], fingerprints=["1"]), ListSource([make_definition()])
    engine = make_engine(night, accounts=known, definitions=unknown)

    for _ in range(3):
        engine.tick()
    counts = [known.loads, unknown.loads]
    known.fingerprints.append("2")
    known.error = LookupError("gone")
    for _ in range(2):
        engine.tick()
    known.error = None
    for _ in range(2):
        engine.tick()

    assert counts == [1, 3]
    assert (known.loads, unknown.loads) == (1 + 2 + 1, 7)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DeclarationError([Problem("no such zone", "accounts.yaml", 3)]), "accounts.yaml:3: no such zone"),
        (ZeroDivisionError("a plug-in divides"), "ZeroDivisionError: a plug-in divides"),
    ],
)
def test_a_source_that_fails_is_an_answer(night: Night, error: Exception, told: str) -> None:
    """[10] Its rows stay, its error is stored, and the pass goes on."""
    source = ListSource([make_account("a")])
    engine = make_engine(night, accounts=source)
    engine.tick()
    source.error = error

    tick = engine.tick()

    assert tick.errors == ()
    with night.store.read() as tx:
        states = {state.kind: state for state in journal.list_source_states(tx)}
        kept = accounts.count_accounts(tx)
    assert states["accounts"].error == told
    assert kept == 1


def test_an_outage_ends_the_pass_and_nothing_else(postgres_server: PostgresServer) -> None:
    """While the database is away a pass raises; the next one after it is back does all there is to do."""
    with open_night(postgres_server.url()) as night:
        engine = make_engine(night)
        postgres_server.stop()
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                engine.tick(lead=True)
        engine.stop()
        postgres_server.start()

        tick = engine.tick(lead=True)

        assert tick.errors == ()
        assert night.face("sales/-/2026-01-08") is SlotFace.WAITING
