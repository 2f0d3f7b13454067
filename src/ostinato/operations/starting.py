"""Starting by hand: trigger what has not run, retry what failed, run again what has ended.

What decides a race is the lock on the slot's row, and behind it the constraint that a slot has one live run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ostinato.errors import NotPossible
from ostinato.model.definitions import Definition
from ostinato.model.runs import NewRun, Run, RunOrigin
from ostinato.model.slots import Rerun, Slot, SlotFace, SlotName
from ostinato.model.statuses import FINAL_SLOT_STATUSES, RunStatus, SlotStatus
from ostinato.operations import command_lines
from ostinato.operations.command_lines import CommandLine
from ostinato.operations.halting import refuse_halted
from ostinato.operations.names import get_definition, get_run, get_slot, get_slot_of
from ostinato.operations.once import Order, describe_once
from ostinato.operations.people import Person, note_change
from ostinato.policies.claim import judge_claim
from ostinato.policies.verdict import Verdict
from ostinato.store import reruns, runs, slots
from ostinato.store.claim_facts import get_claim_facts
from ostinato.store.database import Tx
from ostinato.world import World

DEFINITIONS_NAMED = 5

_RETRIED = frozenset({SlotStatus.FAILED, SlotStatus.CANCELLED, SlotStatus.RETRYING})


@dataclass(frozen=True, slots=True)
class Started:
    """A run that somebody asked for, which waits for an agent now. ``claim`` says whether one can take it at once.

    ``downstream`` are the slots that run again after it.
    """

    run: Run
    claim: Verdict
    downstream: tuple[SlotName, ...] = ()


@dataclass(frozen=True, slots=True)
class _Request:
    """Who asks for what, why and when. ``word`` is what the history says was done: ``triggered``, say.

    ``line`` is how the command line asks for the same.
    """

    by: Person
    action: str
    line: CommandLine
    word: str
    origin: RunOrigin
    reason: str
    now: datetime

    @property
    def cause(self) -> str:
        """Return what the history of the run says of it."""
        return f"{self.word} by {self.by.name}" + (f": {self.reason}" if self.reason else "")


def trigger_slot(world: World, name: str, *, by: Person, reason: str = "") -> Started:
    """Start a slot that has not run yet, whatever it waits for: its period, its upstream slots, a person.

    Who else is paused or in maintenance still is: the run waits for that, and ``Started.claim`` says so.
    ``NotPossible`` for a slot that has a run, or has had one, with the verb for that.
    """
    line = command_lines.simple("trigger", name)
    request = _Request(by, "trigger", line, "triggered", RunOrigin.TRIGGER, reason, world.clock.now())
    with world.store.write() as tx:
        slot = lock(tx, get_slot(tx, world, name, now=request.now))
        if slot.status is not SlotStatus.PENDING:
            raise refuse(slot, request.now)
        return _start(tx, world, slot, request, series=slot.series)


def trigger_once(
    world: World,
    definition: str,
    *,
    by: Person,
    reason: str = "",
    account: str | None = None,
    parameters: Mapping[str, str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Started:
    """Run a definition once, beside its slots, for ``account`` where it runs for accounts.

    ``start`` and ``end`` are what the placeholders of that name stand for: a date, a time on the definition's wall
    clock, or an instant. ``parameters`` reach the command as ``OSTINATO_PARAMETER_…`` variables of its environment. A
    one-off has no retries: nobody waits for it but who asked. ``NotPossible`` when the command needs what is not given.
    """
    line = command_lines.trigger_once(definition, account=account, start=start, end=end, parameters=parameters)
    request = _Request(by, "trigger", line, "triggered", RunOrigin.TRIGGER, reason, world.clock.now())
    with world.store.write() as tx:
        chosen = get_definition(tx, definition)
        once = describe_once(tx, chosen, Order(account, parameters or {}, start, end))
        new = NewRun(
            definition_id=chosen.id,
            account_id=once.account_id,
            slot_id=None,
            version=chosen.version,
            series=1,
            attempt=1,
            origin=request.origin,
            queue=chosen.declared.queue,
            priority=chosen.declared.priority,
            due_at=request.now,
            start_before=_start_before(chosen, request.now),
            requested_by=by.name,
            request_reason=reason,
            parameters=once.parameters,
            cause=request.cause,
        )
        run_id = _create(tx, new, request)
        _note(tx, request, f"definition {chosen.name}")
        return tell_started(tx, world, run_id, request.now)


def retry(world: World, target: str, *, by: Person, reason: str = "") -> Started:
    """Give a slot that failed or was cancelled a new series of attempts; one that waits for its next starts it now.

    ``target`` is the slot's name or the number of its latest run. ``NotPossible`` for any other slot.
    """
    line = command_lines.simple("retry", target)
    request = _Request(by, "retry", line, "retried", RunOrigin.RETRY, reason, world.clock.now())
    with world.store.write() as tx:
        slot = get_slot_of(tx, world, target, now=request.now)
        if slot.run_status is RunStatus.SCHEDULED and slot.run_id is not None and _hasten(tx, slot.run_id, request):
            _note(tx, request, str(slot.name))
            return tell_started(tx, world, slot.run_id, request.now)
        slot = lock(tx, slot)
        if slot.status not in _RETRIED:
            raise refuse(slot, request.now)
        return _start(tx, world, slot, request, series=slot.series + 1)


def rerun(world: World, target: str, *, by: Person, reason: str = "", downstream: bool = False) -> Started:
    """Run a slot again that has ended, however it ended, in a new series of attempts.

    ``target`` is the slot's name or the number of its latest run. What depends on it and has not run yet waits for it.
    With ``downstream``, what was made from it runs again after it, and what was made from that, each as its start
    policy says; what was cancelled stays so. Without, nothing else runs again. ``NotPossible`` for a slot that has not
    ended, and where something downstream is under way, which uses what the slot made before.
    """
    line = command_lines.rerun(target, downstream=downstream)
    request = _Request(by, "rerun", line, "run again", RunOrigin.RERUN, reason, world.clock.now())
    with world.store.write() as tx:
        slot = get_slot_of(tx, world, target, now=request.now)
        later = reruns.lock_downstream(tx, slot.id) if downstream else []
        slot = lock(tx, slot)
        if slot.status not in FINAL_SLOT_STATUSES:
            raise refuse(slot, request.now)
        _refuse_under_way(slot, later)
        started = _start(tx, world, slot, request, series=slot.series + 1)
        after = Rerun(by.name, reason, f"{request.cause}, after {slot.name}", request.now)
        reruns.reopen_slots(tx, [one.id for one in later], after)
        return replace(started, downstream=tuple(one.name for one in later))


def _refuse_under_way(slot: Slot, downstream: Sequence[Slot]) -> None:
    under_way = [one for one in downstream if one.status not in FINAL_SLOT_STATUSES]
    if under_way:
        first, others = under_way[0].name, len(under_way) - 1
        more = f" and {others:,} more" if others else ""
        raise NotPossible(
            f"{first}{more} downstream of {slot.name} has a run now, with what {slot.name} made before",
            hint=f"wait for it, or end it: ostinato cancel {first}",
        )


def refuse(slot: Slot, now: datetime) -> NotPossible:
    """Return the error for a request that does not fit the slot's status, with what does."""
    name, face = slot.name, slot.face(now)
    match face:
        case SlotFace.FUTURE | SlotFace.BLOCKED | SlotFace.READY if slot.run_id is not None:
            return NotPossible(f"{name} is to run again already", hint=f"what it waits for: ostinato explain {name}")
        case SlotFace.FUTURE | SlotFace.BLOCKED | SlotFace.READY:
            return NotPossible(f"{name} has not run yet", hint=f"to start it now: ostinato trigger {name}")
        case SlotFace.RETRYING:
            hint = f"to start that now: ostinato retry {name}"
            return NotPossible(f"{name} waits for its next attempt", hint=hint)
        case SlotFace.SUCCESS | SlotFace.WARNING:
            return NotPossible(f"{name} has succeeded", hint=f"to run it again: ostinato rerun {name}")
        case SlotFace.FAILED | SlotFace.CANCELLED:
            done = "has failed" if face is SlotFace.FAILED else "was cancelled"
            return NotPossible(f"{name} {done}", hint=f"to run it again: ostinato retry {name}")
        case _:
            hint = f"what it is doing: ostinato explain {name}; to stop it: ostinato cancel {name}"
            return NotPossible(f"{name} has a run that is {face} (run {slot.run_id})", hint=hint)


