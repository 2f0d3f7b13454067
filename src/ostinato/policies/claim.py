"""Claiming: whether an agent may take a run now and, if not, what stands against it.

The store claims in one statement; this says the same of one run, gate by gate. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ostinato.model.agents import Agent
from ostinato.model.runs import Need
from ostinato.model.statuses import LIVE_RUN_STATUSES, SUCCEEDED_RUN_STATUSES
from ostinato.policies.limits import Occupancy, limit_gate
from ostinato.policies.liveness import is_alive
from ostinato.policies.start import Standing, standing_gates
from ostinato.policies.verdict import Gate, Verdict


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """All that decides when an agent takes a run.

    ``start_at`` is when a scheduled run begins to wait, ``start_before`` when it is too late; a run that has ``begun``
    is never too late. One that is to be cancelled, ``cancelling``, is taken whatever stands against it, as soon as an
    agent has room. ``agents`` are all that the store knows, and ``heartbeat_timeout`` after how much silence one counts
    as lost. ``ahead`` is how many runs of its queue come first, those aside that come first because others have had
    their turn. ``needs`` are the runs that a scheduled one needs; ``singleton`` is its key, and ``held_by`` another run
    that holds the key or takes it first; one that ``refuses`` does not wait for that. ``occupancies`` are those of the
    limits that concern it.
    """

    standing: Standing
    queue: str
    start_at: datetime | None
    start_before: datetime | None
    agents: tuple[Agent, ...]
    heartbeat_timeout: timedelta
    ahead: int = 0
    begun: bool = False
    cancelling: bool = False
    needs: tuple[Need, ...] = ()
    singleton: str | None = None
    held_by: int | None = None
    refuses: bool = False
    occupancies: tuple[Occupancy, ...] = ()


def judge_claim(facts: ClaimFacts, now: datetime) -> Verdict:
    """Judge whether an agent may take the run at ``now``."""
    return Verdict((*(() if facts.cancelling else _of_the_run(facts, now)), *_agents(facts, now)))


def _of_the_run(facts: ClaimFacts, now: datetime) -> Iterator[Gate]:
    yield from _needs(facts)
    yield from _start_time(facts, now)
    yield from standing_gates(facts.standing, now)
    yield from _not_too_late(facts, now)
    yield from _singleton(facts)
    yield from (limit_gate(occupancy) for occupancy in facts.occupancies)


def _needs(facts: ClaimFacts) -> Iterator[Gate]:
    for need in facts.needs:
        if need.status in SUCCEEDED_RUN_STATUSES:
            yield Gate("upstream_run", True, str(need))
        elif need.status in LIVE_RUN_STATUSES:
            yield Gate("upstream_run", False, str(need), clears=f"its success: ostinato show {need.run_id}")
        else:
            yield Gate("upstream_run", False, str(need), clears="nothing: the engine fails it in its next pass")


def _start_time(facts: ClaimFacts, now: datetime) -> Iterator[Gate]:
    if facts.start_at is None:
        return
    shown = facts.start_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    if now >= facts.start_at:
        yield Gate("start_time", True, f"its start time {shown} has come")
    else:
        yield Gate("start_time", False, f"it starts at {shown}", clears="time", earliest=facts.start_at)


def _not_too_late(facts: ClaimFacts, now: datetime) -> Iterator[Gate]:
    if facts.start_before is None or facts.begun:
        return
    shown = facts.start_before.strftime("%Y-%m-%dT%H:%M:%SZ")
    if now < facts.start_before:
        yield Gate("start_before", True, f"it may start until {shown}")
    else:
        reason = f"it had to start before {shown}"
        yield Gate("start_before", False, reason, clears="nothing: the engine fails it in its next pass")


def _singleton(facts: ClaimFacts) -> Iterator[Gate]:
    if facts.singleton is None:
        return
    if facts.held_by is None:
        yield Gate("singleton", True, f"no other run holds {facts.singleton}", about=facts.singleton)
    else:
        reason = f"run {facts.held_by} holds {facts.singleton}, or waits longer for it"
        end = f"the end of that run: ostinato show {facts.held_by}"
        clears = "nothing: the engine fails it in its next pass" if facts.refuses else end
        yield Gate("singleton", False, reason, clears=clears, about=facts.singleton)


def _agents(facts: ClaimFacts, now: datetime) -> Iterator[Gate]:
    serving = [agent for agent in facts.agents if facts.queue in agent.queues]
    alive = [agent for agent in serving if is_alive(agent, heartbeat_timeout=facts.heartbeat_timeout, now=now)]
    taking = [agent for agent in alive if agent.takes_runs]
    draining = [agent for agent in alive if agent.is_draining]
    yield _agent_alive(facts.queue, serving, taking) if taking or not draining else _all_drain(facts.queue, draining)
    if taking:
        yield _free_place(facts.queue, taking, facts.ahead)


def _agent_alive(queue: str, serving: Sequence[Agent], taking: Sequence[Agent]) -> Gate:
    if taking:
        return Gate("agent", True, f"{_names(taking)} {_serves(taking)} queue {queue}", about=queue)
    known = "no agent serves" if not serving else f"{_names(serving)} {_serves(serving)}"
    silent = ", but takes no runs now" if serving else ""
    return Gate(
        "agent",
        False,
        f"{known} queue {queue}{silent}",
        clears=f"whoever runs the agents: start one for queue {queue}",
        about=queue,
    )


def _all_drain(queue: str, draining: Sequence[Agent]) -> Gate:
    first, drains = draining[0], "drains" if len(draining) == 1 else "drain"
    return Gate(
        "agent",
        False,
        f"{_names(draining)} {_serves(draining)} queue {queue}, but {drains}: asked by {first.drain_requested_by}",
        clears=f"a person: ostinato drain {first.name} --undo, or another agent for queue {queue}",
        about=queue,
    )


def _free_place(queue: str, taking: Sequence[Agent], ahead: int) -> Gate:
    places = sum(agent.concurrency for agent in taking)
    free = sum(max(0, agent.concurrency - agent.running) for agent in taking)
    queued = f"; {ahead} waiting before it" if ahead else ""
    if free:
        return Gate("free_place", True, f"{free} of {places} places are free{queued}", about=queue)
    return Gate(
        "free_place", False, f"all {places} places are taken{queued}", clears="the end of another run", about=queue
    )


def _names(agents: Sequence[Agent]) -> str:
    shown = ", ".join(agent.name for agent in agents[:3])
    return f"{'agent' if len(agents) == 1 else 'agents'} {shown}{', …' if len(agents) > 3 else ''}"


def _serves(agents: Sequence[Agent]) -> str:
    return "serves" if len(agents) == 1 else "serve"
