"""What is declared: accounts, definitions, limits, what is wrong with them, and what is to follow them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from ostinato import errors
from ostinato.model import accounts, engine, limits
from ostinato.model.definitions import Matrix, RetryFrom, RetryKind, StartKind
from ostinato.model.limits import LimitKind
from ostinato.operations.shapes.values import Day, Instant, Request, Seconds, day, described, instant, request, seconds

if TYPE_CHECKING:  # who shows one answer need not load what makes all the others
    from ostinato.operations import declaring, listing
    from ostinato.operations import pausing as pauses

Maintenance = TypedDict("Maintenance", {"from": Instant | None, "until": Instant | None})
Maintenance.__doc__ = "A time in which nothing of an account starts; null is open."


@described
class Account(TypedDict):
    """An account as it stands now."""

    account: str
    time_zone: str
    starts_on: Day | None
    active: bool
    maintenance: Maintenance | None
    in_maintenance: bool
    labels: dict[str, str]
    weight: float
    """Its share of what accounts compete for."""
    concurrency: int | None
    source: str
    paused: Request | None


class StartRule(TypedDict):
    """When slots may start, and how long after that."""

    policy: StartKind
    delay: Seconds


class RetryRule(TypedDict):
    """How often a slot is tried that fails, or whose work is lost."""

    policy: RetryKind
    attempts: int
    lost_attempts: int


@described
class Upstream(TypedDict):
    """A definition that another waits for."""

    definition: str
    through: list[str]
    """What that one writes and this one reads."""


@described
class Definition(TypedDict):
    """A definition with what it waits for and what waits for it."""

    definition: str
    description: str
    command: list[str]
    action: str | None
    steps: list[str]
    retry_from: RetryFrom
    frequency: str
    matrix: Matrix
    time_zone: str | None
    starts_on: Day | None
    ends_on: Day | None
    start: StartRule
    retry: RetryRule
    reads_from: list[str]
    writes_to: list[str]
    upstream: list[Upstream]
    downstream: list[str]
    queue: str
    priority: int
    concurrency: int | None
    uses: dict[str, int]
    """How many places of which pools a run of it uses."""
    start_before: Seconds | None
    time_limit: Seconds | None
    active: bool
    version: str
    source: str
    paused: Request | None


@described
class AccountWait(TypedDict):
    """For how many runs of an account something is waited for."""

    account: str
    waiting: int


@described
class Limit(TypedDict):
    """A limit and how much of it is used."""

    kind: LimitKind
    name: str
    limit: int
    used: int
    waiting: int
    """How many runs wait that need a place."""
    waiting_accounts: list[AccountWait]
    """The accounts for which most of them wait."""


class Changes(TypedDict):
    """Names of what is, or would be, added, changed and removed."""

    add: list[str]
    change: list[str]
    remove: list[str]


class SlotChanges(TypedDict):
    """How many slots are, or would be, added and removed."""

    add: int
    remove: int


class RunChanges(TypedDict):
    """How many runs are, or would be, removed."""

    remove: int


class Diff(TypedDict):
    """What differs from the declarations, or was changed to follow them."""

    accounts: Changes
    definitions: Changes
    dependencies: Changes
    slots: SlotChanges
    held_back: list[str]
    runs: RunChanges
    errors: list[str]


class Problem(TypedDict):
    """One thing that is wrong in what was given: where it stands, what it is, and what would be right."""

    message: str
    file: str
    line: int | None
    key: str
    hint: str


class Validation(TypedDict):
    """What is wrong with the declarations."""

    ok: bool
    errors: list[Problem]


class Pausing(TypedDict):
    """What was paused or resumed."""

    kind: str
    name: str
    paused: bool


def account(row: accounts.Account, now: datetime) -> Account:
    """Return an account as it stands at ``now``."""
    declared, window = row.declared, row.declared.maintenance
    return {
        "account": row.token,
        "time_zone": declared.time_zone,
        "starts_on": day(declared.starts_on),
        "active": declared.active,
        "maintenance": {"from": instant(window.starts_at), "until": instant(window.ends_at)} if window else None,
        "in_maintenance": window is not None and window.covers(now),
        "labels": dict(declared.labels),
        "weight": declared.weight,
        "concurrency": declared.concurrency,
        "source": row.source,
        "paused": request(row.paused_at, row.paused_by, row.pause_reason),
    }


def definition(row: listing.ListedDefinition) -> Definition:
    """Return a definition with what it waits for and what waits for it."""
    it, declared = row.definition, row.definition.declared
    return {
        "definition": it.name,
        "description": declared.description,
        "command": list(declared.command),
        "action": declared.action,
        "steps": [step.name for step in declared.steps],
        "retry_from": declared.retry_from,
        "frequency": declared.frequency,
        "matrix": declared.matrix,
        "time_zone": declared.time_zone,
        "starts_on": day(declared.starts_on),
        "ends_on": day(declared.ends_on),
        "start": {"policy": declared.start.kind, "delay": seconds(declared.start.delay)},
        "retry": {
            "policy": declared.retry.kind,
            "attempts": declared.retry.attempts,
            "lost_attempts": declared.retry.lost_attempts,
        },
        "reads_from": list(declared.reads_from),
        "writes_to": list(declared.writes_to),
        "upstream": [{"definition": edge.upstream, "through": list(edge.through)} for edge in row.upstream],
        "downstream": list(row.downstream),
        "queue": declared.queue,
        "priority": declared.priority,
        "concurrency": declared.concurrency,
        "uses": dict(declared.uses),
        "start_before": seconds(declared.start_before),
        "time_limit": seconds(declared.time_limit),
        "active": declared.active,
        "version": it.version,
        "source": it.source,
        "paused": request(it.paused_at, it.paused_by, it.pause_reason),
    }


def limit(row: limits.LimitUse) -> Limit:
    """Return a limit and how much of it is used."""
    return {
        "kind": row.kind,
        "name": row.name,
        "limit": row.limit,
        "used": row.used,
        "waiting": row.waiting,
        "waiting_accounts": [{"account": account, "waiting": runs} for account, runs in row.waiting_accounts],
    }


def diff(row: declaring.Diff) -> Diff:
    """Return what differs from the declarations, or was changed to follow them."""
    return {
        "accounts": _changes(row.accounts),
        "definitions": _changes(row.definitions),
        "dependencies": _changes(row.dependencies),
        "slots": {"add": row.slots_added, "remove": row.slots_removed},
        "held_back": list(row.held_back),
        "runs": {"remove": row.runs_removed},
        "errors": list(row.errors),
    }


def validation(problems: Sequence[errors.Problem]) -> Validation:
    """Return what is wrong with the declarations."""
    return {"ok": not problems, "errors": [problem(one) for one in problems]}


def problem(row: errors.Problem) -> Problem:
    """Return one thing that is wrong in what was given."""
    return {"message": row.message, "file": row.file, "line": row.line, "key": row.key, "hint": row.hint}


def pausing(row: pauses.Pausing) -> Pausing:
    """Return what was paused or resumed."""
    return {"kind": row.kind, "name": row.name, "paused": row.paused}


def _changes(row: engine.Changes) -> Changes:
    return {"add": list(row.add), "change": list(row.change), "remove": list(row.remove)}
