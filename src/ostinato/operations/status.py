"""How everything stands: counts, sources, the engine and the agents, and in words what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ostinato.actions.approval import Approval
from ostinato.durations import format_duration
from ostinato.model.agents import Agent
from ostinato.model.engine import LEADERSHIP, Pass, SourceState, StepOutcome
from ostinato.model.limits import LimitKind, LimitUse
from ostinato.model.slots import SlotFace
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.operations.absence import show
from ostinato.policies.liveness import is_alive, is_engine_late
from ostinato.store import accounts, agents, definitions, hook_calls, journal, runs, usage
from ostinato.store.database import Tx
from ostinato.store.plan_lists import count_suspended_in, count_waiting_for
from ostinato.store.slot_lists import count_slots
from ostinato.world import World

PASSES_LOOKED_AT = 400
"""A step that keeps failing is left out of passes for minutes at most: so many passes show its last outcome."""

NEAR = timedelta(days=1)
"""What has ended is counted for so long, and what is to come so long before: nobody counts a whole history."""

HOOKS_LOOKED_AT = timedelta(days=1)
"""Calls of hooks that failed are told of for so long."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong, in words, and what to do about it."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class EngineState:
    """The engines as their passes show them.

    ``steps`` holds the last outcome of each step, ``leader`` who leads now, ``late`` whether no engine is at work.
    """

    last_pass: Pass | None
    leader: str | None
    steps: tuple[StepOutcome, ...]
    late: bool


@dataclass(frozen=True, slots=True)
class AgentState:
    """An agent, and whether it is at work."""

    agent: Agent
    alive: bool

    @property
    def status(self) -> AgentStatus:
        """Return the status that faces show: that one fell silent, or is to drain, before it is on record."""
        if self.agent.status in (AgentStatus.STOPPED, AgentStatus.LOST):
            return self.agent.status
        if not self.alive:
            return AgentStatus.LOST
        return AgentStatus.DRAINING if self.agent.is_draining else self.agent.status


@dataclass(frozen=True, slots=True)
class Status:
    """How everything stands at ``now``. ``troubles`` is empty when all is well.

    ``limits`` are the pools and queues, and what else is waited for.
    Slots and runs are counted that are open, and slots that have failed for good; of all others those that have ended
    within a day, and slots that come due within a day.
    """

    now: datetime
    accounts: int
    definitions: int
    slots: Mapping[SlotFace, int]
    runs: Mapping[RunStatus, int]
    sources: tuple[SourceState, ...]
    engine: EngineState
    agents: tuple[AgentState, ...]
    limits: tuple[LimitUse, ...]
    troubles: tuple[Trouble, ...]

    @property
    def since(self) -> datetime:
        """Return since when what has ended is counted."""
        return self.now - NEAR


def get_status(world: World) -> Status:
    """Return how everything stands."""
    now = world.clock.now()
    with world.store.read() as tx:
        sources = tuple(journal.list_source_states(tx))
        engine = find_engine(tx, world, now)
        known = list_agent_states(tx, world, now)
        slot_counts = count_slots(tx, now=now, since=now - NEAR, until=now + NEAR)
        run_counts = runs.count_runs(tx, since=now - NEAR)
        troubles = (
            *_source_troubles(sources),
            *_engine_troubles(engine, now),
            *_agent_troubles(known, agents.count_waiting_runs(tx)),
            *_slot_troubles(slot_counts),
            *_hook_troubles(hook_calls.list_failing_runs(tx, since=now - HOOKS_LOOKED_AT)),
            *_run_troubles(run_counts, count_suspended_in(tx, Approval.traits.name), count_waiting_for(tx)),
        )
        return Status(
            now=now,
            accounts=accounts.count_accounts(tx),
            definitions=definitions.count_definitions(tx),
            slots=slot_counts,
            runs=run_counts,
            sources=sources,
            engine=engine,
            agents=known,
            limits=_list_limits(tx, world),
            troubles=troubles,
        )


def _list_limits(tx: Tx, world: World) -> tuple[LimitUse, ...]:
    """List the pools and queues that are limited, and what else is waited for."""
    known = usage.list_limits(tx, world.claim_rules)
    return tuple(one for one in known if one.waiting or one.kind in (LimitKind.POOL, LimitKind.QUEUE))


def find_engine(tx: Tx, world: World, now: datetime) -> EngineState:
    """Return how the engines stand."""
    passes = journal.list_passes(tx, limit=PASSES_LOOKED_AT)
    last = passes[0] if passes else None
    return EngineState(
        last_pass=last,
        leader=journal.find_lease_holder(tx, LEADERSHIP, now=now),
        steps=_last_outcomes(passes),
        late=is_engine_late(last, interval=world.config.engine.interval, now=now),
    )


