"""Start policies: whether a slot may start now, and if not, what stands against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ostinato.durations import format_duration
from ostinato.model.accounts import Maintenance
from ostinato.model.definitions import StartKind, StartRule
from ostinato.model.slots import SlotName
from ostinato.model.statuses import (
    FINAL_SLOT_STATUSES,
    SUCCEEDED_SLOT_STATUSES,
    SlotStatus,
)
from ostinato.policies.verdict import Gate, Verdict


@dataclass(frozen=True, slots=True)
class Pause:
    """Who stopped something by hand, when and why."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands above a slot or a run: its definition, its account, and what may stop either; a run may lack both."""

    definition: str | None
    account: str | None
    definition_active: bool = True
    definition_pause: Pause | None = None
    account_active: bool = True
    account_pause: Pause | None = None
    maintenance: Maintenance | None = None


@dataclass(frozen=True, slots=True)
class UpstreamFacts:
    """What is known of the upstream slots of one definition: how many in each status, and the first of each.

    ``previous`` marks a definition's dependence on itself: the one slot before this one in its own lane.
    ``laid_out_until`` is up to where its slots are there, where some of them may still be missing.
    """

    definition: str
    counts: Mapping[SlotStatus, int] = field(default_factory=dict)
    first: Mapping[SlotStatus, SlotName] = field(default_factory=dict)
    previous: bool = False
    laid_out_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """All that the start policies want to know of a slot."""

    name: SlotName
    starts_at: datetime
    ends_at: datetime
    due_at: datetime | None
    start: StartRule
    definition_active: bool = True
    definition_pause: Pause | None = None
    account_active: bool = True
    account_pause: Pause | None = None
    maintenance: Maintenance | None = None
    upstreams: tuple[UpstreamFacts, ...] = ()

    @property
    def standing(self) -> Standing:
        """Return what stands above the slot."""
        return Standing(
            definition=self.name.definition,
            account=self.name.account,
            definition_active=self.definition_active,
            definition_pause=self.definition_pause,
            account_active=self.account_active,
            account_pause=self.account_pause,
            maintenance=self.maintenance,
        )


STANDING_GATES = frozenset(
    {"definition_active", "definition_not_paused", "account_active", "account_not_paused", "maintenance"}
)
"""The gates of what stands above a slot or a run: they are asked before all others."""


def judge_start(facts: SlotFacts, now: datetime) -> Verdict:
    """Judge whether the slot may start at ``now``, by its definition's start policy and what stands above it."""
    policy = START_POLICIES[facts.start.kind]
    return Verdict((*standing_gates(facts.standing, now), *policy(facts, now)))


def standing_gates(facts: Standing, now: datetime) -> Iterator[Gate]:
    """Ask what stops everything of a definition or of an account: for whatever is to start."""
    if facts.definition is not None:
        yield _active("definition", facts.definition, facts.definition_active)
        yield _not_paused("definition", facts.definition, facts.definition_pause)
    if facts.account is not None:
        yield _active("account", facts.account, facts.account_active)
        yield _not_paused("account", facts.account, facts.account_pause)
        yield _maintenance(facts.account, facts.maintenance, now)


def _active(kind: str, name: str, active: bool) -> Gate:
    if active:
        return Gate(f"{kind}_active", True, f"{kind} {name} is active", about=name)
    return Gate(
        f"{kind}_active",
        False,
        f"{kind} {name} is declared inactive",
        clears=f"whoever declares it: set active to true where {name} is declared",
        about=name,
    )


def _not_paused(kind: str, name: str, pause: Pause | None) -> Gate:
    if pause is None:
        return Gate(f"{kind}_not_paused", True, f"{kind} {name} is not paused", about=name)
    why = f": {pause.reason}" if pause.reason else ""
    return Gate(
        f"{kind}_not_paused",
        False,
        f"{kind} {name} was paused by {pause.by} at {_show(pause.at)}{why}",
        clears=f"a person: ostinato resume {kind} {name}",
        about=name,
    )


def _maintenance(account: str, window: Maintenance | None, now: datetime) -> Gate:
    if window is None or not window.covers(now):
        return Gate("maintenance", True, f"account {account} is not in maintenance", about=account)
    until = f"until {_show(window.ends_at)}" if window.ends_at else "with no end declared"
    clears = "time" if window.ends_at else f"whoever declares account {account}: give its maintenance an end"
    reason = f"account {account} is in maintenance {until}"
    return Gate("maintenance", False, reason, clears=clears, earliest=window.ends_at, about=account)


