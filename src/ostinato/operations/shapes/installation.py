"""How everything stands: counts, sources, engine, agents, and what the doctor and its repairs found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from ostinato.model.engine import Pass, SourceState, StepOutcome
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.operations.shapes.declared import Limit, limit
from ostinato.operations.shapes.runs import Run, run
from ostinato.operations.shapes.values import Instant, Request, Seconds, described, instant, request

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations import doctor, machinery, repairing
    from ostinato.operations import draining as drains
    from ostinato.operations import status as standing


@described
class Source(TypedDict):
    """Where accounts or definitions are declared, and how it was last loaded."""

    source: str
    kind: str
    rows: int
    loaded_at: Instant
    succeeded_at: Instant | None
    error: str
    """Empty when all is well."""
    held_back: str
    """What it would remove if that were confirmed; empty when nothing is held back."""


class LastPass(TypedDict):
    """A pass of an engine over all its steps."""

    engine: str
    started_at: Instant
    seconds: Seconds


@described
class EngineStep(TypedDict):
    """What one step of the engine did when it was last made."""

    step: str
    examined: int
    changed: int
    blocked: int
    failed: int
    seconds: Seconds
    error: str
    """Empty when all is well."""
    more: bool
    """It stopped at the end of a batch, and has more to do at once."""


class EnginePass(LastPass):
    """A pass of an engine, with what each step did."""

    steps: list[EngineStep]


@described
class Engine(TypedDict):
    """The engines, as their passes show them."""

    leader: str | None
    late: bool
    """No engine is at work."""
    last_pass: LastPass | None
    steps: list[EngineStep]


@described
class Agent(TypedDict):
    """An agent as it stands."""

    agent: str
    status: AgentStatus
    alive: bool
    host: str
    pid: int
    queues: list[str]
    concurrency: int
    running: int
    """How much it carries out now."""
    version: str
    started_at: Instant
    heartbeat_at: Instant
    drain: Request | None


class BusyAgent(Agent):
    """An agent with the runs that it carries out."""

    runs: list[Run]


class Draining(Agent):
    """An agent that drains, or takes runs again, and whether it has nothing left."""

    drained: bool


@described
class EngineRoom(Engine):
    """The engines, and what they work with."""

    passes: list[EnginePass]
    """The last ones, newest first."""
    sources: list[Source]
    database: str
    """What it is, and its version."""
    database_bytes: int


class Trouble(TypedDict):
    """Something that is wrong, and what to do about it."""

    message: str
    hint: str


@described
class Status(TypedDict):
    """How everything stands."""

    accounts: int
    definitions: int
    slots: dict[SlotFace, int]
    """All that are open or have failed for good; of others, what ended since `since` or comes due within a day."""
    runs: dict[RunStatus, int]
    """All that are live, and those that ended since `since`."""
    sources: list[Source]
    engine: Engine
    agents: list[Agent]
    limits: list[Limit]
    """Pools and queues, and whatever else is waited for."""
    troubles: list[Trouble]
    """Empty when all is well."""
    since: Instant
    """A day before `at`."""
    at: Instant


@described
class Check(TypedDict):
    """What one check of the doctor found."""

    check: str
    health: str
    found: str
    means: str
    hint: str
    remedies: list[str]
    """What mends it, one thing that was found after the other."""


@described
class Repaired(TypedDict):
    """What a repair did, or would do."""

    repair: str
    does: str
    done: list[str]
    error: str
    """What kept it from more."""


def status(row: standing.Status) -> Status:
    """Return how everything stands."""
    return {
        "accounts": row.accounts,
        "definitions": row.definitions,
        "slots": dict(sorted(row.slots.items())),
        "runs": dict(sorted(row.runs.items())),
        "sources": [source(one) for one in row.sources],
        "engine": engine(row.engine),
        "agents": [agent(one) for one in row.agents],
        "limits": [limit(one) for one in row.limits],
        "troubles": [{"message": trouble.message, "hint": trouble.hint} for trouble in row.troubles],
        "since": instant(row.since),
        "at": instant(row.now),
    }


def source(row: SourceState) -> Source:
    """Return a source, and how it was last loaded."""
    return {
        "source": row.name,
        "kind": row.kind,
        "rows": row.rows,
        "loaded_at": instant(row.loaded_at),
        "succeeded_at": instant(row.succeeded_at),
        "error": row.error,
        "held_back": row.held_back,
    }


def engine(row: standing.EngineState) -> Engine:
    """Return how the engines stand."""
    return {
        "leader": row.leader,
        "late": row.late,
        "last_pass": last_pass(row.last_pass) if row.last_pass else None,
        "steps": [engine_step(outcome) for outcome in row.steps],
    }


def engine_room(row: machinery.EngineRoom) -> EngineRoom:
    """Return how the engines stand, and what they work with."""
    return {
        **engine(row.engine),
        "passes": [
            {**last_pass(one), "steps": [engine_step(outcome) for outcome in one.outcomes]} for one in row.passes
        ],
        "sources": [source(one) for one in row.sources],
        "database": row.database,
        "database_bytes": row.database_bytes,
    }


def last_pass(row: Pass) -> LastPass:
    """Return a pass of an engine."""
    return {"engine": row.engine, "started_at": instant(row.started_at), "seconds": row.seconds}


def engine_step(row: StepOutcome) -> EngineStep:
    """Return what a step of the engine did."""
    return {
        "step": row.step,
        "examined": row.examined,
        "changed": row.changed,
        "blocked": row.blocked,
        "failed": row.failed,
        "seconds": row.seconds,
        "error": row.error,
        "more": row.more,
    }


def agent(row: standing.AgentState | drains.Draining) -> Agent:
    """Return an agent as it stands."""
    it = row.agent
    return {
        "agent": it.name,
        "status": it.status,
        "alive": row.alive,
        "host": it.host,
        "pid": it.pid,
        "queues": list(it.queues),
        "concurrency": it.concurrency,
        "running": it.running,
        "version": it.version,
        "started_at": instant(it.started_at),
        "heartbeat_at": instant(it.heartbeat_at),
        "drain": request(it.drain_requested_at, it.drain_requested_by, it.drain_reason),
    }


def busy_agent(row: machinery.BusyAgent) -> BusyAgent:
    """Return an agent with the runs that it carries out."""
    return {**agent(row.state), "runs": [run(one) for one in row.runs]}


def draining(row: drains.Draining) -> Draining:
    """Return an agent that drains, or takes runs again, and whether it has nothing left."""
    return {**agent(row), "drained": row.is_over}


def check(row: doctor.Check) -> Check:
    """Return what one check of the doctor found."""
    return {
        "check": row.name,
        "health": row.health,
        "found": row.found,
        "means": row.means,
        "hint": row.hint,
        "remedies": list(row.remedies),
    }


def repaired(row: repairing.Repaired) -> Repaired:
    """Return what a repair did, or would do, and what kept it from more."""
    return {"repair": row.name, "does": row.does, "done": list(row.done), "error": row.error}
