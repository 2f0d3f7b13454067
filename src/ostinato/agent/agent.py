"""The agent: claims runs, asks its director what to do, has its executor do it, and records what became of it.

It advances by ``tick`` alone; who calls it owns the waiting. Whatever happens is put to the director; what that decides
goes to the outbox, and from there to the store in one transaction with all else that is due. Only what is recorded is
acted on. A store that is away delays that and no more: work goes on, decisions wait.

A run that the agent holds and does not know of was begun by a predecessor that was killed, or claimed in an answer that
never arrived: it takes that up anew. What it carries out and does not hold any more is no longer its own: it is killed,
and claimed again only when nothing of it is left.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from ostinato.agent.exchange import Answer, Request, Strangers, enter, exchange, say_goodbye
from ostinato.agent.hooks import HookCaller
from ostinato.agent.identity import Identity, take_identity
from ostinato.agent.news import Key, NewsDesk
from ostinato.agent.outbox import Outbox
from ostinato.agent.settings import AgentSettings
from ostinato.agent.work import Workbench
from ostinato.clock import Clock
from ostinato.director.decisions import Decision
from ostinato.director.director import Director
from ostinato.durations import format_duration
from ostinato.errors import StoreUnavailable
from ostinato.executors.executor import Ended, Executor
from ostinato.executors.leftovers import end_leftovers
from ostinato.model.agents import Agent as AgentRecord
from ostinato.model.changes import RunMoved
from ostinato.model.runs import ClaimedRun, EndKind, HeldRun
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.model.work import Report
from ostinato.store.database import Store
from ostinato.store.decisions import Recording

FAREWELL_SECONDS = 10.0
"""How long a stopping agent goes on trying to record decisions when its grace period is over."""
LONGEST_BACK_OFF_SECONDS = 30.0

log = structlog.get_logger()


class Agent:
    """One agent, in one thread. ``tally`` counts the runs that it has let go of, by the status they went to."""

    def __init__(self, store: Store, clock: Clock, executor: Executor, settings: AgentSettings) -> None:
        self.tally: Counter[RunStatus] = Counter()
        self._store = store
        self._clock = clock
        self._executor = executor
        self._settings = settings
        self._director = Director(concurrency=settings.concurrency, queues=settings.queues)
        self._outbox = Outbox()
        self._news = NewsDesk()
        self._hooks = HookCaller(store, clock, executor)
        self._bench = Workbench(store, clock, executor, settings, self._news)
        self._runs: dict[int, ClaimedRun] = {}
        self._begun: set[Key] = set()
        self._unfit: set[int] = set()
        self._strangers: Strangers | None = None
        self._identity: Identity | None = None
        self._record: AgentRecord | None = None
        self._claiming = False
        self._once = False
        self._has_room = False
        self._poll_at = self._beat_at = self._retry_at = -math.inf
        self._end_at = self._leave_at = math.inf
        self._failures = 0

    @property
    def name(self) -> str:
        """Return the agent's name, once it has started."""
        return "" if self._identity is None else self._identity.name

    def start(self, *, once: bool = False) -> None:
        """Take a name and get ready. With ``once``, claim one time only.

        Raises ``NotPossible`` when the name that was asked for is taken. The first ``tick`` enters the agent in
        the store; with ``once`` it raises ``StoreUnavailable`` if that cannot be done.
        """
        self._identity = take_identity(self._settings.identities, self._settings.name)
        self._bench.agent = self.name
        self._claiming, self._once = True, once
        log.info("agent_started", agent=self.name, queues=self._settings.queues)

    def tick(self) -> None:
        """Do all that is due: take in what has ended, tell the store, and act on its answer.

        Raises ``NotPossible`` when another process has taken the agent's name over.
        """
        self.wait(0)
        self._end_after_grace()
        self._wake_due_runs()
        self._outbox.add(*self._director.hand_out(self._clock.now()))
        if self._exchange_at() <= self._clock.monotonic():
            self._deal_with_store()

    def wait(self, seconds: float) -> None:
        """Look after the work until some ends, something wakes the agent, or ``seconds`` have passed."""
        ended = self._executor.wait(seconds)
        if ended:
            now = self._clock.now()
            for one in ended:
                if not self._hooks.note_end(one.key, one.unfit):
                    self._note_end(one, now)

    def wake_on(self, descriptor: int) -> None:
        """Have ``wait`` come back early whenever ``descriptor`` is readable; its contents are thrown away."""
        self._executor.wake_on(descriptor)

    def look_for_work(self) -> None:
        """Have the next ``tick`` claim at once: there may be something. A store that is away is still given time."""
        self._poll_at = -math.inf

    def seconds_until_due(self) -> float:
        """Return how long ``tick`` has nothing to do, unless work ends."""
        wake_at = self._director.next_wake_at()
        until_wake = math.inf if wake_at is None else (wake_at - self._clock.now()).total_seconds()
        now = self._clock.monotonic()
        return max(0.0, min(self._exchange_at() - now, self._end_at - now, until_wake))

    def stop(self) -> None:
        """Claim no more, hand over what is not under way, and end the rest when the grace period is over.

        Asked again, end it now.
        """
        grace = timedelta(0) if self._is_stopping else self._settings.grace_period
        self._claiming = False
        self._end_at = self._clock.monotonic() + grace.total_seconds()
        self._leave_at = self._end_at + FAREWELL_SECONDS
        self._poll_at = self._beat_at = self._retry_at = -math.inf
        self._outbox.add(*self._director.terminate(self._clock.now()))
        log.info("agent_stopping", agent=self.name, running=len(self._runs), grace=format_duration(grace))

    @property
    def is_done(self) -> bool:
        """Tell whether it claims no more, nothing runs, and all is recorded or has been tried for long enough."""
        if self._claiming or len(self._executor) > 0:
            return False
        return not (self._runs or self._outbox or self._strangers) or self._clock.monotonic() >= self._leave_at

    def close(self) -> None:
        """End at once: kill what still runs, say goodbye if nothing is left open, and give the name back."""
        self._executor.close()
        if self._identity is None:
            return
        if self._runs or self._outbox:
            log.error("agent_left_runs_open", agent=self.name, runs=list(self._runs))
        elif self._record is not None:
            try:
                say_goodbye(self._store, self._record, self._clock.now())
            except StoreUnavailable as error:
                log.warning("goodbye_not_said", agent=self.name, error=error.message)
        log.info("agent_stopped", agent=self.name)
        self._identity.release()
        self._identity = None

    @property
    def _is_stopping(self) -> bool:
        return self._leave_at < math.inf

    # --- asking the director -------------------------------------------------------------------------------------

    def _note_end(self, ended: Ended, now: datetime) -> None:
        """Put to the director what became of a work item."""
        run_id, step = ended.key
        if ended.evidence is not None:
            log.info("command_ended", agent=self.name, run=run_id, step=step, end=ended.evidence.message)
        self._begun.discard(ended.key)
        if run_id not in self._runs:
            return  # it was let go of
        if ended.unfit:
            self._unfit.add(run_id)
            self._outbox.add(self._director.work_failed(run_id, step, f"agent {self.name} {ended.unfit}", now))
        else:
            self._outbox.add(self._director.work_finished(Report(run_id, step, ended.outcome), now))

    def _wake_due_runs(self) -> None:
        wake_at, now = self._director.next_wake_at(), self._clock.now()
        if wake_at is not None and wake_at <= now:
            self._outbox.add(*(self._director.wake(run_id, now) for run_id in self._director.list_due(now)))

    def _end_after_grace(self) -> None:
        if self._clock.monotonic() >= self._end_at:
            self._end_at = math.inf
            self._outbox.add(*self._director.stop_work(EndKind.STOPPED, "its agent was stopped"))
            self._hooks.stop("its agent was stopped")

    # --- telling the store ---------------------------------------------------------------------------------------

    def _exchange_at(self) -> float:
        wanted_at = -math.inf if self._outbox or self._strangers else min(self._poll_at, self._beat_at)
        return max(wanted_at, self._retry_at)

    def _deal_with_store(self) -> None:
        """Enter the agent in the store, if it is not there, and exchange news with it."""
        try:
            self._exchange(self._record or self._enter())
        except StoreUnavailable as error:
            if self._once and self._record is None:
                raise
            self._put_off(error)

    def _enter(self) -> AgentRecord:
        self._record, left_behind = enter(self._store, self.name, self._settings, self._clock.now())
        self._beat_at = self._clock.monotonic() + self._settings.heartbeat.total_seconds()
        self._note_strangers(left_behind, f"agent {self.name} was killed while it ran", begun=True)
        return self._record

    def _exchange(self, record: AgentRecord) -> None:
        request, now = self._make_request(record), self._clock.now()
        try:
            answer = exchange(self._store, request, self._director, now)
        except StoreUnavailable:
            self._news.put_back(request.news)
            raise
        if answer is None:
            self._news.put_back(request.news)
            self._record = None
            return
        self._strangers = None
        self._plan_next(request, answer)
        self._settle(answer)
        self._begin(answer)
        if answer.held is not None:
            self._look_after(answer, answer.held, now)
        if answer.has_hook_calls and not self._is_stopping:
            self._call_hooks()

    def _call_hooks(self) -> None:
        with suppress(StoreUnavailable):  # they wait
            self._hooks.begin()

    def _make_request(self, record: AgentRecord) -> Request:
        now = self._clock.monotonic()
        status = AgentStatus.STOPPING if self._is_stopping else AgentStatus.ALIVE
        recordings = self._outbox.seal()
        return Request(
            record=record,
            beat=status if self._beat_at <= now else None,
            recordings=recordings,
            news=self._news.take({run.id: run.lease_token for run in self._runs.values()}),
            strangers=self._strangers,
            room=max(0, int(self._director.free)) if self._may_claim(recordings) else 0,
            busy=frozenset([*self._director.current_execution_plan_ids(), *(run_id for run_id, _ in self._begun)]),
            unfit=frozenset(self._unfit),
            look=self._poll_at <= now,
            in_hand=tuple(self._runs),
        )

    def _may_claim(self, recordings: Iterable[Recording]) -> bool:
        """Tell whether to ask for more runs: not before those that it knows nothing of are taken up."""
        makes_room = any(recording.lets_go for recording in recordings)
        has_reason = makes_room or self._has_room or self._poll_at <= self._clock.monotonic()
        return self._claiming and has_reason and self._strangers is None and not self._director.is_busy

    def _put_off(self, error: StoreUnavailable) -> None:
        wait = 1.0 if self._is_stopping else min(2.0 ** min(self._failures, 10), LONGEST_BACK_OFF_SECONDS)
        self._failures += 1
        self._retry_at = self._clock.monotonic() + wait
        log.warning("store_unavailable", agent=self.name, error=error.message, again_in=wait)

    def _plan_next(self, request: Request, answer: Answer) -> None:
        now = self._clock.monotonic()
        self._failures, self._retry_at = 0, -math.inf
        if request.room:
            self._has_room = False
        if request.look:
            self._poll_at = now + min(self._settings.poll.total_seconds(), self._seconds_until_wake(answer.wake_at))
        if request.strangers is not None:
            self.look_for_work()  # nothing was claimed
        elif self._once:
            self._claiming = False
        if answer.confirmed:
            self._beat_at = now + self._settings.heartbeat.total_seconds()

    def _seconds_until_wake(self, wake_at: datetime | None) -> float:
        """Return how soon a suspended run is to be woken. One that should be already waits for room."""
        seconds = math.inf if wake_at is None else (wake_at - self._clock.now()).total_seconds()
        return seconds if seconds > 0 else math.inf

    # --- acting on what is recorded ------------------------------------------------------------------------------

    def _settle(self, answer: Answer) -> None:
        """Act on the decisions that are recorded now; let go of the runs of which nothing could be."""
        for run_id in answer.refused:
            log.warning("outcome_refused", agent=self.name, run=run_id)
            self._let_go(run_id)
        for decision in self._outbox.settle(answer.refused):
            self._act_on(decision)

    def _begin(self, answer: Answer) -> None:
        for run, decision in answer.started:
            log.info("run_begun", agent=self.name, run=run.id, slot=str(run.slot or run.work))
            self._runs[run.id] = run
            self._outbox.open(run, decision)
            self._act_on(decision)

    def _act_on(self, decision: Decision) -> None:
        for item in decision.work:
            self._begun.add(item.key)
            self._bench.begin(self._runs[decision.run_id], item)
        for stop in decision.stops:
            self._executor.end((stop.run_id, stop.step), stop.kind, stop.why)
        for change in decision.changes:
            if isinstance(change, RunMoved):
                self._note_left(decision.run_id, change)

    def _note_left(self, run_id: int, move: RunMoved) -> None:
        log.info("run_left", agent=self.name, run=run_id, status=move.to, cause=move.cause)
        self.tally[move.to] += 1
        self._runs.pop(run_id, None)
        self._outbox.close(run_id)
        self._has_room = True

    def _let_go(self, run_id: int) -> None:
        """Have nothing more to do with a run that is no longer the agent's own."""
        for step in self._director.forget(run_id):
            self._executor.kill((run_id, step), EndKind.LOST, "its lease was lost")
        self._outbox.close(run_id)
        self._runs.pop(run_id, None)
        self._has_room = True

    # --- looking after what is held ------------------------------------------------------------------------------

    def _look_after(self, answer: Answer, held: Collection[HeldRun], now: datetime) -> None:
        """Let go of what is lost, cancel what is to be cancelled, deliver what came, and take up what is unknown."""
        tokens = {run.id: run.lease_token for run in held}
        begun = {run.id for run, _ in answer.started}
        for run_id in [id for id, run in self._runs.items() if not self._is_held(run, tokens, begun)]:
            log.warning("lease_lost", agent=self.name, run=run_id)
            self._let_go(run_id)
        for run in held:
            if run.id in self._runs and run.cancel_requested_by is not None:
                self._outbox.add(self._director.cancel(run.id, f"cancelled by {run.cancel_requested_by}", now))
        for event in answer.events:
            if event.run_id in self._runs:
                self._outbox.add(self._director.handle_event(event, now))
        self._notice_strangers([run for run in held if run.id not in self._runs and run.id not in begun], answer)

    def _is_held(self, run: ClaimedRun, tokens: dict[int, int], begun: Collection[int]) -> bool:
        return tokens.get(run.id) == run.lease_token or run.id in begun

    def _notice_strangers(self, strangers: Collection[HeldRun], answer: Answer) -> None:
        """Take note of runs that were claimed in an answer which never came: nobody has begun with them."""
        if strangers and not answer.confirmed:
            self._beat_at = self._poll_at = -math.inf  # are they those of another process of this name? Ask
        else:
            self._note_strangers(strangers, "it was claimed but never begun", begun=False)

    def _note_strangers(self, strangers: Iterable[HeldRun], why: str, *, begun: bool) -> None:
        """Have runs taken up that nobody here knows, when nothing of them lives any more."""
        dying = {run_id for run_id, _ in self._begun}
        leases = {run.id: run.lease_token for run in strangers if run.id not in dying}
        if not leases:
            return
        ended = end_leftovers(leases, agent=self.name, project=self._settings.project, clock=self._clock)
        log.warning("runs_lost", agent=self.name, runs=list(leases), processes_ended=ended)
        for run_id in leases:
            self._bench.seal_logs(run_id)
        self._strangers = Strangers(leases, why, begun)
