"""Calling hooks: functions of users that are told of a run's new status, after it is stored.

What a hook does or fails to do changes nothing about its run. A call that nobody could make stays to be made.
"""

from __future__ import annotations

from functools import partial

import structlog

from ostinato.actions.hooks import StatusChange, call_hook
from ostinato.clock import Clock
from ostinato.executors.executor import CancelFlag, Executor
from ostinato.model.work import Outcome, Succeeded
from ostinato.store.database import Store
from ostinato.store.hook_calls import HookCall, keep_hook_call, take_hook_calls

AT_ONCE = 20
"""How many calls an agent takes at a time."""

log = structlog.get_logger()


class HookCaller:
    """Has hooks called in threads of the executor, beside the work of runs."""

    def __init__(self, store: Store, clock: Clock, executor: Executor) -> None:
        self._store = store
        self._clock = clock
        self._executor = executor

    def begin(self) -> None:
        """Take some of the calls that are to be made, and have them made. ``StoreUnavailable`` when that cannot be."""
        with self._store.write() as tx:
            calls = take_hook_calls(tx, limit=AT_ONCE, now=self._clock.now())
        for call in calls:
            self._executor.start_call((call.run_id, -call.id), partial(self._make, call))

    def note_end(self, key: tuple[int, int], unfit: str) -> bool:
        """Tell whether what has ended was a call of a hook; one that this agent cannot make is left to others."""
        run_id, number = key
        if number < 0 and unfit:
            log.warning("hook_not_called", run=run_id, reason=unfit)
        return number < 0

    def _make(self, call: HookCall, cancelled: CancelFlag) -> Outcome:
        change = StatusChange(call.run_id, call.work, call.status, call.at, call.reason, call.account)
        error = call_hook(call.hook, change, call.context)
        message = "" if error is None else f"{error.type}: {error.message}"
        if message:
            log.warning("hook_failed", run=call.run_id, hook=call.hook, error=message)
        with self._store.write() as tx:
            keep_hook_call(tx, call.id, error=message, now=self._clock.now())
        return Succeeded()
