"""Drives one agent in the main thread of a process of its own: signals, waiting, and the end."""

from __future__ import annotations

from collections import Counter

from ostinato.agent.agent import Agent
from ostinato.agent.stopping import StopSignals
from ostinato.model.statuses import RunStatus


def run_agent(agent: Agent, *, forever: bool) -> Counter[RunStatus]:
    """Run ``agent`` until a signal stops it, or until the runs it claims at once are over; return how they ended.

    The first SIGTERM or SIGINT begins the grace period, the second ends it. Raises ``NotPossible`` when the
    agent's name is taken, ``StoreUnavailable`` when an agent that is to claim once cannot.
    """
    with StopSignals() as signals:
        agent.wake_on(signals.descriptor)
        try:
            agent.start(once=not forever)
            while True:
                while signals.take():
                    agent.stop()
                agent.tick()
                if agent.is_done:
                    break
                agent.wait(agent.seconds_until_due())
        finally:
            agent.close()
    return agent.tally
