"""Agents: registering, heartbeats, noticing those that fell silent, and the wish that one take no more runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select, update

from ostinato.model.agents import Agent
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import insert_or_skip
from ostinato.store.prepared import Prepared

_DRAINING = Prepared(
    select(t.agents.c.id).where(t.agents.c.id == bindparam("agent"), t.agents.c.drain_requested_at.is_not(None))
)
_PRESENT = (AgentStatus.ALIVE, AgentStatus.DRAINING, AgentStatus.STOPPING)


def register_agent(
    tx: Tx,
    *,
    name: str,
    host: str,
    pid: int,
    queues: Sequence[str],
    concurrency: int,
    version: str,
    now: datetime,
) -> Agent:
    """Enter an agent, or take over the row of its predecessor of the same name, with a wish that it drain."""
    values = {
        "host": host,
        "pid": pid,
        "queues": list(queues),
        "concurrency": concurrency,
        "version": version,
        "status": AgentStatus.ALIVE,
        "started_at": now,
        "heartbeat_at": now,
    }
    tx.execute(insert_or_skip(tx, t.agents).values(name=name, **values))
    tx.execute(update(t.agents).where(t.agents.c.name == name).values(values))
    return _to_agent(tx.execute(select(t.agents).where(t.agents.c.name == name)).one())


def beat(tx: Tx, agent: Agent, *, status: AgentStatus, now: datetime) -> bool:
    """Send an agent's heartbeat, which renews the leases of all it runs.

    ``False`` when the row is gone, or another process has registered under the same name since.
    """
    beaten = tx.execute(
        update(t.agents)
        .where(t.agents.c.id == agent.id, t.agents.c.started_at == agent.started_at)
        .values(status=status, heartbeat_at=now)
    )
    return beaten.rowcount > 0


def mark_lost_agents(tx: Tx, *, silent_since: datetime) -> int:
    """Mark the agents that have sent no heartbeat since ``silent_since``; return how many."""
    lost = tx.execute(
        update(t.agents)
        .where(t.agents.c.status.in_(_PRESENT), t.agents.c.heartbeat_at <= silent_since)
        .values(status=AgentStatus.LOST)
    )
    return lost.rowcount


def mend_heartbeats(tx: Tx, *, now: datetime, later_than: datetime) -> list[str]:
    """Take heartbeats that are dated ``later_than`` any can be for such of ``now``: the clock has gone back since.

    Return the names of their agents.
    """
    ahead = update(t.agents).where(t.agents.c.heartbeat_at > later_than).values(heartbeat_at=now)
    return list(tx.execute(ahead.returning(t.agents.c.name)).scalars())


def request_drain(tx: Tx, name: str, *, actor: str, reason: str, now: datetime) -> bool:
    """Ask that an agent take no more runs; ``False`` when that was asked before."""
    asked = tx.execute(
        update(t.agents)
        .where(t.agents.c.name == name, t.agents.c.drain_requested_at.is_(None))
        .values(drain_requested_at=now, drain_requested_by=actor, drain_reason=reason)
    )
    return asked.rowcount > 0


def undo_drain(tx: Tx, name: str) -> bool:
    """Let an agent take runs again; ``False`` when nobody has asked that it take none.

    Its status stays what it is until it has heard of it: so whoever asks again knows whether it has heard of that.
    """
    undone = tx.execute(
        update(t.agents)
        .where(t.agents.c.name == name, t.agents.c.drain_requested_at.is_not(None))
        .values(drain_requested_at=None, drain_requested_by=None, drain_reason=None)
    )
    return undone.rowcount > 0


def is_to_drain(tx: Tx, agent_id: int) -> bool:
    """Tell whether an agent is to take no more runs."""
    return _DRAINING.finds(tx, {"agent": agent_id})


def find_agent(tx: Tx, name: str) -> Agent | None:
    """Return the agent of that name with the number of runs that it carries out, or ``None``."""
    return next((_to_agent(row, row.running) for row in tx.execute(_agents().where(t.agents.c.name == name))), None)


def list_agents(tx: Tx) -> list[Agent]:
    """List all agents with the number of runs that each carries out."""
    return [_to_agent(row, row.running) for row in tx.execute(_agents())]


def count_waiting_runs(tx: Tx) -> dict[str, int]:
    """Count the runs that wait for an agent, by queue."""
    waiting = select(t.runs.c.queue, func.count()).where(t.runs.c.status == RunStatus.WAITING).group_by(t.runs.c.queue)
    return {row[0]: row[1] for row in tx.execute(waiting)}


def _agents() -> Select[Any]:
    running = (
        select(func.count())
        .where(t.runs.c.agent_id == t.agents.c.id, t.runs.c.status == RunStatus.RUNNING)
        .scalar_subquery()
    )
    return select(t.agents, running.label("running")).order_by(t.agents.c.name)


def _to_agent(row: Any, running: int = 0) -> Agent:
    return Agent(
        id=row.id,
        name=row.name,
        host=row.host,
        pid=row.pid,
        queues=tuple(row.queues),
        concurrency=row.concurrency,
        version=row.version,
        status=AgentStatus(row.status),
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        running=running,
        drain_requested_at=row.drain_requested_at,
        drain_requested_by=row.drain_requested_by or "",
        drain_reason=row.drain_reason or "",
    )
