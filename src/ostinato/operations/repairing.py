"""Repairing: for every breach that can be mended with certainty what mends it, and for every other what a person does.

Each repair is a transaction of its own, made of the same functions that the engine uses, and leaves an audit entry.
What the engine would see to is done here as its steps do it. Nothing is done that could be wrong: of two live runs of a
slot nobody but a person can say which is to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol, TypeAlias

from ostinato.engine.context import Context, Desired
from ostinato.engine.ensure_chained_runs_start import ensure_chained_runs_start
from ostinato.engine.ensure_definition_dependencies_exist import ensure_definition_dependencies_exist
from ostinato.engine.ensure_lost_agents_marked import ensure_lost_agents_marked
from ostinato.engine.ensure_retries_exist import ensure_retries_exist
from ostinato.engine.ensure_runs_exist import ensure_runs_exist
from ostinato.engine.ensure_runs_timeout import ensure_runs_timeout
from ostinato.engine.ensure_scheduled_runs_wait import ensure_scheduled_runs_wait
from ostinato.engine.ensure_slots_exist import ensure_slots_exist
from ostinato.engine.ensure_suspended_runs_wake import ensure_suspended_runs_wake
from ostinato.engine.everything import look_at_everything
from ostinato.engine.steps import Step
from ostinato.errors import OstinatoError, StoreUnavailable
from ostinato.operations.command_lines import REPAIR
from ostinato.operations.people import Person, note_change
from ostinato.store import agents, guards, mending
from ostinato.store.breaches import Breach, Offence, Since, find_since
from ostinato.store.database import Tx
from ostinato.store.savepoints import attempt
from ostinato.world import World

SHOWN = 20
"""How many things that a repair did are told one by one, here and in the audit log."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a repair works with: where it looks, and the circumstances of the engine's steps."""

    since: Since
    context: Context


@dataclass(frozen=True, slots=True)
class Done:
    """What one transaction of a repair did and could not do, in words, and whether there is more to do."""

    says: Sequence[str]
    left: Sequence[str] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair: its name, what it does in a sentence, and the function that does it in a transaction."""

    name: str
    does: str
    act: Callable[[Tx, Means], Done]


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did, or would do, and the ``error`` that kept it from more."""

    name: str
    does: str
    done: tuple[str, ...]
    error: str = ""


SEEN_TO_BY_ENGINE = frozenset(
    {
        Breach.UNEXAMINED_SLOT,
        Breach.UNDECIDED_SLOT,
        Breach.UNSTARTED_RUN,
        Breach.SLEEPING_RUN,
        Breach.ABANDONED_RUN,
    }
)
"""The breaches that an engine at work sees to by itself."""


def repair(world: World, *, by: Person, rehearse: bool = False) -> list[Repaired]:
    """Mend what can be mended with certainty; return the repairs that did anything, or could not.

    With ``rehearse`` nothing is changed: it tells what would be. Nothing happens to what agents hold that may only have
    been kept from telling that they live: they must have been silent for far longer than the engine bears.
    """
    carry_out = _rehearse if rehearse else _carry_out
    with world.store.read() as tx:
        since = look_since(tx, world)
    settings = replace(world.engine_settings, heartbeat_timeout=world.clock.now() - since.silent_since)
    means = Means(since, Context(world.clock.now(), by.name, settings))
    return [one for one in carry_out(world, means, by) if one.done or one.error]


def look_since(tx: Tx, world: World) -> Since:
    """Return where to look for breaches, an engine having been given its time to see to what it sees to."""
    engine = world.config.engine
    overdue_since = world.clock.now() - engine.full_pass_every - 3 * engine.interval
    return find_since(tx, overdue_since=overdue_since, heartbeat_timeout=engine.heartbeat_timeout)


def prescribe(offence: Offence) -> str:
    """Return what is to be done about an offence: the repair that mends it, or what a person is to do."""
    if offence.breach in MENDED:
        return "to mend it: ostinato doctor --repair"
    return _FOR_A_PERSON[offence.breach].format(run=offence.run_id, slot=offence.slot)


