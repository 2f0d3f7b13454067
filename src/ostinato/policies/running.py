"""Running: whether a run that an agent carries out goes on, and if not, what stands against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ostinato.durations import format_duration
from ostinato.model.agents import Agent
from ostinato.policies.liveness import is_alive
from ostinato.policies.verdict import Gate, Verdict

_ENGINE = "the next pass of an engine"


@dataclass(frozen=True, slots=True)
class RunningFacts:
    """What is known of a running run: its ``agent``, where that is known, its deadline, and who wants it cancelled."""

    agent: Agent | None
    heartbeat_timeout: timedelta
    deadline_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    cancel_requested_by: str | None = None


def judge_running(facts: RunningFacts, now: datetime) -> Verdict:
    """Judge whether a running run goes on at ``now``."""
    return Verdict(tuple(_gates(facts, now)))


def _gates(facts: RunningFacts, now: datetime) -> Iterator[Gate]:
    yield _heartbeat(facts, now)
    yield _time_limit(facts.deadline_at, now)
    if facts.cancel_requested_at is None:
        yield Gate("not_cancelled", True, "nobody has asked to cancel it")
    else:
        reason = f"{facts.cancel_requested_by} asked to cancel it at {_show(facts.cancel_requested_at)}"
        yield Gate("not_cancelled", False, reason, clears="its agent ends it")


def _heartbeat(facts: RunningFacts, now: datetime) -> Gate:
    agent, timeout = facts.agent, facts.heartbeat_timeout
    if agent is None:
        return Gate("heartbeat", False, "its agent is not known any more", clears=f"{_ENGINE}: it counts as lost")
    seconds = max(0, (now - agent.heartbeat_at) // timedelta(seconds=1))
    age = format_duration(timedelta(seconds=seconds))
    reason = f"agent {agent.name} on {agent.host} sent its last heartbeat {age} ago"
    if is_alive(agent, heartbeat_timeout=timeout, now=now):
        return Gate("heartbeat", True, reason, about=agent.name)
    late = f"{reason}; after {format_duration(timeout)} it counts as lost"
    return Gate("heartbeat", False, late, clears=f"{_ENGINE}: it ends the run as lost", about=agent.name)


def _time_limit(deadline_at: datetime | None, now: datetime) -> Gate:
    if deadline_at is None:
        return Gate("time_limit", True, "it has no time limit")
    if now < deadline_at:
        return Gate("time_limit", True, f"its time limit ends at {_show(deadline_at)}")
    return Gate("time_limit", False, f"its time limit ended at {_show(deadline_at)}", clears="its agent ends it")


def _show(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
