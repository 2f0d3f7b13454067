"""Why a slot is, or is not, running: the gates that the engine and the agents ask, asked again for one slot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ostinato.errors import NotFound, StoreError
from ostinato.model.runs import Run
from ostinato.model.slots import Slot, SlotFace, SlotName, slot_face
from ostinato.model.statuses import SUCCEEDED_SLOT_STATUSES, RunStatus, SlotStatus
from ostinato.operations.absence import show
from ostinato.operations.earliest import find_earliest_start
from ostinato.operations.names import get_slot, parse_slot
from ostinato.operations.reasons import find_gates
from ostinato.policies.claim import judge_claim
from ostinato.policies.liveness import is_engine_late
from ostinato.policies.retry import RetryAt, judge_retry
from ostinato.policies.running import RunningFacts, judge_running
from ostinato.policies.start import judge_start
from ostinato.policies.verdict import Gate, Verdict
from ostinato.store import agents, journal, runs
from ostinato.store.claim_facts import get_claim_facts
from ostinato.store.database import Tx
from ostinato.store.facts import list_candidates, list_retry_candidates
from ostinato.world import World

_ENGINE = "the next pass of an engine"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a slot is where it is.

    ``status`` is ``None`` for a slot that does not exist; ``gates`` then holds the one reason. ``earliest_start`` is
    before when the slot cannot start, where that is known and still ahead. ``run_id`` is that of its latest run.
    """

    slot: str
    status: SlotFace | None
    verdict: str
    gates: tuple[Gate, ...]
    earliest_start: datetime | None = None
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the world: what every explanation is made with."""

    tx: Tx
    world: World
    now: datetime


def explain(world: World, name: str) -> Explanation:
    """Explain the slot called ``name``: what it waits for, what it does, how it ended, or why it does not exist.

    ``NotFound`` only for what is not the name of a slot at all.
    """
    now, asked = world.clock.now(), parse_slot(name)
    with world.store.read() as tx:
        try:
            slot = get_slot(tx, world, name, now=now)
        except NotFound as absence:
            return _explain_absent(asked, absence)
        return explain_slot(tx, world, slot, now=now)


def explain_slot(tx: Tx, world: World, slot: Slot, *, now: datetime) -> Explanation:
    """Explain a slot: what it waits for, what it does, or how it ended."""
    look = _Look(tx, world, now)
    match slot.status:
        case SlotStatus.PENDING:
            return _explain_pending(look, slot)
        case SlotStatus.LIVE:
            return _explain_live(look, slot)
        case SlotStatus.RETRYING:
            return _explain_undecided(look, slot)
        case _:
            return _explain_ended(look, slot)


def _explain_absent(asked: SlotName, absence: NotFound) -> Explanation:
    gate = Gate("exists", False, absence.message, clears=absence.hint)
    return Explanation(str(asked), None, absence.message, (gate,))


def _explain_pending(look: _Look, slot: Slot) -> Explanation:
    (candidate,) = list_candidates(look.tx, [slot.id])
    verdict = judge_start(candidate.facts, look.now)
    blocking = verdict.blocking
    if blocking is None:
        verdict = Verdict((*verdict.gates, _engine_at_work(look)))
    due = slot.due_at is None or slot.due_at <= look.now
    status = slot_face(slot.status, None, due=due, stopped=blocking is not None)
    why = f"; {candidate.rerun.cause}" if candidate.rerun else ""
    return Explanation(
        slot=str(slot.name),
        status=status,
        verdict=_say(status, verdict, otherwise=f"{_ENGINE} starts it") + why,
        gates=verdict.gates,
        earliest_start=find_earliest_start(look.tx, slot, look.now),
        run_id=slot.run_id,
    )


def _engine_at_work(look: _Look) -> Gate:
    last = next(iter(journal.list_passes(look.tx, limit=1)), None)
    since = f"the last pass of an engine began at {show(last.started_at)}" if last else "no engine has made a pass"
    if not is_engine_late(last, interval=look.world.config.engine.interval, now=look.now):
        return Gate("engine", True, since)
    return Gate("engine", False, f"no engine is at work: {since}", clears="whoever runs the engine: ostinato engine")


def _explain_live(look: _Look, slot: Slot) -> Explanation:
    run = _get_latest(look, slot)
    match run.status:
        case RunStatus.WAITING | RunStatus.SCHEDULED:
            return _explain_waiting(look, slot, run)
        case RunStatus.RUNNING:
            return _explain_running(look, slot, run)
        case _:
            return _explain_stopped(look, slot, run)


def _explain_waiting(look: _Look, slot: Slot, run: Run) -> Explanation:
    timeout = look.world.engine_settings.heartbeat_timeout
    facts = get_claim_facts(look.tx, run, heartbeat_timeout=timeout, rules=look.world.claim_rules)
    judged = judge_claim(facts, look.now)
    verdict = Verdict((*find_gates(look.tx, [run]).get(run.id, ()), *judged.gates))
    status = slot.face(look.now)
    why = f"; {runs.list_transitions(look.tx, run.id)[0].cause}" if status is SlotFace.RETRYING else ""
    return Explanation(
        slot=str(slot.name),
        status=status,
        verdict=_say(status, verdict, otherwise=f"{_attempt(run)} is about to be taken by an agent") + why,
        gates=verdict.gates,
        earliest_start=look.now if verdict.ready else verdict.earliest_start,
        run_id=run.id,
    )


def _explain_running(look: _Look, slot: Slot, run: Run) -> Explanation:
    facts = RunningFacts(
        agent=next((agent for agent in agents.list_agents(look.tx) if agent.name == run.agent), None),
        heartbeat_timeout=look.world.engine_settings.heartbeat_timeout,
        deadline_at=run.deadline_at,
        cancel_requested_at=run.cancel_requested_at,
        cancel_requested_by=run.cancel_requested_by,
    )
    gates = judge_running(facts, look.now).gates
    since = show(run.started_at) if run.started_at else "an unknown time"
    trouble = next((f"; {gate.reason}" for gate in gates if not gate.satisfied), "")
    return Explanation(
        slot=str(slot.name),
        status=SlotFace.RUNNING,
        verdict=f"running: {_attempt(run)} since {since} on agent {run.agent or 'unknown'}{trouble}",
        gates=gates,
        run_id=run.id,
    )


def _explain_stopped(look: _Look, slot: Slot, run: Run) -> Explanation:
    """Explain a run that is paused or suspended."""
    status, gates = slot.face(look.now), find_gates(look.tx, [run])[run.id]
    return Explanation(
        slot=str(slot.name),
        status=status,
        verdict=f"{status}: {'; '.join(gate.reason for gate in gates)}",
        gates=gates,
        run_id=run.id,
    )


def _explain_undecided(look: _Look, slot: Slot) -> Explanation:
    (candidate,) = list_retry_candidates(look.tx, [slot.id])
    decision = judge_retry(candidate.facts)
    if isinstance(decision, RetryAt):
        reason, earliest = f"{decision.reason}; the next follows at {show(decision.at)}", max(decision.at, look.now)
        gate = Gate("next_attempt", False, reason, clears=_ENGINE, earliest=decision.at)
    else:
        reason, earliest = f"no further attempt: {decision.reason}", None
        gate = Gate("next_attempt", False, reason, clears=f"a person: ostinato retry {slot.name}")
    return Explanation(
        slot=str(slot.name),
        status=SlotFace.RETRYING,
        verdict=f"retrying: {reason}",
        gates=(gate, _engine_at_work(look)),
        earliest_start=earliest,
        run_id=slot.run_id,
    )


def _explain_ended(look: _Look, slot: Slot) -> Explanation:
    run, status = _get_latest(look, slot), slot.face(look.now)
    succeeded = slot.status in SUCCEEDED_SLOT_STATUSES
    ended_at = run.finished_at if slot.accepted_by else slot.finished_at
    at = show(ended_at) if ended_at else "an unknown time"
    why = slot.reason or run.reason
    reason = f"{_attempt(run)} ended at {at} ({run.status})" + (f": {why}" if why else "")
    again = f"ostinato {'rerun' if succeeded else 'retry'} {slot.name}"
    gate = Gate("succeeded", succeeded, reason, clears="" if succeeded else f"a person: {again}")
    return Explanation(
        slot=str(slot.name),
        status=status,
        verdict=f"{status}: {reason}; to run it again: {again}",
        gates=(gate,),
        run_id=run.id,
    )


def _get_latest(look: _Look, slot: Slot) -> Run:
    run = None if slot.run_id is None else runs.find_run(look.tx, slot.run_id)
    if run is None:
        raise StoreError(f"{slot.name} is {slot.status} and has no run", hint="look what is wrong: ostinato doctor")
    return run


def _attempt(run: Run) -> str:
    return f"attempt {run.attempt} (run {run.id})"


def _say(status: SlotFace, verdict: Verdict, *, otherwise: str) -> str:
    """Say in one sentence what stands against it first; ``otherwise`` is for when nothing does."""
    return f"{status}: {verdict.blocking.reason if verdict.blocking else otherwise}"
