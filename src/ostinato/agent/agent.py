"""The agent: claims runs, has its executor carry them out, and records how they end.

It advances by ``tick`` alone; who calls it owns the waiting. Each tick exchanges with the store what is due,
and only then acts on the answer. A store that is away delays that and no more: work goes on, outcomes wait.

A run that the agent holds and does not know of was begun by a predecessor that was killed, or claimed in an
answer that never arrived: it is lost. What it carries out and does not hold any more is no longer its own: it
is killed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta

import structlog

from ostinato.agent.exchange import Answer, Request, exchange, say_goodbye
from ostinato.agent.identity import Identity, take_identity
from ostinato.agent.outcomes import make_end
from ostinato.agent.settings import AgentSettings
from ostinato.clock import Clock
from ostinato.durations import format_duration
from ostinato.errors import StoreUnavailable
from ostinato.executors.commands import build_command, log_path
from ostinato.executors.executor import Ended, Executor
from ostinato.executors.leftovers import end_leftovers
from ostinato.executors.logs import seal_log
from ostinato.model.agents import Agent as AgentRecord
from ostinato.model.runs import ClaimedRun, EndKind, Evidence, HeldRun, RunEnd
from ostinato.model.statuses import AgentStatus, RunStatus
from ostinato.store.database import Store

FAREWELL_SECONDS = 10.0
"""How long a stopping agent goes on trying to record outcomes when its grace period is over."""
LONGEST_BACK_OFF_SECONDS = 30.0

log = structlog.get_logger()


class Agent:
    """One agent, in one thread. ``tally`` counts the runs that it recorded the end of."""

    def __init__(self, store: Store, clock: Clock, executor: Executor, settings: AgentSettings) -> None:
        self.tally: Counter[RunStatus] = Counter()
        self._store = store
        self._clock = clock
        self._executor = executor
        self._settings = settings
        self._identity: Identity | None = None
        self._record: AgentRecord | None = None
        self._leases: dict[int, int] = {}
        self._outcomes: dict[int, RunEnd] = {}
        self._claiming = False
        self._once = False
        self._poll_at = self._beat_at = self._retry_at = -math.inf
        self._end_at = self._leave_at = math.inf
        self._failures = 0

    @property
    def name(self) -> str:
        """Return the agent's name, once it has started."""
        return "" if self._identity is None else self._identity.name

    def start(self, *, once: bool = False) -> None:
        """Take a name and get ready. With ``once``, claim one time only.

        Raises ``NotPossible`` when the name that was asked for is taken. The first ``tick`` registers the
        agent; with ``once`` it raises ``StoreUnavailable`` if that cannot be done.
        """
        self._identity = take_identity(self._settings.identities, self._settings.name)
        self._claiming, self._once = True, once
        log.info("agent_started", agent=self.name, queues=self._settings.queues)

    def tick(self) -> None:
        """Do all that is due: end what is out of time, tell the store, and act on its answer.

        Raises ``NotPossible`` when another process has taken the agent's name over.
        """
        self.wait(0)
        self._end_after_grace()
        if self._exchange_at() <= self._clock.monotonic():
            self._exchange()

    def wait(self, seconds: float) -> None:
        """Look after the commands until one ends, something wakes the agent, or ``seconds`` have passed."""
        for ended in self._executor.wait(seconds):
            self._note_end(ended)

    def wake_on(self, descriptor: int) -> None:
        """Have ``wait`` come back early whenever ``descriptor`` is readable; its contents are thrown away."""
        self._executor.wake_on(descriptor)

    def look_for_work(self) -> None:
        """Have the next ``tick`` claim at once: there may be something. A store that is away is still given time."""
        self._poll_at = -math.inf

    def seconds_until_due(self) -> float:
        """Return how long ``tick`` has nothing to do, unless a command ends."""
        return max(0.0, min(self._exchange_at(), self._end_at) - self._clock.monotonic())

    def stop(self) -> None:
        """Claim no more, and end what still runs when the grace period is over; asked again, end it now."""
        grace = timedelta(0) if self._is_stopping else self._settings.grace_period
        self._claiming = False
        self._end_at = self._clock.monotonic() + grace.total_seconds()
        self._leave_at = self._end_at + FAREWELL_SECONDS
        self._poll_at = self._beat_at = self._retry_at = -math.inf
        log.info("agent_stopping", agent=self.name, running=len(self._leases), grace=format_duration(grace))

    @property
    def is_done(self) -> bool:
        """Tell whether it claims no more, nothing runs, and all is recorded or has been tried for long enough."""
        if self._claiming or len(self._executor) > 0:
            return False
        return not self._outcomes or self._clock.monotonic() >= self._leave_at

    def close(self) -> None:
        """End at once: kill what still runs, say goodbye if nothing is left open, and give the name back."""
        self._executor.close()
        if self._identity is None:
            return
        if self._leases or self._outcomes:
            log.error("agent_left_runs_open", agent=self.name, runs=[*self._leases, *self._outcomes])
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

    def _exchange_at(self) -> float:
        wanted_at = -math.inf if self._outcomes else min(self._poll_at, self._beat_at)
        return max(wanted_at, self._retry_at)

    def _exchange(self) -> None:
        request = self._make_request()
        try:
            answer = exchange(self._store, request, self._settings, self._clock.now())
        except StoreUnavailable as error:
            if self._once and self._record is None:
                raise
            self._put_off(error)
            return
        self._plan_next(answer)
        self._settle(request.outcomes, answer.refused)
        self._take_in(answer)

    def _make_request(self) -> Request:
        status = AgentStatus.STOPPING if self._is_stopping else AgentStatus.ALIVE
        room = self._settings.concurrency - len(self._executor)
        return Request(
            name=self.name,
            record=self._record,
            beat=status if self._beat_at <= self._clock.monotonic() else None,
            outcomes=tuple(self._outcomes.values()),
            room=max(0, room) if self._claiming else 0,
        )

    def _put_off(self, error: StoreUnavailable) -> None:
        wait = 1.0 if self._is_stopping else min(2.0 ** min(self._failures, 10), LONGEST_BACK_OFF_SECONDS)
        self._failures += 1
        self._retry_at = self._clock.monotonic() + wait
        log.warning("store_unavailable", agent=self.name, error=error.message, again_in=wait)

    def _plan_next(self, answer: Answer) -> None:
        now = self._clock.monotonic()
        self._failures, self._retry_at = 0, -math.inf
        self._poll_at = now + self._settings.poll.total_seconds()
        if answer.confirmed:
            self._beat_at = now + self._settings.heartbeat.total_seconds()
        if self._once:
            self._claiming = False

    def _settle(self, outcomes: Iterable[RunEnd], refused: Collection[int]) -> None:
        """Forget the outcomes that the store has been told."""
        for outcome in outcomes:
            del self._outcomes[outcome.run_id]
            if outcome.run_id in refused:
                log.warning("outcome_refused", agent=self.name, run=outcome.run_id, status=outcome.status)
            else:
                self.tally[outcome.status] += 1

    def _take_in(self, answer: Answer) -> None:
        """Act on what the store says: let go of what is lost, cancel, begin."""
        self._record = answer.record
        held = {run.id: run for run in answer.held}
        self._kill_what_is_not_held(held)
        for run in answer.held:
            if run.id in self._leases and run.cancel_requested_by is not None:
                self._executor.end(run.id, EndKind.CANCELLED, f"cancelled by {run.cancel_requested_by}")
        known = self._leases.keys() | {run.id for run in answer.claimed}
        strangers = [run for run in answer.held if run.id not in known]
        if strangers and answer.confirmed:
            self._give_up(strangers, registered=answer.registered)
        elif strangers:
            self._beat_at = -math.inf  # first make sure that they are not those of another process of this name
        for claimed in answer.claimed:
            self._begin(claimed)

    def _kill_what_is_not_held(self, held: Mapping[int, HeldRun]) -> None:
        for run_id, token in list(self._leases.items()):
            if run_id not in held or held[run_id].lease_token != token:
                log.warning("lease_lost", agent=self.name, run=run_id)
                del self._leases[run_id]
                self._executor.kill(run_id, EndKind.LOST, "its lease was lost")

    def _give_up(self, strangers: Collection[HeldRun], *, registered: bool) -> None:
        """Report runs lost that nobody carries out, once it is certain that nothing of them lives."""
        run_ids = [run.id for run in strangers]
        ended = end_leftovers(run_ids, agent=self.name, project=self._settings.project, clock=self._clock)
        log.warning("runs_lost", agent=self.name, runs=run_ids, processes_ended=ended)
        message = f"agent {self.name} was killed while it ran" if registered else "it was claimed but never begun"
        for run in strangers:
            with suppress(OSError):  # a log that is not sealed reads just the same
                seal_log(log_path(self._settings.logs, run.id))
            self._outcomes[run.id] = make_end(run.id, run.lease_token, Evidence(EndKind.LOST, message))

    def _begin(self, run: ClaimedRun) -> None:
        self._leases[run.id] = run.lease_token
        settings = self._settings
        try:
            command = build_command(run, agent=self.name, project=settings.project, logs=settings.logs)
        except ValueError as error:
            self._note_end(Ended(run.id, Evidence(EndKind.NOT_STARTED, f"not started: {error}")))
            return
        log.info("run_begun", agent=self.name, run=run.id, slot=str(run.slot or run.definition.name))
        self._executor.start(command)

    def _note_end(self, ended: Ended) -> None:
        token = self._leases.pop(ended.run_id, None)
        if token is None:
            log.info("outcome_dropped", agent=self.name, run=ended.run_id, end=ended.evidence.message)
            return
        outcome = make_end(ended.run_id, token, ended.evidence)
        self._outcomes[ended.run_id] = outcome
        log.info("run_ended", agent=self.name, run=ended.run_id, status=outcome.status, end=ended.evidence.message)

    def _end_after_grace(self) -> None:
        if self._clock.monotonic() >= self._end_at:
            self._end_at = math.inf
            for run_id in self._leases:
                self._executor.end(run_id, EndKind.STOPPED, "its agent was stopped")
