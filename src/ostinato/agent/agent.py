"""The agent: claims runs, asks its director what to do, has its executor do it, and records what became of it.

It advances by ``tick`` alone; who calls it owns the waiting. Whatever happens is put to the director; what that decides
goes to the outbox, and from there to the store in one transaction with all else that is due. Only what is recorded is
acted on. A store that is away delays that and no more: work goes on, decisions wait.

A run that the agent holds and does not know of was begun by a predecessor, or claimed in an answer that never arrived:
it takes that up, and adopts the commands of it that go on. What it carries out and does not hold any more is no longer
its own: it is killed, and claimed again only when nothing of it is left.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

import structlog

from ostinato.agent.adoption import Heritage
from ostinato.agent.exchange import Answer, Request, enter, exchange, say_goodbye
from ostinato.agent.farewell import Farewell
from ostinato.agent.hooks import HookCaller
from ostinato.agent.identity import Identity, take_identity
from ostinato.agent.news import NewsDesk
from ostinato.agent.outbox import Outbox
from ostinato.agent.settings import AgentSettings
from ostinato.agent.standing import Standing
from ostinato.agent.timetable import Timetable
from ostinato.agent.work import Workbench
from ostinato.clock import Clock
from ostinato.director.decisions import Decision
from ostinato.director.director import Director
from ostinato.durations import format_duration
from ostinato.errors import NotPossible, StoreUnavailable
from ostinato.executors.executor import Ended, Executor
from ostinato.model.agents import Agent as AgentRecord
from ostinato.model.changes import RunMoved
from ostinato.model.evidence import EndKind
from ostinato.model.runs import ClaimedRun, HeldRun
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.model.work import Report
from ostinato.store.database import Store
from ostinato.store.decisions import Recording

log = structlog.get_logger()


class Agent:
    """One agent, in one thread. ``name`` is its own from its start.

    ``tally`` counts the runs that it has let go of, by the status they went to. ``left_running`` are those that it left
    to a successor of its name when it ended, with commands that go on.
    """

    def __init__(self, store: Store, clock: Clock, executor: Executor, settings: AgentSettings) -> None:
        self.name = ""
        self.tally: Counter[RunStatus] = Counter()
        self.left_running: tuple[int, ...] = ()
        self._store = store
        self._clock = clock
        self._executor = executor
        self._settings = settings
        self._director = Director(concurrency=settings.concurrency, queues=settings.queues)
        self._outbox = Outbox()
        self._news = NewsDesk()
        self._hooks = HookCaller(store, clock, executor)
        self._bench = Workbench(store, clock, executor, settings, self._news)
        self._heritage = Heritage(executor, self._bench)
        self._times = Timetable(clock, settings)
        self._farewell = Farewell(clock, settings.grace_period)
        self._runs: dict[int, ClaimedRun] = {}
        self._unfit: set[int] = set()
        self._identity: Identity | None = None
        self._record: AgentRecord | None = None
        self._claiming = False
        self._is_draining = False
        self._once = False
        self._has_room = False
        self._leaves_commands = False
        self._is_usurped = False

    def start(self, *, once: bool = False) -> None:
        """Take a name and get ready. With ``once``, claim one time only.

        Raises ``NotPossible`` when the name that was asked for is taken. The first ``tick`` enters the agent in
        the store; with ``once`` it raises ``StoreUnavailable`` if that cannot be done.
        """
        self._identity = take_identity(self._settings.identities, self._settings.name)
        self.name = self._bench.agent = self._identity.name
        self._executor.open(self.name)
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
                if self._heritage.note_end(one):
                    self.look_for_work()  # that had to wait for it
                elif not self._hooks.note_end(one.key, one.unfit):
                    self._note_end(one, now)

    def wake_on(self, descriptor: int) -> None:
        """Have ``wait`` come back early whenever ``descriptor`` is readable; its contents are thrown away."""
        self._executor.wake_on(descriptor)

    def look_for_work(self) -> None:
        """Have the next ``tick`` claim at once: there may be something. A store that is away is still given time."""
        self._times.hasten_poll()

    def seconds_until_due(self) -> float:
        """Return how long ``tick`` has nothing to do, unless work ends."""
        wake_at = self._director.next_wake_at()
        until_wake = math.inf if wake_at is None else (wake_at - self._clock.now()).total_seconds()
        now = self._clock.monotonic()
        return max(0.0, min(self._exchange_at() - now, self._farewell.end_at - now, until_wake))

    def stop(self) -> None:
        """Claim no more, and hand over what is not under way. When the grace period is over, leave commands, end calls.

        Commands are ended, too, if that is how the agent is set. Asked again, do not wait for the end of the period.
        """
        self._claiming = False
        grace = self._farewell.begin()
        self._times.hasten()
        self._times.lose_patience()
        self._outbox.add(*self._director.terminate(self._clock.now()))
        log.info("agent_stopping", agent=self.name, running=len(self._runs), grace=format_duration(grace))

    @property
    def standing(self) -> Standing:
        """Return how the agent stands, for whoever watches the process."""
        return Standing(
            in_hand=len(self._runs),
            let_go=self.tally.total(),
            has_entered=self._record is not None,
            is_draining=self._is_draining,
            is_stopping=self._is_stopping,
            store_is_away=self._times.store_is_away,
        )

    @property
    def is_done(self) -> bool:
        """Tell whether it claims no more, nothing runs but what it leaves, and all is recorded, or time is up."""
        to_leave = self._bench.commands if self._leaves_commands else ()
        if self._claiming or len(self._executor) > len(to_leave):
            return False
        to_record = self._runs.keys() - {run_id for run_id, _ in to_leave}
        return not (to_record or self._outbox or self._heritage) or self._farewell.is_overdue

    def close(self) -> None:
        """End at once, leave commands to a successor, say goodbye if nothing else is open, and give the name back.

        Commands are killed if the agent is set to end them, or if another process has taken its name over.
        """
        if self._identity is None:
            self._executor.close()
            return
        self._bench.close(leave=self._settings.leaves_commands and not self._is_usurped)
        self._say_what_is_left()
        log.info("agent_stopped", agent=self.name)
        self._identity.release()
        self._identity = None

    def _say_what_is_left(self) -> None:
        """Let people know what goes on without the agent, or stays open; and the store, if it is in good order."""
        self.left_running = tuple(sorted(self._runs.keys() & {run_id for run_id, _ in self._bench.commands}))
        if self.left_running:
            heir = f"the next agent named {self.name}"
            log.info("runs_left_running", agent=self.name, runs=list(self.left_running), adopted_by=heir)
        if self._outbox or len(self._runs) > len(self.left_running):
            log.error("agent_left_runs_open", agent=self.name, runs=list(self._runs))
        elif self._record is not None:
            try:
                say_goodbye(self._store, self._record, self._clock.now())
            except StoreUnavailable as error:
                log.warning("goodbye_not_said", agent=self.name, error=error.message)

    @property
    def _is_stopping(self) -> bool:
        return self._farewell.has_begun

    # --- asking the director -------------------------------------------------------------------------------------

    def _note_end(self, ended: Ended, now: datetime) -> None:
        """Put to the director what became of a work item."""
        run_id, step = ended.key
        self._bench.note_end(ended)
        if run_id not in self._runs:
            self._bench.drop(ended)  # it was let go of
        elif ended.unfit:
            self._unfit.add(run_id)
            self._outbox.add(self._director.work_failed(run_id, step, f"agent {self.name} {ended.unfit}", now))
        else:
            self._outbox.add(self._director.work_finished(Report(run_id, step, ended.outcome), now))

    def _wake_due_runs(self) -> None:
        now = self._clock.now()
        self._outbox.add(*(self._director.wake(run_id, now) for run_id in self._director.list_due(now)))

    def _end_after_grace(self) -> None:
        if self._farewell.heed_end():
            self._leaves_commands = self._settings.leaves_commands
            why = "its agent was stopped"
            self._outbox.add(*self._director.stop_work(EndKind.STOPPED, why, spare_commands=self._leaves_commands))
            self._hooks.stop(why)

    # --- telling the store ---------------------------------------------------------------------------------------

    def _exchange_at(self) -> float:
        return self._times.next_at(has_news=bool(self._outbox or self._heritage.to_take_up))

    def _deal_with_store(self) -> None:
        """Enter the agent in the store, if it is not there, and exchange news with it."""
        self._times.note_request()
        try:
            self._exchange(self._record or self._enter())
        except StoreUnavailable as error:
            if self._once and self._record is None:
                raise
            self._times.put_off(error, agent=self.name, is_stopping=self._is_stopping)

    def _enter(self) -> AgentRecord:
        self._record, left_behind = enter(self._store, self.name, self._settings, self._clock.now())
        self._times.note_beat()
        self._heritage.inherit(left_behind)
        return self._record

    def _exchange(self, record: AgentRecord) -> None:
        request, now = self._make_request(record), self._clock.now()
        try:
            answer = exchange(self._store, request, self._director, now)
        except StoreUnavailable:
            self._news.put_back(request.news)
            raise
        except NotPossible:
            self._give_way()
            raise
        if answer is None:
            self._news.put_back(request.news)
            self._record = None
            return
        self._plan_next(request, answer)
        self._settle(answer)
        self._begin(answer)
        if answer.held is not None:
            self._look_after(answer, answer.held, now)
        if answer.is_to_drain is not None and not self._is_stopping:
            self._heed_drain(answer.is_to_drain, now)
        if answer.has_hook_calls and not (self._is_stopping or self._is_draining):
            self._hooks.begin()

    def _heed_drain(self, is_to_drain: bool, now: datetime) -> None:
        """Begin to hand over what is in hand, or go on, as a person has asked, and let the store know that it did."""
        if is_to_drain is self._is_draining:
            return
        self._is_draining = is_to_drain
        self._outbox.add(*(self._director.terminate(now) if is_to_drain else self._director.go_on(now)))
        self._times.hasten()
        log.info("agent_drains" if is_to_drain else "agent_goes_on", agent=self.name, running=len(self._runs))

    def _make_request(self, record: AgentRecord) -> Request:
        present = AgentStatus.DRAINING if self._is_draining else AgentStatus.ALIVE
        status = AgentStatus.STOPPING if self._is_stopping else present
        recordings, strangers = self._outbox.seal(), self._heritage.to_take_up
        return Request(
            record=record,
            beat=status if self._times.is_beat_due else None,
            recordings=recordings,
            news=self._news.take({run.id: run.lease_token for run in self._runs.values()}),
            strangers=strangers,
            room=max(0, int(self._director.free)) if self._may_claim(recordings) else 0,
            busy=frozenset(self._bench.busy_runs.union(self._director.current_execution_plan_ids())),
            unfit=frozenset(self._unfit),
            look=self._times.is_poll_due or strangers is not None,
            in_hand=tuple(self._runs),
            is_stopping=self._is_stopping or self._is_draining,
            rules=self._settings.claim_rules,
        )

    def _may_claim(self, recordings: Iterable[Recording]) -> bool:
        """Tell whether to ask for more runs: not before all that a predecessor left is dealt with."""
        makes_room = any(recording.lets_go for recording in recordings)
        has_reason = makes_room or self._has_room or self._times.is_poll_due
        may = self._claiming and not self._is_draining and not self._heritage
        return may and has_reason and not self._director.is_busy

    def _plan_next(self, request: Request, answer: Answer) -> None:
        self._times.note_answer()
        if request.room:
            self._has_room = False
        if request.look:
            self._times.note_poll(wake_at=answer.wake_at)
        if request.strangers is not None:
            self._heritage.clear()
            self.look_for_work()  # nothing was claimed
        elif self._once and not self._heritage:
            self._claiming = False
        if answer.confirmed:
            self._times.note_beat()

    # --- acting on what is recorded ------------------------------------------------------------------------------

    def _settle(self, answer: Answer) -> None:
        """Act on the decisions that are recorded now; let go of the runs of which nothing could be."""
        for run_id in answer.refused:
            log.warning("outcome_refused", agent=self.name, run=run_id)
            self._let_go(run_id)
        for decision in self._outbox.settle(answer.refused):
            self._act_on(decision)

    def _begin(self, answer: Answer) -> None:
        for started in answer.started:
            run = started.run
            log.info("run_begun", agent=self.name, run=run.id, slot=str(run.slot or run.work))
            self._runs[run.id] = run
            self.tally -= Counter({RunStatus.WAITING: int(started.is_back)})
            self._outbox.open(run, started.decision)
            for lost in self._heritage.adopt(started):
                self._outbox.add(self._director.work_finished(lost, self._clock.now()))
            self._act_on(started.decision)

    def _act_on(self, decision: Decision) -> None:
        self._bench.carry_out(decision, self._runs[decision.run_id])
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
        self._bench.let_go(run_id, self._director.forget(run_id), "its lease was lost")
        self._outbox.close(run_id)
        self._runs.pop(run_id, None)
        self._has_room = True

    def _give_way(self) -> None:
        """Let go of everything: another process has taken the agent's name over, and its runs."""
        self._is_usurped = True
        for run_id in list(self._runs):
            log.warning("lease_lost", agent=self.name, run=run_id)
            self._let_go(run_id)

    # --- looking after what is held ------------------------------------------------------------------------------

    def _look_after(self, answer: Answer, held: Collection[HeldRun], now: datetime) -> None:
        """Let go of what is lost, cancel what is to be cancelled, deliver what came, and take up what is unknown."""
        tokens = {run.id: run.lease_token for run in held}
        begun = {started.run.id for started in answer.started}
        for run_id in [id for id, run in self._runs.items() if not self._is_held(run, tokens, begun)]:
            log.warning("lease_lost", agent=self.name, run=run_id)
            self._let_go(run_id)
        for run in held:
            if run.id in self._runs and run.cancel_requested_by is not None:
                self._outbox.add(self._director.cancel(run.id, f"cancelled by {run.cancel_requested_by}", now))
        for event in answer.events:
            if event.run_id in self._runs:
                self._outbox.add(self._director.handle_event(event, now))
        self._heritage.look_after(held)
        self._notice_strangers([run for run in held if run.id not in self._runs and run.id not in begun], answer)

    def _is_held(self, run: ClaimedRun, tokens: dict[int, int], begun: Collection[int]) -> bool:
        return tokens.get(run.id) == run.lease_token or run.id in begun

    def _notice_strangers(self, strangers: Collection[HeldRun], answer: Answer) -> None:
        """Take note of runs that were claimed in an answer which never came: nobody has begun with them."""
        if not strangers or self._heritage:
            return  # there are none, or first those that a predecessor left are taken up
        if answer.confirmed:
            self._heritage.note_unheard(strangers)
        else:
            self._times.hasten()  # are they those of another process of this name? Ask