def lock(tx: Tx, slot: Slot) -> Slot:
    """Return a slot as it is now, and keep others from changing it."""
    locked = slots.lock_slot(tx, slot.id)
    if locked is None:
        raise NotPossible(f"{slot.name} was removed just now", hint="look what is declared: ostinato diff")
    return locked


def _hasten(tx: Tx, run_id: int, request: _Request) -> bool:
    """Start a scheduled run now. Like every move of a run, it locks the run before the slot: so does who ends it."""
    return runs.hasten_run(tx, run_id=run_id, actor=request.by.name, cause=request.cause, now=request.now)


def _start(tx: Tx, world: World, slot: Slot, request: _Request, *, series: int) -> Started:
    _refuse_if_halted(tx, slot)
    definition = get_definition(tx, slot.name.definition)
    new = NewRun(
        definition_id=slot.definition_id,
        account_id=slot.account_id,
        slot_id=slot.id,
        version=definition.version,
        series=series,
        attempt=1,
        origin=request.origin,
        queue=definition.declared.queue,
        priority=definition.declared.priority,
        due_at=min(slot.due_at or request.now, request.now),
        start_before=_start_before(definition, request.now),
        requested_by=request.by.name,
        request_reason=request.reason,
        cause=request.cause,
    )
    run_id = _create(tx, new, request)
    _note(tx, request, str(slot.name))
    return tell_started(tx, world, run_id, request.now)


