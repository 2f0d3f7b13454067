"""Claiming: what keeps agents from a run that waits, gate by gate."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ostinato.model.agents import Agent
from ostinato.model.engine import Pass
from ostinato.model.statuses import AgentStatus
from ostinato.policies.claim import ClaimFacts, judge_claim
from ostinato.policies.liveness import is_engine_late
from ostinato.policies.start import Pause, Standing
from ostinato.policies.verdict import Gate

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
AGENT = Agent(1, "one", "here", 1, ("default",), 2, "0", AgentStatus.ALIVE, NOW, NOW)
FACTS = ClaimFacts(
    standing=Standing("sales", "acme"),
    queue="default",
    start_at=None,
    start_before=None,
    agents=(AGENT,),
    heartbeat_timeout=timedelta(minutes=1),
)


def blocking(facts: ClaimFacts, now: datetime = NOW) -> Gate:
    """Return the gate that keeps agents from the run."""
    gate = judge_claim(facts, now).blocking
    assert gate is not None
    return gate


def test_a_run_that_an_agent_can_take_is_ready() -> None:
    """Every gate was asked and is satisfied."""
    verdict = judge_claim(FACTS, NOW)

    assert verdict.ready
    assert [gate.gate for gate in verdict.gates] == [
        "definition_active",
        "definition_not_paused",
        "account_active",
        "account_not_paused",
        "maintenance",
        "agent",
        "free_place",
    ]


def test_a_scheduled_run_waits_for_its_time() -> None:
    """To the microsecond, and the gate knows the instant."""
    at = NOW + timedelta(minutes=5)
    facts = replace(FACTS, start_at=at)

    assert (blocking(facts).gate, blocking(facts).earliest) == ("start_time", at)
    assert not judge_claim(facts, at - timedelta(microseconds=1)).ready
    assert judge_claim(facts, at).gates[0].satisfied


def test_a_run_is_too_late_from_its_start_before_on() -> None:
    """No time clears that: the engine ends it."""
    facts = replace(FACTS, start_before=NOW)

    assert judge_claim(facts, NOW - timedelta(microseconds=1)).ready
    assert (blocking(facts).gate, blocking(facts).earliest) == ("start_before", None)


def test_what_stands_above_a_run_keeps_it_from_agents() -> None:
    """A pause comes with its person and reason, as it does for slots."""
    facts = replace(FACTS, standing=Standing("sales", "acme", account_pause=Pause(NOW, "ada", "unpaid")))

    assert blocking(facts).reason == "account acme was paused by ada at 2026-01-10T12:00:00Z: unpaid"


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        (replace(AGENT, queues=("io",)), "no agent serves queue default"),
        (replace(AGENT, status=AgentStatus.STOPPING), "agent one serves queue default, but takes no runs now"),
        (replace(AGENT, status=AgentStatus.STOPPED), "agent one serves queue default, but takes no runs now"),
        (
            replace(AGENT, heartbeat_at=NOW - timedelta(minutes=1)),
            "agent one serves queue default, but takes no runs now",
        ),
    ],
)
def test_an_agent_takes_runs_while_it_is_alive_and_serves_the_queue(agent: Agent, reason: str) -> None:
    """Another queue, stopping, stopped, or silent for as long as the threshold: it does not."""
    gate = blocking(replace(FACTS, agents=(agent,)))

    assert (gate.gate, gate.reason) == ("agent", reason)


def test_free_places_are_those_of_all_agents_of_the_queue() -> None:
    """One is full, the other is not; then both are."""
    full = replace(AGENT, running=2)
    other = replace(AGENT, name="two", running=1)

    assert judge_claim(replace(FACTS, agents=(full, other)), NOW).gates[-1].reason == "1 of 4 places are free"
    gate = blocking(replace(FACTS, agents=(full, replace(full, name="two")), ahead=7))
    assert (gate.gate, gate.reason) == ("free_place", "all 4 places are taken; 7 waiting before it")


@pytest.mark.parametrize(
    ("interval", "patience"),
    [(timedelta(seconds=1), timedelta(seconds=10)), (timedelta(minutes=1), timedelta(minutes=3))],
)
def test_an_engine_is_late_after_three_intervals(interval: timedelta, patience: timedelta) -> None:
    """Counted from the end of its last pass, and never in less than ten seconds."""
    last = Pass(1, "engine-1", NOW, 30.0, ())
    ended_at = NOW + timedelta(seconds=30)

    assert is_engine_late(None, interval=interval, now=NOW)
    assert not is_engine_late(last, interval=interval, now=ended_at + patience)
    assert is_engine_late(last, interval=interval, now=ended_at + patience + timedelta(microseconds=1))
