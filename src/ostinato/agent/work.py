"""The workbench: where a work item becomes a command or a call, and the executor is given it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from ostinato.actions.runner import perform
from ostinato.agent.news import Key, NewsDesk
from ostinato.agent.services import AgentServices
from ostinato.agent.settings import AgentSettings
from ostinato.clock import Clock
from ostinato.errors import UnresolvedReference
from ostinato.executors.commands import build_command
from ostinato.executors.executor import CancelFlag, Executor
from ostinato.executors.logs import seal_logs
from ostinato.model.runs import ClaimedRun, EndKind
from ostinato.model.steps import COMMAND, StepError
from ostinato.model.work import Failed, Outcome, Succeeded, WorkItem, WorkKind
from ostinato.store.database import Store


class Workbench:
    """Begins work items of the runs that the agent has in hand."""

    def __init__(self, store: Store, clock: Clock, executor: Executor, settings: AgentSettings, news: NewsDesk) -> None:
        self.agent = ""
        self._store = store
        self._clock = clock
        self._executor = executor
        self._settings = settings
        self._news = news

    def begin(self, run: ClaimedRun, item: WorkItem) -> None:
        """Give a work item to the executor. One that cannot be begun ends like any other, with its error."""
        if item.step.action != COMMAND:
            self._begin_call(run, item)
        elif item.kind is WorkKind.RUN:
            self._begin_command(run, item)
        else:
            self._answer(item.key, Succeeded(item.step.output))

    def seal_logs(self, run_id: int) -> None:
        """Bring the logs of a run that nobody carries out any more into their final form."""
        with suppress(OSError):  # a log that is not sealed reads just the same
            seal_logs(self._settings.logs, run_id)

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
        self._executor.start_command(command)

    def _begin_call(self, run: ClaimedRun, item: WorkItem) -> None:
        self._executor.start_call(
            item.key,
            lambda cancelled: self._perform(run, item, cancelled),
            timeout=item.step.rules.timeout,
        )

    def _perform(self, run: ClaimedRun, item: WorkItem, cancelled: CancelFlag) -> Outcome:
        """Carry out a work item of a Python action, in a thread."""
        services = AgentServices(self._store, self._clock, self._news, run, agent=self.agent, cancelled=cancelled)
        return perform(item, services, run.context or {})

    def _answer(self, key: Key, outcome: Outcome) -> None:
        self._executor.start_call(key, partial(_give, outcome))


def _give(outcome: Outcome, flag: CancelFlag) -> Outcome:
    return outcome
