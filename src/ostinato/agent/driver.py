"""Drives one agent in the main thread of a process of its own: signals, waiting, what is told of it, and the end."""

from __future__ import annotations

from collections import Counter

from ostinato.agent.agent import Agent
from ostinato.agent.notifying import notifying
from ostinato.agent.stopping import StopSignals
from ostinato.model.statuses import RunStatus


def run_agent(agent: Agent, *, forever: bool) -> Counter[RunStatus]:
    """Run ``agent`` until a signal stops it, or until the runs it claims at once are over; return how they ended.

    The first SIGTERM or SIGINT begins the grace period, the second ends it. Raises ``NotPossible`` when the agent's
    name is taken or taken over, ``StoreUnavailable`` when an agent that is to claim once cannot.
    """
    with StopSignals() as signals, notifying() as notifier:
        try:
            agent.start(once=not forever)
            agent.wake_on(signals.descriptor)
            while True:
                while signals.take():
                    agent.stop()
                agent.tick()
                if agent.is_done:
                    break
                standing = agent.standing
                pause = notifier.tell(standing.stage, str(standing))
                agent.wait(min(agent.seconds_until_due(), pause))
        finally:
            agent.close()
    return agent.tally