def _carry_out(world: World, means: Means, by: Person) -> Iterator[Repaired]:
    """Do each repair in transactions of its own. One that fails keeps no other from its work."""
    for one in REPAIRS:
        yield _finish(one, partial(_act, world, one, means, by))


def _act(world: World, one: Repair, means: Means, by: Person) -> Done:
    with world.store.write() as tx:
        done = one.act(tx, means)
        if done.says:
            note_change(tx, by, "repair", one.name, line=REPAIR, reason=_shorten(done.says), now=means.context.now)
    return done


def _rehearse(world: World, means: Means, by: Person) -> Iterator[Repaired]:
    """Do everything in one transaction that is rolled back, so that each repair sees what those before it would do."""
    with world.store.rehearse() as tx:
        for one in REPAIRS:
            yield _finish(one, partial(_try_out, tx, one, means))


def _try_out(tx: Tx, one: Repair, means: Means) -> Done:
    with attempt(tx):
        return one.act(tx, means)


def _finish(one: Repair, act: Callable[[], Done]) -> Repaired:
    """Let a repair act until it has no more to do, or fails."""
    said: list[str] = []
    more = True
    while more:
        try:
            done = act()
        except StoreUnavailable:
            raise
        except OstinatoError as error:
            return Repaired(one.name, one.does, tuple(said), error.message)
        said += done.says
        more = done.more
    return Repaired(one.name, one.does, tuple(said), "; ".join(done.left))


