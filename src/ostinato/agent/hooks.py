"""Calling hooks: functions of users that are told of a run's new status, after it is stored.

What a hook does or fails to do changes nothing about its run. A call that nobody could make stays to be made.
"""

from __future__ import annotations

from functools import partial

import structlog

from ostinato.actions.hooks import StatusChange, call_hook
from ostinato.agent.news import Key
from ostinato.clock import Clock
from ostinato.errors import StoreUnavailable
from ostinato.executors.executor import CancelFlag, Executor
from ostinato.model.evidence import EndKind
from ostinato.model.hooks import HookCall
from ostinato.model.work import Outcome, Succeeded
from ostinato.store.database import Store
from ostinato.store.hook_calls import keep_hook_call, take_hook_calls

AT_ONCE = 20
"""How many calls an agent takes at a time."""

log = structlog.get_logger()


class HookCaller:
    """Has hooks called in threads of the executor, beside the work of runs."""

    def __init__(self, store: Store, clock: Clock, executor: Executor) -> None:
        self._store = store
        self._clock = clock
        self._executor = executor
        self._under_way: set[Key] = set()

    def begin(self) -> None:
        """Take some of the calls that are to be made, and have them made. If the store is away they wait."""
        try:
            with self._store.write() as tx:
                calls = take_hook_calls(tx, limit=AT_ONCE, now=self._clock.now())
        except StoreUnavailable:
            return
        for call in calls:
            key = (call.run_id, -call.id)
            if key not in self._under_way:  # it takes so long that it is anybody's again
                self._under_way.add(key)
                self._executor.start_call(key, partial(self._make, call))

    def note_end(self, key: Key, unfit: str) -> bool:
        """Tell whether what has ended was a call of a hook; one that this agent cannot make is left to others."""
        if key not in self._under_way:
            return False
        self._under_way.remove(key)
        if unfit:
            log.warning("hook_not_called", run=key[0], reason=unfit)
        return True

    def stop(self, why: str) -> None:
        """Have all calls that are under way ended."""
        for key in self._under_way:
            self._executor.end(key, EndKind.STOPPED, why)

    def _make(self, call: HookCall, cancelled: CancelFlag) -> Outcome:
        change = StatusChange(call.run_id, call.work, call.status, call.at, call.reason, call.account)
        error = call_hook(call.hook, change, call.context)
        if error is None:
            log.info("hook_called", run=call.run_id, hook=call.hook, status=call.status)
        else:
            log.warning("hook_failed", run=call.run_id, hook=call.hook, error=f"{error.type}: {error.message}")
        with self._store.write() as tx:
            keep_hook_call(tx, call.id, error=error, now=self._clock.now())
        return Succeeded()
