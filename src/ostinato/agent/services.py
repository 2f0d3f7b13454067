"""What the code of an action can reach through the agent that carries it out. Used by any thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from ostinato.actions.services import ChildCounts, ChildRequest
from ostinato.agent.news import NewsDesk
from ostinato.clock import Clock
from ostinato.errors import NotPossible, StoreUnavailable
from ostinato.executors.executor import CancelFlag
from ostinato.model.runs import ClaimedRun, NewRun, RunOrigin
from ostinato.model.steps import Json
from ostinato.store import children, runs
from ostinato.store.database import Store
from ostinato.store.leases import lock_runs
from ostinato.store.outages import Outage

T = TypeVar("T")


class AgentServices:
    """Keeps the promise of ``Services`` for one work item of ``run``; ``cancelled`` is how that is asked to end.

    A store that is away makes it wait. Nothing is done twice when it is asked again: of what it did its answer may have
    been lost.
    """

    def __init__(
        self, store: Store, clock: Clock, news: NewsDesk, run: ClaimedRun, *, agent: str, cancelled: CancelFlag
    ) -> None:
        self._store = store
        self._clock = clock
        self._news = news
        self._run = run
        self._agent = agent
        self._cancelled = cancelled

    def now(self) -> datetime:
        return self._clock.now()

    def report_progress(self, run_id: int, step: int, fraction: float, message: str) -> None:
        self._news.tell_progress((run_id, step), fraction, message)

    def emit(self, run_id: int, step: int, data: Json) -> None:
        self._news.tell_chunk((run_id, step), data)

    def is_cancelled(self, run_id: int, step: int) -> bool:
        return self._cancelled.is_set()

    def start_children(self, run_id: int, step: int, children: Sequence[ChildRequest]) -> None:
        self._insist(lambda: self._start_children(run_id, step, children))

    def count_children(self, run_id: int, step: int) -> ChildCounts:
        return self._insist(lambda: self._count_children(run_id, step))

    def _insist(self, ask: Callable[[], T]) -> T:
        """Ask the store until it answers, or the work item is to end."""
        outage = Outage(self._clock)
        while True:
            try:
                answer = ask()
            except StoreUnavailable as error:
                if self._cancelled.wait(outage.note(error, agent=self._agent, run=self._run.id)):
                    raise
            else:
                outage.end()
                return answer

    def _start_children(self, run_id: int, step: int, children: Sequence[ChildRequest]) -> None:
        now = self._clock.now()
        new = [self._make_child(run_id, step, child, now) for child in children]
        with self._store.write() as tx:
            parent = lock_runs(tx, [run_id]).get(run_id)
            if parent is None or parent.cancel_requested or not parent.is_held_under(self._run.lease_token):
                raise NotPossible(f"run {run_id} is no longer to start children: it was cancelled, or taken away")
            runs.create_runs(tx, new, actor=self._agent, now=now)

    def _count_children(self, run_id: int, step: int) -> ChildCounts:
        with self._store.read() as tx:
            return ChildCounts(
                started=children.find_last_child(tx, run_id, step), by_status=children.count_children(tx, run_id, step)
            )

    def _make_child(self, run_id: int, step: int, child: ChildRequest, now: datetime) -> NewRun:
        parent = self._run
        return NewRun(
            definition_id=None,
            account_id=parent.account_id,
            slot_id=None,
            version="",
            series=1,
            attempt=1,
            origin=RunOrigin.TRIGGER,
            queue=child.queue or parent.queue,
            priority=parent.priority,
            due_at=now,
            requested_by=f"run {run_id}",
            cause=f"child {child.number} of run {run_id}",
            action=child.action,
            input=child.input,
            context=parent.context,
            parent_run_id=run_id,
            parent_step=step,
            child_number=child.number,
            singleton_key=child.rules.singleton_key,
            hold_singleton=child.rules.refuses,
            hooks=child.rules.hooks or None,
        )