def _shorten(says: Sequence[str]) -> str:
    rest = len(says) - SHOWN
    return "; ".join(says[:SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


# --- the repairs -----------------------------------------------------------------------------------------------------


_Mends: TypeAlias = Callable[[Tx, Means], Sequence[str]]
"""Mends rows, and returns in words what it did."""


class _DatedMends(Protocol):
    """What the store mends in rows that say when it was done."""

    def __call__(self, tx: Tx, since: Since, /, *, now: datetime) -> list[str]:
        """Mend the rows as of ``now``; return in words what was done."""
        ...


def _mend(name: str, does: str, mends: _Mends) -> Repair:
    return Repair(name, does, lambda tx, means: Done(mends(tx, means)))


def _undated(mends: Callable[[Tx, Since], list[str]]) -> _Mends:
    return lambda tx, means: mends(tx, means.since)


def _dated(mends: _DatedMends) -> _Mends:
    return lambda tx, means: mends(tx, means.since, now=means.context.now)


def _by_engine(name: str, does: str, step: Step, what: str) -> Repair:
    """Make a repair of a step of the engine; ``what`` is said of the number that it changed."""

    def act(tx: Tx, means: Means) -> Done:
        outcome = step(tx, Desired(), means.context)
        changed = [f"{what}: {outcome.changed}"] if outcome.changed else []
        return Done(changed, left=[outcome.error] if outcome.error else [], more=outcome.more)

    return Repair(name, does, act)


def _complete_histories(tx: Tx, means: Means) -> list[str]:
    context = means.context
    return mending.complete_histories(tx, means.since, actor=context.actor, now=context.now)


def _mend_heartbeats(tx: Tx, means: Means) -> list[str]:
    mended = agents.mend_heartbeats(tx, now=means.context.now, later_than=means.since.not_after)
    return [f"agent {name} counts as seen just now" for name in mended]


def _ask_for_full_pass(tx: Tx, means: Means) -> list[str]:
    look_at_everything(tx, means.context)
    return []


def _restore_guards(tx: Tx, means: Means) -> Done:
    restored, refused = guards.restore_guards(tx)
    return Done(restored, left=refused)


REPAIRS: tuple[Repair, ...] = (
    _mend("end-again", "end runs that have ended by their history", _undated(mending.end_again)),
    _mend("complete-histories", "have histories tell where their runs are", _complete_histories),
    _mend(
        "release-singletons",
        "let go of singletons that runs hold which have ended",
        _undated(mending.release_singletons),
    ),
    _mend("close-steps", "close steps of runs that have ended", _dated(mending.close_left_steps)),
    _mend("drop-events", "answer events of runs that have ended", _dated(mending.drop_left_events)),
    _mend(
        "rehome-runs",
        "have runs that have not begun belong to the owners of their slots",
        _undated(mending.rehome_runs),
    ),
    _mend("realign-slots", "have slots say what their runs do", _dated(mending.realign_slots)),
    _mend("drop-leases", "drop leases that nobody renews", _dated(mending.drop_dead_leases)),
    _mend("mend-heartbeats", "take heartbeats from the future for such of now", _mend_heartbeats),
    _mend("wake-slots", "have slots examined that nobody looks at", _dated(mending.wake_forgotten_slots)),
    _mend("full-pass", "ask for a full pass", _ask_for_full_pass),
    _by_engine(
        "derive-dependencies",
        "derive dependencies anew",
        ensure_definition_dependencies_exist,
        "dependencies added or removed",
    ),
    _by_engine("lay-out-slots", "lay out lanes and slots anew", ensure_slots_exist, "lanes and slots laid out"),
    _by_engine("create-runs", "create runs for slots that are ready", ensure_runs_exist, "runs created"),
    _by_engine(
        "end-runs",
        "end or hand over runs whose agents are lost",
        ensure_runs_timeout,
        "runs ended, or handed over",
    ),
    _by_engine("decide-retries", "decide on slots that failed", ensure_retries_exist, "slots decided"),
    _by_engine("start-runs", "start runs whose time has come", ensure_scheduled_runs_wait, "runs that wait now"),
    _by_engine("wake-runs", "wake suspended runs that are due", ensure_suspended_runs_wake, "runs woken"),
    _by_engine("start-chains", "start runs that needed others", ensure_chained_runs_start, "runs started, or failed"),
    _by_engine("mark-agents", "mark agents that are lost", ensure_lost_agents_marked, "agents marked"),
    Repair("restore-guards", "put back what refuses such changes", _restore_guards),
)
"""In this order: each goes by what those before it have put right."""

MENDED = frozenset(
    {
        Breach.REVIVED_RUN,
        Breach.UNTOLD_MOVE,
        Breach.KEPT_SINGLETON,
        Breach.OPEN_STEP,
        Breach.LEFT_EVENT,
        Breach.MISPLACED_RUN,
        Breach.ADRIFT_SLOT,
        Breach.WRONG_CLOCK,
        *SEEN_TO_BY_ENGINE,
    }
)
"""The breaches that a repair mends."""

_FOR_A_PERSON = {
    Breach.DOUBLE_RUN: "decide which of its runs is to go on (ostinato runs --slot {slot}), end the other at once"
    " (ostinato halt {run}, if that is the one), then: ostinato doctor --repair",
    Breach.EARLY_START: "look whether it had what it needs (ostinato show {run}); if not: ostinato rerun {slot}",
    Breach.RUN_AFTER_SUCCESS: "look whether doing it twice did harm: ostinato logs {run}; there is no more to do",
    Breach.CHANGED_END: "look how it ended (ostinato show {run}); if it is to be run again: ostinato rerun {run}",
    Breach.STALE_WRITE: "look whether two agents were at it (ostinato show {run}); if so: ostinato rerun {run}",
    Breach.UNKNOWN_EVENT: "look whether it was heeded (ostinato show {run}); if not, send it once more:"
    " ostinato send-event {run} STEP NAME",
    Breach.CONTRADICTED_SLOT: "if the slot is right, there is no more to do; if its run is: ostinato rerun {slot}",
    Breach.FOREIGN_RUN: "look whom it worked for (ostinato logs {run}); if not for its slot: ostinato rerun {slot}",
}
"""What a person is to do about the breaches that nobody else can judge."""
