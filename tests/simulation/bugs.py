"""Bugs as people make them, each planted in one real function for as long as a test wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from sqlalchemy import delete

from ostinato.agent import agent, exchange
from ostinato.agent.outbox import Outbox
from ostinato.director import execution
from ostinato.director.inbox import Inbox
from ostinato.engine import ensure_accounts_exist, ensure_definitions_exist
from ostinato.loop import engine
from ostinato.model.definitions import RetryKind
from ostinato.model.steps import Event
from ostinato.operations import sending
from ostinato.operations.sending import Receipt
from ostinato.policies import alignment, retry, start
from ostinato.policies.verdict import Gate
from ostinato.store import accounts, claims, decisions, due_runs, leases, moves, slots
from ostinato.store import schema as t

Plant = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug: what it is, how it is planted, and the invariants by one of which it shows. 0 is an unforeseen error.

    ``seed`` is of a world in which it does, as long as scripts are made as they are; else another is found.
    """

    description: str
    plant: Plant
    shows: frozenset[int]
    seed: int = 1


def _plant(*places: tuple[object, str, object]) -> Plant:
    """Return what puts other functions in the places of real ones."""

    def plant() -> AbstractContextManager[Any]:
        stack = ExitStack()
        for owner, name, other in places:
            stack.enter_context(patch.object(owner, name, other))
        return stack

    return plant


def _start_beside_upstream(upstream: Any, enough: object, word: str) -> Gate:
    return Gate(f"upstream {upstream.definition}", True, "nobody waits for it")


_sort_out = decisions._sort_out


def _record_under_any_lease(recordings: Sequence[Any], locked: Mapping[int, Any]) -> Any:
    ahead = {one.run_id: locked[one.run_id].decision - one.decision for one in reversed(recordings)}
    return _sort_out(
        [
            replace(one, lease_token=locked[one.run_id].lease_token, decision=one.decision + ahead[one.run_id])
            for one in recordings
        ],
        locked,
    )


def _renew_nothing(tx: Any, held: Mapping[int, int]) -> Any:
    return claims.list_claimed_runs(tx, leases.lock_held_runs(tx, held))


_exchange = exchange.exchange


def _record_nothing(store: Any, request: Any, director: Any, now: Any) -> Any:
    return _exchange(store, replace(request, recordings=()), director, now)


def _acknowledge_and_write_nothing(world: Any, run: str, step: str, name: str, **rest: Any) -> Receipt:
    with world.store.read() as tx:
        newest = tx.execute(t.events.select().order_by(t.events.c.id.desc())).first()
    return Receipt(Event(int(run), int(step), name, id=1 if newest is None else newest.id + 1), step)


def _wake_nobody(tx: Any, **rest: Any) -> int:
    return 0


_count_allowed = retry._count_allowed


def _allow_one_more(rule: Any) -> int:
    return _count_allowed(rule) + (rule.kind is RetryKind.FIXED)


def _do_nothing(*given: object, **more: object) -> None:
    return None


_take_slots = slots.take_slots_to_examine


def _take_all_and_look_at_one(tx: Any, **rest: Any) -> list[int]:
    return _take_slots(tx, **rest)[:1]


_plan_alignment = alignment.plan_alignment


def _take_broken_for_empty(loads: Sequence[Any], standing: Any, versions: Any, limit: Any) -> Any:
    return _plan_alignment([replace(load, error="") for load in loads], standing, versions, limit)


_remove_accounts = accounts.remove_accounts


def _remove_all_that_has_ended(tx: Any, tokens: Any) -> None:
    tx.execute(delete(t.runs).where(t.runs.c.finished_at.is_not(None)))
    _remove_accounts(tx, tokens)


_seal = Outbox.seal


def _seal_anew(self: Outbox) -> Any:
    self._sealed = []
    return _seal(self)


BUGS: Mapping[str, Bug] = {
    "start beside upstream": Bug(
        "the start policy no longer waits for slots upstream",
        _plant((start, "_upstream", _start_beside_upstream)),
        frozenset({2}),
        seed=6,
    ),
    "any lease": Bug(
        "decisions are recorded whatever lease they were made under",
        _plant((decisions, "_sort_out", _record_under_any_lease)),
        frozenset({0, 5}),
        seed=35,
    ),
    "same lease": Bug(
        "a lease is renewed without raising its token",
        _plant((claims, "renew_leases", _renew_nothing)),
        frozenset({5}),
        seed=2,
    ),
    "hand out first": Bug(
        "work is handed out before it is recorded",
        _plant((agent, "exchange", _record_nothing)),
        frozenset({6}),
    ),
    "acknowledge first": Bug(
        "an event is acknowledged before it is written",
        _plant((sending, "send_event", _acknowledge_and_write_nothing)),
        frozenset({7}),
    ),
    "no timer": Bug(
        "suspended runs whose time has come are not woken",
        _plant((due_runs, "wake_suspended_runs", _wake_nobody)),
        frozenset({8}),
    ),
    "one attempt more": Bug(
        "the attempts that a retry policy grants are counted from zero",
        _plant((retry, "_count_allowed", _allow_one_more)),
        frozenset({8}),
        seed=7,
    ),
    "no wake-up": Bug(
        "slots are not woken by the end of those upstream, nor by a full pass",
        _plant((moves, "wake_dependents", _do_nothing), (engine, "look_at_everything", _do_nothing)),
        frozenset({8}),
        seed=11,
    ),
    "flag cleared": Bug(
        "the wake-up flags of all slots are cleared, and one of them is examined; a full pass heals nothing",
        _plant(
            (slots, "take_slots_to_examine", _take_all_and_look_at_one), (engine, "look_at_everything", _do_nothing)
        ),
        frozenset({8}),
    ),
    "broken is empty": Bug(
        "a source that cannot be read counts as one that declares nothing",
        _plant(
            (ensure_accounts_exist, "plan_alignment", _take_broken_for_empty),
            (ensure_definitions_exist, "plan_alignment", _take_broken_for_empty),
        ),
        frozenset({10}),
        seed=9,
    ),
    "greedy removal": Bug(
        "removing an account takes along what has ended of others",
        _plant((accounts, "remove_accounts", _remove_all_that_has_ended)),
        frozenset({9}),
        seed=5,
    ),
    "again and again": Bug(
        "what may not be done twice is begun again when its agent has died",
        _plant((execution, "may_begin_again", lambda step: True)),
        frozenset({6}),
        seed=2,
    ),
    "event seen anew": Bug(
        "an event that was dealt with is taken in again",
        _plant((Inbox, "notice", lambda self, event: True)),
        frozenset({0, 7}),
    ),
    "answer not awaited": Bug(
        "decisions are forgotten when the store did not say that it has recorded them",
        _plant((Outbox, "seal", _seal_anew)),
        frozenset({0, 5, 6, 8}),
        seed=34,
    ),
}
"""The bugs, by name."""