def _note(tx: Tx, request: _Request, target: str) -> None:
    note_change(tx, request.by, request.action, target, line=request.line, reason=request.reason, now=request.now)


def _refuse_if_halted(tx: Tx, slot: Slot) -> None:
    latest = None if slot.run_id is None else runs.find_run(tx, slot.run_id)
    if latest is not None and latest.halted_by is not None:
        raise refuse_halted(latest)


def _create(tx: Tx, new: NewRun, request: _Request) -> int:
    (run_id,) = runs.create_runs(tx, [new], actor=request.by.name, now=request.now)
    if run_id is None:
        raise NotPossible("another run stands against this one", hint="look at what runs: ostinato runs")
    return run_id


def _start_before(definition: Definition, now: datetime) -> datetime | None:
    """Return when a run that was asked for now is too late: it counts from the asking, not from the period."""
    allowed: timedelta | None = definition.declared.start_before
    return None if allowed is None else now + allowed


def describe_downstream(started: Started) -> str:
    """Say in words what runs again after a slot: how many slots of which definitions, the most of all first."""
    counts = Counter(name.definition for name in started.downstream).most_common()
    shown = [f"{name} {slots:,}" for name, slots in counts[:DEFINITIONS_NAMED]]
    more = len(counts) - len(shown)
    said = ", ".join([*shown, *([f"and {more:,} more definitions"] if more else [])])
    total = sum(slots for _, slots in counts)
    return f"{total:,} {'slot' if total == 1 else 'slots'} downstream ({said})"


def tell_started(tx: Tx, world: World, run_id: int, now: datetime) -> Started:
    """Return a run that was asked for, with what decides when an agent takes it."""
    run, timeout = get_run(tx, run_id), world.engine_settings.heartbeat_timeout
    facts = get_claim_facts(tx, run, heartbeat_timeout=timeout, rules=world.claim_rules)
    return Started(run, judge_claim(facts, now))