def list_agent_states(tx: Tx, world: World, now: datetime) -> tuple[AgentState, ...]:
    """List all agents, and whether each is at work."""
    timeout = world.engine_settings.heartbeat_timeout
    known = agents.list_agents(tx)
    return tuple(AgentState(agent, is_alive(agent, heartbeat_timeout=timeout, now=now)) for agent in known)


def _last_outcomes(passes: Sequence[Pass]) -> tuple[StepOutcome, ...]:
    """Return the last outcome of each step, in the order of the steps; ``passes`` are newest first."""
    latest = {outcome.step: outcome for one in reversed(passes) for outcome in one.outcomes}
    return tuple(latest.values())


def _source_troubles(sources: Sequence[SourceState]) -> Iterator[Trouble]:
    for source in sources:
        if source.error:
            hint = "its last good rows stay in force; what is wrong with it, and where: ostinato validate"
            yield Trouble(f"{source.kind} source {source.name} failed: {source.error}", hint)
        if source.held_back:
            yield Trouble(
                f"{source.kind} source {source.name} is held back: it {source.held_back}",
                "if it lost them by accident, mend it",
            )


def _engine_troubles(engine: EngineState, now: datetime) -> Iterator[Trouble]:
    if engine.last_pass is None:
        yield Trouble("no engine has made a pass yet", "start one: ostinato engine --forever, or ostinato up")
    elif engine.late:
        began = engine.last_pass.started_at
        age = format_duration(timedelta(seconds=int((now - began).total_seconds())))
        message = f"no engine is at work: the last pass began at {show(began)}, {age} ago"
        yield Trouble(message, "start one: ostinato engine --forever, or ostinato up")
    for outcome in engine.steps:
        if outcome.error:
            hint = "it is tried again in a while, and the other steps go on; the engine's log has the traceback"
            yield Trouble(f"{outcome.step} failed: {outcome.error}", hint)


def _agent_troubles(known: Sequence[AgentState], waiting: Mapping[str, int]) -> Iterator[Trouble]:
    taking = [state.agent for state in known if state.alive and state.agent.takes_runs]
    draining = [state.agent for state in known if state.alive and state.agent.is_draining]
    if draining and not taking:
        yield Trouble(
            "every agent drains: nothing more is begun",
            f"let one take runs again: ostinato drain {draining[0].name} --undo; or start another",
        )
        return
    if not taking:
        yield Trouble(
            "no agent is at work: nothing is carried out", "start one: ostinato agent --forever, or ostinato up"
        )
        return
    served = {queue for agent in taking for queue in agent.queues}
    for queue, count in sorted(waiting.items()):
        if queue not in served:
            runs_wait = "1 run waits" if count == 1 else f"{count} runs wait"
            hint = f"start one for it, with agent.queues in ostinato.yaml: [{queue}]"
            yield Trouble(f"no agent serves queue {queue}, in which {runs_wait}", hint)


def _slot_troubles(counts: Mapping[SlotFace, int]) -> Iterator[Trouble]:
    failed = counts.get(SlotFace.FAILED, 0)
    if failed:
        message = "1 slot has failed for good" if failed == 1 else f"{failed} slots have failed for good"
        yield Trouble(message, "list them: ostinato slots --status failed; give one another try: ostinato retry SLOT")


def _hook_troubles(failing: Mapping[int, int]) -> Iterator[Trouble]:
    """Tell of calls of hooks that failed, given their numbers by run."""
    if failing:
        failed = sum(failing.values())
        calls = "1 call of a hook has failed" if failed == 1 else f"{failed} calls of hooks have failed"
        hint = f"nobody else is troubled by it; what went wrong in the latest run: ostinato show {max(failing)}"
        yield Trouble(f"{calls} within a day", hint)


def _run_troubles(counts: Mapping[RunStatus, int], questions: int, waiting_for: Mapping[str, int]) -> Iterator[Trouble]:
    """Tell of runs that wait for somebody to do something."""
    paused = counts.get(RunStatus.PAUSED, 0)
    if paused:
        yield Trouble(
            f"{_count(paused, 'is', 'are')} paused, until a person decides",
            "list them: ostinato plans --status paused; let one go on: ostinato resume RUN",
        )
    if questions:
        yield Trouble(
            f"{_count(questions, 'waits', 'wait')} for the answer of a person",
            "list them: ostinato plans --status suspended; answer one: ostinato answer RUN yes",
        )
    for what, waiting in waiting_for.items():
        hint = "make it importable where the agent runs, and start that again: ostinato plans --status waiting"
        yield Trouble(f"{_count(waiting, 'waits', 'wait')} for another agent: {what}", hint)


def _count(number: int, one: str, several: str) -> str:
    return f"1 run {one}" if number == 1 else f"{number} runs {several}"
