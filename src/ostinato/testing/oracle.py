"""The oracle: what should have run, worked out from the declarations by brute force.

An independent witness against the engine. It shares no code with the calendar, the policies, the engine or the store:
it steps through time a quarter of an hour at a time and asks the standard library what the wall clock shows. It is
slow, and good for small worlds alone: whole quarters of hours, a few weeks, frequencies that ``BOUNDARIES`` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from ostinato.model.accounts import DeclaredAccount
from ostinato.model.definitions import DeclaredDefinition, RetryKind, StartKind

STEP = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOOK_BACK, LOOK_AHEAD = timedelta(days=40), timedelta(days=60)

BOUNDARIES: dict[str, Callable[[datetime], bool]] = {
    "hourly": lambda at: at.minute == 0,
    "every 1h30m": lambda at: (at.hour * 60 + at.minute) % 90 == 0,
    "every 6h": lambda at: at.hour % 6 == 0 and at.minute == 0,
    "daily": lambda at: (at.hour, at.minute) == (0, 0),
    "weekly": lambda at: (at.weekday(), at.hour, at.minute) == (0, 0, 0),
    "monthly": lambda at: (at.day, at.hour, at.minute) == (1, 0, 0),
    "cron 30 2 * * *": lambda at: (at.hour, at.minute) == (2, 30),
    "cron 0 6 * * 1-5": lambda at: at.weekday() < 5 and (at.hour, at.minute) == (6, 0),
}
"""Whether a period begins when a wall clock shows a time."""

REPEATING = {"hourly"}
"""Frequencies whose boundaries count both times when a clock shows them twice."""

ELAPSED = {"every 7h": timedelta(hours=7)}
"""Frequencies that know no wall clock."""

Ending = Callable[["OracleSlot", int], str]
"""Decides how the given attempt at a slot ends."""


@dataclass(slots=True)
class OracleSlot:
    """A slot as the oracle sees it. ``status`` is ``pending``, ``retrying`` or final."""

    definition: str
    account: str | None
    starts_at: datetime
    ends_at: datetime
    status: str = "pending"
    attempts: int = 0
    retry_at: datetime | None = None

    @property
    def lane(self) -> tuple[str, str | None]:
        return self.definition, self.account


@cache
def beginnings(frequency: str, zone: str, since: datetime, until: datetime) -> tuple[tuple[datetime, date], ...]:
    """Step through time and note each instant at which a period begins, with the local date."""
    found = []
    reached = shown = (since - STEP).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    at = since
    while at < until:
        before, shown = shown, at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if frequency in ELAPSED:
            begins = (at - EPOCH) % ELAPSED[frequency] == timedelta(0)
        else:
            passed = min(before, shown - STEP) if frequency in REPEATING else reached
            begins = any(map(BOUNDARIES[frequency], _quarters(passed, shown)))
        if begins:
            found.append((at, shown.date()))
        reached = max(reached, shown)
        at += STEP
    return tuple(found)


def _quarters(after: datetime, until: datetime) -> Iterator[datetime]:
    at = after + STEP
    while at <= until:
        yield at
        at += STEP


class Oracle:
    """Knows what is declared and how every attempt ended, and works out the rest anew each time."""

    def __init__(self, *, create_ahead: timedelta) -> None:
        self.create_ahead = create_ahead
        self.accounts: dict[str, DeclaredAccount] = {}
        self.definitions: dict[str, DeclaredDefinition] = {}
        self.created: dict[tuple[str, str | None], datetime] = {}
        self.slots: list[OracleSlot] = []

    def declare(
        self, accounts: Iterable[DeclaredAccount], definitions: Iterable[DeclaredDefinition], *, now: datetime
    ) -> None:
        """Have these accounts and definitions from ``now`` on; what belongs to others is gone."""
        self.accounts = {account.token: account for account in accounts}
        self.definitions = {definition.name: definition for definition in definitions}
        self.slots = [slot for slot in self.slots if self._stands(slot.lane)]
        self.created = {lane: at for lane, at in self.created.items() if self._stands(lane)}
        for lane in self._lanes():
            self.created.setdefault(lane, now)

    def advance(self, now: datetime, ending: Ending) -> None:
        """Let everything start and end that may at ``now``, until nothing is left that may."""
        self._plan(now)
        while ready := [slot for slot in self.slots if self._may_run(slot, now)]:
            for slot in ready:
                slot.attempts += 1
                self._end(slot, ending(slot, slot.attempts), now)

    def upstreams(self, slot: OracleSlot) -> list[OracleSlot]:
        """Return the slots that one slot depends on."""
        reads = set(self.definitions[slot.definition].reads_from)
        writers = {name for name, declared in self.definitions.items() if reads & set(declared.writes_to)}
        overlapping = [
            other
            for other in self.slots
            if other.definition in writers - {slot.definition}
            and (slot.account is None or other.account is None or slot.account == other.account)
            and other.starts_at < slot.ends_at
            and slot.starts_at < other.ends_at
        ]
        earlier = [other for other in self.slots if other.lane == slot.lane and other.starts_at < slot.starts_at]
        if slot.definition in writers and earlier:
            overlapping.append(max(earlier, key=lambda other: other.starts_at))
        return overlapping

    def _stands(self, lane: tuple[str, str | None]) -> bool:
        return lane[0] in self.definitions and (lane[1] is None or lane[1] in self.accounts)

    def _lanes(self) -> Iterator[tuple[str, str | None]]:
        for definition in self.definitions.values():
            tokens: list[str | None] = [None] if definition.matrix == "none" else [*self.accounts]
            yield from ((definition.name, token) for token in tokens)

    def _plan(self, now: datetime) -> None:
        """Throw away what has not begun, and lay it out again as it is declared now."""
        begun = [slot for slot in self.slots if slot.status != "pending"]
        self.slots = [*begun, *(slot for lane in self._lanes() for slot in self._open_slots(lane, begun, now))]

    def _open_slots(self, lane: tuple[str, str | None], begun: list[OracleSlot], now: datetime) -> Iterator[OracleSlot]:
        definition, account = self.definitions[lane[0]], self.accounts.get(lane[1] or "")
        zone = definition.time_zone or (account.time_zone if account else "UTC")
        starts = [day for day in (definition.starts_on, account.starts_on if account else None) if day]
        standing = [slot for slot in begun if slot.lane == lane]
        anchor = self.created[lane].replace(hour=0, minute=0)
        known = beginnings(definition.frequency, zone, anchor - LOOK_BACK, anchor + LOOK_AHEAD)
        for (starts_at, day), (ends_at, _) in pairwise(known):
            wanted = day >= max(starts) if starts else ends_at > self.created[lane]
            in_time = starts_at < now + self.create_ahead and (definition.ends_on is None or day <= definition.ends_on)
            free = not any(slot.starts_at < ends_at and starts_at < slot.ends_at for slot in standing)
            if wanted and in_time and free:
                yield OracleSlot(*lane, starts_at, ends_at)

    def _may_run(self, slot: OracleSlot, now: datetime) -> bool:
        definition, account = self.definitions[slot.definition], self.accounts.get(slot.account or "")
        window = account.maintenance if account else None
        stopped = not definition.active or (account is not None and not account.active)
        if stopped or (window is not None and window.covers(now)):
            return False
        if slot.status == "retrying":
            return slot.retry_at is not None and slot.retry_at <= now
        return slot.status == "pending" and self._is_ready(slot, definition, now)

    def _is_ready(self, slot: OracleSlot, definition: DeclaredDefinition, now: datetime) -> bool:
        kind, delay = definition.start.kind, definition.start.delay
        if kind is StartKind.MANUAL:
            return False
        if kind is StartKind.AT_START:
            return now >= slot.starts_at + delay
        enough = {"success", "warning"} | ({"failed", "cancelled"} if kind is StartKind.AFTER_COMPLETION else set())
        return now >= slot.ends_at + delay and all(other.status in enough for other in self.upstreams(slot))

    def _end(self, slot: OracleSlot, status: str, now: datetime) -> None:
        rule = self.definitions[slot.definition].retry
        slot.status = status
        if status == "failed" and rule.kind is RetryKind.FIXED and slot.attempts < rule.attempts:
            slot.status, slot.retry_at = "retrying", now + rule.base
