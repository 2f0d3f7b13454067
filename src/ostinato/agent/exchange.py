"""What an agent and the store tell each other, in one transaction: heartbeat, decisions and claims, however many."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ostinato import __version__
from ostinato.agent.news import Key, News
from ostinato.agent.orders import make_orders
from ostinato.agent.settings import AgentSettings
from ostinato.director.decisions import Decision, Order
from ostinato.director.director import Director
from ostinato.errors import IllegalTransition, NotPossible
from ostinato.model.agents import Agent as AgentRecord
from ostinato.model.limits import DEFAULT_RULES, ClaimRules
from ostinato.model.runs import ClaimedRun, HeldRun
from ostinato.model.statuses import AgentStatus
from ostinato.model.steps import Event
from ostinato.store import agents, chunks, claims, decisions, due_runs, events, hook_calls, plans
from ostinato.store.database import Store, Tx
from ostinato.store.decisions import Recording
from ostinato.store.leases import lock_runs


@dataclass(frozen=True, slots=True)
class Started:
    """A run that the agent was given, with the director's first decision about it.

    ``under_way`` are the steps of it that are being carried out already. One that ``is_back`` was let go of in the same
    exchange, for nothing but its singleton, and that was free.
    """

    run: ClaimedRun
    decision: Decision
    under_way: frozenset[int] = frozenset()
    is_back: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What an agent has to say, and what it asks.

    ``record`` is the agent as the store knows it; ``beat`` its status, when a heartbeat is due. ``recordings`` are
    decisions to record. It begins anew with ``strangers``, and claims work for ``room`` items: nothing of what is
    ``busy``, for that has not ended here yet, and of what is ``unfit`` only what is to be cancelled. With ``look`` it
    wants to know what it holds and what has come for ``in_hand``. One that ``is_stopping`` takes nothing up again.
    It claims by the ``rules`` of its project.
    """

    record: AgentRecord
    beat: AgentStatus | None
    recordings: tuple[Recording, ...] = ()
    news: News = field(default_factory=News)
    strangers: Strangers | None = None
    room: int = 0
    busy: frozenset[int] = frozenset()
    unfit: frozenset[int] = frozenset()
    look: bool = False
    in_hand: tuple[int, ...] = ()
    is_stopping: bool = False
    rules: ClaimRules = DEFAULT_RULES

    @property
    def writes(self) -> bool:
        """Tell whether the store has to write anything for it."""
        return bool(self.beat or self.recordings or self.news or self.strangers or self.room > 0)

    @property
    def lets_go(self) -> bool:
        """Tell whether a run leaves the agent by one of the recordings."""
        return any(recording.lets_go for recording in self.recordings)


@dataclass(frozen=True, slots=True)
class Strangers:
    """Runs that an agent holds and knows nothing of, and how it came to that.

    ``leases`` are their tokens, by run; ``left`` are the commands that go on for them. ``why`` is said of all other
    steps that the store shows running; where ``begun`` is false, it is certain that nobody has begun with these.
    """

    leases: Mapping[int, int]
    left: frozenset[Key]
    why: str
    begun: bool


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What the store shows of a predecessor: the runs it held, and the tries of their steps that are under way.

    ``leases`` are the tokens of the runs, ``running`` the numbers of the tries.
    """

    leases: Mapping[int, int]
    running: Mapping[Key, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the store answers.

    ``confirmed`` tells that the store knows no other process by the agent's name. ``refused`` are the runs of which
    nothing was recorded, their leases being gone. ``started`` are the runs that were given to the agent, each with the
    director's first decision, which is recorded. ``is_to_drain`` tells whether it is to take no more runs; ``None``
    where it has neither looked nor asked for any. The rest is what ``look`` asks for: all runs that it ``held`` before,
    ``events``, when a suspended run is due, and whether there are calls of hooks to be made.
    """

    confirmed: bool
    refused: frozenset[int]
    started: tuple[Started, ...]
    is_to_drain: bool | None
    held: tuple[HeldRun, ...] | None
    events: tuple[Event, ...]
    wake_at: datetime | None
    has_hook_calls: bool


def enter(store: Store, name: str, settings: AgentSettings, now: datetime) -> tuple[AgentRecord, LeftBehind]:
    """Register an agent; return it with what a predecessor of its name has left behind.

    It is a transaction of its own: what an agent claims afterwards is certainly not its predecessor's.
    """
    with store.write() as tx:
        record = agents.register_agent(
            tx,
            name=name,
            host=socket.gethostname(),
            pid=os.getpid(),
            queues=settings.queues,
            concurrency=settings.concurrency,
            version=__version__,
            now=now,
        )
        leases = {run.id: run.lease_token for run in claims.list_held_runs(tx, agent_id=record.id)}
        return record, LeftBehind(leases, plans.list_running_tries(tx, leases))


