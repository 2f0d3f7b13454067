"""The two state machines, each declared once as data.

The store guards every status change with these tables and builds its triggers from them; the documentation draws
its diagrams from them; tests walk them. Nothing else says which change is legal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from ostinato.errors import IllegalTransition
from ostinato.model.statuses import RunStatus, StepStatus

S = TypeVar("S", RunStatus, StepStatus)


class Party(StrEnum):
    """Who may cause a transition."""

    ENGINE = "engine"
    AGENT = "agent"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Edge(Generic[S]):
    """One legal change of status: from, to, what triggers it, who may."""

    source: S
    target: S
    trigger: str
    by: frozenset[Party]


def _edge(source: S, target: S, trigger: str, *by: Party) -> Edge[S]:
    return Edge(source, target, trigger, frozenset(by))


RUN_TRANSITIONS: tuple[Edge[RunStatus], ...] = (
    _edge(
        RunStatus.SCHEDULED, RunStatus.WAITING, "its start time has come, or a person asks", Party.ENGINE, Party.PERSON
    ),
    _edge(RunStatus.SCHEDULED, RunStatus.CANCELLED, "cancelled", Party.PERSON),
    _edge(
        RunStatus.SCHEDULED,
        RunStatus.FAILED,
        "its start_before has passed, or a run that it needs failed",
        Party.ENGINE,
    ),
    _edge(RunStatus.WAITING, RunStatus.RUNNING, "claimed", Party.AGENT),
    _edge(RunStatus.WAITING, RunStatus.CANCELLED, "cancelled", Party.PERSON),
    _edge(
        RunStatus.WAITING,
        RunStatus.FAILED,
        "its start_before has passed, its planning failed, or its singleton is taken",
        Party.ENGINE,
        Party.PERSON,
    ),
    _edge(RunStatus.RUNNING, RunStatus.SUCCESS, "its work is done", Party.AGENT),
    _edge(RunStatus.RUNNING, RunStatus.WARNING, "done, with skipped steps", Party.AGENT),
    _edge(RunStatus.RUNNING, RunStatus.FAILED, "its work failed", Party.AGENT),
    _edge(RunStatus.RUNNING, RunStatus.TIMEOUT, "too long, or its agent is lost", Party.ENGINE, Party.AGENT),
    _edge(
        RunStatus.RUNNING,
        RunStatus.CANCELLED,
        "cancelled, and seen to be gone, or its agent is; or halted",
        Party.AGENT,
        Party.ENGINE,
        Party.PERSON,
    ),
    _edge(RunStatus.RUNNING, RunStatus.PAUSED, "an error waits for a person", Party.AGENT),
    _edge(RunStatus.RUNNING, RunStatus.SUSPENDED, "only suspended steps are left", Party.AGENT),
    _edge(
        RunStatus.RUNNING,
        RunStatus.WAITING,
        "handed over by a stopping agent, or its agent is lost",
        Party.AGENT,
        Party.ENGINE,
    ),
    _edge(
        RunStatus.SUSPENDED,
        RunStatus.WAITING,
        "an event or a timer, a child has ended, or it is to be cancelled",
        Party.ENGINE,
        Party.AGENT,
        Party.PERSON,
    ),
    _edge(RunStatus.SUSPENDED, RunStatus.CANCELLED, "cancelled", Party.PERSON),
    _edge(RunStatus.SUSPENDED, RunStatus.FAILED, "failed while suspended", Party.ENGINE, Party.PERSON),
    _edge(RunStatus.PAUSED, RunStatus.WAITING, "resumed", Party.PERSON),
    _edge(RunStatus.PAUSED, RunStatus.FAILED, "given up", Party.PERSON),
    _edge(RunStatus.PAUSED, RunStatus.CANCELLED, "cancelled", Party.PERSON),
)

STEP_TRANSITIONS: tuple[Edge[StepStatus], ...] = (
    _edge(StepStatus.PENDING, StepStatus.RUNNING, "handed out", Party.AGENT),
    _edge(StepStatus.PENDING, StepStatus.SKIPPED, "skipped", Party.AGENT, Party.PERSON),
    _edge(StepStatus.PENDING, StepStatus.CANCELLED, "cancelled", Party.AGENT, Party.PERSON),
    _edge(StepStatus.RUNNING, StepStatus.SUCCESS, "done", Party.AGENT),
    _edge(StepStatus.RUNNING, StepStatus.ERROR, "failed", Party.AGENT),
    _edge(StepStatus.RUNNING, StepStatus.SUSPENDED, "suspended itself", Party.AGENT),
    _edge(StepStatus.RUNNING, StepStatus.CANCELLED, "cancelled", Party.AGENT),
    _edge(StepStatus.RUNNING, StepStatus.PENDING, "its agent stopped before it began", Party.AGENT),
    _edge(StepStatus.SUSPENDED, StepStatus.RUNNING, "an event", Party.AGENT),
    _edge(StepStatus.SUSPENDED, StepStatus.CANCELLED, "cancelled", Party.AGENT, Party.PERSON),
    _edge(StepStatus.SUSPENDED, StepStatus.ERROR, "its deadline passed", Party.AGENT),
    _edge(StepStatus.ERROR, StepStatus.PENDING, "resumed", Party.PERSON),
    _edge(StepStatus.ERROR, StepStatus.SKIPPED, "skipped", Party.AGENT, Party.PERSON),
)

INITIAL_RUN_STATUSES = frozenset({RunStatus.SCHEDULED, RunStatus.WAITING})

_RUN_EDGES = {(edge.source, edge.target): edge for edge in RUN_TRANSITIONS}
_STEP_EDGES = {(edge.source, edge.target): edge for edge in STEP_TRANSITIONS}


def sources_of(target: RunStatus, by: Party) -> frozenset[RunStatus]:
    """Return the statuses from which ``by`` may move a run to ``target``."""
    return frozenset(edge.source for edge in RUN_TRANSITIONS if edge.target is target and by in edge.by)


def find_path(source: RunStatus, target: RunStatus) -> list[RunStatus]:
    """Return the statuses that a run comes through on its shortest way from ``source`` to ``target``, which is last.

    Raises ``IllegalTransition`` when there is none.
    """
    paths = {source: list[RunStatus]()}
    while target not in paths:
        further = [edge for edge in RUN_TRANSITIONS if edge.source in paths and edge.target not in paths]
        if not further:
            raise IllegalTransition(f"there is no way for a run from {source} to {target}")
        paths |= {edge.target: [*paths[edge.source], edge.target] for edge in further}
    return paths[target]


def check_run_transition(sources: Iterable[RunStatus], target: RunStatus, by: Party) -> None:
    """Raise ``IllegalTransition`` unless ``by`` may move a run from each of ``sources`` to ``target``."""
    for source in sources:
        edge = _RUN_EDGES.get((source, target))
        if edge is None or by not in edge.by:
            raise IllegalTransition(f"the {by} may not move a run from {source} to {target}")


def check_step_transition(source: StepStatus, target: StepStatus, by: Party) -> None:
    """Raise ``IllegalTransition`` unless ``by`` may move a step from ``source`` to ``target``.

    A step may always change within its status: it is tried again, or what its skipping was to do is done.
    """
    edge = _STEP_EDGES.get((source, target))
    if source is not target and (edge is None or by not in edge.by):
        raise IllegalTransition(f"the {by} may not move a step from {source} to {target}")
