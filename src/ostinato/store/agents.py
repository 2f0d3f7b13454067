"""Agents: registering, heartbeats, and noticing those that fell silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from ostinato.model.agents import Agent
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.store import schema as t
from ostinato.store.database import Tx
from ostinato.store.dialects import insert_or_skip

_PRESENT = (AgentStatus.ALIVE, AgentStatus.STOPPING)


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
    """Enter an agent, or take over the row of its predecessor of the same name."""
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


def list_agents(tx: Tx) -> list[Agent]:
    """List all agents with the number of runs that each carries out."""
    running = (
        select(func.count())
        .where(t.runs.c.agent_id == t.agents.c.id, t.runs.c.status == RunStatus.RUNNING)
        .scalar_subquery()
    )
    rows = tx.execute(select(t.agents, running.label("running")).order_by(t.agents.c.name))
    return [_to_agent(row, row.running) for row in rows]


def count_waiting_runs(tx: Tx) -> dict[str, int]:
    """Count the runs that wait for an agent, by queue."""
    waiting = select(t.runs.c.queue, func.count()).where(t.runs.c.status == RunStatus.WAITING).group_by(t.runs.c.queue)
    return {row[0]: row[1] for row in tx.execute(waiting)}


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
    )