def exchange(store: Store, request: Request, director: Director, now: datetime) -> Answer | None:
    """Tell the store all that ``request`` says, claim runs, and learn what the agent holds.

    The director starts with the claimed runs and its first decisions are recorded in the same transaction; when that
    fails, it has forgotten them again. ``None`` when the agent's row is gone: nothing was told then, and it is to enter
    anew. Raises ``NotPossible`` when another process has registered under its name since.
    """
    name = request.record.name
    started: list[Started] = []
    try:
        with store.write() if request.writes else store.read() as tx:
            if not _show_presence(tx, request, now):
                return None
            _keep_news(tx, request, now)
            refused = decisions.record(tx, request.recordings, actor=name, now=now)
            request = replace(request, busy=request.busy | refused)  # the agent has yet to let go of these
            asks = request.look or request.room > 0
            is_to_drain = agents.is_to_drain(tx, request.record.id) if asks else None
            held = claims.list_held_runs(tx, agent_id=request.record.id) if request.look else None
            came = events.list_due_events(tx, request.in_hand, now) if request.look else []
            turns = {one.run_id for one in request.recordings if one.takes_turn and one.run_id not in refused}
            taken = _take_runs(tx, request, now, may_claim=not is_to_drain)
            _start(tx, taken, director, started, turns, actor=name, now=now)
            turns |= {one.run.id for one in started if one.decision.takes_turn}
            _start(tx, _take_turns(tx, request, turns, now), director, started, turns, actor=name, now=now)
            wake_at = due_runs.find_next_wake(tx) if request.look else None
            has_hook_calls = (request.look or request.lets_go) and hook_calls.has_hook_calls(tx, now=now)
    except BaseException:
        for one in started:
            director.forget(one.run.id)
        raise
    return Answer(
        confirmed=request.beat is not None,
        refused=refused,
        started=tuple(started),
        is_to_drain=is_to_drain,
        held=None if held is None else tuple(held),
        events=tuple(came),
        wake_at=wake_at,
        has_hook_calls=has_hook_calls,
    )


def say_goodbye(store: Store, record: AgentRecord, now: datetime) -> None:
    """Let the store know that the agent has stopped in good order."""
    with store.write() as tx:
        agents.beat(tx, record, status=AgentStatus.STOPPED, now=now)


def _show_presence(tx: Tx, request: Request, now: datetime) -> bool:
    """Send a heartbeat if one is due; ``False`` when the agent has no row any more."""
    record = request.record
    if request.beat is None or agents.beat(tx, record, status=request.beat, now=now):
        return True
    if any(agent.name == record.name for agent in agents.list_agents(tx)):
        raise NotPossible(
            f"another process has registered as agent {record.name}, and taken its runs over",
            hint="give each agent a name of its own: ostinato agent --name NAME",
        )
    return False


def _keep_news(tx: Tx, request: Request, now: datetime) -> None:
    """Keep the news, all runs that anything is written about being locked before, in the order of their ids."""
    news = request.news
    if news:
        lock_runs(tx, {*news.leases, *(recording.run_id for recording in request.recordings)})
    if news.progress:
        chunks.keep_progress(tx, news.progress, leases=news.leases)
    if news.chunks:
        chunks.add_chunks(tx, news.chunks, leases=news.leases, now=now)


def _take_runs(tx: Tx, request: Request, now: datetime, *, may_claim: bool) -> Iterator[tuple[ClaimedRun, Order]]:
    """Begin anew with the runs that nobody here knows, and claim others; yield each with its order."""
    strangers = request.strangers
    if strangers is not None:
        taken = claims.renew_leases(tx, strangers.leases)
        orders = make_orders(tx, taken, now, interrupted=strangers.why, begun=strangers.begun, left=strangers.left)
        yield from zip(taken, orders, strict=True)
    if request.room > 0 and may_claim:
        due_runs.wake_suspended_runs(tx, actor=request.record.name, now=now, limit=request.room)
        yield from _claim(tx, request, now, limit=request.room)


def _take_turns(tx: Tx, request: Request, turns: Collection[int], now: datetime) -> Iterator[tuple[ClaimedRun, Order]]:
    """Claim those of the runs that this agent has let go of for their singletons whose turn it is already."""
    if turns and not request.is_stopping:
        yield from _claim(tx, request, now, limit=len(turns), among=turns)


def _claim(
    tx: Tx, request: Request, now: datetime, *, limit: int, among: Collection[int] | None = None
) -> Iterator[tuple[ClaimedRun, Order]]:
    record = request.record
    claimed = claims.claim_runs(
        tx,
        agent_id=record.id,
        actor=record.name,
        queues=record.queues,
        limit=limit,
        exclude=request.busy,
        unfit=request.unfit,
        among=among,
        rules=request.rules,
        now=now,
    )
    yield from zip(claimed, make_orders(tx, claimed, now), strict=True)


def _start(
    tx: Tx,
    taken: Iterable[tuple[ClaimedRun, Order]],
    director: Director,
    started: list[Started],
    turns: Collection[int],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Have the director start with runs that this transaction has taken, and record its first decisions about them."""
    known = len(started)
    for run, order in taken:
        decision = director.start_execution(order, now)
        started.append(Started(run, decision, order.under_way, is_back=run.id in turns))
    recordings = [
        Recording(one.run.id, one.run.lease_token, one.run.decision, one.decision.changes)
        for one in started[known:]
        if one.decision.changes
    ]
    if decisions.record(tx, recordings, actor=actor, now=now):
        raise IllegalTransition("a run was lost in the transaction that claimed it")
