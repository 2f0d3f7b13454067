"""The workbench: where a work item becomes a command or a call, and the executor is given it; and what lies there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import structlog

from ostinato.actions.runner import perform
from ostinato.agent.news import Key, NewsDesk
from ostinato.agent.services import AgentServices
from ostinato.agent.settings import AgentSettings
from ostinato.clock import Clock
from ostinato.director.decisions import Decision
from ostinato.errors import UnresolvedReference
from ostinato.executors.building import build_command
from ostinato.executors.executor import CancelFlag, Ended, Executor
from ostinato.model.changes import StepChanged
from ostinato.model.evidence import EndKind
from ostinato.model.runs import ClaimedRun
from ostinato.model.statuses import StepStatus
from ostinato.model.steps import COMMAND, StepError
from ostinato.model.work import Failed, Outcome, Succeeded, WorkItem, WorkKind
from ostinato.store.database import Store

log = structlog.get_logger()


class Workbench:
    """Begins work items of the runs that the agent has in hand, and has them ended.

    ``commands`` and ``calls`` are what is under way, also of runs that were let go of: until it has ended, nothing else
    may be begun for these.
    """

    def __init__(self, store: Store, clock: Clock, executor: Executor, settings: AgentSettings, news: NewsDesk) -> None:
        self.agent = ""
        self.commands: set[Key] = set()
        self.calls: set[Key] = set()
        self._store = store
        self._clock = clock
        self._executor = executor
        self._settings = settings
        self._news = news
        self._told: set[Key] = set()

    def begin(self, run: ClaimedRun, item: WorkItem) -> None:
        """Give a work item to the executor. One that cannot be begun ends like any other, with its error."""
        if item.step.action != COMMAND:
            self._begin_call(run, item)
        elif item.kind is WorkKind.RUN:
            self._begin_command(run, item)
        else:
            self._answer(item.key, Succeeded(item.step.output))

    def adopt(self, key: Key) -> bool:
        """Go on with a command that a predecessor left; ``False`` when nothing is known of it any more."""
        is_known = self._executor.adopt(key)
        if is_known:
            self.commands.add(key)
        return is_known

    def carry_out(self, decision: Decision, run: ClaimedRun) -> None:
        """Do what was decided about a run and is on record now: forget what has ended, begin work, end other work."""
        for change in decision.changes:
            if isinstance(change, StepChanged) and change.before is StepStatus.RUNNING:
                self._forget((run.id, change.step.number))
        for item in decision.work:
            self.begin(run, item)
        for stop in decision.stops:
            self._executor.end((run.id, stop.step), stop.kind, stop.why)

    def let_go(self, run_id: int, steps: Iterable[int], why: str) -> None:
        """End the work for these steps of a run at once, and throw away what came of others: nothing of it counts."""
        for key in [key for key in self._told if key[0] == run_id]:
            self._forget(key)
        for step in steps:
            self._executor.kill((run_id, step), EndKind.LOST, why)

    def note_end(self, ended: Ended) -> None:
        """Take note that work has ended."""
        run_id, step = ended.key
        if ended.evidence is not None:
            log.info("command_ended", agent=self.agent, run=run_id, step=step, end=ended.evidence.message)
            self._told.add(ended.key)
        self.commands.discard(ended.key)
        self.calls.discard(ended.key)

    def drop(self, ended: Ended) -> None:
        """Throw away what came of work for a run that is not the agent's. Of work that was killed nothing came."""
        self._forget(ended.key)
        if not (isinstance(ended.outcome, Failed) and ended.outcome.error.kind is EndKind.LOST):
            run_id, step = ended.key
            log.info("late_outcome_dropped", run=run_id, step=step, outcome=type(ended.outcome).__name__)

    def close(self, *, leave: bool) -> None:
        """Give the executor back. Commands are killed unless they are to be left; calls are abandoned."""
        if leave:
            self._executor.leave()
        else:
            self._executor.close()
            self.commands.clear()

    @property
    def busy_runs(self) -> set[int]:
        """Return the runs for which anything is under way."""
        return {run_id for run_id, _ in (*self.commands, *self.calls)}

    def _begin_command(self, run: ClaimedRun, item: WorkItem) -> None:
        settings = self._settings
        is_only_step = run.definition is not None and bool(run.definition.command)
        try:
            command = build_command(
                run,
                item,
                agent=self.agent,
                project=settings.project,
                logs=settings.logs,
                is_only_step=is_only_step,
            )
        except (ValueError, UnresolvedReference) as error:
            self._answer(item.key, Failed(StepError(EndKind.NOT_STARTED, f"not started: {error}")))
            return
        self.commands.add(item.key)
        self._executor.start_command(command)

    def _begin_call(self, run: ClaimedRun, item: WorkItem) -> None:
        self.calls.add(item.key)
        self._executor.start_call(
            item.key,
            lambda cancelled: self._perform(run, item, cancelled),
            timeout=item.step.rules.timeout,
        )

    def _perform(self, run: ClaimedRun, item: WorkItem, cancelled: CancelFlag) -> Outcome:
        """Carry out a work item of a Python action, in a thread."""
        services = AgentServices(self._store, self._clock, self._news, run, agent=self.agent, cancelled=cancelled)
        return perform(item, services, run.context or {})

    def _forget(self, key: Key) -> None:
        """Have nothing more to do with a command whose end was told; with other work there is nothing to do."""
        self._told.discard(key)
        self._executor.forget(key)

    def _answer(self, key: Key, outcome: Outcome) -> None:
        self.calls.add(key)
        self._executor.start_call(key, partial(_give, outcome))


def _give(outcome: Outcome, flag: CancelFlag) -> Outcome:
    return outcome
