"""Looking: accounts, definitions, slots and runs, and one run with all that is known of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from ostinato.executors.logs import log_path
from ostinato.model.accounts import Account
from ostinato.model.definitions import DeclaredDefinition, Definition, Dependency
from ostinato.model.limits import LimitUse
from ostinato.model.runs import Run, Transition
from ostinato.model.slots import Slot, SlotFace, SlotPlace
from ostinato.model.statuses import RunStatus
from ostinato.operations.names import get_account, get_agent, get_definition, get_run, get_slot
from ostinato.operations.reasons import AT_REST, find_gates, tell_reasons
from ostinato.policies.claim import judge_claim
from ostinato.policies.verdict import Verdict
from ostinato.store import accounts, definitions, runs, slot_lists, usage
from ostinato.store.claim_facts import get_claim_facts
from ostinato.store.database import Tx
from ostinato.store.moves import chunks
from ostinato.world import World


@dataclass(frozen=True, slots=True)
class ListedDefinition:
    """A definition, what it waits for, and the names of the definitions that wait for it."""

    definition: Definition
    upstream: tuple[Dependency, ...]
    downstream: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedSlot:
    """A slot and its status as faces show it."""

    slot: Slot
    status: SlotFace


@dataclass(frozen=True, slots=True)
class RunDetails:
    """One run: its history, what was declared when it ran, why it exists, and where its output is.

    ``declared`` is the definition in the run's version, ``current_version`` the version it has now. ``claim`` says
    what decides when an agent takes it, as long as it is waiting or scheduled.
    """

    run: Run
    history: tuple[Transition, ...]
    declared: DeclaredDefinition | None
    current_version: str
    why: str
    claim: Verdict | None
    log: Path


def list_accounts(world: World) -> list[Account]:
    """List all accounts by token."""
    with world.store.read() as tx:
        return accounts.list_accounts(tx)


def show_account(world: World, token: str) -> Account:
    """Return the account of that token; ``NotFound`` with the nearest one."""
    with world.store.read() as tx:
        return get_account(tx, token)


def list_definitions(world: World) -> list[ListedDefinition]:
    """List all definitions by name, with what each depends on and what depends on it."""
    with world.store.read() as tx:
        rows, edges = definitions.list_definitions(tx), definitions.list_dependencies(tx)
    return [_with_edges(row, edges) for row in rows]


def show_definition(world: World, name: str) -> ListedDefinition:
    """Return the definition of that name, as ``list_definitions`` does; ``NotFound`` with the nearest one."""
    with world.store.read() as tx:
        return _with_edges(get_definition(tx, name), definitions.list_dependencies(tx))


def list_limits(world: World) -> list[LimitUse]:
    """List all limits: how many places each has, how many are used, and how many runs wait that need one."""
    with world.store.read() as tx:
        return usage.list_limits(tx, world.claim_rules)


def list_slots(
    world: World,
    *,
    definition: str | None = None,
    account: str | None = None,
    statuses: Collection[SlotFace] = (),
    since: date | datetime | None = None,
    until: date | datetime | None = None,
    limit: int | None = None,
    newest_first: bool = True,
    after: SlotPlace | None = None,
) -> list[ListedSlot]:
    """List the slots that fit every filter given, newest first unless told otherwise, from the place ``after`` on.

    A date is one on the wall clock of each slot's own zone, and ``until`` a date includes that day. An instant bounds
    the start of the period; ``until`` an instant does not include it. ``NotFound`` for an unknown name.
    """
    now = world.clock.now()
    chosen = slot_lists.SlotFilter(
        definition=definition,
        account=account,
        faces=slot_lists.Faces(frozenset(statuses), now) if statuses else None,
        since=since if isinstance(since, datetime) else None,
        until=until if isinstance(until, datetime) else None,
        first_day=None if isinstance(since, datetime) else since,
        last_day=None if isinstance(until, datetime) else until,
    )
    with world.store.read() as tx:
        _check_names(tx, definition, account)
        listed = slot_lists.list_slots(tx, chosen, limit=limit, newest_first=newest_first, after=after)
        found = _tell_reasons(tx, listed)
    return [ListedSlot(slot, slot.face(now)) for slot in found]


def list_runs(
    world: World,
    *,
    definition: str | None = None,
    account: str | None = None,
    slot: str | None = None,
    statuses: Collection[RunStatus] = (),
    agent: str | None = None,
    parent: int | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[Run]:
    """List the runs that fit every filter given, newest first; ``slot`` is a name. ``NotFound`` for an unknown one.

    ``parent`` is a run: those that it has started. ``before`` is a run: older ones are listed. The ``reason`` of one
    that is at rest is why it does not go on.
    """
    now = world.clock.now()
    with world.store.read() as tx:
        _check_names(tx, definition, account)
        slot_id = None if slot is None else get_slot(tx, world, slot, now=now).id
        if agent is not None:
            get_agent(tx, agent)
        if parent is not None:
            get_run(tx, parent)
        found = runs.list_runs(
            tx,
            statuses=statuses,
            definition=definition,
            account=account,
            slot_id=slot_id,
            agent=agent,
            parent_run_id=parent,
            before=before,
            limit=limit,
        )
        return tell_reasons(tx, found)


def show_run(world: World, run_id: int) -> RunDetails:
    """Return all that is known of one run; ``NotFound`` when there is none of that number."""
    now = world.clock.now()
    with world.store.read() as tx:
        run = get_run(tx, run_id)
        history = tuple(runs.list_transitions(tx, run_id))
        waits = run.status in (RunStatus.WAITING, RunStatus.SCHEDULED)
        return RunDetails(
            run=run,
            history=history,
            declared=definitions.find_version(tx, run.definition, run.version) if run.definition else None,
            current_version=get_definition(tx, run.definition).version if run.definition else run.version,
            why=history[0].cause,
            claim=_judge_claim(tx, world, run, now) if waits else None,
            log=find_log(world, run_id),
        )


def _judge_claim(tx: Tx, world: World, run: Run, now: datetime) -> Verdict:
    timeout = world.engine_settings.heartbeat_timeout
    return judge_claim(get_claim_facts(tx, run, heartbeat_timeout=timeout, rules=world.claim_rules), now)


def find_log(world: World, run_id: int) -> Path:
    """Return where an agent of this project keeps a run's output; the file exists once the run has begun."""
    return log_path(world.config.logs_folder, run_id)


def _with_edges(row: Definition, edges: Sequence[Dependency]) -> ListedDefinition:
    return ListedDefinition(
        definition=row,
        upstream=tuple(edge for edge in edges if edge.definition == row.name),
        downstream=tuple(edge.definition for edge in edges if edge.upstream == row.name),
    )


def _tell_reasons(tx: Tx, found: list[Slot]) -> list[Slot]:
    """Return the slots with the reason why their run does not go on, where it is at rest and one is known."""
    resting = [slot.run_id for slot in found if slot.run_id is not None and slot.run_status in AT_REST]
    live = [run for part in chunks(resting) for run in runs.list_runs(tx, run_ids=part)]
    gates = find_gates(tx, live)
    return [replace(slot, reason=gates[slot.run_id][0].reason) if slot.run_id in gates else slot for slot in found]


def _check_names(tx: Tx, definition: str | None, account: str | None) -> None:
    if definition is not None:
        get_definition(tx, definition)
    if account is not None:
        get_account(tx, account)
