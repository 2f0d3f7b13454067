"""What an agent and the store tell each other, in one transaction: one heartbeat, one claim, however much it runs."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime

from ostinato import __version__
from ostinato.agent.settings import AgentSettings
from ostinato.errors import NotPossible
from ostinato.model.agents import Agent as AgentRecord
from ostinato.model.runs import ClaimedRun, HeldRun, RunEnd
from ostinato.model.statuses import AgentStatus
from ostinato.store import agents, runs
from ostinato.store.database import Store, Tx


@dataclass(frozen=True, slots=True)
class Request:
    """What an agent has to say: its status, when a heartbeat is due, and outcomes; and for how many runs it has room.

    ``record`` is the agent as the store knows it, ``None`` when it has yet to register.
    """

    name: str
    record: AgentRecord | None
    beat: AgentStatus | None
    outcomes: tuple[RunEnd, ...]
    room: int

    @property
    def writes(self) -> bool:
        """Tell whether the store has to write anything for it."""
        return self.record is None or self.beat is not None or bool(self.outcomes) or self.room > 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the store answers.

    ``held`` are all runs the agent holds now, those just ``claimed`` too. ``confirmed`` tells that the store
    knows no other process by the agent's name; ``registered`` that the agent is new to it. ``refused`` are
    the runs whose outcome was not recorded, their leases being gone.
    """

    record: AgentRecord
    registered: bool
    confirmed: bool
    refused: frozenset[int]
    claimed: tuple[ClaimedRun, ...]
    held: tuple[HeldRun, ...]


def exchange(store: Store, request: Request, settings: AgentSettings, now: datetime) -> Answer:
    """Tell the store all that ``request`` says, claim runs, and learn what the agent holds.

    Raises ``NotPossible`` when another process has registered under the agent's name since.
    """
    with store.write() if request.writes else store.read() as tx:
        record = _show_presence(tx, request, settings, now)
        refused = runs.finish_runs(tx, request.outcomes, actor=request.name, now=now)
        claimed = _claim(tx, record, settings, request.room, now) if request.room else []
        held = runs.list_held_runs(tx, agent_id=record.id)
    return Answer(
        record=record,
        registered=record is not request.record,
        confirmed=request.beat is not None or record is not request.record,
        refused=refused,
        claimed=tuple(claimed),
        held=tuple(held),
    )


def say_goodbye(store: Store, record: AgentRecord, now: datetime) -> None:
    """Let the store know that the agent has stopped in good order."""
    with store.write() as tx:
        agents.beat(tx, record, status=AgentStatus.STOPPED, now=now)


def _show_presence(tx: Tx, request: Request, settings: AgentSettings, now: datetime) -> AgentRecord:
    record = request.record
    if record is not None:
        if request.beat is None or agents.beat(tx, record, status=request.beat, now=now):
            return record
        if any(agent.name == request.name for agent in agents.list_agents(tx)):
            raise NotPossible(
                f"another process has registered as agent {request.name}, and taken its runs over",
                hint="give each agent a name of its own: ostinato agent --name NAME",
            )
    return agents.register_agent(
        tx,
        name=request.name,
        host=socket.gethostname(),
        pid=os.getpid(),
        queues=settings.queues,
        concurrency=settings.concurrency,
        version=__version__,
        now=now,
    )


def _claim(tx: Tx, record: AgentRecord, settings: AgentSettings, room: int, now: datetime) -> list[ClaimedRun]:
    return runs.claim_runs(tx, agent_id=record.id, actor=record.name, queues=settings.queues, limit=room, now=now)
