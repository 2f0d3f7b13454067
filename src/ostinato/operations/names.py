"""From what a person writes to the row that is meant; where there is none, the error names the nearest right spelling.

Owns how accounts, definitions, slots, runs, steps and agents are named by people.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches

from ostinato.calendar.labels import parse_label
from ostinato.errors import NotFound, NotPossible
from ostinato.model.accounts import Account
from ostinato.model.agents import Agent
from ostinato.model.definitions import Definition, Matrix
from ostinato.model.runs import Run
from ostinato.model.slots import Slot, SlotName
from ostinato.model.steps import StepRow
from ostinato.operations.absence import Wanted, explain_absence
from ostinato.store import accounts, agents, definitions, plans, runs, slots
from ostinato.store.database import Tx
from ostinato.store.lanes import find_lane
from ostinato.world import World

SHOWN = 5
"""How many names a hint lists at most."""


def find_slot_by_name(world: World, text: str) -> Slot:
    """Return the slot that ``text`` names.

    The name is ``definition/account/start``, or ``definition/start`` where there are no accounts. The start is a date,
    a time on the wall clock of the slot, or an instant with an offset or Z. ``NotFound`` says why there is no such
    slot, and what comes nearest.
    """
    now = world.clock.now()
    with world.store.read() as tx:
        return get_slot(tx, world, text, now=now)


def get_slot(tx: Tx, world: World, text: str, *, now: datetime) -> Slot:
    """Return the slot that ``text`` names, as ``find_slot_by_name`` does."""
    name = parse_slot(text)
    definition = get_definition(tx, name.definition)
    if exactly := slots.find_slot(tx, name):
        return exactly
    account = _get_account_of(tx, definition, name)
    lane = find_lane(tx, definition.id, account.id if account else None)
    declared_zone = definition.declared.time_zone or (account.declared.time_zone if account else "UTC")
    starts_at = _parse_start(name.label, lane.time_zone if lane else declared_zone)
    found = slots.find_slot_starting(tx, definition.name, name.account, starts_at)
    if found is not None:
        return found
    raise explain_absence(tx, Wanted(definition, account, lane, starts_at), world.engine_settings, now)


def get_slot_of(tx: Tx, world: World, target: str, *, now: datetime) -> Slot:
    """Return the slot that ``target`` names, or whose latest run it is by its number.

    ``NotPossible`` for a run that is not its slot's latest, or that has none.
    """
    run_id = parse_run(target)
    if run_id is None:
        return get_slot(tx, world, target, now=now)
    run = get_run(tx, run_id)
    if run.slot_id is None:
        raise NotPossible(f"run {run.id} is a one-off: it has no slot", hint=f"run it once more: {_repeat(run)}")
    (slot,) = slots.list_slots_of(tx, [run.slot_id])
    if slot.run_id != run.id:
        raise NotPossible(
            f"run {run.id} is not the latest of {slot.name}: that is run {slot.run_id}",
            hint=f"name the slot if you mean that: {slot.name}",
        )
    return slot


def parse_slot(text: str) -> SlotName:
    """Read the name of a slot, or raise ``NotFound`` for what is none."""
    try:
        return SlotName.parse(text)
    except ValueError as error:
        raise NotFound(str(error), hint="list the slots: ostinato slots") from None


def parse_run(target: str) -> int | None:
    """Return the number of the run that ``target`` names; ``None`` where it names a slot."""
    return int(target) if target.isascii() and target.isdigit() else None


def get_run(tx: Tx, run_id: int) -> Run:
    """Return the run of that number, or raise ``NotFound``."""
    run = runs.find_run(tx, run_id)
    if run is None:
        raise NotFound(f"there is no run {run_id}", hint="list the runs: ostinato runs")
    return run


def get_run_of(tx: Tx, world: World, target: str, *, now: datetime) -> Run:
    """Return the run that ``target`` means: by its number, or as the present run of the slot that it names."""
    run_id = parse_run(target)
    if run_id is None:
        slot = get_slot(tx, world, target, now=now)
        if slot.run_id is None:
            raise NotPossible(f"{slot.name} has not run yet", hint=f"why: ostinato explain {slot.name}")
        run_id = slot.run_id
    return get_run(tx, run_id)


def get_step(tx: Tx, run: Run, which: str) -> StepRow:
    """Return the step of ``run`` that ``which`` means, by its number or its name; ``NotFound`` with the nearest."""
    if which.isascii() and which.isdigit() and (numbered := plans.find_step(tx, run.id, int(which))):
        return numbered
    step = plans.find_step(tx, run.id, which)
    if step is not None:
        return step
    raise unknown_step(run, which, [row.step.name for row in plans.list_steps(tx, run.id)])


def unknown_step(run: Run, which: str, known: Sequence[str]) -> NotFound:
    """Return the error for a step that is not among those ``known`` of a run."""
    if not known:
        hint = f"an agent plans it when it takes it: ostinato show {run.id}"
        return NotFound(f"{name_run(run)} has no steps yet: it is {run.status}", hint=hint)
    return _unknown("step", which, known)


def name_run(run: Run) -> str:
    """Write which run is meant, as messages and the audit log do."""
    return f"run {run.id}" + (f" of {run.slot}" if run.slot else "")


def get_definition(tx: Tx, name: str) -> Definition:
    """Return the definition of that name, or raise ``NotFound`` with the nearest one."""
    definition = definitions.find_definition(tx, name)
    if definition is None:
        raise _unknown("definition", name, [row.name for row in definitions.list_definitions(tx)])
    return definition


def get_account(tx: Tx, token: str) -> Account:
    """Return the account of that token, or raise ``NotFound`` with the nearest one."""
    account = accounts.find_account(tx, token)
    if account is None:
        raise _unknown("account", token, [row.token for row in accounts.list_accounts(tx)])
    return account


def get_agent(tx: Tx, name: str) -> Agent:
    """Return the agent of that name, or raise ``NotFound`` with the nearest one."""
    agent = agents.find_agent(tx, name)
    if agent is None:
        known = [row.name for row in agents.list_agents(tx)]
        raise _unknown("agent", name, known, otherwise="start one: ostinato agent --forever, or ostinato up")
    return agent


def _get_account_of(tx: Tx, definition: Definition, name: SlotName) -> Account | None:
    if definition.declared.matrix is Matrix.NONE:
        if name.account is None:
            return None
        raise NotFound(
            f"{definition.name} runs without account, so there is no {name}",
            hint=f"write {definition.name}/{name.label}",
        )
    if name.account is not None:
        return get_account(tx, name.account)
    if accounts.find_account(tx, name.label):
        raise NotFound(
            f"{definition.name}/{name.label} names no start",
            hint=f"add one: {definition.name}/{name.label}/2026-01-31",
        )
    known = _list_some([row.token for row in accounts.list_accounts(tx)])
    raise NotFound(
        f"{definition.name} runs for each account, and {definition.name}/{name.label} names none",
        hint=f"write {definition.name}/ACCOUNT/{name.label}, with one of: {known}",
    )


def _repeat(run: Run) -> str:
    """Return the command that makes another one-off like ``run``."""
    words = ["ostinato", "trigger", run.work]
    if run.definition is None:
        return shlex.join([*words, "--input", "{…}"])
    words += ["--account", run.account] if run.account else []
    for name, value in run.parameters.items():
        words += [f"--{name}", value] if name in ("start", "end") else ["--param", f"{name}={value}"]
    return shlex.join(words)


def _parse_start(label: str, zone: str) -> datetime:
    try:
        return parse_label(label, zone)
    except ValueError as error:
        raise NotFound(str(error), hint=f"the times are those of {zone}, unless Z or an offset is given") from None


def _unknown(
    kind: str, name: str, known: Sequence[str], *, otherwise: str = "make them what is declared: ostinato apply"
) -> NotFound:
    spellings = {spelling.casefold(): spelling for spelling in known}
    nearest = get_close_matches(name.casefold(), spellings, n=1)
    if nearest:
        hint = f"did you mean {spellings[nearest[0]]}?"
    elif known:
        hint = f"there are: {_list_some(known)}"
    else:
        hint = f"there are no {kind}s yet; {otherwise}"
    return NotFound(f"there is no {kind} {name}", hint=hint)


def _list_some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
