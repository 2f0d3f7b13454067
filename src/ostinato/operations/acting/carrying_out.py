"""Carrying out a verb on its targets, one after another, and telling exactly what became of each.

Every target is a transaction of its own: one that is refused takes nothing back of the others. A preview goes the same
way, through the same operations, in a world that keeps nothing.

What is asked for with a key is done once to each target, however often it is sent: the key is stored with the entry
in the audit log, in the transaction of the change, and the database takes it once. Sent again, it is answered with
what was done, and goes on with what was not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ostinato.errors import (
    ActionNotFound,
    InvalidValue,
    NotFound,
    NotPossible,
    OstinatoError,
    PlanningError,
    StoreUnavailable,
)
from ostinato.model.engine import AuditEntry
from ostinato.operations.absence import show
from ostinato.operations.acting.acts import Done, Order
from ostinato.operations.acting.choosing import Query, find_targets
from ostinato.operations.acting.given import read_given
from ostinato.operations.acting.verbs import VERBS, Undo, Verb
from ostinato.operations.people import Person, Request
from ostinato.store import journal
from ostinato.world import World

MOST_TARGETS = 1_000
LONGEST_KEY = 200

_AFTER_OUTAGE = "whether the first of these was done, the audit log tells: ostinato audit"
_REFUSALS = (NotFound, NotPossible, InvalidValue, PlanningError, ActionNotFound)


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody asks for. ``key`` is what a request is known by when it is sent again; empty, it is not."""

    verb: str
    targets: tuple[str, ...] = ()
    query: Query | None = None
    reason: str = ""
    preview: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Touched:
    """A target to which something was done, or would be, and what."""

    target: str
    does: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A target to which nothing was done, or would be, and why."""

    target: str
    why: str
    hint: str


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of an action. ``commands`` are how the command line would have done it.

    ``needs_reason`` says that it is only done with a reason: it goes against what is declared, say.
    """

    verb: str
    preview: bool
    touched: tuple[Touched, ...]
    refused: tuple[Refused, ...]
    commands: tuple[str, ...]
    undo: Undo | None
    needs_reason: bool


@dataclass(frozen=True, slots=True)
class _Tally:
    """What became of the targets so far: what is done, what of it was done just now, and what was refused."""

    done: list[tuple[Order, Done]] = field(default_factory=list)
    anew: list[tuple[str, Done]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def act(world: World, action: Action, *, by: Person) -> Acted:
    """Carry out an action, or say what it would do.

    ``NotFound`` for a verb that there is not, ``InvalidValue`` for what cannot be meant, and for want of a reason where
    there has to be one: nothing was done then.
    """
    verb = _get_verb(action.verb)
    action = replace(action, given=read_given(verb.form, action.given), reason=action.reason.strip())
    request = _identify(action, by)
    before = _list_done(world, request)
    targets = _find_targets(world, verb, action, before)
    needs_reason = any(verb.wants_reason(world, target) for target in targets if target not in before)
    if needs_reason and not (action.reason or action.preview):
        raise InvalidValue(f"{verb.name} {verb.because}", hint="give a reason")
    orders = [_order(action, target, request, by) for target in targets]
    tally = _carry_out(world, verb, action, orders, before)
    return Acted(
        verb=verb.name,
        preview=action.preview,
        touched=tuple(Touched(order.target, one.does) for order, one in tally.done),
        refused=tuple(tally.refused),
        commands=tuple(verb.line(order).write(action.reason) for order, _ in tally.done),
        undo=verb.undo(tally.anew) if tally.anew and not action.preview else None,
        needs_reason=needs_reason,
    )


def _get_verb(name: str) -> Verb:
    if name not in VERBS:
        raise NotFound(f"there is no verb {name}", hint=f"there are: {', '.join(VERBS)}")
    return VERBS[name]


def _identify(action: Action, by: Person) -> str:
    """Return what a request is known by, or nothing. Of two who use the same key, each has their own."""
    if not action.key or action.preview:
        return ""
    if len(action.key) > LONGEST_KEY:
        raise InvalidValue(f"the key of a request has at most {LONGEST_KEY} characters")
    said = [by.name, by.via, action.key, action.verb, action.given]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def _list_done(world: World, request: str) -> dict[str, AuditEntry]:
    """Return what a request has done already, by target."""
    if not request:
        return {}
    with world.store.read() as tx:
        return {entry.request_target or "": entry for entry in journal.list_done(tx, request)}


def _find_targets(world: World, verb: Verb, action: Action, before: Mapping[str, AuditEntry]) -> list[str]:
    """Return each target once: those named, or those that a query finds, after what it has found before."""
    if bool(action.targets) == (action.query is not None):
        raise InvalidValue("an action has targets, or a query that finds them", hint="give one of the two")
    if action.query is None:
        found = list(action.targets)
    elif verb.about.can_be_found:
        found = [*before, *find_targets(world, action.query)]
    else:
        raise InvalidValue(f"a query finds slots, and {verb.name} is about each {verb.about}", hint="name them")
    targets = list(dict.fromkeys(found))
    if len(targets) > MOST_TARGETS:
        raise InvalidValue(
            f"these are {len(targets):,} targets, and {MOST_TARGETS:,} are the most at once", hint="narrow it down"
        )
    return targets


def _order(action: Action, target: str, request: str, by: Person) -> Order:
    asking = replace(by, request=Request(request, target)) if request else by
    reason = action.reason or ("a preview" if action.preview else "")
    return Order(target, action.given, asking, reason)


def _carry_out(
    world: World, verb: Verb, action: Action, orders: Sequence[Order], before: Mapping[str, AuditEntry]
) -> _Tally:
    """Go through the targets; those that come after an outage of the database are left."""
    tally = _Tally()
    here = world.as_rehearsal() if action.preview else world
    for place, order in enumerate(orders):
        try:
            if order.target in before:
                tally.done.append((order, _tell_before(before[order.target])))
            else:
                made = verb.act(here, order)
                tally.done.append((order, made))
                tally.anew.append((order.target, made))
        except _REFUSALS as refusal:
            if entry := _look_again(world, order, refusal):
                tally.done.append((order, _tell_before(entry)))
            else:
                tally.refused.append(Refused(order.target, refusal.message, refusal.hint))
        except StoreUnavailable as outage:
            if not tally.done:
                raise
            tally.refused.extend(Refused(left.target, outage.message, _AFTER_OUTAGE) for left in orders[place:])
            break
    return tally


def _tell_before(entry: AuditEntry) -> Done:
    return Done(f"was done by this request before, at {show(entry.at)}")


def _look_again(world: World, order: Order, refusal: OstinatoError) -> AuditEntry | None:
    """Return what the same request, sent twice at once, has just done elsewhere: that is what stands against it."""
    if order.by.request is None or not isinstance(refusal, NotPossible):
        return None
    return _list_done(world, order.by.request.id).get(order.target)
