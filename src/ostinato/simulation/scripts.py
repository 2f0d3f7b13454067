"""Scripts: what there is in a simulated world, what is declared in it, and what happens to it; all from one seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import (
    DeclaredDefinition,
    DeclaredStep,
    Matrix,
    RetryFrom,
    RetryKind,
    RetryRule,
    StartKind,
    StartRule,
)
from ostinato.simulation.chance import Chance
from ostinato.simulation.database import Point
from ostinato.simulation.flows import FLOWS, PROGRAM
from ostinato.simulation.incidents import (
    ACTS_OF_PEOPLE,
    HARMS_MACHINES,
    HARMS_PROCESSES,
    PERSON_NAME,
    POINTED,
    TOUCHES_SOURCES,
    Incident,
    Kind,
)

BEGINS_AT = datetime(2026, 1, 10, 11, 58, tzinfo=UTC)
"""Shortly before a period of every frequency ends."""

TURNS = 100
"""How many turns are taken while there may be incidents."""

FIRST_TURN = 6
"""When incidents begin: first there has to be something that can go wrong."""

FIRST_DAY = date(2026, 1, 10)
ZONES = ("UTC", "Europe/London", "America/New_York", "Asia/Kolkata")
FREQUENCIES = ("every 12h", "every 12h", "every 6h")
PLANS = ("errand", "inquiry", "night", "household", "lodger", "treasury", "shell")
HARMS = (1, 1, 2, 4)
"""How many times as much goes wrong in a night as in a calm one."""
LONGEST_FREEZE_SECONDS = 250
LONGEST_OUTAGE_SECONDS = 120
LARGEST_CLOCK_ERROR_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Script:
    """All that a simulation is made of. ``agents`` names each with its machine, ``engines`` likewise.

    The first halves of ``accounts`` and of ``definitions`` are declared by one source, the others by another.
    """

    seed: int
    machines: tuple[str, ...]
    agents: tuple[tuple[str, str], ...]
    engines: tuple[tuple[str, str], ...]
    accounts: tuple[DeclaredAccount, ...]
    definitions: tuple[DeclaredDefinition, ...]
    incidents: tuple[Incident, ...]
    turns: int = TURNS

    @property
    def size(self) -> int:
        """Return how much there is in it: what is smaller is easier to follow."""
        return sum(map(len, (self.incidents, self.accounts, self.definitions, self.agents, self.engines)))


def make_script(seed: int, *, turns: int = TURNS) -> Script:
    """Make the script of a seed."""
    chance = Chance(seed)
    machines = tuple(f"machine-{number}" for number in range(1, chance.between(1, 2, "machines") + 1))
    agents = tuple(
        (f"agent-{number}", chance.choose(machines, "agent", number))
        for number in range(1, chance.between(1, 3, "agents") + 1)
    )
    engines = tuple(
        (f"engine-{number}", chance.choose(machines, "engine", number))
        for number in range(1, chance.between(1, 2, "engines") + 1)
    )
    script = Script(
        seed,
        machines,
        agents,
        engines,
        accounts=tuple(_make_accounts(chance)),
        definitions=tuple(_make_definitions(chance)),
        incidents=(),
        turns=turns,
    )
    incidents = sorted(_make_incidents(chance, script), key=lambda incident: incident.turn)
    return replace(script, incidents=tuple(incidents))


# --- declarations ----------------------------------------------------------------------------------------------------


def _make_accounts(chance: Chance) -> Iterator[DeclaredAccount]:
    for number in range(chance.choose((1, 2, 2, 3), "accounts")):
        yield DeclaredAccount(
            f"account-{number}",
            chance.choose(ZONES, "zone", number),
            active=not chance.happens(0.1, "inactive", number),
            weight=chance.choose((1.0, 2.0), "weight", number),
            concurrency=chance.choose((None, None, 1), "account limit", number),
        )


def _make_definitions(chance: Chance) -> Iterator[DeclaredDefinition]:
    made = [_make_definition(chance, number) for number in range(chance.choose((1, 2, 2, 3), "definitions"))]
    for number, definition in enumerate(made):
        reads = [f"data-{before}" for before in range(number) if chance.happens(0.5, "reads", number, before)]
        if chance.happens(0.2, "reads itself", number):
            reads.append(f"data-{number}")
        yield replace(definition, reads_from=tuple(reads), writes_to=(f"data-{number}",))


def _make_definition(chance: Chance, number: int) -> DeclaredDefinition:
    work = chance.choose((_give_command, _give_steps, _give_plan), "work", number)
    kind = chance.choose((*[StartKind.AFTER_SUCCESS] * 3, StartKind.AFTER_COMPLETION, StartKind.AT_START), "s", number)
    definition = DeclaredDefinition(
        f"definition-{number}",
        frequency=chance.choose(FREQUENCIES, "frequency", number),
        matrix=chance.choose((Matrix.ACCOUNT, Matrix.NONE), "matrix", number),
        starts_on=FIRST_DAY,
        ends_on=FIRST_DAY,
        start=StartRule(kind, timedelta(seconds=chance.choose((0, 0, 60), "delay", number))),
        retry=_make_retry(chance, number),
        retry_from=chance.choose((RetryFrom.START, RetryFrom.FAILED_STEP), "from", number),
        priority=chance.between(0, 2, "priority", number),
        concurrency=chance.choose((None, None, 1), "limit", number),
        time_limit=chance.choose((None, None, timedelta(minutes=20)), "limit", number),
    )
    return work(definition, chance, number)


def _make_retry(chance: Chance, number: int) -> RetryRule:
    if chance.happens(0.2, "no retry", number):
        return RetryRule()
    return RetryRule(RetryKind.FIXED, attempts=3, base=timedelta(seconds=chance.choose((0, 20, 60), "base", number)))


def _count_failures(chance: Chance, number: int) -> int:
    return chance.choose((0, 0, 1, 2, 3), "fails", number)


def _give_command(definition: DeclaredDefinition, chance: Chance, number: int) -> DeclaredDefinition:
    return replace(definition, command=(PROGRAM, str(_count_failures(chance, number))))


def _give_steps(definition: DeclaredDefinition, chance: Chance, number: int) -> DeclaredDefinition:
    fails = _count_failures(chance, number)
    return replace(
        definition,
        steps=(
            DeclaredStep("first", (PROGRAM, "0"), idempotent=chance.happens(0.5, "idempotent", number)),
            DeclaredStep("second", action=f"{FLOWS}:refresh", inputs={"part": 2, "fails": fails}, needs=("first",)),
            DeclaredStep("third", (PROGRAM, str(fails)), after=("second",)),
        ),
    )


def _give_plan(definition: DeclaredDefinition, chance: Chance, number: int) -> DeclaredDefinition:
    name = chance.choose(PLANS[:-1], "plan", number)
    inputs = {"fails": _count_failures(chance, number)} if name in ("errand", "household") else {}
    return replace(definition, action=f"{FLOWS}:{name}", inputs=inputs)


# --- incidents -------------------------------------------------------------------------------------------------------


def _make_incidents(chance: Chance, script: Script) -> Iterator[Incident]:
    for number in range(chance.between(1, 2, "triggers")):
        plan = chance.choose(PLANS, "triggered", number)
        yield Incident(chance.between(1, script.turns // 4, "trigger turn", number), Kind.TRIGGER, plan, number)
    harm = chance.choose(HARMS, "harm")
    for turn in range(FIRST_TURN, script.turns):
        if chance.happens(0.2 * harm, "process", turn):
            yield _harm_process(chance, script, turn)
        if chance.happens(0.015 * harm, "machine", turn):
            yield _harm_machine(chance, script, turn)
        if chance.happens(0.006 * harm, "outage", turn):
            yield Incident(turn, Kind.OUTAGE, amount=chance.between(5, LONGEST_OUTAGE_SECONDS, "outage seconds", turn))
        if chance.happens(0.04, "source", turn):
            yield _touch_source(chance, script, turn)
        if chance.happens(0.12, "person", turn):
            kind = chance.choose(ACTS_OF_PEOPLE, "act", turn)
            plan = chance.choose(PLANS, "act plan", turn) if kind is Kind.TRIGGER else ""
            yield Incident(turn, kind, plan, chance.between(0, 99, "which", turn))


def _harm_process(chance: Chance, script: Script, turn: int) -> Incident:
    kind = chance.choose(HARMS_PROCESSES, "harm", turn)
    agents, engines = ([name for name, _ in kind] for kind in (script.agents, script.engines))
    people = [PERSON_NAME] if kind in POINTED else []
    target = chance.choose([*agents, *agents, *agents, *engines, *engines, *people], "harmed", turn)
    seconds = chance.between(1, LONGEST_FREEZE_SECONDS, "for", turn)
    if kind not in POINTED:
        return Incident(turn, kind, target, seconds)
    points = {
        Kind.CRASH: (Point.BEGIN, Point.BEFORE_COMMIT, Point.AFTER_COMMIT),
        Kind.FREEZE: (Point.BEGIN, Point.AFTER_COMMIT),
        Kind.LOSE_ANSWER: (Point.BEFORE_COMMIT, Point.AFTER_COMMIT),
    }[kind]
    point = chance.choose(points, "point", turn)
    return Incident(turn, kind, target, seconds, point, chance.between(1, 3, "nth", turn))


def _harm_machine(chance: Chance, script: Script, turn: int) -> Incident:
    kind = chance.choose(HARMS_MACHINES, "harm machine", turn)
    least = -LARGEST_CLOCK_ERROR_SECONDS if kind is Kind.SET_CLOCK else 1
    most = LARGEST_CLOCK_ERROR_SECONDS if kind is Kind.SET_CLOCK else LONGEST_OUTAGE_SECONDS
    amount = chance.between(least, most, "amount", turn)
    return Incident(turn, kind, chance.choose(script.machines, "harmed machine", turn), amount)


def _touch_source(chance: Chance, script: Script, turn: int) -> Incident:
    kind = chance.choose(TOUCHES_SOURCES, "touch", turn)
    return Incident(turn, kind, amount=chance.between(0, 99, "touched", turn))
