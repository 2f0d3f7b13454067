"""What the reasons of a night say of all slots is what ``explain`` says of each: in nights that nobody chose."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ostinato.config import Config, QueueSettings
from ostinato.errors import NotPossible
from ostinato.model.changes import RunMoved
from ostinato.model.definitions import DeclaredDefinition
from ostinato.model.runs import ClaimedRun
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import FINAL_SLOT_STATUSES, RunStatus
from ostinato.operations.draining import drain
from ostinato.operations.explaining import explain
from ostinato.operations.night import Choice, Nights
from ostinato.operations.pausing import Pausable, pause
from ostinato.operations.people import Person
from ostinato.operations.waiting import LABELS
from ostinato.store import claims
from ostinato.store.claims import HeldMove
from ostinato.testing.factories import make_account, make_definition, make_maintenance, make_retry
from ostinato.testing.night import Night, open_night
from ostinato.world import World

ADA = Person("ada")
QUEUES = ("default", "slow")
ENDED = {SlotFace(status.value) for status in FINAL_SLOT_STATUSES}

Play = Callable[[Night, World, random.Random], None]


def declare(night: Night, chance: random.Random) -> None:
    """Declare accounts and definitions at random, which may stop their slots in every way that there is."""
    bounds = [("2026-01-10", "2026-01-20"), (None, "2026-01-09"), (None, None)]
    windows = [*[None] * 8, *(make_maintenance(*of) for of in bounds)]
    accounts = [
        make_account(
            token,
            active=chance.random() > 0.05,
            maintenance=chance.choice(windows),
            concurrency=chance.choice([None, None, 1]),
        )
        for token in ("acme", "bolt", "cord")
    ]
    names = ["load", "agg", "sum", "report", "mail"]
    night.declare(accounts=accounts, definitions=[make_one(name, names, chance) for name in names])


def make_one(name: str, names: list[str], chance: random.Random) -> DeclaredDefinition:
    """Make a definition at random that may read what those before it write, and what it writes itself."""
    before = names[: names.index(name)]
    return make_definition(
        name,
        matrix=chance.choice(["account", "account", "account", "none"]),
        start=chance.choice(["after_success", "after_success", "after_success", "at_start", "manual"]),
        delay=timedelta(hours=chance.choice([0, 0, 1, 18])),
        reads_from=tuple(other for other in [*before, name] if chance.random() < 0.3),
        writes_to=(name,),
        active=chance.random() > 0.05,
        concurrency=chance.choice([None, None, 1]),
        uses=chance.choice([{}, {"warehouse": 1}]),
        queue=chance.choice(["default", "default", "slow"]),
        retry=make_retry(chance.choice([1, 3, 3]), wait=timedelta(hours=chance.choice([1, 100]))),
        start_before=chance.choice([None, timedelta(hours=20)]),
    )


def end_some(night: Night, world: World, chance: random.Random) -> None:
    """Have the agent claim what it may, end some of it, and let go of some."""
    night.beat()
    for run in night.claim(queues=QUEUES, limit=chance.randrange(1, 9)):
        to = chance.choice(
            [*[RunStatus.SUCCESS] * 3, *[RunStatus.FAILED] * 2, RunStatus.PAUSED, RunStatus.SUSPENDED, None, None]
        )
        if to in (RunStatus.SUCCESS, RunStatus.FAILED):
            night.finish(run, to)
        elif to is not None:
            let_go(night, run, to)
    night.tick()


def let_go(night: Night, run: ClaimedRun, to: RunStatus) -> None:
    """Have the agent let go of a run that has not ended."""
    with night.store.write() as tx:
        held = [HeldMove(run.id, run.lease_token, RunMoved(to, "it rests"))]
        claims.move_held_runs(tx, held, actor="agent-1", now=night.now)


def stop_one(night: Night, world: World, chance: random.Random) -> None:
    """Pause a definition or an account, unless it is paused."""
    kind, name = chance.choice(
        [(Pausable.DEFINITION, "agg"), (Pausable.ACCOUNT, "bolt"), (Pausable.DEFINITION, "mail")]
    )
    with suppress(NotPossible):
        pause(world, kind, name, by=ADA)


def ask_to_drain(night: Night, world: World, chance: random.Random) -> None:
    """Perhaps ask the agent to take no more runs."""
    if chance.random() < 0.3:
        drain(world, night.agent().name, by=ADA)


def pass_time(night: Night, world: World, chance: random.Random) -> None:
    """Let hours go by; the agent may have lived through them or not."""
    night.advance(hours=chance.choice([0.01, 1, 13]))
    if chance.random() < 0.5:
        night.beat()
    night.tick()


PLAYS: list[Play] = [end_some, end_some, end_some, end_some, pass_time, pass_time, stop_one, ask_to_drain]


def play(night: Night, world: World, seed: int) -> None:
    """Have a night that nobody chose, and let the engine look at what has changed at last."""
    chance = random.Random(seed)
    declare(night, chance)
    night.agent(queues=QUEUES)
    night.tick()
    for _ in range(chance.randrange(2, 10)):
        chance.choice(PLAYS)(night, world, chance)
    if chance.random() < 0.7:
        night.beat()
    night.tick()
    night.tick()  # what failed for good in the first pass is heard of in the second


def explained(world: World, slot: str) -> str | None:
    """Return at which gate a slot waits, as ``explain`` says; ``None`` where it waits at none."""
    explanation = explain(world, slot)
    if explanation.status in ENDED:
        return None
    blocking = next((gate for gate in explanation.gates if not gate.satisfied), None)
    if blocking is not None:
        return f"{blocking.kind} {blocking.about}".rstrip()
    return {SlotFace.READY: "engine", SlotFace.WAITING: "claim"}.get(explanation.status or SlotFace.FUTURE)


def limit(night: Night, world: World) -> World:
    """Return the world with one place in a pool and in a queue."""
    queues = {"slow": QueueSettings(concurrency=1)}
    limited = replace(world, config=replace(world.config, pools={"warehouse": 1}, queues=queues))
    night.rules = limited.claim_rules
    return limited


@pytest.fixture
def limited(night: Night, world: World) -> World:
    """Lend such a world."""
    return limit(night, world)


@pytest.mark.parametrize("seed", range(8))
def test_reasons_say_of_all_slots_what_explain_says_of_each(night: Night, limited: World, seed: int) -> None:
    """Of what kind the gate is and what it is about; and each slot that is due and not done is counted once."""
    play(night, limited, seed)
    nights = Nights(limited, kept_seconds=0)
    summary = nights.find_summary()
    names = [str(name) for name in nights.list_names(None, Choice())]

    told = Counter[str]()
    for reason in summary.count_reasons():
        named = dict(reason.detail)
        told.update({f"{reason.gate} {what}": count for what, count in named.items()})
        if unnamed := reason.count - sum(named.values()):
            told[reason.gate] = unnamed

    assert told == Counter(gate for name in names if (gate := explained(limited, name)))
    assert summary.waiting == told.total()
    done = sum(count for face, count in summary.tallies.total.counts.items() if face in ENDED)
    assert done + summary.waiting + summary.under_way == len(names)


@pytest.mark.parametrize("seed", range(8, 10))
def test_each_slot_of_the_matrix_says_what_explain_says(night: Night, limited: World, seed: int) -> None:
    """Its status and its gate, slot by slot; and what is chosen by a gate are those that wait there."""
    play(night, limited, seed)
    nights = Nights(limited, kept_seconds=0)
    ids = [mark.slot_id for mark in nights.find_summary().marks]

    cells = {str(cell.name): cell for cell in nights.find_cells(ids)}

    assert len(cells) == len(ids)
    for name, cell in cells.items():
        explanation = explain(limited, name)
        gate = f"{cell.gate.kind} {cell.gate.about}".rstrip() if cell.gate else None
        assert (name, cell.face, gate) == (name, explanation.status, explained(limited, name))
    for kind in {cell.gate.kind for cell in cells.values() if cell.gate}:
        chosen = nights.list_names(None, Choice(gates=frozenset({kind})))
        assert {str(name) for name in chosen} == {
            name for name, cell in cells.items() if cell.gate and cell.gate.kind == kind
        }


def test_random_nights_know_many_gates(tmp_path: Path) -> None:
    """Otherwise the agreement above would say little. All of them have words."""
    seen: set[str] = set()
    for seed in range(10):
        seen |= _find_kinds(tmp_path, seed)

    assert seen <= set(LABELS)
    assert len(seen) >= 12, sorted(seen)


def _find_kinds(folder: Path, seed: int) -> set[str]:
    url = f"sqlite:///{folder / f'{seed}.db'}"
    with open_night(url) as night:
        world = limit(night, World(Config(folder=folder, database=url), night.store, night.clock))
        play(night, world, seed)
        return {mark.gate for mark in Nights(world).find_summary().marks} - {""}