def _after_success(facts: SlotFacts, now: datetime) -> Iterator[Gate]:
    yield _period_over(facts, now)
    for upstream in facts.upstreams:
        yield _laid_out(upstream, facts, now) or _upstream(upstream, SUCCEEDED_SLOT_STATUSES, "succeeded")


def _after_completion(facts: SlotFacts, now: datetime) -> Iterator[Gate]:
    yield _period_over(facts, now)
    for upstream in facts.upstreams:
        yield _laid_out(upstream, facts, now) or _upstream(upstream, FINAL_SLOT_STATUSES, "finished")


def _at_start(facts: SlotFacts, now: datetime) -> Iterator[Gate]:
    begun = facts.starts_at + facts.start.delay
    yield _reached("period_begun", begun, now, "its period begins", _delay(facts))


def _manual(facts: SlotFacts, now: datetime) -> Iterator[Gate]:
    yield Gate(
        "by_hand",
        False,
        "its start policy is manual",
        clears=f"a person: ostinato trigger {facts.name}",
    )


START_POLICIES: Mapping[StartKind, Callable[[SlotFacts, datetime], Iterator[Gate]]] = {
    StartKind.AFTER_SUCCESS: _after_success,
    StartKind.AFTER_COMPLETION: _after_completion,
    StartKind.AT_START: _at_start,
    StartKind.MANUAL: _manual,
}


def _period_over(facts: SlotFacts, now: datetime) -> Gate:
    return _reached("period_over", facts.ends_at + facts.start.delay, now, "its period ends", _delay(facts))


def _reached(gate: str, at: datetime, now: datetime, event: str, delay: str) -> Gate:
    if now >= at:
        return Gate(gate, True, f"{event}{delay} at {_show(at)}, which is over")
    return Gate(gate, False, f"{event}{delay} at {_show(at)}", clears="time", earliest=at)


def _laid_out(upstream: UpstreamFacts, facts: SlotFacts, now: datetime) -> Gate | None:
    """Return the gate that stands where upstream slots may be missing that should be there by now."""
    until = upstream.laid_out_until
    if until is None or until >= min(facts.ends_at, now):
        return None
    return Gate(
        f"upstream {upstream.definition}",
        False,
        f"the slots of {upstream.definition} are not all laid out yet",
        clears="the engine, which is laying them out",
        about=upstream.definition,
    )


def _upstream(upstream: UpstreamFacts, enough: frozenset[SlotStatus], word: str) -> Gate:
    name = upstream.definition
    gate = "previous_slot" if upstream.previous else f"upstream {name}"
    total = sum(upstream.counts.values())
    if not total:
        nothing = "it has no slot before this one" if upstream.previous else "no slot of it overlaps this period"
        return Gate(gate, True, f"nothing to wait for: {nothing}", about=name)
    missing = {status: count for status, count in upstream.counts.items() if status not in enough}
    if not missing:
        return Gate(gate, True, f"{_slots(total)} of {name} {word}", about=name)
    status = max(missing, key=_trouble)
    first = upstream.first[status]
    waits_for = tuple(str(upstream.first[one]) for one in sorted(missing, key=_trouble, reverse=True))
    reason = f"{sum(missing.values())} of {_slots(total)} of {name} not {word}: {_describe(missing)}"
    return Gate(gate, False, f"{reason}; first {first}", waits_for, clears=_what_clears(status, first), about=name)


def _what_clears(status: SlotStatus, slot: SlotName) -> str:
    match status:
        case SlotStatus.FAILED | SlotStatus.CANCELLED:
            return f"a person: ostinato retry {slot}"
        case SlotStatus.LIVE | SlotStatus.RETRYING:
            return f"the end of {slot}"
        case _:
            return f"the start and end of {slot}: ostinato explain {slot}"


def _trouble(status: SlotStatus) -> int:
    return (
        SlotStatus.PENDING,
        SlotStatus.LIVE,
        SlotStatus.RETRYING,
        SlotStatus.CANCELLED,
        SlotStatus.FAILED,
    ).index(status)


def _describe(missing: Mapping[SlotStatus, int]) -> str:
    words = {
        SlotStatus.PENDING: "not started",
        SlotStatus.LIVE: "under way",
        SlotStatus.RETRYING: "to be retried",
    }
    order = sorted(missing, key=_trouble, reverse=True)
    return ", ".join(f"{missing[status]} {words.get(status, status.value)}" for status in order)


def _slots(count: int) -> str:
    return "1 slot" if count == 1 else f"{count} slots"


def _delay(facts: SlotFacts) -> str:
    return f" plus {format_duration(facts.start.delay)}" if facts.start.delay else ""


def _show(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else "never"
