"""What an agent finds when it begins: runs that are held in its name, and commands that a predecessor left going on.

A *stranger* is a run that the agent holds and knows nothing of: a predecessor was at it, or it was claimed in an answer
that never came. It is taken up under a new lease, and those of its commands that go on are adopted; what had ended
meanwhile counts as it ended. An *orphan* is a command that no step of a run in the agent's name is waiting for: its run
was given to another, or has ended, or its step is at a later try by now. It is killed, and its end is thrown away. As
long as any orphan lives, nothing is taken up or claimed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import structlog

from ostinato.agent.exchange import LeftBehind, Started, Strangers
from ostinato.agent.news import Key
from ostinato.agent.work import Workbench
from ostinato.executors.executor import Ended, Executor
from ostinato.model.evidence import EndKind
from ostinato.model.runs import HeldRun
from ostinato.model.steps import StepError
from ostinato.model.work import Failed, Report

log = structlog.get_logger()


class Heritage:
    """The strangers and the orphans of an agent, until they are dealt with."""

    def __init__(self, executor: Executor, bench: Workbench) -> None:
        self._executor = executor
        self._bench = bench
        self._left: set[Key] = set()
        self._orphans: set[Key] = set()
        self._strangers: Strangers | None = None

    def __bool__(self) -> bool:
        """Tell whether anything is to be dealt with before runs may be claimed."""
        return bool(self._orphans or self._strangers)

    @property
    def to_take_up(self) -> Strangers | None:
        """Return the strangers, when they can be taken up."""
        return None if self._orphans else self._strangers

    def inherit(self, behind: LeftBehind) -> None:
        """Take note of what the store and this machine show of a predecessor."""
        left = self._executor.list_left()
        self._left = set(left)
        self._kill_orphans({key for key, number in left.items() if behind.running.get(key) != number})
        self._note(behind.leases, f"agent {self._bench.agent} ended while it ran", begun=True)

    def note_unheard(self, held: Collection[HeldRun]) -> None:
        """Take note of runs that were claimed in an answer which never came: nobody has begun with them."""
        self._note({run.id: run.lease_token for run in held}, "it was claimed but never begun", begun=False)

    def look_after(self, held: Collection[HeldRun]) -> None:
        """Kill the commands of runs that are not ``held`` any more, though they were a moment ago."""
        held_ids = {run.id for run in held}
        self._kill_orphans({key for key in self._left if key[0] not in held_ids})

    def clear(self) -> None:
        """Take note that the strangers were dealt with: those that are still held were taken up."""
        self._strangers = None

    def adopt(self, started: Started) -> Iterator[Report]:
        """Go on with the commands of a run that was taken up; yield the loss of those of which nothing is left."""
        for step in sorted(started.under_way):
            key = (started.run.id, step)
            self._left.discard(key)
            if self._bench.adopt(key):
                log.info("command_adopted", agent=self._bench.agent, run=key[0], step=step)
            else:
                yield Report(
                    *key, Failed(StepError(EndKind.LOST, f"agent {self._bench.agent} found nothing left of it"))
                )

    def note_end(self, ended: Ended) -> bool:
        """Tell whether what has ended was an orphan, and say what became of it."""
        if ended.key not in self._orphans:
            return False
        self._orphans.remove(ended.key)
        self._bench.drop(ended)
        if ended.evidence is not None and ended.evidence.kind is EndKind.LOST:
            run_id, step = ended.key
            log.warning("orphan_killed", agent=self._bench.agent, run=run_id, step=step, end=ended.evidence.message)
        return True

    def _kill_orphans(self, keys: Collection[Key]) -> None:
        for key in sorted(keys):
            self._left.discard(key)
            if self._executor.adopt(key):
                self._orphans.add(key)
                self._executor.kill(key, EndKind.LOST, f"no run of agent {self._bench.agent} waits for it")

    def _note(self, leases: Mapping[int, int], why: str, *, begun: bool) -> None:
        """Have runs taken up that nobody here knows; but not while anything of them is dying."""
        dying = self._bench.busy_runs
        leases = {run_id: token for run_id, token in leases.items() if run_id not in dying}
        if not leases:
            return
        left = frozenset(key for key in self._left if key[0] in leases)
        log.warning("runs_found", agent=self._bench.agent, runs=list(leases), commands_left=len(left))
        self._strangers = Strangers(leases, left, why, begun)
